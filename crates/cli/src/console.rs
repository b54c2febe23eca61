//! The two outputs: data goes to stdout as it is, words go to stderr, coloured on a terminal.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use claviger_login::Words;

use crate::failure::Failure;

/// Takes data, byte for byte.
#[derive(Debug)]
pub(crate) struct Data {
    out: io::StdoutLock<'static>,
    ends_line: bool,
}

impl Data {
    /// Takes stdout for as long as it lives.
    pub(crate) fn new() -> Self {
        Self { out: io::stdout().lock(), ends_line: true }
    }

    /// Writes bytes, and has them seen.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some(last) = bytes.last() {
            self.ends_line = *last == b'\n';
        }
        self.out.write_all(bytes).and_then(|()| self.out.flush()).map_err(Failure::of_output)
    }

    /// Writes a JSON text; on a terminal its C1 controls (ECMA-48, §5.3) as escapes, for they would do something there.
    pub(crate) fn write_json(&mut self, json: &str) -> Result<(), Failure> {
        match self.out.is_terminal() {
            true => self.write(without_controls(json).as_bytes()),
            false => self.write(json.as_bytes()),
        }
    }

    /// Ends the last line, on a terminal only: in a file it would be a byte too much.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        if !self.ends_line && self.out.is_terminal() { self.write(b"\n") } else { Ok(()) }
    }
}

/// Such controls stand in texts alone; those below U+0020 JSON has as escapes.
fn without_controls(json: &str) -> String {
    let escape = |text: String, character: char| match character {
        '\u{7f}'..='\u{9f}' => text + &format!("\\u{:04x}", u32::from(character)),
        _ => text + character.encode_utf8(&mut [0; 4]),
    };
    json.chars().fold(String::with_capacity(json.len()), escape)
}

/// Writes a text for people to stdout; its colours only show on a terminal.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    write(text).map_err(Failure::of_output)
}

/// As [`print()`], for those who have errors of their own.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Says what went wrong, why, and what to do.
pub(crate) fn fail(failure: &Failure) {
    say(&text_of(failure));
}

fn text_of(failure: &Failure) -> String {
    let mut text = String::new();
    for (index, words) in failure.words().iter().enumerate() {
        text.push_str(&match index {
            0 => format!("{ERROR}claviger:{ERROR:#} {}\n", escaped(words)),
            _ => reason_of(words),
        });
    }
    text + &advice_of(failure.advice())
}

/// Says why the line before is so.
pub(crate) fn because(words: &str) {
    say(&reason_of(words));
}

fn reason_of(words: &str) -> String {
    format!("  {QUIET}because:{QUIET:#} {}\n", escaped(words))
}

fn advice_of(advice: &str) -> String {
    format!("  {GOOD}try:{GOOD:#} {}\n", escaped(advice))
}

/// Says a line.
pub(crate) fn note(words: &str) {
    say(&format!("{STRONG}claviger:{STRONG:#} {}\n", escaped(words)));
}

/// Says what to do about the line before.
pub(crate) fn advise(advice: &str) {
    say(&advice_of(advice));
}

/// Says a line about something that is likely a mistake.
pub(crate) fn warn(words: &str) {
    say(&format!("{WARNING}claviger: warning:{WARNING:#} {}\n", escaped(words)));
}

/// Says a line about something that will soon go wrong.
pub(crate) fn alarm(words: &str) {
    say(&format!("{ERROR}claviger: WARNING:{ERROR:#} {}\n", escaped(words)));
}

/// Says what the login has to say.
pub(crate) fn words(words: Words<'_>) {
    match words {
        Words::Line(line) => say(&format!("{}\n", escaped(line))),
        Words::Note(words) => note(words),
        Words::Warning(words) => warn(words),
    }
}

/// Says a text of several lines.
pub(crate) fn say(text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Escapes what would move the cursor, colour, turn around or begin a line: names in the settings may hold anything.
pub(crate) fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for character in words.chars() {
        // U+202A and the others turn what follows around, or end that.
        match character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            true => text.extend(character.escape_default()),
            false => text.push(character),
        }
    }
    text
}

/// For what went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// For what went wrong.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// For what is there to be looked up.
pub(crate) const QUIET: Style = Style::new().dimmed();
/// For headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// For what is likely a mistake.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

#[cfg(test)]
mod tests {
    use claviger_auth_core::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_name_in_the_settings_writes_no_lines_and_no_colours() {
        let error =
            Error::new(ErrorKind::Configuration, "no").with_subject("a\u{1b}[2Jb\nclaviger: all is well");
        let text = anstream::adapter::strip_str(&text_of(&error.into())).to_string();
        assert!(text.starts_with("claviger: no (a\\u{1b}[2Jb\\nclaviger: all is well)\n"), "{text}");
        assert_eq!(text.lines().count(), 2);
        assert_eq!(escaped("ä\u{9b}\t"), "ä\\u{9b}\\t");
        assert_eq!(escaped("\u{202e}a\u{2069}"), "\\u{202e}a\\u{2069}");
    }

    #[test]
    fn json_does_nothing_to_a_terminal() {
        assert_eq!(without_controls("{\"ä\": \"\u{9b}2J\u{7f}\"}\n"), "{\"ä\": \"\\u009b2J\\u007f\"}\n");
    }
}
