//! What files are called and where they lie, and that each says what it is for.

use crate::tidy::{Problem, source::Source};

/// All that may lie at the top; what begins with `.git` beside it.
const TOP_LEVEL: &[&str] = &[
    ".cargo",
    ".ci",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "crates",
    "deny.toml",
    "docs",
    "rustfmt.toml",
    "target",
    "tests",
    "xtask",
];

/// Names that say nothing of what is inside, so that anything ends up there.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "util", "utils"];

/// Nothing lies at the top that has no place there.
pub(crate) fn check(names: &[String]) -> Vec<Problem> {
    let strangers =
        names.iter().filter(|name| !name.starts_with(".git") && !TOP_LEVEL.contains(&name.as_str()));
    strangers
        .map(|name| Problem::new(name, "has no place at the top level", "move it below, or remove it"))
        .collect()
}

/// A file's name tells what is in it, and its first line does.
pub(crate) fn check_module(source: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    if source.path.ends_with("/mod.rs") {
        let folder = source.path.trim_end_matches("/mod.rs");
        problems.push(Problem::new(&source.path, "is a mod.rs", format!("name it {folder}.rs")));
    }
    let parts = source.path.trim_end_matches(".rs").split('/');
    let named = parts.map(|part| (source.path.clone(), part));
    let inline = source.code().filter_map(|(line, text)| Some((source.place(line), module_name(text)?)));
    for (place, name) in named.chain(inline).filter(|(_, name)| EMPTY_NAMES.contains(name)) {
        problems.push(Problem::new(place, format!("{name:?} names no subject"), "name it for what is in it"));
    }
    // A file of unit tests is about the module it is named for, which says it.
    let is_unit_tests = source.path.contains("/src/") && source.path.ends_with("/tests.rs");
    if !source.text.starts_with("//!") && !is_unit_tests {
        problems.push(Problem::new(
            source.place(1),
            "has no module docs",
            "begin with a `//!` line that says what it is for",
        ));
    }
    problems
}

fn module_name(line: &str) -> Option<&str> {
    let mut words = line.split([' ', ';', '{']).skip_while(|word| word.is_empty() || word.starts_with("pub"));
    if words.next()? == "mod" { words.next() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_top_level() {
        let names = [".git", ".gitignore", "Cargo.toml", "notes.txt"].map(str::to_owned);
        let problems = check(&names);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].place, "notes.txt");
    }

    #[test]
    fn refuses_mod_rs_and_names_that_say_nothing() {
        assert_eq!(check_module(&Source::new("crates/x/src/retry.rs", "//! Retries.\nmod state;\n")), []);
        for (path, text) in [
            ("crates/x/src/retry/mod.rs", "//! Docs."),
            ("crates/x/src/util.rs", "//! Docs."),
            ("tests/common/start.rs", "//! Docs."),
            ("crates/x/src/a.rs", "//! Docs.\npub(crate) mod helpers {"),
        ] {
            assert_eq!(check_module(&Source::new(path, text)).len(), 1, "{path}");
        }
    }

    #[test]
    fn wants_module_docs() {
        assert_eq!(check_module(&Source::new("crates/x/src/a.rs", "// no docs\nfn a() {}\n")).len(), 1);
        assert_eq!(check_module(&Source::new("tests/a.rs", "")).len(), 1);
        assert_eq!(check_module(&Source::new("crates/x/src/a/tests.rs", "")), []);
    }
}
