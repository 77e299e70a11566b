//! `cidery bundle`: what a publish would send, in a folder.

use std::fmt;
use std::path::PathBuf;

use cidery_protocol::Cid;
use serde::Serialize;

use super::Context;
use super::verify::ShownModule;
use crate::args;
use crate::failure::Failure;
use crate::package::Package;
use crate::place::Place;
use crate::text::Text;

/// What was written.
#[derive(Serialize)]
pub(super) struct Bundled {
    manifest: Text<Cid>,
    main: String,
    modules: Vec<ShownModule>,
    out: PathBuf,
}

impl fmt::Display for Bundled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", *self.manifest)
    }
}

pub(super) async fn bundle(context: &Context, args: &args::Bundle) -> Result<Bundled, Failure> {
    let package = Package::read(&args.dir)?;
    let place = Place::prepare(&args.out)?;
    let made = package.make(&args.dir, &context.folders, &context.output).await?;
    place.write(&made.manifest, |cid| made.blobs.get(cid).map(Vec::as_slice))?;
    let body = made.manifest.body();
    Ok(Bundled {
        manifest: Text(made.manifest.cid()),
        main: body.main.clone(),
        modules: ShownModule::all(body),
        out: args.out.clone(),
    })
}
