//! The only printer. Standard output carries the data, or with `--json` one object; standard error everything else.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// What a command has to show when it is done.
#[derive(Debug)]
pub(crate) struct Outcome {
    text: String,
    json: Value,
}

impl<T: Serialize + Display> From<T> for Outcome {
    fn from(outcome: T) -> Self {
        Outcome { text: outcome.to_string(), json: serde_json::to_value(&outcome).unwrap_or(Value::Null) }
    }
}

/// What is said on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// All of it.
    Progress,
    /// What must be known.
    Notes,
    /// Nothing: what is done is a part of something else, which speaks for it.
    Nothing,
}

/// How many packages are looked up between two lines that say so.
const DESCRIBED: usize = 100;

/// How to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One object on standard output in place of text.
    pub(crate) json: bool,
    /// On standard error, before the end.
    pub(crate) says: Says,
}

impl Output {
    /// Says how far the command has come; not with `--quiet`.
    pub(crate) fn progress(&self, line: impl Display) {
        if self.says == Says::Progress {
            self.note(line);
        }
    }

    /// Says what must be known whether it was asked for or not, such as what is trusted from now on.
    pub(crate) fn note(&self, line: impl Display) {
        if self.says != Says::Nothing {
            write(&mut io::stderr(), &clean(&line.to_string()));
        }
    }

    /// Prints what a command gave.
    pub(crate) fn outcome(&self, outcome: &Outcome) {
        let text = if self.json { clean_json(&outcome.json) } else { clean(&outcome.text) };
        write(&mut io::stdout(), text.trim_end_matches('\n'));
    }

    /// Says that something goes on now; whoever waits for it reads standard error.
    pub(crate) fn started(&self, started: &Outcome) {
        self.note(started.text.trim_end());
        if self.json {
            self.outcome(started);
        }
    }

    /// Prints why a command failed: what was tried, each cause on a line of its own, and what can be done.
    pub(crate) fn failure(&self, attempt: &str, failure: &Failure) {
        let hint = failure.hint();
        if self.json {
            write(&mut io::stdout(), &refusal(failure.code().as_str(), &message(failure), hint.as_deref()));
        }
        let paint = Paint(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
        let mut text = format!("{}: cannot {} ({})", paint.red("error"), clean(attempt), failure.code());
        for cause in causes(failure) {
            text.push_str(&format!("\n  cause: {}", clean(&cause).replace('\n', "\n    ")));
        }
        if let Some(hint) = hint {
            text.push_str(&format!("\n{}: {}", paint.cyan("hint"), clean(&hint)));
        }
        write(&mut io::stderr(), &text);
    }

    /// Says that something failed that goes on all the same.
    pub(crate) fn warning(&self, attempt: &str, error: &(dyn Error + 'static)) {
        let causes = causes(error).map(|cause| format!("\n  cause: {cause}"));
        self.note(format_args!("warning: cannot {attempt}{}", causes.collect::<String>()));
    }

    /// Prints what clap says of a command line: help and version as data, and its refusals as ours.
    pub(crate) fn command_line(&self, error: &clap::Error) {
        if self.json && error.use_stderr() {
            let message = error.render().to_string();
            let message = message.trim().trim_start_matches("error: ");
            write(&mut io::stdout(), &refusal("usage", message, None));
        }
        // A closed pipe leaves nobody to tell.
        let _ = error.print();
    }
}

impl cidery_bundler::Progress for Output {
    fn described(&self, packages: usize) {
        if packages.is_multiple_of(DESCRIBED) {
            self.progress(format_args!("looked up {packages} npm packages"));
        }
    }

    fn resolved(&self, packages: usize) {
        self.progress(format_args!("resolved {packages} npm packages"));
    }

    fn fetched(&self, done: usize, total: usize) {
        if done == total {
            self.progress(format_args!("fetched {total} npm packages, each checked against its integrity"));
        }
    }

    fn bundling(&self) {
        self.progress("bundling");
    }
}

/// The object that stands for a refusal everywhere (SPEC §11.1).
fn refusal(code: &str, message: &str, hint: Option<&str>) -> String {
    clean_json(&json!({ "error": { "code": code, "message": message, "hint": hint } }))
}

/// What is wrong and why, in one line.
pub(crate) fn message(error: &(dyn Error + 'static)) -> String {
    causes(error).collect::<Vec<_>>().join(": ")
}

fn causes(error: &(dyn Error + 'static)) -> impl Iterator<Item = String> {
    std::iter::successors(Some(error), |&cause| cause.source()).map(ToString::to_string)
}

/// Text that others had a hand in, without anything that a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|c| if is_hostile(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// JSON in one line, of which the same holds: what a terminal would obey can only be in strings, and is escaped there.
fn clean_json(json: &Value) -> String {
    let escape = |c: char| if is_hostile(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    json.to_string().chars().map(escape).collect()
}

/// What a terminal would obey, or what hides the order of the text; all of it is below U+10000.
fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line; where nobody reads any more there is nobody to tell.
fn write(to: &mut impl Write, text: &str) {
    let _ = writeln!(to, "{text}");
    let _ = to.flush();
}

struct Paint(bool);

impl Paint {
    fn red(&self, text: &str) -> String {
        if self.0 { format!("\u{1b}[1;31m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn cyan(&self, text: &str) -> String {
        if self.0 { format!("\u{1b}[36m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_does_not_command_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\nd");
        let said = "\u{1b}[2J\u{7f}\u{9b}2J\u{85}\u{202e}\u{2069}\n\"\\é\u{1f34e}";
        let json = clean_json(&json!({ said: [said] }));
        let escaped = r#"\u001b[2J\u007f\u009b2J\u0085\u202e\u2069\n\"\\é"#;
        assert_eq!(json, format!("{{\"{escaped}\u{1f34e}\":[\"{escaped}\u{1f34e}\"]}}"));
        assert_eq!(
            serde_json::from_str::<Value>(&json).unwrap(),
            json!({ said: [said] }),
            "it says the same"
        );
    }
}
