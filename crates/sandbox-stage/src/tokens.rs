//! The access tokens that were issued.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::{clock, random};

/// Tells what a token is good for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Grant {
    /// Names the client, or the environment, it was issued to.
    pub holder: &'static str,
    /// Names the certificate it is bound to, if it is.
    pub thumbprint: Option<String>,
}

impl Grant {
    /// A token that is bound to no certificate.
    pub fn to(holder: &'static str) -> Self {
        Self { holder, thumbprint: None }
    }

    /// Binds the token to the certificate of this thumbprint, or to none.
    #[must_use]
    pub fn bound_to(self, thumbprint: Option<String>) -> Self {
        Self { thumbprint, ..self }
    }
}

/// Remembers the last 10,000 tokens, what they are good for and until when.
pub struct Tokens {
    book: Mutex<Book>,
}

impl Tokens {
    pub(crate) fn new(life: Duration) -> Self {
        Self { book: Mutex::new(Book { life, issued: HashMap::new(), order: VecDeque::new() }) }
    }

    /// Issues a token, and tells how long it lives.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    pub fn issue(&self, grant: Grant) -> Result<(String, Duration), Error> {
        let life = self.life();
        let token = draw()?;
        self.enter(token.clone(), grant);
        Ok((token, life))
    }

    /// Issues a token that has been made already.
    pub fn enter(&self, token: String, grant: Grant) {
        let mut book = self.book();
        // Beyond what the clock can count it lives for ever.
        let expires = clock::now().checked_add(book.life);
        book.issued.insert(token.clone(), Issued { grant, expires, is_lasting: false });
        book.order.push_back(token);
        if book.order.len() > MAX_TOKENS {
            let oldest = book.order.pop_front();
            oldest.and_then(|oldest| book.issued.remove(&oldest));
        }
    }

    /// Issues a token that has no end: it is never forgotten, and expires with no other.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    pub fn issue_for_good(&self, grant: Grant) -> Result<String, Error> {
        let token = draw()?;
        self.book().issued.insert(token.clone(), Issued { grant, expires: None, is_lasting: true });
        Ok(token)
    }

    /// Tells what a token is good for.
    ///
    /// # Errors
    ///
    /// Why it is good for nothing.
    pub fn check(&self, token: &str) -> Result<Grant, &'static str> {
        let book = self.book();
        let issued = book.issued.get(token).ok_or("the access token is unknown or revoked")?;
        if issued.expires.is_some_and(|expires| expires <= clock::now()) {
            return Err("the access token has expired");
        }
        Ok(issued.grant.clone())
    }

    pub(crate) fn revoke(&self, token: &str) -> bool {
        self.book().issued.remove(token).is_some()
    }

    pub(crate) fn revoke_all(&self) -> usize {
        let mut book = self.book();
        book.order.clear();
        book.issued.drain().count()
    }

    /// Revokes what one holder has, and tells how much that was.
    pub fn revoke_of(&self, holder: &str) -> usize {
        let mut book = self.book();
        let before = book.issued.len();
        book.issued.retain(|_, issued| issued.grant.holder != holder);
        before - book.issued.len()
    }

    pub(crate) fn expire_all(&self) {
        let now = clock::now();
        let mut book = self.book();
        let expiring = book.issued.values_mut().filter(|issued| !issued.is_lasting);
        expiring.for_each(|issued| issued.expires = Some(now));
    }

    /// Tells how long the tokens live that are issued from now on.
    pub fn life(&self) -> Duration {
        self.book().life
    }

    pub(crate) fn set_life(&self, life: Duration) {
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

/// Draws a token. The prefix is there for whoever finds one where it should not be.
fn draw() -> Result<String, Error> {
    Ok(format!("sandbox-{}", random::text::<32>()?))
}

struct Book {
    life: Duration,
    issued: HashMap<String, Issued>,
    order: VecDeque<String>,
}

struct Issued {
    grant: Grant,
    expires: Option<Instant>,
    is_lasting: bool,
}

const MAX_TOKENS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_what_it_was_issued_for() {
        let tokens = Tokens::new(Duration::from_secs(60));
        let bound = Grant::to("production").bound_to(Some("a".to_owned()));
        let (token, _) = tokens.issue(bound.clone()).unwrap();
        let (other, _) = tokens.issue(Grant::to("test")).unwrap();
        assert_eq!(tokens.check(&token), Ok(bound));
        assert_eq!(tokens.check(&other), Ok(Grant::to("test")));
        tokens.expire_all();
        assert_eq!(tokens.check(&token), Err("the access token has expired"));
        assert!(tokens.revoke(&token));
        assert_eq!(tokens.check(&token), Err("the access token is unknown or revoked"));
    }

    #[test]
    fn what_is_issued_for_good_ends_by_revocation_alone() {
        let tokens = Tokens::new(Duration::from_secs(60));
        let lasting = tokens.issue_for_good(Grant::to("person")).unwrap();
        let (token, _) = tokens.issue(Grant::to("client")).unwrap();
        tokens.expire_all();
        assert_eq!(tokens.revoke_of("client"), 1);
        assert!(tokens.check(&token).is_err());
        assert!(tokens.check(&lasting).is_ok());
        assert_eq!(tokens.revoke_all(), 1);
        assert!(tokens.check(&lasting).is_err());
    }

    #[test]
    fn forgets_the_oldest_and_never_repeats_one() {
        let tokens = Tokens::new(Duration::MAX);
        let (first, _) = tokens.issue(Grant::to("a")).unwrap();
        assert!(tokens.check(&first).is_ok());
        for _ in 0..MAX_TOKENS {
            tokens.issue(Grant::to("a")).unwrap();
        }
        assert!(tokens.check(&first).is_err());
        assert_eq!(tokens.revoke_all(), MAX_TOKENS);
    }
}
