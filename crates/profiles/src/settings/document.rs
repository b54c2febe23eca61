//! The settings file's TOML, as named values.
//!
//! The values are taken from the parsed document by hand: what serde or the parser says of a wrong value may
//! quote it, and it may be a secret.

use std::{path::Path, sync::Arc};

use claviger_auth_core::{Error, ErrorKind};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    file,
    position::Position,
    schema::{self, Kind},
    secret::SecretSource,
    section::{Section, Value},
};

/// Holds what a settings file says.
#[derive(Debug)]
pub struct Document {
    start: Position,
    default_profile: Option<(Position, String)>,
    sections: Vec<Section>,
}

impl Document {
    /// Reads the settings file, all profiles in it.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration): there is no such file, somebody else could have written it, or
    /// it says what no settings file says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        parse(path, &file::read(path)?)
    }

    /// The settings file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.start.path()
    }

    /// Takes the wanted profile, else the default one, else the only one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration): there is no such profile, or there are several.
    pub fn choose(mut self, wanted: Option<&str>) -> Result<Section, Error> {
        let names: Vec<&str> = self.sections.iter().map(Section::name).collect();
        let file = self.start.path().display();
        let listed = || if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let (name, subject) = match (wanted, &self.default_profile) {
            (Some(wanted), _) => (wanted, format!("{wanted} in {file}")),
            (None, Some((position, name))) => {
                (name.as_str(), format!("{name}, default_profile at {position}"))
            }
            (None, None) => match *names {
                [only] => (only, String::new()),
                [] => {
                    return Err(Error::new(ErrorKind::Configuration, "the settings file has no profile")
                        .with_subject(file.to_string())
                        .with_advice("write one: [profiles.NAME] and its settings below it"));
                }
                _ => {
                    return Err(Error::new(ErrorKind::Configuration, "there are several profiles")
                        .with_subject(format!("{file}: {}", listed()))
                        .with_advice(
                            "choose one with --profile, $CLAVIGER_PROFILE or default_profile in the file",
                        ));
                }
            },
        };
        match names.iter().position(|other| *other == name) {
            Some(index) => Ok(self.sections.swap_remove(index)),
            None => Err(Error::new(ErrorKind::Configuration, "there is no such profile")
                .with_subject(format!("{subject}; there are: {}", listed()))
                .with_advice("choose one of the profiles that there are")),
        }
    }
}

/// Reads the text of a settings file, all profiles in it.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Document, Error> {
    let place = Place { path: path.into(), text };
    let root = DeTable::parse(text).map_err(|error| place.bad_toml(&error))?;
    let mut document = Document { start: place.at(0), default_profile: None, sections: Vec::new() };
    for (key, value) in root.get_ref() {
        match (&**key.get_ref(), value.get_ref()) {
            ("default_profile", DeValue::String(name)) => {
                document.default_profile = Some((place.of(key), name.to_string()));
            }
            ("default_profile", _) => return Err(place.of(key).error("default_profile", NO_TEXT)),
            ("profiles", DeValue::Table(profiles)) => {
                for (name, profile) in profiles {
                    document.sections.push(place.section(name.get_ref(), profile)?);
                }
            }
            ("profiles", _) => return Err(place.of(key).error("profiles", NO_TABLE)),
            (other, _) => {
                return Err(place.of(key).error(other, UNKNOWN).with_advice(
                    "the settings at the top are default_profile and [profiles.NAME]; check the spelling",
                ));
            }
        }
    }
    Ok(document)
}

/// The text under the reader's eyes.
struct Place<'a> {
    path: Arc<Path>,
    text: &'a str,
}

