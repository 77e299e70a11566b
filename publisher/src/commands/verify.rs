//! `cidery verify`: all of a release is fetched and checked, and nothing is kept but what was learnt.

use std::fmt;

use cidery_protocol::manifest::{ManifestBody, Module};
use cidery_protocol::{Cid, Origin, PackageName, PublicKey, Version};
use cidery_verifier::Verified;
use serde::Serialize;

use super::Context;
use crate::args;
use crate::failure::Failure;
use crate::release;
use crate::text::Text;
use crate::trust::Trust;

/// The verdict, as it is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    package: PackageName,
    version: Version,
    manifest: Text<Cid>,
    record: Text<Cid>,
    sequence: u64,
    signers: Vec<Text<PublicKey>>,
    init: Text<Cid>,
    origin: Origin,
    index: u64,
    size: u64,
    root: String,
    time: u64,
    valid_until: u64,
    egress: Vec<String>,
    modules: Vec<ShownModule>,
    bundled: usize,
}

/// A module, without its bytes.
#[derive(Serialize)]
pub(super) struct ShownModule {
    path: String,
    kind: &'static str,
    cid: Text<Cid>,
    size: u64,
}

impl ShownModule {
    /// All of a manifest, the main one first.
    pub(super) fn all(manifest: &ManifestBody) -> Vec<Self> {
        let show = |module: &Module| ShownModule {
            path: module.path.clone(),
            kind: module.kind.as_str(),
            cid: Text(module.cid),
            size: module.size,
        };
        let (main, others): (Vec<&Module>, Vec<&Module>) =
            manifest.modules.iter().partition(|module| module.path == manifest.main);
        main.into_iter().chain(others).map(show).collect()
    }
}

impl Verdict {
    pub(super) fn of(verified: &Verified) -> Self {
        let (release, body) = (verified.release(), verified.manifest().body());
        Verdict {
            package: release.package().clone(),
            version: release.version().clone(),
            manifest: Text(release.manifest_cid()),
            record: Text(release.record()),
            sequence: release.sequence(),
            signers: release.signers().iter().copied().map(Text).collect(),
            init: Text(release.init()),
            origin: release.origin().clone(),
            index: release.index(),
            size: release.head().size,
            root: release.head().root.to_string(),
            time: release.time(),
            valid_until: release.valid_until(),
            egress: verified.egress().to_vec(),
            modules: ShownModule::all(body),
            bundled: body.bundled.len(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signers: Vec<String> = self.signers.iter().map(|key| key.to_string()).collect();
        let egress = if self.egress.is_empty() { "none".to_owned() } else { self.egress.join(", ") };
        writeln!(f, "verified {} {}", self.package, self.version)?;
        writeln!(f, "  manifest   {}", *self.manifest)?;
        let bytes: u64 = self.modules.iter().map(|module| module.size).sum();
        writeln!(f, "  modules    {}, {bytes} bytes, each by BLAKE3 and SHA-256", self.modules.len())?;
        writeln!(f, "  bundled    {} npm packages", self.bundled)?;
        writeln!(f, "  record     {}, number {} of the package", *self.record, self.sequence)?;
        writeln!(f, "  signed by  {}", signers.join(", "))?;
        writeln!(f, "  log        {}, entry {} of {}", self.origin, self.index, self.size)?;
        writeln!(f, "  head       {} s old", release::now().saturating_sub(self.time))?;
        write!(f, "  network    {egress}")
    }
}

pub(super) async fn verify(context: &Context, args: &args::Verify) -> Result<Verdict, Failure> {
    let reference = args.reference.parse()?;
    let trust = Trust::open(&args.trust, ".".as_ref(), &context.folders)?;
    let registry = context.registry()?;
    let found = release::find(&registry, &trust, &reference, &context.output).await?;
    release::modules(&registry, &found.verified).await?;
    for note in trust.settle(&found.grounds, &found.verified)? {
        context.output.note(note);
    }
    Ok(Verdict::of(&found.verified))
}
