//! `cidery verify`: all of a release is fetched and checked, and nothing is kept but what was learnt.

use std::fmt;

use cidery_protocol::manifest::{ManifestBody, Module};
use cidery_protocol::{Cid, PublicKey};
use cidery_verifier::{Revocation, Verified};
use serde::Serialize;

use super::Context;
use crate::args;
use crate::failure::Failure;
use crate::lock::Lock;
use crate::reference::Reference;
use crate::release::{self, Modules, Obtained};
use crate::text::{Text, word};
use crate::trust::Trust;

/// The verdict of SPEC §10.4, and what was looked at for it.
#[derive(Serialize)]
pub(super) struct Verdict {
    #[serde(flatten)]
    verified: Verified,
    modules: Vec<ShownModule>,
    /// How many npm packages are in the code.
    bundled: usize,
    /// The verdicts on what it links, and what these link.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    linked: Vec<Verified>,
}

/// A module, without its bytes.
#[derive(Serialize)]
pub(super) struct ShownModule {
    path: String,
    kind: &'static str,
    cid: Text<Cid>,
    size: u64,
}

impl fmt::Display for ShownModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}, {} bytes)", *self.cid, self.path, self.kind, self.size)
    }
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
    pub(super) fn of(Obtained { verified, linked, .. }: Obtained) -> Self {
        let body = verified.manifest().body();
        let (modules, bundled) = (ShownModule::all(body), body.bundled.len());
        Verdict { verified, modules, bundled, linked }
    }

    pub(super) fn verified(&self) -> &Verified {
        &self.verified
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
        for linked in self.linked.iter().map(Verified::release) {
            writeln!(f, "  links      {} {}, {}", linked.package(), linked.version(), linked.manifest_cid())?;
        }
        writeln!(f, "  record     {}, number {} of the package", release.record(), release.sequence())?;
        writeln!(f, "  signed by  {}", signers.join(", "))?;
        writeln!(
            f,
            "  log        {}, entry {} of {}",
            release.origin(),
            release.index(),
            release.head().size
        )?;
        writeln!(f, "  head       {} s old", release::now().saturating_sub(release.head().time))?;
        if let Some(yank) = release.yanked() {
            writeln!(f, "  yanked     {}, {}", word(&yank.severity), word(&yank.reason))?;
        }
        if release.revocation() == Revocation::Unchecked {
            writeln!(
                f,
                "  since      unchecked: the policy does without what became of it since it was logged"
            )?;
        }
        write!(f, "  network    {egress}")
    }
}

/// The verdicts on what was asked for: on one release, or on all of a lock.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Verdicts {
    One(Box<Verdict>),
    Locked { verified: Vec<Verdict> },
}

impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdicts::One(verdict) => verdict.fmt(f),
            Verdicts::Locked { verified } => verified.iter().try_for_each(|verdict| writeln!(f, "{verdict}")),
        }
    }
}

pub(super) async fn verify(context: &Context, args: &args::Verify) -> Result<Verdicts, Failure> {
    let references = match (&args.reference, &args.choice.lock) {
        (Some(text), _) => vec![Reference::read(text, &args.choice)?],
        (None, Some(file)) => Lock::read(file)?.entries().into_iter().map(Reference::Held).collect(),
        (None, None) => Vec::new(),
    };
    let trust = Trust::open(&args.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let registry = context.registry()?;
    let mut verified = Vec::new();
    for reference in &references {
        let found = release::obtain(&registry, &trust, reference, Modules::Wanted, &context.output).await?;
        verified.push(Verdict::of(found));
    }
    match (&args.reference, verified.pop()) {
        (Some(_), Some(only)) => Ok(Verdicts::One(Box::new(only))),
        (_, last) => {
            verified.extend(last);
            Ok(Verdicts::Locked { verified })
        }
    }
}
