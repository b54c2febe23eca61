//! What clients ask of it at the token endpoint, and where they give tokens back.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::AuthorizationServer;
use super::logins::Exchange;
use crate::event::Event;
use crate::provider::Emulate as _;
use crate::token_request::{Refusal, TokenRequest, invalid, invalid_client, refuse};

impl AuthorizationServer {
    /// Answers a token request for a code or a refresh token; `None` if it asks for another grant.
    ///
    /// # Errors
    ///
    /// If the client has not authenticated itself, or what it sent is not good.
    pub fn grant(&self, asked: &TokenRequest) -> Result<Option<Response>, Refusal> {
        let missing = |name| asked.given(name).ok_or_else(|| invalid(&format!("{name} is missing")));
        match asked.given("grant_type") {
            Some("authorization_code") => {
                let client = self.client(asked)?;
                let (code, redirect_uri) = (missing("code")?, missing("redirect_uri")?);
                let verifier = missing("code_verifier")?;
                if !is_verifier(verifier) {
                    return Err(invalid("code_verifier is not 43 to 128 unreserved characters"));
                }
                self.shared.logins.exchange(&Exchange { client, code, redirect_uri, verifier }).map(Some)
            }
            Some("refresh_token") => {
                let client = self.client(asked)?;
                let token = missing("refresh_token")?;
                self.shared.logins.refresh(client, token, asked.given("scope")).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Tells which client has authenticated itself. One has no secret, and says its id alone (RFC 6749 §3.2.1).
    fn client(&self, asked: &TokenRequest) -> Result<&str, Refusal> {
        let account = self.shared.provider.account();
        match &asked.client {
            Some((id, secret, _)) if account.accepts(id, secret) => Ok(account.id()),
            None if asked.given("client_id") == Some(self.public_client_id()) => Ok(self.public_client_id()),
            _ => Err(invalid_client("client authentication failed")),
        }
    }

    async fn take_back(&self, request: Request) -> Result<Response, Refusal> {
        let asked = TokenRequest::read(request).await?;
        let client = self.client(&asked)?;
        let token = asked.given("token").ok_or_else(|| invalid("token is missing"))?;
        let event = self.shared.logins.revoke(client, token)?.then_some(Event::Revoked);
        let answer = (StatusCode::OK, [(CACHE_CONTROL, "no-store")]);
        // RFC 7009 §2.2: a token that is none is as good as one that is revoked.
        Ok(match event {
            Some(event) => (Extension(event), answer).into_response(),
            None => answer.into_response(),
        })
    }
}

/// Answers a request to revoke a token (RFC 7009 §2).
pub(super) async fn revoke(State(server): State<AuthorizationServer>, request: Request) -> Response {
    server.take_back(request).await.unwrap_or_else(refuse)
}

/// RFC 7636 §4.1.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}
