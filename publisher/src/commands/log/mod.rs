//! `cidery log …`: the log itself.

mod check;
mod head;
mod monitor;
mod prove;

use super::{Context, Done};
use crate::args;
use crate::failure::Failure;
use crate::output::Outcome;
use crate::trust::Trust;

/// Runs one of them.
///
/// # Errors
/// Why it did not do what it was asked to.
pub(super) async fn run(context: &Context, args: args::Log) -> Result<Done, Failure> {
    Ok(match args {
        args::Log::Head { trust } => Outcome::from(head::head(context, &trust).await?).into(),
        args::Log::Prove(args) => Outcome::from(prove::prove(context, &args).await?).into(),
        args::Log::Check(args) => check::check(context, &args).await?,
        args::Log::Monitor(args) => monitor::monitor(context, &args).await?,
    })
}

fn open(context: &Context, args: &args::Trust) -> Result<Trust, Failure> {
    Trust::open(args, Some(".".as_ref()), &context.folders, &context.output)
}
