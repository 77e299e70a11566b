//! `cidery log prove`: what the log says of a package, or of one of its releases, with the proof.

use std::fmt;
use std::path::{Path, PathBuf};

use cidery_protocol::{Cid, Origin, PackageName, Resolution, ResolutionFormat, StateObject};
use cidery_verifier::{ProvenPackage, ProvenRelease, Request, verify_package_proof_of};
use serde::Serialize;
use serde_bytes::ByteBuf;

use super::open;
use crate::args;
use crate::commands::Context;
use crate::failure::Failure;
use crate::files;
use crate::reference::{self, Reference};
use crate::release::{self, Modules};
use crate::text::{Moment, Text, count, word};
use crate::watch::Head;

/// What is proven.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Proven {
    Package(Box<Package>),
    Release(Box<Release>),
}

/// A package by the log's map.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package {
    package: PackageName,
    origin: Origin,
    head: Head,
    /// None where there is no such package.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<PathBuf>,
}

/// Its state.
#[derive(Serialize)]
pub(super) struct State {
    sequence: u64,
    newest: Text<Cid>,
    authority: Text<Cid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    versions: u64,
    channels: u64,
}

/// An authority that waits.
#[derive(Serialize)]
pub(super) struct Pending {
    record: Text<Cid>,
    from: u64,
}

/// A release: in the log, and so by the map.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Release {
    package: PackageName,
    origin: Origin,
    head: Head,
    version: String,
    record: Text<Cid>,
    manifest: Text<Cid>,
    sequence: u64,
    index: u64,
    authority: Text<Cid>,
    revocation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    yanked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<PathBuf>,
}

pub(super) async fn prove(context: &Context, args: &args::Prove) -> Result<Proven, Failure> {
    let asked = reference::named(&args.reference)?;
    let bare = asked.package.to_string() == args.reference;
    if bare { package(context, args, &asked.package).await } else { release(context, args, &asked).await }
}

async fn package(context: &Context, args: &args::Prove, package: &PackageName) -> Result<Proven, Failure> {
    let (trust, registry) = (open(context, &args.trust)?, context.registry()?);
    let log = match trust.origin(package)? {
        Some(origin) => trust.log_known(&origin)?,
        None => trust.log_served(&registry).await?,
    };
    let since = Some(trust.seen_size(&log.origin)?).filter(|size| *size > 0);
    let proof = registry.package_proof(package, since).await?;
    let judge =
        |seen: &_| verify_package_proof_of(&log.origin, &log.trust, package, &proof, seen, release::now());
    let (proven, notes) = trust.settle_package(&log, judge)?;
    notes.into_iter().for_each(|note| context.output.note(note));
    let kept = keep(args.out.as_deref(), &proof)?;
    Ok(Proven::Package(Box::new(Package::new(&proven, kept))))
}

async fn release(context: &Context, args: &args::Prove, asked: &Request) -> Result<Proven, Failure> {
    let (trust, registry) = (open(context, &args.trust)?, context.registry()?);
    let reference = Reference::Named(asked.clone());
    let found = release::obtain(&registry, &trust, &reference, Modules::Later, &context.output).await?;
    let (receipt, head) = (ByteBuf::from(found.evidence.receipt), ByteBuf::from(found.evidence.head));
    let resolution = Resolution { format: ResolutionFormat::V1, receipt, head }.encode()?;
    let kept = keep(args.out.as_deref(), &resolution)?;
    Ok(Proven::Release(Box::new(Release::new(found.verified.release(), kept))))
}

fn keep(file: Option<&Path>, proof: &[u8]) -> Result<Option<PathBuf>, Failure> {
    let Some(file) = file else { return Ok(None) };
    files::replace_bytes(file, proof).map_err(Failure::file("write", file))?;
    Ok(Some(file.to_owned()))
}

impl Package {
    fn new(proven: &ProvenPackage, proof: Option<PathBuf>) -> Self {
        let (origin, head) = (proven.origin().clone(), Head::proven(proven.origin(), proven.head()));
        let state = proven.state().map(State::from);
        Package { package: proven.package().clone(), origin, head, state, proof }
    }
}

impl From<&StateObject> for State {
    fn from(state: &StateObject) -> Self {
        let pending = state.pending.map(|next| Pending { record: Text(next.record), from: next.from });
        State {
            sequence: state.sequence,
            newest: Text(state.newest),
            authority: Text(state.authority),
            pending,
            versions: state.versions.size,
            channels: state.channels.size,
        }
    }
}

impl Release {
    fn new(release: &ProvenRelease, proof: Option<PathBuf>) -> Self {
        Release {
            package: release.package().clone(),
            origin: release.origin().clone(),
            head: Head::proven(release.origin(), release.head()),
            version: release.version().to_string(),
            record: Text(release.record()),
            manifest: Text(release.manifest_cid()),
            sequence: release.sequence(),
            index: release.index(),
            authority: Text(release.authority()),
            revocation: word(&release.revocation()),
            yanked: release.yanked().map(|yank| word(&yank.severity)),
            proof,
        }
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proven::Package(package) => package.fmt(f),
            Proven::Release(release) => release.fmt(f),
        }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Package { package, origin, head, state, proof } = self;
        match state {
            None => writeln!(f, "proven: there is no package {package}")?,
            Some(state) => {
                writeln!(f, "proven: {package} has {}, and no more", count(state.sequence + 1, "record"))?;
                writeln!(f, "  newest     {}", *state.newest)?;
                writeln!(f, "  authority  {}", *state.authority)?;
                if let Some(Pending { record, from }) = &state.pending {
                    writeln!(f, "  waits      {} until {}", **record, Moment(*from))?;
                }
                writeln!(f, "  versions   {}", state.versions)?;
                writeln!(f, "  channels   {}", state.channels)?;
            }
        }
        under(f, origin, head, proof.as_deref())
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Release { package, origin, head, version, record, manifest, sequence, index, .. } = self;
        writeln!(f, "proven: {package} {version} is in the log")?;
        writeln!(f, "  record     {}, number {sequence} of the package", **record)?;
        writeln!(f, "  manifest   {}", **manifest)?;
        writeln!(f, "  entry      {index}")?;
        writeln!(f, "  authority  {}", *self.authority)?;
        match (self.revocation.as_str(), &self.yanked) {
            ("proven", None) => writeln!(f, "  since      neither void nor yanked, as the log's map shows")?,
            ("proven", Some(severity)) => writeln!(f, "  since      yanked, {severity}; not void")?,
            _ => writeln!(f, "  since      unchecked: the policy does without")?,
        }
        under(f, origin, head, self.proof.as_deref())
    }
}

fn under(f: &mut fmt::Formatter<'_>, origin: &Origin, head: &Head, proof: Option<&Path>) -> fmt::Result {
    write!(f, "under the head of {origin}\n{head}")?;
    proof.map_or(Ok(()), |file| write!(f, "\n  proof      {}", file.display()))
}
