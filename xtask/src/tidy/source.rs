//! The Rust files of the workspace.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    command::Result,
    tidy::mask::mask,
    workspace::{Package, Workspace},
};

/// The benchmark is a workspace of its own. The rules for files hold there, those for packages do not.
const BENCH: &str = "xtask/bench/";

/// One file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Below the root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text without comments and texts; see [`mask`].
    masked: String,
}

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { path: path.into(), masked: mask(&text), text }
    }

    pub(crate) fn belongs_to(&self, package: &Package) -> bool {
        let is_below = self.path.strip_prefix(&package.folder).is_some_and(|rest| rest.starts_with('/'));
        is_below && !self.path.starts_with(BENCH)
    }

    /// Whether all of it is tests.
    pub(crate) fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.split('/').any(|part| part == "tests" || part == "benches")
    }

    /// All its code by line number, from 1.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.masked.lines())
    }

    /// The code which is not tests: all before the inline test module.
    pub(crate) fn production(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_tests() { 1 } else { self.inline_tests().unwrap_or(usize::MAX) };
        self.code().take_while(move |(line, _)| *line < end)
    }

    /// How many lines of it are code: neither blank nor comment nor tests.
    pub(crate) fn code_lines(&self) -> usize {
        self.production().filter(|(_, line)| !line.trim().is_empty()).count()
    }

    /// The line where the inline test module begins.
    pub(crate) fn inline_tests(&self) -> Option<usize> {
        let mut is_for_tests = None;
        for (number, line) in self.code() {
            let line = line.trim();
            match is_for_tests {
                Some(start) if line.starts_with("mod ") && line.ends_with('{') => return Some(start),
                // More attributes may stand between.
                Some(_) if line.is_empty() || line.starts_with("#[") => {}
                _ => is_for_tests = line.starts_with("#[cfg(test)]").then_some(number),
            }
        }
        None
    }

    /// `path:line`.
    pub(crate) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// Reads every Rust file of every member.
pub(crate) fn load(workspace: &Workspace) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for package in &workspace.packages {
        for path in files(&workspace.root.join(&package.folder))? {
            let text = fs::read_to_string(&path)?;
            let below = path.strip_prefix(&workspace.root)?.to_string_lossy().replace('\\', "/");
            sources.push(Source::new(below, text));
        }
    }
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(sources)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension() == Some(OsStr::new("rs")) {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "//! Docs.\n\nfn a() {} // why\n/* no */\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";

    #[test]
    fn counts_code_only() {
        assert_eq!(Source::new("crates/x/src/lib.rs", TEXT).code_lines(), 1);
        assert_eq!(Source::new("crates/x/src/a/tests.rs", TEXT).code_lines(), 0);
        assert_eq!(Source::new("tests/a.rs", TEXT).code_lines(), 0);
        let lines = "const A: &str = \"\n// text\n\";\n";
        assert_eq!(Source::new("crates/x/src/lib.rs", lines).code_lines(), 3);
    }

    #[test]
    fn takes_a_test_module_of_its_own_file_for_code() {
        let text = "#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(Source::new("crates/x/src/lib.rs", text).code_lines(), 3);
    }

    #[test]
    fn finds_the_inline_tests_behind_attributes() {
        let text = "fn a() {}\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n}\n";
        assert_eq!(Source::new("crates/x/src/lib.rs", text).inline_tests(), Some(2));
        assert_eq!(Source::new("crates/x/src/lib.rs", "#[cfg(test)]\nfn a() {}\n").inline_tests(), None);
    }

    #[test]
    fn belongs_to_one_package() {
        let package = Package { folder: "crates/client".to_owned(), ..Package::default() };
        assert!(Source::new("crates/client/src/lib.rs", "").belongs_to(&package));
        assert!(!Source::new("crates/client-two/src/lib.rs", "").belongs_to(&package));
        let xtask = Package { folder: "xtask".to_owned(), ..Package::default() };
        assert!(Source::new("xtask/src/bench.rs", "").belongs_to(&xtask));
        assert!(!Source::new("xtask/bench/src/lib.rs", "").belongs_to(&xtask));
    }
}
