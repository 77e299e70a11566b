//! What can go wrong in a task, and the exit code that says whose turn it is.

use std::path::PathBuf;
use std::process::ExitCode;

/// Why a task ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// The machine lacks something that no task can install for itself.
    #[error("{what}\nhint: {hint}")]
    Environment {
        /// What is missing, and what was found instead.
        what: String,
        /// What a person can do about it.
        hint: &'static str,
    },
    /// A command ran and was not content.
    #[error("step `{step}` failed: {outcome}\n  command: {command}")]
    Step {
        /// The step's name, as printed when it began.
        step: String,
        /// The command line, ready to paste into a shell.
        command: String,
        /// The exit status, or why the command never started.
        outcome: String,
    },
    /// Steps of a task failed; each has been reported when it did.
    #[error("{failed} of {total} steps failed")]
    Steps {
        /// How many failed.
        failed: usize,
        /// How many ran.
        total: usize,
    },
    /// A step was asked for that the task does not have.
    #[error("no step is called `{got}`; the steps are: {known}")]
    UnknownStep {
        /// The name that was given.
        got: String,
        /// The names there are.
        known: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A compiled crate could not be given its JavaScript side.
    #[error("cannot bind {}: {reason}", path.display())]
    Bind {
        /// The compiled wasm.
        path: PathBuf,
        /// The generator's own words.
        reason: String,
    },
}

impl Failure {
    /// Makes an I/O error name its file: `fs::read(&p).map_err(Failure::file(&p))`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// 1 for a failed step, 2 for wrong usage, 3 for a machine that is not ready: as the `cidery` command has it.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Step { .. } | Self::Steps { .. } | Self::Bind { .. } => 1,
            Self::UnknownStep { .. } => 2,
            Self::Environment { .. } | Self::File { .. } => 3,
        })
    }
}
