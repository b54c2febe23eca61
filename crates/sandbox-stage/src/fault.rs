//! The faults the sandbox can play, by name.

use std::collections::VecDeque;
use std::error;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Names a way in which a provider, or a proxy before it, can answer badly.
///
/// As text a fault is its name in kebab-case (`too-many-requests`); those with a duration take one second.
///
/// ```
/// use claviger_sandbox_stage::Fault;
///
/// let fault: Fault = "hang-up".parse()?;
/// assert_eq!(fault, Fault::HangUp);
/// # Ok::<(), claviger_sandbox_stage::UnknownName>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers 400 with a body that repeats the `Authorization` header and the request's body.
    EchoSecret,
    /// Answers 200 with an `error` member and nothing else.
    ErrorIn200,
    /// Closes the connection without an answer.
    HangUp,
    /// Answers 502 with the page of a proxy.
    HtmlPage,
    /// Puts 8 MiB of white space before the right body.
    HugeBody,
    /// Leaves `access_token` out of the right body.
    NoToken,
    /// Writes `expires_in` as a string in the right body.
    OddExpiresIn,
    /// Answers 307 to the same listener under another name, thus another origin: `https://localhost:PORT/elsewhere`.
    Redirect,
    /// Gives the right answer after this long. To hold an answer without measuring time, see
    /// [`Provider::hold`](crate::Provider::hold).
    Slow(Duration),
    /// Answers 429 with `Retry-After` in whole seconds.
    TooManyRequests(Duration),
    /// Answers 401, whatever was sent.
    Unauthorized,
    /// Answers 503 without `Retry-After`.
    Unavailable,
    /// Gives the right body as `text/html`.
    WrongContentType,
}

impl Fault {
    /// Lists every fault once, those with a duration with one second.
    pub const ALL: [Self; 13] = [
        Self::EchoSecret,
        Self::ErrorIn200,
        Self::HangUp,
        Self::HtmlPage,
        Self::HugeBody,
        Self::NoToken,
        Self::OddExpiresIn,
        Self::Redirect,
        Self::Slow(SECOND),
        Self::TooManyRequests(SECOND),
        Self::Unauthorized,
        Self::Unavailable,
        Self::WrongContentType,
    ];

    /// Gives the name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EchoSecret => "echo-secret",
            Self::ErrorIn200 => "error-in-200",
            Self::HangUp => "hang-up",
            Self::HtmlPage => "html-page",
            Self::HugeBody => "huge-body",
            Self::NoToken => "no-token",
            Self::OddExpiresIn => "odd-expires-in",
            Self::Redirect => "redirect",
            Self::Slow(_) => "slow",
            Self::TooManyRequests(_) => "too-many-requests",
            Self::Unauthorized => "unauthorized",
            Self::Unavailable => "unavailable",
            Self::WrongContentType => "wrong-content-type",
        }
    }

    /// Gives the same fault with another duration, if it has one.
    pub(crate) fn lasting(self, duration: Duration) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only these two have a duration")]
        match self {
            Self::Slow(_) => Self::Slow(duration),
            Self::TooManyRequests(_) => Self::TooManyRequests(duration),
            other => other,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|fault| fault.name() == name).ok_or(UnknownName { kind: "fault" })
    }
}

/// Names the side of a provider that plays a fault, or that a request went to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// Everything but what the others are.
    Api,
    /// Where people log in, and what else an authorization server has beside the token endpoint.
    Login,
    /// The token endpoint.
    Token,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Api => "api",
            Self::Login => "login",
            Self::Token => "token",
        })
    }
}

impl FromStr for Target {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Api, Self::Login, Self::Token]
            .into_iter()
            .find(|target| target.to_string() == name)
            .ok_or(UnknownName { kind: "target" })
    }
}

/// Says how often a fault is played.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Times {
    /// That many times, then what comes after it in the queue.
    Count(u32),
    /// Until the faults are cleared.
    UntilCleared,
}

impl Times {
    /// One time.
    pub const ONCE: Self = Self::Count(1);
}

/// Says that a name belongs to no fault, or to no target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownName {
    kind: &'static str,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} of this name", self.kind)
    }
}

impl error::Error for UnknownName {}

/// Queues what is to be played: each request takes the first fault meant for its target.
#[derive(Debug, Default)]
pub(crate) struct Script {
    scenes: Mutex<VecDeque<(Target, Fault, Times)>>,
}

impl Script {
    pub(crate) fn add(&self, target: Target, fault: Fault, times: Times) {
        self.scenes().push_back((target, fault, times));
    }

    pub(crate) fn clear(&self) {
        self.scenes().clear();
    }

    pub(crate) fn take(&self, target: Target) -> Option<Fault> {
        let mut scenes = self.scenes();
        scenes.retain(|(.., times)| *times != Times::Count(0));
        let (_, fault, times) = scenes.iter_mut().find(|(other, ..)| *other == target)?;
        if let Times::Count(left) = times {
            *left -= 1;
        }
        Some(*fault)
    }

    fn scenes(&self) -> MutexGuard<'_, VecDeque<(Target, Fault, Times)>> {
        self.scenes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        for target in [Target::Api, Target::Login, Target::Token] {
            assert_eq!(target.to_string().parse(), Ok(target));
        }
        assert!("Hang-Up".parse::<Fault>().is_err());
    }

    #[test]
    fn plays_in_order_each_as_often_as_said() {
        let script = Script::default();
        script.add(Target::Api, Fault::Unauthorized, Times::Count(2));
        script.add(Target::Token, Fault::HangUp, Times::ONCE);
        script.add(Target::Api, Fault::Unavailable, Times::UntilCleared);
        let next = || script.take(Target::Api);
        assert_eq!(next(), Some(Fault::Unauthorized));
        assert_eq!(next(), Some(Fault::Unauthorized));
        assert_eq!(next(), Some(Fault::Unavailable));
        assert_eq!(next(), Some(Fault::Unavailable));
        assert_eq!(script.take(Target::Token), Some(Fault::HangUp));
        assert_eq!(script.take(Target::Token), None);
        script.clear();
        assert_eq!(next(), None);
    }
}
