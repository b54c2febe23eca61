//! A search for a secret where none should be.

use std::{
    error::Error,
    fmt::{self, Debug, Display},
    iter,
};

/// Looks for a secret in texts and in whatever a value shows of itself.
///
/// It can only be made where the secret is found: a search that could not find anything proves nothing.
///
/// # Example
///
/// ```
/// use claviger_test_kit::Canary;
/// use secrecy::{ExposeSecret, SecretString};
///
/// let password = SecretString::from("swordfish");
/// let canary = Canary::found("swordfish", password.expose_secret());
/// canary.assert_hidden(&password);
/// canary.assert_absent("the log says: password refused");
///
/// let leaks = std::panic::catch_unwind(|| canary.assert_hidden(&("user", "swordfish")));
/// assert!(leaks.is_err());
/// ```
pub struct Canary {
    /// The secret as text, and as `Debug` shows its bytes.
    forms: [String; 2],
}

impl Canary {
    /// Takes a secret, and a text in which it is found: what went over the wire, for one.
    ///
    /// # Panics
    ///
    /// If it is not found there, or has fewer than four characters: such a one is found by chance.
    #[must_use]
    pub fn found(secret: &str, seen: &str) -> Self {
        assert!(secret.len() >= 4, "the canary is too short to look for");
        let bytes = format!("{:?}", secret.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']).to_owned();
        let canary = Self { forms: [secret.to_owned(), bytes] };
        assert!(canary.is_in(seen), "the canary is not where it must be found");
        canary
    }

    /// Looks through a text: a log, the output of a program.
    ///
    /// # Panics
    ///
    /// If the secret stands in it.
    #[track_caller]
    pub fn assert_absent(&self, text: &str) {
        // The text is not shown: it would carry the secret into the log of the test.
        assert!(!self.is_in(text), "the canary is in a text of {} bytes", text.len());
    }

    /// Looks through what `Debug` shows, in both of its forms.
    ///
    /// # Panics
    ///
    /// If the secret stands in it.
    #[track_caller]
    pub fn assert_hidden<T: Debug + ?Sized>(&self, value: &T) {
        self.assert_absent(&format!("{value:?}"));
        // Long bytes stand one to a line there.
        let pretty = format!("{value:#?}");
        self.assert_absent(&pretty);
        self.assert_absent(&pretty.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    /// Looks through what `Display` shows.
    ///
    /// # Panics
    ///
    /// If the secret stands in it.
    #[track_caller]
    pub fn assert_not_displayed<T: Display + ?Sized>(&self, value: &T) {
        self.assert_absent(&value.to_string());
    }

    /// Looks through an error and all of its causes: `Display`, and `Debug` in both of its forms.
    ///
    /// # Panics
    ///
    /// If the secret stands in one of them.
    #[track_caller]
    pub fn assert_not_in_error(&self, error: &(dyn Error + 'static)) {
        for cause in iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source()) {
            self.assert_hidden(cause);
            self.assert_not_displayed(cause);
        }
    }

    fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| text.contains(form))
    }
}

impl Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canary").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use claviger_auth_core::ErrorKind;

    use super::*;

    fn canary() -> Canary {
        Canary::found("swordfish", "Bearer swordfish")
    }

    fn panics(search: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(search)).is_err()
    }

    #[test]
    fn finds_a_secret_in_any_form() {
        assert!(panics(|| canary().assert_absent("token=swordfish;")));
        assert!(panics(|| canary().assert_hidden(&Some("swordfish"))));
        assert!(panics(|| canary().assert_hidden(&b"a swordfish".to_vec())), "bytes");
        assert!(panics(|| canary().assert_not_displayed("swordfish")));
    }

    #[test]
    fn finds_a_secret_in_the_cause_of_a_cause() {
        #[derive(Debug)]
        struct Leak;
        impl Display for Leak {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("invalid token: swordfish")
            }
        }
        impl Error for Leak {}
        let cause =
            |source| claviger_auth_core::Error::new(ErrorKind::Protocol, "unreadable").with_source(source);
        let outer = claviger_auth_core::Error::new(ErrorKind::Protocol, "outer");
        assert!(panics(|| canary().assert_not_in_error(&outer.clone().with_source(cause(Leak)))));
        canary().assert_not_in_error(&outer);
    }

    #[test]
    fn is_silent_where_there_is_none() {
        canary().assert_absent("sword fish");
        canary().assert_hidden(&[1_u8, 2, 3]);
        canary().assert_hidden(&canary());
    }

    #[test]
    fn cannot_be_made_where_nothing_is_found() {
        assert!(panics(|| drop(Canary::found("swordfish", "Bearer marlin"))));
        assert!(panics(|| drop(Canary::found("abc", "abc"))));
    }
}
