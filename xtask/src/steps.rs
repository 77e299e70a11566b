//! Running commands one after another, and saying which, how long, and how it went.

use std::ffi::OsStr;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Runs one command with its output passed through.
///
/// # Errors
/// [`Failure::Step`] with the whole command line when it cannot start or exits with anything but 0.
pub(crate) fn run(step: &str, command: &mut Command) -> Result<(), Failure> {
    let outcome = match command.status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => format!("did not start: {error}"),
    };
    Err(Failure::Step { step: step.to_owned(), command: command_line(command), outcome })
}

/// The named steps of one task: all of them run, whatever became of those before, and a table at the end tells.
pub(crate) struct Steps {
    wanted: Vec<String>,
    known: Vec<&'static str>,
    done: Vec<(&'static str, Duration, bool)>,
}

impl Steps {
    /// A task's steps; where `wanted` is not empty, only those named there run.
    pub(crate) fn new(wanted: Vec<String>) -> Self {
        Self { wanted, known: Vec::new(), done: Vec::new() }
    }

    /// Runs one step and reports its failure at once; returns nothing, so that the next one runs all the same.
    pub(crate) fn step(&mut self, name: &'static str, body: impl FnOnce() -> Result<(), Failure>) {
        self.known.push(name);
        if !self.wanted.is_empty() && !self.wanted.iter().any(|wanted| wanted == name) {
            return;
        }
        eprintln!("==> {name}");
        let start = Instant::now();
        let result = body();
        if let Err(failure) = &result {
            eprintln!("error: {failure}");
        }
        self.done.push((name, start.elapsed(), result.is_ok()));
    }

    /// Prints the table of steps.
    ///
    /// # Errors
    /// [`Failure::Steps`] if any step failed, [`Failure::UnknownStep`] if one was asked for that does not exist.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        eprintln!();
        for (name, time, passed) in &self.done {
            eprintln!("{:>7.1}s  {}  {name}", time.as_secs_f64(), if *passed { "ok    " } else { "FAILED" });
        }
        if let Some(got) = self.wanted.iter().find(|wanted| !self.known.contains(&wanted.as_str())) {
            return Err(Failure::UnknownStep { got: got.clone(), known: self.known.join(", ") });
        }
        match self.done.iter().filter(|(.., passed)| !passed).count() {
            0 => Ok(()),
            failed => Err(Failure::Steps { failed, total: self.done.len() }),
        }
    }
}

/// The command as a shell would take it; folder and environment are left out.
pub(crate) fn command_line(command: &Command) -> String {
    let quoted = |part: &OsStr| {
        let text = part.to_string_lossy();
        match text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:@,+".contains(c)) {
            true => text.into_owned(),
            false => format!("'{}'", text.replace('\'', r"'\''")),
        }
    };
    let parts = std::iter::once(command.get_program()).chain(command.get_args());
    parts.map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_named_with_its_arguments() {
        let error = run("shell", Command::new("sh").args(["-c", "exit 7"])).unwrap_err();
        assert_eq!(error.to_string(), "step `shell` failed: exit status: 7\n  command: sh -c 'exit 7'");
    }

    #[test]
    fn every_step_runs_and_the_failures_are_counted() {
        let mut steps = Steps::new(Vec::new());
        let mut ran = 0;
        steps.step("bad", || run("bad", &mut Command::new("false")));
        steps.step("good", || {
            ran += 1;
            Ok(())
        });
        assert_eq!(ran, 1);
        assert_eq!(steps.finish().unwrap_err().to_string(), "1 of 2 steps failed");
    }

    #[test]
    fn a_step_that_does_not_exist_is_refused() {
        let mut steps = Steps::new(vec!["nod".to_owned()]);
        steps.step("node", || panic!("not asked for"));
        assert_eq!(steps.finish().unwrap_err().to_string(), "no step is called `nod`; the steps are: node");
    }
}
