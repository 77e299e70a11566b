//! The commands: each takes its arguments and what it works with, and returns what there is to show. None of them prints
//! but through [`Output`].

mod bundle;
mod demo;
mod fetch;
mod info;
mod keys;
mod publish;
mod run;
mod serve;
mod verify;

use std::future::Future;
use std::pin::Pin;

use crate::args::{Command, Globals};
use crate::client::Registry;
use crate::failure::Failure;
use crate::folders::Folders;
use crate::output::{Outcome, Output};

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) globals: Globals,
    pub(crate) folders: Folders,
    pub(crate) output: Output,
}

impl Context {
    /// The registry that `--registry` or `CIDERY_REGISTRY` names.
    ///
    /// # Errors
    /// [`Failure::Usage`] where none is named, or it is none.
    pub(crate) fn registry(&self) -> Result<Registry, Failure> {
        let address = self.globals.registry.as_deref().filter(|address| !address.is_empty());
        let address = address.ok_or_else(|| Failure::Usage {
            reason: "no registry is named".to_owned(),
            hint: Some(
                "give `--registry URL` or set CIDERY_REGISTRY; `cidery serve` starts one here".to_owned(),
            ),
        })?;
        Registry::new(address)
    }
}

/// How a command ends.
pub(crate) enum Done {
    /// With something to show.
    Outcome(Outcome),
    /// Not by itself: what it does goes on until it is stopped.
    Running(Running),
}

/// Something that goes on, once it does.
pub(crate) struct Running {
    /// What there is to know of it: the first line says where it listens.
    pub(crate) started: Outcome,
    /// Ends when it was stopped.
    pub(crate) until_stopped: Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Done::Outcome(outcome)
    }
}

/// Runs a command.
///
/// # Errors
/// Why it did not do what it was asked to.
pub(crate) async fn run(context: &Context, command: Command) -> Result<Done, Failure> {
    Ok(match command {
        Command::Keys(args) => keys::keys(context, args)?.into(),
        Command::Bundle(args) => Outcome::from(bundle::bundle(context, &args).await?).into(),
        Command::Publish(args) => Outcome::from(publish::publish(context, &args).await?).into(),
        Command::Verify(args) => Outcome::from(verify::verify(context, &args).await?).into(),
        Command::Fetch(args) => Outcome::from(fetch::fetch(context, &args).await?).into(),
        Command::Info(args) => Outcome::from(info::info(context, &args).await?).into(),
        Command::Serve(args) => Done::Running(serve::serve(context, &args).await?),
        Command::Run(args) => Done::Running(run::run(context, &args).await?),
        Command::Demo(args) => Outcome::from(demo::demo(context, &args).await?).into(),
    })
}
