//! `cidery info`: a package by the registry's word alone, which is said.

use std::fmt;

use cidery_protocol::{Code, PackageName};
use serde::Serialize;

use super::Context;
use crate::args;
use crate::client::wire::Package;
use crate::failure::Failure;

/// What the registry says.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Info(Package);

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Info(package) = self;
        let keys: Vec<String> = package.keys.iter().map(|key| key.to_string()).collect();
        writeln!(f, "{}", package.package)?;
        writeln!(f, "  log        {}", package.origin)?;
        writeln!(f, "  begins     {}", *package.init)?;
        writeln!(f, "  keys       {} of {}", package.threshold, keys.join(", "))?;
        write!(f, "  releases   {}", package.releases.len())?;
        for release in &package.releases {
            write!(f, "\n    {:<10} {}", release.version.to_string(), *release.manifest)?;
        }
        Ok(())
    }
}

pub(super) async fn info(context: &Context, args: &args::Info) -> Result<Info, Failure> {
    let malformed =
        |source| Failure::Argument { what: "the package's name", hint: "wanted `@scope/name`", source };
    let name: PackageName = args.name.parse().map_err(malformed)?;
    let Some(package) = context.registry()?.package(&name).await? else {
        let message = format!("it has no package `{name}`");
        return Err(Failure::Registry { code: Code::NotFound, message, hint: None });
    };
    context.output.progress("this is the registry's word, not verified; `cidery verify` checks a release");
    Ok(Info(package))
}