impl Place<'_> {
    fn at(&self, offset: usize) -> Position {
        Position::of(&self.path, self.text, offset)
    }

    fn of<T>(&self, spanned: &Spanned<T>) -> Position {
        self.at(spanned.span().start)
    }

    fn section(&self, name: &str, profile: &Spanned<DeValue<'_>>) -> Result<Section, Error> {
        let position = self.of(profile);
        let full_name = format!("profiles.{name}");
        let DeValue::Table(settings) = profile.get_ref() else {
            return Err(position.error(&full_name, NO_TABLE));
        };
        let mut section = Section::new(name, position);
        for (key, value) in settings {
            let full_name = format!("{full_name}.{}", key.get_ref());
            let Some((known, kind)) = schema::find(key.get_ref()) else {
                return Err(self.of(key).error(&full_name, UNKNOWN).with_advice("check the spelling"));
            };
            let value = read(kind, value.get_ref()).map_err(|what| self.of(value).error(&full_name, what))?;
            section.add(known, self.of(key), value);
        }
        Ok(section)
    }

    /// Keeps of the parser's words only those that are its own.
    fn bad_toml(&self, error: &toml::de::Error) -> Error {
        let position = self.at(error.span().map_or(0, |span| span.start));
        let known = WORDS.iter().find(|words| {
            let rest = error.message().strip_prefix(**words);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(", expected "))
        });
        let error = Error::new(ErrorKind::Configuration, "the settings file is not valid TOML");
        let subject = match known {
            Some(words) => format!("{position}, {words}"),
            None => position.to_string(),
        };
        error.with_subject(subject).with_advice(
            "correct the line that is named: NAME = \"TEXT\", with the quotes; or copy the file again",
        )
    }
}

fn read(kind: Kind, value: &DeValue<'_>) -> Result<Value, &'static str> {
    match (kind, value) {
        (Kind::Flag, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
        (Kind::Flag, _) => Err("the setting is neither true nor false"),
        (Kind::List, DeValue::Array(items)) => {
            let texts = items.iter().map(|item| Some(item.get_ref().as_str()?.to_owned()));
            texts.collect::<Option<_>>().map(Value::List).ok_or(NO_LIST)
        }
        (Kind::List, DeValue::String(only)) => Ok(Value::List(vec![only.to_string()])),
        (Kind::List, _) => Err(NO_LIST),
        (Kind::Secret, DeValue::String(text)) => {
            Ok(Value::Secret(SecretSource::Literal(text.as_ref().into())))
        }
        (Kind::Secret, DeValue::Table(table)) => source(table).map(Value::Secret).ok_or(NO_SECRET),
        (Kind::Secret, _) => Err(NO_SECRET),
        (Kind::Text, DeValue::String(text)) => Ok(Value::Text(text.to_string())),
        (Kind::Text, _) => Err(NO_TEXT),
    }
}

/// Reads `{ env = "X" }` and its like.
fn source(table: &DeTable<'_>) -> Option<SecretSource> {
    let mut members = table.iter();
    let (Some((key, value)), None) = (members.next(), members.next()) else { return None };
    let text = value.get_ref().as_str()?;
    match &**key.get_ref() {
        "env" => Some(SecretSource::Environment(text.to_owned())),
        "file" => Some(SecretSource::File(text.to_owned())),
        "keyring" => Some(SecretSource::Keyring(text.to_owned())),
        _ => None,
    }
}

const UNKNOWN: &str = "there is no such setting";
const NO_LIST: &str = "the setting is no list of texts";
const NO_SECRET: &str =
    "the secret is neither a text nor one of { env = \"…\" }, { file = \"…\" }, { keyring = \"…\" }";
const NO_TABLE: &str = "this is no table of settings, such as [profiles.NAME]";
const NO_TEXT: &str = "the setting is no text in quotes";

/// What the parser may say without quoting anything.
const WORDS: &[&str] = &[
    "duplicate key",
    "extra `=`",
    "invalid basic string",
    "invalid boolean",
    "invalid key-value pair",
    "invalid literal string",
    "invalid multi-line basic string",
    "key with no value",
    "missing value for key",
    "missing value",
    "string values must be quoted",
    "unclosed array",
    "unclosed inline table",
    "unclosed table",
    "unexpected content",
    "unexpected key or value",
];
