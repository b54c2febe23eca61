//! Where secrets are laid open: the places are listed, so that a new one is seen and decided upon.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::tidy::{Problem, source::Source};

/// The list, below the root.
pub(crate) const LIST: &str = "xtask/expose-secret.txt";

const DOOR: &str = "expose_secret";
const HEAD: &str = "\
# How often each file outside the tests and the sandbox lays a secret open (`expose_secret`).
# It is allowed where bytes are written to the wire or to a store, where a passphrase opens a key, and where a secret
# is read, checked or shown on demand; nowhere else.
# Once a new place has been decided upon: cargo xtask tidy --bless
";

/// Compares the calls with the list.
pub(crate) fn check(sources: &[Source], list: &str) -> Vec<Problem> {
    let found = calls(sources);
    let listed = parse(list);
    let mut problems = Vec::new();
    let paths: BTreeSet<&str> = found.keys().chain(listed.keys()).copied().collect();
    for path in paths {
        let (found, listed) = (count(&found, path), count(&listed, path));
        if found != listed {
            problems.push(Problem::new(
                path,
                format!("lays secrets open in {found} places, {listed} are listed"),
                format!("if each is one of the cases that the list allows: cargo xtask tidy --bless, and commit {LIST}"),
            ));
        }
    }
    problems
}

/// What the list would be if all that is there were right.
pub(crate) fn list(sources: &[Source]) -> String {
    let mut text = HEAD.to_owned();
    for (path, number) in calls(sources) {
        let _ = writeln!(text, "{path} {number}");
    }
    text
}

fn calls(sources: &[Source]) -> BTreeMap<&str, usize> {
    let mut calls = BTreeMap::new();
    for source in sources.iter().filter(|source| !is_sandbox(source)) {
        let number: usize = source.production().map(|(_, line)| line.matches(DOOR).count()).sum();
        if number > 0 {
            calls.insert(source.path.as_str(), number);
        }
    }
    calls
}

fn is_sandbox(source: &Source) -> bool {
    ["crates/sandbox/", "crates/sandbox-stage/"].iter().any(|folder| source.path.starts_with(folder))
}

fn parse(list: &str) -> BTreeMap<&str, usize> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(path, number)| Some((path, number.parse().ok()?)))
        .collect()
}

fn count(calls: &BTreeMap<&str, usize>, path: &str) -> usize {
    calls.get(path).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Source {
        Source::new(
            path,
            "// expose_secret()\nfn a() { s.expose_secret() }\nmap(ExposeSecret::expose_secret);\n",
        )
    }

    #[test]
    fn agrees_with_its_own_list() {
        let sources = [source("crates/a/src/a.rs")];
        assert!(list(&sources).ends_with("crates/a/src/a.rs 2\n"));
        assert_eq!(check(&sources, &list(&sources)), []);
    }

    #[test]
    fn sees_a_new_place_and_one_that_is_gone() {
        let sources = [source("crates/a/src/a.rs")];
        assert!(check(&sources, HEAD)[0].what.contains("in 2 places, 0 are listed"));
        assert!(check(&sources, "crates/a/src/a.rs 1\n")[0].what.contains("in 2 places, 1 are listed"));
        assert!(check(&[], "crates/a/src/a.rs 1\n")[0].what.contains("in 0 places, 1 are listed"));
    }

    #[test]
    fn leaves_tests_and_the_sandbox_alone() {
        let sources = [
            "crates/sandbox/src/a.rs",
            "crates/sandbox-stage/src/a.rs",
            "tests/a.rs",
            "crates/a/src/a/tests.rs",
        ]
        .map(source);
        assert_eq!(check(&sources, HEAD), []);
    }
}
