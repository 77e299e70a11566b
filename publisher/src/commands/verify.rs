//! `cidery verify`: all of a release is fetched and checked, and nothing is kept but what was learnt.

use std::fmt;

use cidery_protocol::manifest::{ManifestBody, Module};
use cidery_protocol::{Cid, PublicKey};
use cidery_verifier::Verified;
use serde::Serialize;

use super::Context;
use crate::args;
use crate::failure::Failure;
use crate::release;
use crate::text::Text;
use crate::trust::Trust;

/// The verdict of SPEC §10.4, and what was looked at for it.
#[derive(Serialize)]
pub(super) struct Verdict {
    #[serde(flatten)]
    verified: Verified,
    modules: Vec<ShownModule>,
    /// How many npm packages are in the code.
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
    pub(super) fn of(verified: Verified) -> Self {
        let body = verified.manifest().body();
        let (modules, bundled) = (ShownModule::all(body), body.bundled.len());
        Verdict { verified, modules, bundled }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (release, egress) = (self.verified.release(), self.verified.egress());
        let signers: Vec<String> = release.signers().iter().map(PublicKey::to_string).collect();
        let egress = if egress.is_empty() { "none".to_owned() } else { egress.join(", ") };
        writeln!(f, "verified {} {}", release.package(), release.version())?;
        writeln!(f, "  manifest   {}", release.manifest_cid())?;
        let bytes: u64 = self.modules.iter().map(|module| module.size).sum();
        writeln!(f, "  modules    {}, {bytes} bytes, each by BLAKE3 and SHA-256", self.modules.len())?;
        writeln!(f, "  bundled    {} npm packages", self.bundled)?;
        writeln!(f, "  record     {}, number {} of the package", release.record(), release.sequence())?;
        writeln!(f, "  signed by  {}", signers.join(", "))?;
        writeln!(
            f,
            "  log        {}, entry {} of {}",
            release.origin(),
            release.index(),
            release.head().size
        )?;
        writeln!(f, "  head       {} s old", release::now().saturating_sub(release.time()))?;
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
    Ok(Verdict::of(found.verified))
}
