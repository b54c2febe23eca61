//! One profile of the settings file, before it is known what its values mean.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use claviger_auth_core::{Error, ErrorKind};
use secrecy::SecretString;

use super::{position::Position, secret::SecretSource};
use crate::Variables;

/// A value of the right type.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever looks at the settings one by one has a use for each")]
pub enum Value {
    /// `true` or `false`.
    Flag(bool),
    /// Texts.
    List(Vec<String>),
    /// Where a secret is.
    Secret(SecretSource),
    /// A text, which may be a path or a URL.
    Text(String),
}

/// Holds the settings of a profile by name, each with its place.
#[derive(Clone, Debug)]
pub struct Section {
    name: String,
    position: Position,
    values: BTreeMap<&'static str, (Position, Value)>,
}

impl Section {
    pub(crate) fn new(name: &str, position: Position) -> Self {
        Self { name: name.to_owned(), position, values: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, position: Position, value: Value) {
        self.values.insert(name, (position, value));
    }

    /// The profile's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the profile begins in the settings file.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// All that was written, each setting with its place.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &Position, &Value)> {
        self.values.iter().map(|(name, (position, value))| (*name, position, value))
    }

    /// Whether the setting of that name was written.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The text of that name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some((_, Value::Text(text))) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some((_, Value::Flag(true))))
    }

    pub(crate) fn list(&self, name: &str) -> &[String] {
        match self.values.get(name) {
            Some((_, Value::List(list))) => list,
            _ => &[],
        }
    }

    /// A path, which is relative to the settings file.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let folder = self.position.path().parent().unwrap_or(Path::new(""));
        self.text(name).map(|path| folder.join(path))
    }

    /// The secret, fetched from where it is.
    pub(crate) fn secret(&self, name: &str, variables: &Variables) -> Result<Option<SecretString>, Error> {
        match self.values.get(name) {
            Some((position, Value::Secret(source))) => {
                source.fetch(&self.full_name(name), position, variables).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Error> {
        self.text(name).ok_or_else(|| self.missing(name))
    }

    /// Reads a text that the libraries know how to read.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.text(name).map(parse).transpose().map_err(|error| self.placed(name, error))
    }

    /// Says that a setting is missing.
    pub(crate) fn missing(&self, name: &str) -> Error {
        self.position
            .error(&self.full_name(name), "a setting is missing")
            .with_advice("write it below the profile's name, or choose another profile with --profile")
    }

    /// Says what is wrong with a setting.
    pub(crate) fn error(&self, name: &str, what: &'static str) -> Error {
        self.placed(name, Error::new(ErrorKind::Configuration, what))
    }

    /// Puts the setting's name and place on an error about its value.
    #[must_use]
    pub fn placed(&self, name: &str, error: Error) -> Error {
        let position = self.values.get(name).map_or(&self.position, |(position, _)| position);
        let subject = format!("{position}, {}", self.full_name(name));
        let subject = match error.subject() {
            Some(about) => format!("{subject}, {about}"),
            None => subject,
        };
        error.with_subject(subject)
    }

    /// Names the settings that have no meaning here, with their places.
    pub(crate) fn others(&self, meaningful: &[&[&str]]) -> Vec<String> {
        let has_meaning = |name: &&str| meaningful.iter().any(|names| names.contains(name));
        self.values
            .iter()
            .filter(|(name, _)| !has_meaning(name))
            .map(|(name, (position, _))| format!("{position}, {}", self.full_name(name)))
            .collect()
    }

    pub(super) fn full_name(&self, name: &str) -> String {
        format!("profiles.{}.{name}", self.name)
    }
}
