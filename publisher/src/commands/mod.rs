//! The commands: each takes its arguments and what it works with, and returns what there is to show. None of them prints
//! but through [`Output`].

mod authority;
mod bundle;
mod demo;
mod draft;
mod fetch;
mod import;
mod info;
mod keys;
mod lock;
mod log;
mod policy;
mod powers;
mod publish;
mod run;
mod serve;
mod sign;
mod statements;
mod verify;
mod why;
mod witness;

use std::future::Future;
use std::pin::Pin;

use crate::args::{AnyKeys, Channel, Command, Globals, Policy, Witness};
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
    /// With something to show of what was refused.
    Refused(Outcome),
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
        Command::Keys(AnyKeys::Rotate(args)) => {
            Outcome::from(authority::rotate(context, &args).await?).into()
        }
        Command::Keys(AnyKeys::Revoke(args)) => {
            Outcome::from(authority::revoke(context, &args).await?).into()
        }
        Command::Keys(AnyKeys::Keys(args)) => keys::keys(context, args)?.into(),
        Command::Bundle(args) => Outcome::from(bundle::bundle(context, &args).await?).into(),
        Command::Publish(args) => Outcome::from(publish::publish(context, &args).await?).into(),
        Command::Import(args) => import::import(context, &args).await?,
        Command::Sign(args) => Outcome::from(sign::sign(context, &args)?).into(),
        Command::Yank(args) => Outcome::from(statements::yank(context, &args).await?).into(),
        Command::Channel(Channel::Set { channel, targets, recording }) => {
            Outcome::from(statements::set(context, &channel, &targets, &recording).await?).into()
        }
        Command::Channel(Channel::Clear { channel, recording }) => {
            Outcome::from(statements::clear(context, &channel, &recording).await?).into()
        }
        Command::Channel(Channel::List { package, trust }) => {
            Outcome::from(statements::list(context, &package, &trust).await?).into()
        }
        Command::Attest(args) => Outcome::from(statements::attest(context, &args).await?).into(),
        Command::Transfer(args) => Outcome::from(authority::transfer(context, &args).await?).into(),
        Command::Verify(args) => Outcome::from(verify::verify(context, &args).await?).into(),
        Command::Fetch(args) => Outcome::from(fetch::fetch(context, &args).await?).into(),
        Command::Info(args) => Outcome::from(info::info(context, &args).await?).into(),
        Command::Lock(args) => Outcome::from(lock::lock(context, &args).await?).into(),
        Command::Policy(Policy::Init(args)) => Outcome::from(policy::init(context, &args).await?).into(),
        Command::Policy(Policy::Check { file }) => Outcome::from(policy::check(&file)?).into(),
        Command::Policy(Policy::Explain { reference, choice, trust }) => {
            policy::explain(context, &reference, &choice, &trust).await?
        }
        Command::Log(args) => log::run(context, args).await?,
        Command::Serve(args) => Done::Running(serve::serve(context, &args).await?),
        Command::Witness(Witness::Serve(args)) => Done::Running(witness::serve(context, &args).await?),
        Command::Witness(Witness::Show { data }) => Outcome::from(witness::show(context, &data)?).into(),
        Command::Run(args) => Done::Running(run::run(context, &args).await?),
        Command::Demo(args) => Outcome::from(demo::demo(context, &args).await?).into(),
    })
}
