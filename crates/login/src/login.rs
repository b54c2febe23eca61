//! Logging in: by browser, by a pasted address, on another device.

use std::{ffi::OsString, future::pending, time::Duration};

use claviger_auth_core::{AccessToken, Error, ErrorKind};
use claviger_oauth_code::Login;
use claviger_token_endpoint::TokenAnswer;
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time,
};
use zeroize::Zeroizing;

use crate::{
    ProfileSession,
    Words::{Line, Note, Warning},
    browser,
};

/// Tells how somebody logs in.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "there are no more")]
pub enum Way {
    /// With a browser on this machine: this one, or a list of which the first is taken that there is, else the
    /// platform's own.
    Browser(Option<OsString>),
    /// On another device, such as a telephone (RFC 8628).
    Device,
    /// With any browser: where it was sent is pasted into standard input.
    Paste,
}

impl ProfileSession {
    /// Lets somebody log in `within` that time, and keeps what comes of it in the place of any session before.
    ///
    /// On another device the time is the server's.
    ///
    /// # Errors
    ///
    /// [`Timeout`](ErrorKind::Timeout) if nobody logs in in time;
    /// [`CredentialsRefused`](ErrorKind::CredentialsRefused) if somebody says no, or if the server refuses the client;
    /// those of [`Logins::authorization_code`](claviger_profiles::Logins::authorization_code), of the server, and of
    /// the store.
    ///
    /// # Panics
    ///
    /// Panics where there is no tokio runtime with I/O and time enabled.
    pub async fn log_in(&self, way: Way, within: Duration) -> Result<(), Error> {
        // Before anybody is asked for anything.
        self.session.check_store().await?;
        let answer = match way {
            Way::Browser(browser) => self.by_browser(browser, within).await,
            Way::Device => self.by_device().await,
            Way::Paste => self.by_paste(within).await,
        };
        let answer = answer.map_err(|error| self.logins.placed(error))?;
        self.tell(&answer);
        Ok(())
    }

    /// Stores what the login brought. What nobody has, nobody should be able to use either.
    async fn keep(&self, answer: TokenAnswer) -> Result<TokenAnswer, Error> {
        let Err(error) = self.session.begin(&answer).await else { return Ok(answer) };
        if self.session.abandon(&answer).await.is_err() {
            (self.say)(Warning("the login could not be stored, and the server has not taken it back"));
        }
        Err(error)
    }

    async fn by_browser(&self, browser: Option<OsString>, within: Duration) -> Result<TokenAnswer, Error> {
        let code = self.logins.authorization_code().await?;
        let receiver = code.listen().await?;
        let login = code.begin_at(&receiver)?;
        (self.say)(Note("log in with the browser; if none opens, open this address in one on this machine:"));
        (self.say)(Line(login.url()));
        let secrets: Vec<_> = self.logins.secret_variables().collect();
        if !browser::open(browser.as_deref(), login.url(), &secrets) {
            (self.say)(Warning("no browser could be started"));
        }
        receiver.receive(&login, within, async |answer| self.keep(answer).await).await
    }

    async fn by_paste(&self, within: Duration) -> Result<TokenAnswer, Error> {
        let code = self.logins.authorization_code().await?;
        // Where nobody can listen, pasting is the only way.
        let listening = code.listen().await;
        // Another redirect URI than one of this machine is meant to be pasted.
        if let Err(error) = &listening
            && error.subject() != Some("redirect_uri")
        {
            (self.say)(Warning(&format!("{error}; the browser cannot come back by itself")));
        }
        let receiver = listening.ok();
        let login = match &receiver {
            Some(receiver) => code.begin_at(receiver)?,
            None => code.begin()?,
        };
        (self.say)(Note("open this address in a browser, on any machine, and log in:"));
        (self.say)(Line(login.url()));
        (self.say)(Note(
            "then paste the address that the browser was sent to; that it cannot be opened there does no harm",
        ));
        let is_heard = receiver.is_some();
        let received = async {
            match receiver {
                // The time is kept below, for both.
                Some(receiver) => {
                    receiver.receive(&login, Duration::MAX, async |answer| self.keep(answer).await).await
                }
                None => pending().await,
            }
        };
        let pasted = async { self.keep(self.pasted(&login, is_heard).await?).await };
        tokio::select! {
            answer = received => answer,
            answer = pasted => answer,
            () = unanswered(&login, within) => Err(Error::new(ErrorKind::Timeout, "nobody logged in in time")
                .with_advice("log in again, and paste the address before that; --timeout gives more time")),
        }
    }

