//! `cidery import`: an npm package becomes a package of its own, signed by who imports it.

mod list;
mod one;

use super::{Context, Done};
use crate::args;
use crate::failure::Failure;
use crate::output::Outcome;

pub(super) async fn import(context: &Context, args: &args::ImportNpm) -> Result<Done, Failure> {
    match (&args.package, &args.from) {
        (Some(package), _) => Ok(Outcome::from(one::import(context, args, package).await?).into()),
        (None, Some(file)) => list::import(context, args, file).await,
        (None, None) => Err(Failure::Usage { reason: "no package is named".to_owned(), hint: None }),
    }
}
