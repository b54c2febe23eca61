//! The access tokens that were issued.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Environment;
use crate::error::Error;
use crate::{clock, random};

/// Remembers the last 10,000 tokens, what they are good for and until when.
pub(super) struct Tokens {
    book: Mutex<Book>,
}

impl Tokens {
    pub(super) fn new(life: Duration) -> Self {
        Self { book: Mutex::new(Book { life, issued: HashMap::new(), order: VecDeque::new() }) }
    }

    /// Issues a token bound to a certificate, and tells how long it lives.
    pub(super) fn issue(
        &self,
        environment: Environment,
        thumbprint: Option<String>,
    ) -> Result<(String, Duration), Error> {
        // The prefix is there for whoever finds one where it should not be.
        let token = format!("sandbox-{}", random::text::<32>()?);
        let mut book = self.book();
        let life = book.life;
        let expires = clock::now().checked_add(life);
        book.issued.insert(token.clone(), Issued { environment, thumbprint, expires });
        book.order.push_back(token.clone());
        if book.order.len() > MAX_TOKENS {
            let oldest = book.order.pop_front();
            oldest.and_then(|oldest| book.issued.remove(&oldest));
        }
        Ok((token, life))
    }

    /// Tells why a token is not good here, if it is not.
    pub(super) fn check(
        &self,
        token: &str,
        environment: Environment,
        thumbprint: Option<&str>,
    ) -> Result<(), &'static str> {
        let book = self.book();
        let issued = book.issued.get(token).ok_or("the access token is unknown or revoked")?;
        if issued.environment != environment {
            return Err("the access token belongs to the other environment");
        }
        if issued.thumbprint.as_deref() != thumbprint {
            return Err("the access token is bound to another certificate");
        }
        // Beyond what the clock can count it lives for ever.
        if issued.expires.is_some_and(|expires| expires <= clock::now()) {
            return Err("the access token has expired");
        }
        Ok(())
    }

    pub(super) fn revoke(&self, token: &str) -> bool {
        self.book().issued.remove(token).is_some()
    }

    pub(super) fn revoke_all(&self) -> usize {
        let mut book = self.book();
        book.order.clear();
        book.issued.drain().count()
    }

    pub(super) fn expire_all(&self) {
        let now = clock::now();
        self.book().issued.values_mut().for_each(|issued| issued.expires = Some(now));
    }

    pub(super) fn set_life(&self, life: Duration) {
        self.book().life = life;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("issued", &self.book().issued.len()).finish_non_exhaustive()
    }
}

struct Book {
    life: Duration,
    issued: HashMap<String, Issued>,
    order: VecDeque<String>,
}

struct Issued {
    environment: Environment,
    thumbprint: Option<String>,
    expires: Option<Instant>,
}

const MAX_TOKENS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_one_environment_and_one_certificate() {
        let tokens = Tokens::new(Duration::from_secs(60));
        let (token, _) = tokens.issue(Environment::Production, Some("a".to_owned())).unwrap();
        let check = |environment, thumbprint| tokens.check(&token, environment, Some(thumbprint));
        assert!(check(Environment::Production, "a").is_ok());
        assert!(check(Environment::Production, "b").is_err());
        assert!(check(Environment::Test, "a").is_err());
        tokens.expire_all();
        assert_eq!(check(Environment::Production, "a"), Err("the access token has expired"));
    }

    #[test]
    fn forgets_the_oldest_and_never_repeats_one() {
        let tokens = Tokens::new(Duration::MAX);
        let (first, _) = tokens.issue(Environment::Test, None).unwrap();
        assert!(tokens.check(&first, Environment::Test, None).is_ok());
        for _ in 0..MAX_TOKENS {
            tokens.issue(Environment::Test, None).unwrap();
        }
        assert!(tokens.check(&first, Environment::Test, None).is_err());
        assert_eq!(tokens.revoke_all(), MAX_TOKENS);
    }
}
