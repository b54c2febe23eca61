//! How the demo reads: a list of steps, 80 columns wide, the secrets in it masked.

use std::{fmt::Write, time::Duration};

use anstyle::{AnsiColor, Style};
use claviger_sandbox::{Entry, Provider, Target};
use serde_json::Value;

use crate::walk::Step;

/// Writes the steps, and counts them and what arrived.
#[derive(Default)]
pub(crate) struct Report {
    /// Where the provider of this section is.
    server: String,
    /// The tokens seen so far, in order: they are told apart by letters.
    tokens: Vec<String>,
    steps: usize,
    requests: usize,
    token_requests: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn head(&self) -> String {
        format!(
            "{STRONG}Four providers, emulated on this machine; the clients and their TLS are real.{STRONG:#}\n\
             Below is what arrived there, from the sandbox's own journal.\n"
        )
    }

    pub(crate) fn section(&mut self, title: &str, provider: &Provider) -> String {
        self.server = format!("https://{}", provider.address());
        let rule = "─".repeat(WIDTH);
        format!(
            "\n{QUIET}{rule}{QUIET:#}\n{STRONG}{title}{STRONG:#}\n\
             API    {}\n\
             token  {}\n",
            provider.api_url(),
            provider.token_url()
        )
    }

    pub(crate) fn step(&mut self, step: &Step, arrived: &[Entry], took: Duration) -> String {
        self.steps += 1;
        let mut text = String::from("\n");
        let title = format!("{}  {}", self.steps, step.title);
        let took = milliseconds(took);
        let room = WIDTH.saturating_sub(took.len() + 2);
        line(&mut text, format_args!("{STRONG}{title:<room$}{STRONG:#}  {QUIET}{took}{QUIET:#}"));
        for entry in arrived {
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

    pub(crate) fn foot(&self, took: Duration, program: &str) -> String {
        format!(
            "\n{GOOD}All {} steps went as they should.{GOOD:#}\n\
             {} requests arrived, {} of them for a token, in {}.\n\n\
             Try it yourself: {program} sandbox --dir \"$(mktemp -d)\"\n\
             It writes credentials and settings there, and says what to type next.\n",
            self.steps,
            self.requests,
            self.token_requests,
            milliseconds(took)
        )
    }

    fn entry(&mut self, text: &mut String, entry: &Entry) {
        self.requests += 1;
        self.token_requests += usize::from(entry.target == Target::Token);
        let sent = format!("{} {}{}", entry.method, self.server, entry.path);
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
        for name in SHOWN_HEADERS {
            if let Some(value) = entry.header(name) {
                field(text, name, value);
            }
        }
        for (index, part) in body(entry).iter().enumerate() {
            field(text, if index == 0 { "body" } else { "" }, part);
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

/// Shows what was sent to the API, and of a token request the names and what is no secret.
fn body(entry: &Entry) -> Vec<String> {
    if entry.target == Target::Api {
        let text = entry.body_text();
        return if text.is_empty() { Vec::new() } else { vec![text] };
    }
    let shown = |name: &str, value: &str| {
        let value = if SHOWN_MEMBERS.contains(&name) { value } else { "(hidden)" };
        format!("{name}={value}")
    };
    match serde_json::from_slice::<Value>(&entry.body) {
        Ok(Value::Object(members)) => {
            let members: Vec<_> = members.keys().map(|name| format!("\"{name}\": (hidden)")).collect();
            vec![format!("{{{}}}", members.join(", "))]
        }
        _ => form_urlencoded::parse(&entry.body).map(|(name, value)| shown(&name, &value)).collect(),
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
    line(text, format_args!("     {QUIET}{name:<18}{QUIET:#} {value}"));
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{content}");
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const QUIET: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();
/// What the providers ask for beside the credential. No secret is in these.
const SHOWN_HEADERS: [&str; 3] = ["x-api-version", "x-clarus-subdomain", "x-tax-identifier"];
/// No secret is in these members of a token request.
const SHOWN_MEMBERS: [&str; 2] = ["audience", "grant_type"];
/// Where sentences begin.
const INDENT: usize = 12;
/// Fits the narrowest terminal that is in use.
const WIDTH: usize = 80;

#[cfg(test)]
mod tests {
    use claviger_sandbox::{Options, Sandbox};

    use super::*;
    use crate::{clarify::ClarifyWalk, clazar::ClazarWalk, walk::Walk};

    #[test]
    fn breaks_long_sentences() {
        let mut text = String::new();
        told(&mut text, Style::new(), "refused", &"word ".repeat(30));
        assert!(text.lines().count() == 3 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.starts_with("   refused  word") && text.contains("\n            word"), "{text}");
    }

    #[tokio::test]
    async fn shows_no_secret_of_a_token_request() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let mut clarify = ClarifyWalk::new(&sandbox).unwrap();
        let mut clazar = ClazarWalk::new(&sandbox).unwrap();
        clarify.step(1).await.unwrap();
        clazar.step(1).await.unwrap();
        let token = |provider: &Provider| provider.journal().token_entries().first().cloned().unwrap();
        let (form, json) = (token(sandbox.clarify()), token(sandbox.clazar()));
        assert!(form.body_text().contains(&sandbox.clarify().client_secret()), "it was there to be found");
        let audience = format!("audience={}", sandbox.clarify().api_url());
        assert_eq!(
            body(&form),
            ["grant_type=client_credentials", "client_id=(hidden)", "client_secret=(hidden)", &*audience]
        );
        assert_eq!(body(&json), ["{\"client_id\": (hidden), \"client_secret\": (hidden)}"]);
    }

    #[test]
    fn shows_which_token_it_is_and_no_part_of_it() {
        let mut report = Report::new();
        let mut masked = |value| report.masked(value);
        assert_eq!(masked("Bearer swordfish"), "Bearer (token A, hidden)");
        assert_eq!(masked("Bearer marlin"), "Bearer (token B, hidden)");
        assert_eq!(masked("Bearer swordfish"), "Bearer (token A, hidden)");
        assert_eq!(masked("Basic c3dvcmRmaXNo"), "Basic (id and secret, hidden)");
        assert_eq!(masked("swordfish"), "(hidden)");
        assert_eq!(masked("swordfish marlin"), "(hidden)");
    }
}
