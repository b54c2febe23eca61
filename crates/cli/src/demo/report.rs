//! How the demo reads: a list of steps, 80 columns wide, the secrets in it masked.

use std::{fmt::Write, time::Duration};

use anstyle::Style;
use claviger_sandbox::{Clara, Entry, Target};

use super::walk::Step;
use crate::console::{ERROR, GOOD, QUIET, STRONG};

/// Writes the steps, and counts what arrived.
pub(super) struct Report {
    api_url: String,
    token_url: String,
    /// The tokens seen so far, in order: they are told apart by letters.
    tokens: Vec<String>,
    requests: usize,
    token_requests: usize,
}

impl Report {
    pub(super) fn new(clara: &Clara) -> Self {
        Self {
            api_url: clara.api_url(),
            token_url: clara.token_url(),
            tokens: Vec::new(),
            requests: 0,
            token_requests: 0,
        }
    }

    pub(super) fn head(&self) -> String {
        format!(
            "{STRONG}Clara's API, emulated on this machine; the client and its mutual TLS are real.{STRONG:#}\n\
             API    {}\n\
             token  {}\n\
             Below is what arrived there, from the sandbox's own journal.\n",
            self.api_url, self.token_url
        )
    }

    pub(super) fn step(&mut self, number: usize, step: &Step, took: Duration) -> String {
        let mut text = String::from("\n");
        let title = format!("{number}  {}", step.title);
        let took = milliseconds(took);
        let room = WIDTH.saturating_sub(took.len() + 2);
        line(&mut text, format_args!("{STRONG}{title:<room$}{STRONG:#}  {QUIET}{took}{QUIET:#}"));
        for entry in &step.arrived {
            self.entry(&mut text, entry);
        }
        if let Some((url, outcome)) = &step.stopped {
            let room = WIDTH.saturating_sub(5 + outcome.len());
            let sent = format!("GET {url}");
            line(&mut text, format_args!("   {sent:<room$}  {ERROR}{outcome}{ERROR:#}"));
        }
        if let Some(refusal) = &step.refusal {
            told(&mut text, ERROR, "refused", &refusal.to_string());
        }
        told(&mut text, GOOD, "proven", step.proven);
        text
    }

    pub(super) fn foot(&self, steps: usize, took: Duration, program: &str) -> String {
        format!(
            "\n{GOOD}All {steps} steps went as they should.{GOOD:#}\n\
             {} requests arrived, {} of them for a token, in {}.\n\n\
             Try it yourself: {program} sandbox --dir \"$(mktemp -d)\"\n\
             It writes credentials and settings there, and says what to type next.\n",
            self.requests,
            self.token_requests,
            milliseconds(took)
        )
    }

    fn entry(&mut self, text: &mut String, entry: &Entry) {
        self.requests += 1;
        self.token_requests += usize::from(entry.target == Target::Token);
        let sent = format!("{} {}{}", entry.method, self.api_url, entry.path);
        let room = WIDTH.saturating_sub(8);
        let status = entry.status.map(|status| status.as_u16().to_string()).unwrap_or_default();
        let style = if entry.status.is_some_and(|status| status.is_success()) { GOOD } else { ERROR };
        line(text, format_args!("   {sent:<room$}  {style}{status}{style:#}"));
        if let Some(name) = &entry.peer.name {
            field(text, "certificate", name);
        }
        if let Some(value) = entry.header("authorization") {
            let masked = self.masked(value);
            field(text, "authorization", &masked);
        }
        if let Some(tenant) = entry.header("x-tax-identifier") {
            field(text, "x-tax-identifier", tenant);
        }
        if entry.target == Target::Token {
            let body = entry.body_text();
            field(text, "body", if body == GRANT { GRANT } else { "(hidden)" });
        }
    }

    /// Shows the scheme and, of a token, which one it is.
    fn masked(&mut self, value: &str) -> String {
        let Some(token) = value.strip_prefix("Bearer ") else {
            return match value.split_once(' ') {
                Some((scheme @ "Basic", _)) => format!("{scheme} (id and secret, hidden)"),
                _ => "(hidden)".to_owned(),
            };
        };
        let index = self.tokens.iter().position(|seen| seen == token).unwrap_or_else(|| {
            self.tokens.push(token.to_owned());
            self.tokens.len() - 1
        });
        let letter = u8::try_from(index).map_or('?', |index| char::from(b'A'.saturating_add(index)));
        format!("Bearer (token {letter}, hidden)")
    }
}

/// Says a sentence, in as many lines as it takes.
fn told(text: &mut String, style: Style, label: &str, sentence: &str) {
    let mut lines = vec![String::new()];
    for word in sentence.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if INDENT + line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    for (index, words) in lines.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        line(text, format_args!("   {style}{label:<7}{style:#}  {words}"));
    }
}

fn field(text: &mut String, name: &str, value: &str) {
    line(text, format_args!("     {QUIET}{name:<17}{QUIET:#} {value}"));
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{content}");
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// All that is in a token request's body.
const GRANT: &str = "grant_type=client_credentials";
/// Where sentences begin.
const INDENT: usize = 12;
/// Fits the narrowest terminal that is in use.
const WIDTH: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_long_sentences() {
        let mut text = String::new();
        told(&mut text, Style::new(), "refused", &"word ".repeat(30));
        assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.starts_with("   refused  word") && text.contains("\n            word"), "{text}");
    }

    #[test]
    fn shows_which_token_it_is_and_no_part_of_it() {
        let mut report = Report {
            api_url: String::new(),
            token_url: String::new(),
            tokens: Vec::new(),
            requests: 0,
            token_requests: 0,
        };
        let mut masked = |value| report.masked(value);
        assert_eq!(masked("Bearer swordfish"), "Bearer (token A, hidden)");
        assert_eq!(masked("Bearer marlin"), "Bearer (token B, hidden)");
        assert_eq!(masked("Bearer swordfish"), "Bearer (token A, hidden)");
        assert_eq!(masked("Basic c3dvcmRmaXNo"), "Basic (id and secret, hidden)");
        assert_eq!(masked("swordfish"), "(hidden)");
        assert_eq!(masked("swordfish marlin"), "(hidden)");
    }
}
