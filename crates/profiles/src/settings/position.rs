//! Where in the settings something stands: all that an error may tell of it.

use std::{fmt, path::Path, sync::Arc};

use claviger_auth_core::{Error, ErrorKind};

/// Points into the settings file. It never holds a value or a line of it.
#[derive(Clone, Debug)]
pub struct Position {
    path: Arc<Path>,
    line: usize,
    column: usize,
}

impl Position {
    /// Counts lines and characters up to a byte of the text, both from 1.
    pub(crate) fn of(path: &Arc<Path>, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.get(line_start..).unwrap_or_default().chars().count();
        Self { path: Arc::clone(path), line, column }
    }

    /// The settings file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says what is wrong with the setting of that name which stands here.
    pub(crate) fn error(&self, name: &str, what: &'static str) -> Error {
        Error::new(ErrorKind::Configuration, what).with_subject(format!("{self}, {name}"))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters() {
        let path: Arc<Path> = Path::new("a.toml").into();
        let at = |offset| Position::of(&path, "ab\nüb\n", offset).to_string();
        assert_eq!([at(0), at(1), at(3), at(5)], ["a.toml:1:1", "a.toml:1:2", "a.toml:2:1", "a.toml:2:2"]);
        assert_eq!(at(99), "a.toml:3:1");
    }
}
