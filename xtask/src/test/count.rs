//! Adds up what cargo's test programs report.

use std::{collections::BTreeSet, fmt};

/// The sum over all test programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

/// A test that left because something was missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Skip {
    pub(crate) test: String,
    pub(crate) software: String,
}

impl Counts {
    /// Takes in a line of output: only `test result: …` counts.
    pub(crate) fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let mut words = result.split([' ', ';']).filter(|word| !word.is_empty()).peekable();
        while let Some(word) = words.next() {
            let Ok(number) = word.parse::<usize>() else { continue };
            match words.peek() {
                Some(&"passed") => self.passed += number,
                Some(&"failed") => self.failed += number,
                Some(&"ignored") => self.skipped += number,
                _ => {}
            }
        }
    }

    /// Takes out tests which skipped themselves: they returned early, so they were reported as passed.
    pub(crate) fn skip(&mut self, number: usize) {
        self.passed = self.passed.saturating_sub(number);
        self.skipped += number;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Reads the lines `test<TAB>software`; a test that wants two things is one skip, for the first of them.
pub(crate) fn parse_skips(text: &str) -> Vec<Skip> {
    let mut seen = BTreeSet::new();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let skips = lines.map(|line| line.split_once('\t').unwrap_or((line, "something it does not name")));
    skips
        .filter(|(test, _)| seen.insert(test.to_owned()))
        .map(|(test, software)| Skip { test: test.to_owned(), software: software.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_results_and_nothing_else() {
        let mut counts = Counts::default();
        counts.add("running 3 tests");
        counts.add(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.02s",
        );
        counts.add("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        counts.add("a line that says 9 passed; 9 failed");
        assert_eq!(counts, Counts { passed: 7, failed: 2, skipped: 1 });
        counts.skip(3);
        assert_eq!(counts.to_string(), "4 passed, 2 failed, 4 skipped");
    }

    #[test]
    fn reads_each_skipped_test_once() {
        let skips = parse_skips("a\tnginx\nb\tcurl\n\na\tcurl\nbroken\n");
        let tests: Vec<_> = skips.iter().map(|skip| (skip.test.as_str(), skip.software.as_str())).collect();
        assert_eq!(tests, [("a", "nginx"), ("b", "curl"), ("broken", "something it does not name")]);
    }
}
