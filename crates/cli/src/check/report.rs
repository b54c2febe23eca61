//! What the steps found, as text or as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    console::{self, ERROR, GOOD, QUIET, WARNING, escaped},
    exit::Exit,
    failure::Failure,
};

/// Takes the steps one by one.
#[derive(Debug)]
pub(super) struct Report {
    plan: &'static [&'static str],
    form: Form,
    steps: Vec<Step>,
    /// Standard output took no more.
    broken: Option<Failure>,
}

#[derive(Debug)]
enum Form {
    Json,
    Text,
}

/// Says what a step found.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    status: Status,
    detail: String,
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Status {
    Failed(Exit),
    Ok,
    Skipped,
    Warning,
}

/// Shows that there is no going on from here. Why, is in the report.
#[derive(Debug)]
pub(super) struct Stopped;

impl Report {
    /// Ends in one array of steps.
    pub(super) fn json(plan: &'static [&'static str]) -> Self {
        Self { plan, form: Form::Json, steps: Vec::new(), broken: None }
    }

    /// Shows each step as soon as it is taken.
    pub(super) fn text(plan: &'static [&'static str]) -> Self {
        Self { form: Form::Text, ..Self::json(plan) }
    }

    pub(super) fn ok(&mut self, name: impl Into<String>, detail: impl Into<String>) {
        self.add(name.into(), Status::Ok, detail.into(), None);
    }

    pub(super) fn warn(
        &mut self,
        name: impl Into<String>,
        detail: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(name.into(), Status::Warning, detail.into(), Some(advice.into()));
    }

    pub(super) fn skip(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.add(name.into(), Status::Skipped, why.into(), None);
    }

    pub(super) fn fail(&mut self, name: impl Into<String>, failure: &Failure) -> Stopped {
        let detail = failure.words().join(": ");
        self.add(name.into(), Status::Failed(failure.exit()), detail, Some(failure.advice().to_owned()));
        Stopped
    }

    /// Takes what the step made, or tells that it failed.
    pub(super) fn need<T>(&mut self, name: &str, made: Result<T, Failure>) -> Result<T, Stopped> {
        made.map_err(|failure| self.fail(name, &failure))
    }

    /// Tells of what was not come to, and how it ends: as the first failure.
    pub(super) fn close(&mut self) -> Exit {
        let failed = self.steps.iter().find_map(|step| match step.status {
            Status::Failed(exit) => Some((step.clone(), exit)),
            Status::Ok | Status::Skipped | Status::Warning => None,
        });
        let reason = match &failed {
            Some((step, _)) => format!("not come to, since \"{}\" failed", step.name),
            None => "there is nothing to it here".to_owned(),
        };
        self.skip_the_rest(&reason);
        let warned: Vec<_> =
            self.steps.iter().filter(|step| step.status == Status::Warning).cloned().collect();
        match (failed, warned.first()) {
            (Some((step, exit)), _) => {
                let detail = format!("it does not work yet: \"{}\" failed", step.name);
                self.add(VERDICT.to_owned(), Status::Failed(exit), detail, step.advice);
                exit
            }
            (None, Some(first)) => {
                let detail = format!("it works; {} to look at: {}", warned.len(), names(&warned));
                self.add(VERDICT.to_owned(), Status::Warning, detail, first.advice.clone());
                Exit::Done
            }
            (None, None) => {
                self.ok(VERDICT, "all is well");
                Exit::Done
            }
        }
    }

    /// One by one for programs, all in one line for people.
    fn skip_the_rest(&mut self, reason: &str) {
        let is_left = |name: &&&str| !self.steps.iter().any(|step| step.name == **name);
        let left: Vec<&str> = self.plan.iter().filter(is_left).copied().collect();
        match self.form {
            Form::Json => left.iter().for_each(|name| self.skip(*name, reason)),
            Form::Text if left.is_empty() => {}
            Form::Text => self.skip("the rest", format!("{reason}: {}", left.join(", "))),
        }
    }

    /// Shows what is not shown yet.
    pub(super) fn finish(mut self) -> Result<Exit, Failure> {
        let exit = self.close();
        if let Some(failure) = self.broken {
            return Err(failure);
        }
        match self.form {
            Form::Json => console::print(&format!("{:#}\n", self.to_json()))?,
            Form::Text => {}
        }
        Ok(exit)
    }

    fn add(&mut self, name: String, status: Status, detail: String, advice: Option<String>) {
        let step = Step { name, status, detail, advice };
        match self.form {
            Form::Json => {}
            Form::Text if self.broken.is_some() => {}
            Form::Text => self.broken = console::print(&step.to_text()).err(),
        }
        self.steps.push(step);
    }

    fn to_json(&self) -> Value {
        self.steps
            .iter()
            .map(|step| {
                let (status, _) = step.status.word();
                json!({"step": step.name, "status": status, "detail": step.detail, "advice": step.advice})
            })
            .collect()
    }

    #[cfg(test)]
    pub(super) fn lines(&self) -> Vec<String> {
        let told = |step: &Step| format!("{}: {}: {}", step.status.word().0, step.name, step.detail);
        self.steps.iter().map(told).collect()
    }
}

fn names(steps: &[Step]) -> String {
    steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The last step: how it stands, and what to do next.
const VERDICT: &str = "verdict";

impl Step {
    fn to_text(&self) -> String {
        let (word, style) = self.status.word();
        let mut text = format!("{style}{word:<8}{style:#}{:<23} {}\n", self.name, escaped(&self.detail));
        if let Some(advice) = &self.advice {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{:8}{GOOD}try:{GOOD:#} {advice}", "");
        }
        text
    }
}

impl Status {
    fn word(self) -> (&'static str, anstyle::Style) {
        match self {
            Self::Failed(_) => ("failed", ERROR),
            Self::Ok => ("ok", GOOD),
            Self::Skipped => ("skipped", QUIET),
            Self::Warning => ("warning", WARNING),
        }
    }
}

#[cfg(test)]
mod tests {
    use claviger_auth_core::{Error, ErrorKind};

    use super::*;

    const PLAN: &[&str] = &["a", "b", "c"];

    #[test]
    fn ends_as_the_first_failure() {
        let mut report = Report::json(PLAN);
        report.ok("a", "well");
        report.warn("more", "not so well", "mend it");
        let error = Error::new(ErrorKind::CredentialsRefused, "no").with_advice("ask them");
        let Stopped = report.fail("b", &error.into());
        report.fail("late", &Error::new(ErrorKind::Tls, "no").into());
        let json = report.to_json();
        assert_eq!(json[2], json!({"step": "b", "status": "failed", "detail": "no", "advice": "ask them"}));
        assert_eq!(json[0]["advice"], Value::Null);
        assert_eq!(report.close(), Exit::Refused);
    }

    #[test]
    fn a_step_and_what_it_found_are_two_words() {
        for name in ["a", "twenty-three characters", "and twenty-four of them."] {
            let step = Step { name: name.into(), status: Status::Ok, detail: "well".into(), advice: None };
            let text = step.to_text();
            let (_, rest) = text.split_once(name).unwrap();
            assert_eq!((rest.trim_start_matches(' '), rest.starts_with(' ')), ("well\n", true), "{text}");
        }
    }

    #[test]
    fn warnings_are_no_failure() {
        let mut report = Report::text(&[]);
        report.warn("a", "not so well", "mend it");
        assert_eq!(report.close(), Exit::Done);
    }
}
