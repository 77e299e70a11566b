//! `cidery bundle`: what a publish would send, in a folder, and what it is made of.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use cidery_protocol::Cid;
use serde::Serialize;

use super::Context;
use super::verify::ShownModule;
use super::why::{Why, page};
use crate::args;
use crate::failure::Failure;
use crate::package::{self, Package};
use crate::place::Place;
use crate::text::Text;

/// What was made.
#[derive(Serialize)]
pub(super) struct Bundled {
    manifest: Text<Cid>,
    main: String,
    modules: Vec<ShownModule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Why>,
    #[serde(skip_serializing_if = "Option::is_none")]
    treemap: Option<PathBuf>,
}

impl fmt::Display for Bundled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Some(why) => write!(f, "{why}"),
            None => write!(f, "{}", *self.manifest),
        }
    }
}

pub(super) async fn bundle(context: &Context, args: &args::Bundle) -> Result<Bundled, Failure> {
    let package = Package::read(&args.dir)?;
    let place = args.out.as_deref().map(Place::prepare).transpose()?;
    let bundle = package.bundle(&args.dir, &package::options(context, &args.npm)?, &context.output).await?;
    let why = (args.why || args.treemap.is_some()).then(|| Why::new(bundle.weights()));
    if let (Some(file), Some(why)) = (&args.treemap, &why) {
        let title = format!("{} {}", package.name, package.version);
        fs::write(file, page(&title, why.parts())).map_err(Failure::file("write", file))?;
    }
    let made = package.name_content(bundle)?;
    if let Some(place) = place {
        place.write(&made.manifest, |cid| made.blobs.get(cid).map(Vec::as_slice))?;
    }
    let body = made.manifest.body();
    Ok(Bundled {
        manifest: Text(made.manifest.cid()),
        main: body.main.clone(),
        modules: ShownModule::all(body),
        out: args.out.clone(),
        why: why.filter(|_| args.why),
        treemap: args.treemap.clone(),
    })
}
