//! What is told to whoever wants to know that something is wrong: one warning in the life of a store.

use std::{fmt, sync::OnceLock};

/// Tells it to a function, and keeps it.
#[derive(Default)]
pub(super) struct Warning {
    tell: Option<Box<Tell>>,
    given: OnceLock<String>,
}

impl Warning {
    pub(super) fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { tell: Some(Box::new(tell)), given: OnceLock::new() }
    }

    /// Gives it, if none was given yet: one warning tells that something is wrong.
    pub(super) fn give(&self, words: &str) {
        let mut is_first = false;
        let given = self.given.get_or_init(|| {
            is_first = true;
            words.to_owned()
        });
        if let Some(tell) = self.tell.as_ref().filter(|_| is_first) {
            tell(given);
        }
    }

    #[cfg(test)]
    pub(super) fn get(&self) -> Option<&str> {
        self.given.get().map(String::as_str)
    }
}

impl fmt::Debug for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Warning").field("given", &self.given).finish_non_exhaustive()
    }
}

type Tell = dyn Fn(&str) + Send + Sync;

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn tells_the_first_alone() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&told);
        let warning = Warning::new(move |words| list.lock().unwrap().push(words.to_owned()));
        warning.give("one");
        warning.give("two");
        assert_eq!(*told.lock().unwrap(), ["one"]);
        assert_eq!(warning.get(), Some("one"));
    }
}
