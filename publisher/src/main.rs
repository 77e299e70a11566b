//! The `cidery` command: publishes, verifies and runs packages. It talks to people; what it says is decided elsewhere.
//!
//! ```text
//!  args ─► commands ─┬─ package ──► bundler ─► manifest and blobs ──┐
//!                    ├─ history ──► client ─► the package's records ─┴─► proposal (keys) ─► submit ─► the registry, or a file
//!                    ├─ trust, release ──► client ─► verifier ─► the verdict
//!                    ├─ watch ──► client ─► verifier ─► a whole log, replayed; evidence
//!                    └─ workerd ──► the loader Worker
//!           └─► Outcome or Failure ─► output ─► stdout, stderr, exit code
//! ```
//!
//! Commands return what there is to show; `output` is the only printer, and `signing` the only one that asks: for a
//! passphrase. Nothing that a registry says of a release is believed
//! before the verifier has spoken, and nothing is written down as trusted before all of it has verified. The one exception is
//! a publisher's own log: `publish` remembers origin and log key before it signs, so that what it signs cannot end elsewhere.

mod args;
mod client;
mod closure;
mod commands;
mod confirm;
mod destination;
mod failure;
mod files;
mod folders;
mod history;
mod links;
mod lock;
mod output;
mod package;
mod place;
mod proposal;
mod reach;
mod reference;
mod release;
mod seconds;
mod signals;
mod signing;
mod submit;
mod text;
mod trust;
mod watch;
mod workerd;

use std::process::ExitCode;

use clap::Parser;

use self::args::Arguments;
use self::commands::{Context, Done};
use self::failure::{Exit, Failure};
use self::folders::Folders;
use self::output::{Output, Says};

fn main() -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    let early = Output { json, says: Says::Progress };
    // Before anything repeats an argument.
    if let Err(failure) = std::env::args_os().try_for_each(|argument| signing::refuse_secret(&argument)) {
        early.failure("read the command line", &failure);
        return failure.exit().into();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            early.command_line(&error);
            return if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    let says = if arguments.globals.quiet { Says::Notes } else { Says::Progress };
    let output = Output { json: arguments.globals.json, says };
    let attempt = arguments.command.attempt();
    match run(arguments, output) {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&attempt, &failure);
            failure.exit().into()
        }
    }
}

#[tokio::main]
async fn run(arguments: Arguments, output: Output) -> Result<ExitCode, Failure> {
    let context = Context { globals: arguments.globals, folders: Folders::find()?, output };
    match commands::run(&context, arguments.command).await? {
        Done::Outcome(outcome) => output.outcome(&outcome),
        Done::Refused(outcome) => {
            output.outcome(&outcome);
            return Ok(Exit::Refused.into());
        }
        Done::Running(running) => {
            output.started(&running.started);
            running.until_stopped.await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
