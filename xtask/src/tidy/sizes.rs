//! How long files and crates may be.

use crate::{
    tidy::{Problem, source::Source},
    workspace::Package,
};

const FILE: usize = 300;
const FILE_WITH_TESTS: usize = 500;
const PACKAGE: usize = 2_500;

/// A file that can be read at one sitting.
pub(crate) fn check_file(source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    let code = source.code_lines();
    if code > FILE {
        problems.push(Problem::new(
            &source.path,
            format!("has {code} lines of code, more than {FILE}"),
            "split it by what its parts are about",
        ));
    }
    let lines = source.text.lines().count();
    if lines > FILE_WITH_TESTS && source.inline_tests().is_some() && !source.is_tests() {
        problems.push(Problem::new(
            &source.path,
            format!("has {lines} lines with its tests, more than {FILE_WITH_TESTS}"),
            format!("move the tests to {}/tests.rs", source.path.trim_end_matches(".rs")),
        ));
    }
    problems
}

/// A crate that can be read in a day.
pub(crate) fn check_package(package: &Package, sources: &[&Source]) -> Option<Problem> {
    let code: usize = sources.iter().map(|source| source.code_lines()).sum();
    (code > PACKAGE).then(|| {
        let what = format!("{} has {code} lines of code, more than {PACKAGE}", package.name);
        Problem::new(package.manifest(), what, "split the crate, or say it in less")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, code: usize, tests: usize) -> Source {
        let text = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "a;\n".repeat(code), "b;\n".repeat(tests));
        Source::new(path, text)
    }

    #[test]
    fn counts_code_per_file() {
        assert_eq!(check_file(&source("crates/x/src/a.rs", FILE, 10)), []);
        assert!(check_file(&source("crates/x/src/a.rs", FILE + 1, 0))[0].what.contains("301 lines of code"));
    }

    #[test]
    fn sends_long_tests_to_a_file_of_their_own() {
        let problems = check_file(&source("crates/x/src/a.rs", 100, 400));
        assert!(problems[0].remedy.contains("crates/x/src/a/tests.rs"));
        assert_eq!(check_file(&source("tests/a.rs", 100, 400)), []);
    }

    #[test]
    fn counts_code_per_crate() {
        let sources: Vec<Source> = (0..9).map(|_| source("crates/x/src/a.rs", 280, 0)).collect();
        let all: Vec<&Source> = sources.iter().collect();
        assert!(check_package(&Package::default(), &all).is_some());
        assert!(check_package(&Package::default(), &all[1..]).is_none());
    }
}
