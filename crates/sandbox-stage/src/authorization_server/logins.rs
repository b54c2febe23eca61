//! Keeps what each login has led to: a code, then access tokens and refresh tokens.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::asked::Asked;
use crate::error::Error;
use crate::event::Event;
use crate::provider::{Emulate as _, Provider};
use crate::token_request::{Refusal, issued, server_error};
use crate::tokens::{Grant, Tokens};
use crate::{clock, random};

/// Tells what becomes of refresh tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefreshTokens {
    /// One is issued at the login, and is good until the login ends.
    Kept,
    /// Each is good once, and brings the next one (RFC 9700 §2.2.2).
    Rotated,
    /// None is issued.
    Withheld,
}

/// Remembers the last 1,000 logins.
pub(super) struct Logins {
    provider: Provider,
    holder: &'static str,
    book: Mutex<Book>,
}

/// What a client sends for the tokens.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a str,
    pub(super) code: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: &'a str,
}

impl Logins {
    pub(super) fn new(provider: Provider, holder: &'static str) -> Self {
        let (code_life, refresh_tokens) = (Duration::from_secs(60), RefreshTokens::Rotated);
        let book = Book { code_life, refresh_tokens, logins: VecDeque::new() };
        Self { provider, holder, book: Mutex::new(book) }
    }

    /// Begins a login, and gives its code.
    pub(super) fn begin(&self, asked: &Asked) -> Result<String, Error> {
        let code = random::text::<32>()?;
        let mut book = self.book();
        // Beyond what the clock can count it lives for ever.
        let expires = clock::now().checked_add(book.code_life);
        book.logins.push_back(Login {
            asked: asked.clone(),
            code: Code { text: code.clone(), expires, is_spent: false },
            access_tokens: Vec::new(),
            refresh_tokens: Vec::new(),
        });
        if book.logins.len() > MAX_LOGINS {
            book.logins.pop_front();
        }
        Ok(code)
    }

    /// Exchanges a code. Whatever is wrong then, it is good no second time; but one that is another client's stays as
    /// it is.
    pub(super) fn exchange(&self, sent: &Exchange<'_>) -> Result<Response, Refusal> {
        let mut book = self.book();
        let policy = book.refresh_tokens;
        let mut logins = book.logins.iter_mut();
        let login = logins
            .find(|login| login.code.text == sent.code && login.asked.client == sent.client)
            .ok_or_else(|| invalid_grant("the code is unknown, or another client's"))?;
        if login.code.is_spent {
            // RFC 6749 §4.1.2: one of the two may be a thief.
            return Err(login.reused(self.tokens(), "the code was used before"));
        }
        login.code.is_spent = true;
        if login.code.expires.is_some_and(|expires| expires <= clock::now()) {
            return Err(invalid_grant("the code has expired"));
        }
        if login.asked.redirect_uri != sent.redirect_uri {
            return Err(invalid_grant("redirect_uri is not that of the authorization request"));
        }
        // RFC 7636 §4.6.
        if URL_SAFE_NO_PAD.encode(Sha256::digest(sent.verifier)) != login.asked.challenge {
            return Err(invalid_grant("code_verifier is not what code_challenge was made of"));
        }
        let answer = login.issue(self, policy, login.asked.scope.clone())?;
        Ok((Extension(Event::CodeExchanged), answer).into_response())
    }

    /// Issues another access token for a refresh token.
    pub(super) fn refresh(
        &self,
        client: &str,
        token: &str,
        scope: Option<&str>,
    ) -> Result<Response, Refusal> {
        let mut book = self.book();
        let policy = book.refresh_tokens;
        let login = book
            .logins
            .iter_mut()
            .find(|login| login.has_refresh_token(token) && login.asked.client == client)
            .ok_or_else(|| invalid_grant("the refresh token is unknown, revoked or another client's"))?;
        if login.refresh_tokens.last().is_some_and(|last| last != token) {
            // RFC 9700 §4.14.2: as with a code.
            return Err(login.reused(self.tokens(), "the refresh token was used before"));
        }
        let granted = login.asked.scope.clone();
        // RFC 6749 §6: as much as was granted if nothing is said, and never more.
        let scope = match scope {
            None => granted,
            Some(scope) if is_part(scope, &granted.unwrap_or_default()) => Some(scope.to_owned()),
            Some(_) => {
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid_scope", "more than was granted"));
            }
        };
        let answer = login.issue(self, policy, scope)?;
        Ok((Extension(Event::Refreshed), answer).into_response())
    }

