//! `cidery fetch`: a verified release as files.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::Context;
use super::verify::Verdict;
use crate::args;
use crate::closure;
use crate::failure::Failure;
use crate::place::Place;
use crate::reference::Reference;
use crate::release::{self, Modules};
use crate::trust::Trust;

/// The verdict, and where the files are.
#[derive(Serialize)]
pub(super) struct Fetched {
    #[serde(flatten)]
    verdict: Verdict,
    out: PathBuf,
}

impl fmt::Display for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  written to {}", self.verdict, self.out.display())
    }
}

pub(super) async fn fetch(context: &Context, args: &args::Fetch) -> Result<Fetched, Failure> {
    let reference = Reference::read(&args.reference, &args.choice)?;
    let trust = Trust::open(&args.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let registry = context.registry()?;
    let place = Place::prepare(&args.out)?;
    let found = release::obtain(&registry, &trust, &reference, Modules::Wanted, &context.output).await?;
    let manifest = found.verified.manifest();
    for verified in found.all() {
        let folder = closure::folder(manifest, verified.manifest());
        place.put(folder.as_deref(), verified.manifest(), |cid| found.modules.get(cid).map(Vec::as_slice))?;
    }
    place.finish()?;
    Ok(Fetched { verdict: Verdict::of(found), out: args.out.clone() })
}