    /// Reads lines until one is the answer. `is_heard` tells that the browser itself may bring it, too.
    async fn pasted(&self, login: &Login, is_heard: bool) -> Result<TokenAnswer, Error> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        loop {
            let Ok(Some(line)) = lines.next_line().await.map(|line| line.map(Zeroizing::new)) else {
                if is_heard {
                    return pending().await;
                }
                return Err(Error::new(
                    ErrorKind::Configuration,
                    "standard input ended before an address came",
                )
                .with_advice("log in again, and paste the address that the browser was sent to"));
            };
            match login.accept_redirect(&line).await {
                Err(error) if is_slip(&error) && !login.is_answered() => {
                    (self.say)(Warning(&format!("{error}: {}", error.advice())))
                }
                answer => return answer,
            }
        }
    }

    async fn by_device(&self) -> Result<TokenAnswer, Error> {
        let login = self.logins.device().begin().await.map_err(|error| match error.subject() {
            Some("device_authorization_endpoint") => error.with_advice(
                "log in with a browser, or with --no-browser; a server that can do this has an issuer that says where",
            ),
            _ => error,
        })?;
        let told = login.authorization();
        (self.say)(Note("open this address on any device:"));
        (self.say)(Line(told.verification_uri()));
        (self.say)(Note("and type in this code:"));
        (self.say)(Line(told.user_code().expose_secret()));
        if let Some(complete) = told.verification_uri_complete() {
            (self.say)(Note("or open this one, which has the code in it:"));
            (self.say)(Line(complete.expose_secret()));
        }
        self.keep(login.wait().await?).await
    }

    /// Says how long the session lasts, as far as anybody knows.
    fn tell(&self, answer: &TokenAnswer) {
        let token = answer.access_token();
        let withheld = self.withheld(token);
        if !withheld.is_empty() {
            (self.say)(Warning(&format!("asked for and not granted: {}", withheld.join(" "))));
        }
        let life = match token.expires_in() {
            Some(life) => format!("{} s", life.as_secs()),
            None => "a time that was not told".to_owned(),
        };
        if answer.refresh_token().is_some() {
            (self.say)(Note(&format!(
                "logged in; the access token lasts {life}, and is renewed from now on"
            )));
        } else {
            (self.say)(Note(&format!("logged in; the access token lasts {life}")));
            (self.say)(Warning(
                "the server gave nothing to renew it with: after that, log in again. Many give it for the scope \
                 offline_access",
            ));
        }
    }

    fn withheld(&self, token: &AccessToken) -> Vec<&str> {
        let asked = self.scope.iter().flat_map(|scope| scope.split_ascii_whitespace());
        let is_granted = |word: &&str| token.scopes().iter().any(|scope| scope == word);
        asked.filter(|word| !token.scopes().is_empty() && !is_granted(word)).collect()
    }
}

/// Waits that long, and without end if there is an answer by then: the tokens would be lost.
async fn unanswered(login: &Login, within: Duration) {
    time::sleep(within).await;
    if login.is_answered() {
        pending().await
    }
}

/// Whether something else was pasted by mistake. Whatever a server said is none.
fn is_slip(error: &Error) -> bool {
    error.kind() == ErrorKind::Configuration && error.oauth_error().is_none() && error.status().is_none()
}