    /// Revokes an access token, or all that came of the login of a refresh token; tells whether there was any.
    ///
    /// # Errors
    ///
    /// If it was issued to another client.
    pub(super) fn revoke(&self, client: &str, token: &str) -> Result<bool, Refusal> {
        let mut book = self.book();
        let mut logins = book.logins.iter_mut();
        let Some(login) = logins.find(|login| login.has_issued(token)) else {
            // What client credentials have brought.
            let is_holder = self.tokens().check(token).is_ok_and(|grant| grant.holder == self.holder);
            return Ok(is_holder && client == self.provider.client_id() && self.tokens().revoke(token));
        };
        if login.asked.client != client {
            let text = "the token is another client's";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "unauthorized_client", text));
        }
        if !login.has_refresh_token(token) {
            return Ok(self.tokens().revoke(token));
        }
        login.end(self.tokens());
        Ok(true)
    }

    pub(super) fn end_all(&self) -> usize {
        let mut ended = std::mem::take(&mut self.book().logins);
        ended.iter_mut().for_each(|login| login.end(self.tokens()));
        ended.len()
    }

    pub(super) fn set_code_life(&self, life: Duration) {
        self.book().code_life = life;
    }

    pub(super) fn set_refresh_tokens(&self, refresh_tokens: RefreshTokens) {
        self.book().refresh_tokens = refresh_tokens;
    }

    fn tokens(&self) -> &Tokens {
        self.provider.tokens()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Book {
    code_life: Duration,
    refresh_tokens: RefreshTokens,
    logins: VecDeque<Login>,
}

struct Login {
    asked: Asked,
    code: Code,
    access_tokens: Vec<String>,
    /// The last one is good.
    refresh_tokens: Vec<String>,
}

impl Login {
    fn issue(
        &mut self,
        logins: &Logins,
        policy: RefreshTokens,
        scope: Option<String>,
    ) -> Result<Response, Refusal> {
        let (token, life) = logins.tokens().issue(Grant::to(logins.holder)).map_err(|_| server_error())?;
        let refresh_token = match policy {
            RefreshTokens::Kept if !self.refresh_tokens.is_empty() => None,
            RefreshTokens::Kept | RefreshTokens::Rotated => {
                let drawn = random::text::<32>().map_err(|_| server_error())?;
                self.refresh_tokens.push(format!("sandbox-refresh-{drawn}"));
                self.refresh_tokens.last()
            }
            RefreshTokens::Withheld => None,
        };
        let rest = json!({
            "token_type": "Bearer",
            "expires_in": life.as_secs(),
            "refresh_token": refresh_token,
            "scope": scope,
        });
        let answer = issued(&token, rest);
        self.access_tokens.push(token);
        Ok(answer)
    }

    fn has_refresh_token(&self, token: &str) -> bool {
        self.refresh_tokens.iter().any(|own| own == token)
    }

    fn has_issued(&self, token: &str) -> bool {
        self.has_refresh_token(token) || self.access_tokens.iter().any(|own| own == token)
    }

    fn reused(&mut self, tokens: &Tokens, text: &str) -> Refusal {
        self.end(tokens);
        Refusal { event: Some(Event::ReuseDetected), ..invalid_grant(text) }
    }

    /// Revokes what came of it.
    fn end(&mut self, tokens: &Tokens) {
        self.refresh_tokens.clear();
        self.access_tokens.drain(..).for_each(|token| {
            tokens.revoke(&token);
        });
    }
}

struct Code {
    text: String,
    expires: Option<Instant>,
    is_spent: bool,
}

fn is_part(scope: &str, granted: &str) -> bool {
    scope.split(' ').all(|word| granted.split(' ').any(|own| own == word))
}

fn invalid_grant(text: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid_grant", text)
}

const MAX_LOGINS: usize = 1_000;
