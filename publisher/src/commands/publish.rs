//! `cidery publish`: a folder becomes a release in the log.
//!
//! ```text
//!  bundle ─► the registry's log, known or remembered ─► records on top of the package's own ─► submit
//!  --envelope FILE ─► merge ──────────────────────────────────────────────────────────────────► send
//!  ─► verify the receipt as anybody else would ─► done
//! ```

use std::fmt;
use std::path::Path;

use cidery_keys::Signer;
use cidery_protocol::manifest::Manifest;
use cidery_protocol::{Action, Cid, Origin, PackageName, PublicKey, Version};
use cidery_verifier::{PolicyDocument, Request, TrustPolicy, Verified, Wanted};
use serde::Serialize;

use super::draft::{self, Draft};
use super::{Context, powers};
use crate::args;
use crate::confirm::Confirm;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::history::History;
use crate::package::{self, Package};
use crate::proposal::{Proposal, Said};
use crate::release::{self, is_overtaken};
use crate::signing;
use crate::submit::{self, Logged, Submitted};
use crate::text::Text;
use crate::trust::Trust;

/// How often another process that has seen a newer head may come in between.
const ATTEMPTS: usize = 8;

/// What came of it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Published {
    /// A release that is in the log.
    Release(Box<PublishedRelease>),
    /// A file to be signed, or a record of another kind that is in the log.
    Submitted(Submitted),
}

/// A release that is in the log.
#[derive(Serialize)]
pub(super) struct PublishedRelease {
    package: PackageName,
    version: Version,
    manifest: Text<Cid>,
    record: Text<Cid>,
    init: Text<Cid>,
    origin: Origin,
    index: u64,
    /// Whether it was there before.
    unchanged: bool,
    /// What was logged; nothing where it was there before.
    records: Vec<Said>,
}

impl PublishedRelease {
    /// The code's identity.
    pub(super) fn manifest(&self) -> Cid {
        *self.manifest
    }

    /// The release as other commands take it.
    pub(super) fn reference(&self) -> String {
        format!("{}@{}", self.package, self.version)
    }
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Published::Release(release) => release.fmt(f),
            Published::Submitted(submitted) => submitted.fmt(f),
        }
    }
}

impl fmt::Display for PublishedRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.unchanged { "is published already:" } else { "published" };
        writeln!(f, "{how} {} {}", self.package, self.version)?;
        writeln!(f, "  manifest   {}", *self.manifest)?;
        writeln!(f, "  record     {}", *self.record)?;
        write!(f, "  log        {}, entry {}", self.origin, self.index)
    }
}

pub(super) async fn publish(context: &Context, args: &args::Publish) -> Result<Published, Failure> {
    match &args.dir {
        Some(dir) => folder(context, args, dir).await,
        None => envelopes(context, args).await,
    }
}

/// A folder, by whoever has the keys.
async fn folder(context: &Context, args: &args::Publish, dir: &Path) -> Result<Published, Failure> {
    let package = Package::read(dir)?;
    let keys = read_keys(context, &args.recording)?;
    let trust = Trust::open(&args.recording.trust, Some(dir), &context.folders, &context.output)?;
    let statements: Vec<Vec<u8>> =
        args.provenance.iter().map(|file| draft::read_statement(file)).collect::<Result<_, _>>()?;
    context.registry()?;
    let made = package.make(dir, &package::options(context, &args.npm)?, &context.output).await?;
    context.output.progress(format_args!("manifest {}", made.manifest.cid()));

    let to = Destination::open(context, trust, &package.name).await?;
    let draft = Draft {
        origin: &to.log.origin,
        package: &package.name,
        version: &package.version,
        made: &made,
        npm: None,
        statements: &statements,
    };
    release(context, &to, &args.recording, &args.begin, &keys, &draft).await
}

/// A release, unless it is there: signed, sent, and verified as anybody else would.
pub(super) async fn release(
    context: &Context,
    to: &Destination,
    recording: &args::Recording,
    begin: &args::Begin,
    keys: &[Box<dyn Signer>],
    draft: &Draft<'_>,
) -> Result<Published, Failure> {
    let begin = powers::Beginning { args: begin, signers: &public_keys(keys) };
    let propose = |history: Option<&History>| match history {
        Some(history) => draft.follow(history, &begin),
        None => draft.begin(&begin).map(Some),
    };
    let submitted = submit::submit(context, to, recording, keys, Confirm::Unneeded, propose).await?;
    let (logged, init) = match submitted {
        Some(Submitted::Logged(logged)) => {
            let init = *logged.init;
            (Some(logged), init)
        }
        Some(written @ Submitted::Written(_)) => return Ok(Published::Submitted(written)),
        None => (None, to.existing().await?.state.init),
    };
    settle(context, to, draft.version, &draft.made.manifest, init, logged).await
}

/// What others have signed.
async fn envelopes(context: &Context, args: &args::Publish) -> Result<Published, Failure> {
    if !args.begin.is_empty() {
        return Err(powers::too_late("the file says already who may sign"));
    }
    let mut files = args.envelopes.iter();
    let mut next = || files.next().map(|file| Proposal::read(file)).transpose();
    let Some(mut proposal) = next()? else {
        return Err(Failure::Usage { reason: "nothing is named".to_owned(), hint: None });
    };
    while let Some(other) = next()? {
        proposal.merge(&other)?;
    }
    proposal.complete()?;
    let trust = Trust::open(&args.recording.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let to = Destination::open(context, trust, proposal.package()).await?;
    if *proposal.origin() != to.log.origin {
        let wanted = Some(proposal.origin().clone());
        return Err(Failure::OtherOrigin { got: to.log.origin.clone(), wanted });
    }
    let history = to.history().await?;
    let state = history.as_ref().map(|history| &history.state);
    let init = proposal.init();
    to.begins_with(init)?;
    for said in proposal.says(state)? {
        context.output.progress(said.text());
    }
    let logged = submit::send(&to, &proposal, state, &context.output).await?;
    let last = proposal.last().body();
    match (&last.action, proposal.manifest()) {
        (Action::Release(release), Some(manifest)) => {
            settle(context, &to, &release.version, manifest, init, Some(logged)).await
        }
        _ => {
            remember(context, &to, init)?;
            Ok(Published::Submitted(Submitted::Logged(logged)))
        }
    }
}

/// Verifies a release that the registry says is in the log, and remembers it.
async fn settle(
    context: &Context,
    to: &Destination,
    version: &Version,
    manifest: &Manifest,
    init: Cid,
    logged: Option<Logged>,
) -> Result<Published, Failure> {
    let verified = verify(to, version, manifest, init, logged.as_ref()).await?;
    remember(context, to, init)?;
    let release = verified.release();
    Ok(Published::Release(Box::new(PublishedRelease {
        package: release.package().clone(),
        version: release.version().clone(),
        manifest: Text(release.manifest_cid()),
        record: Text(release.record()),
        init: Text(release.init()),
        origin: release.origin().clone(),
        index: release.index(),
        unchanged: logged.is_none(),
        records: logged.map(|logged| logged.records).unwrap_or_default(),
    })))
}

fn remember(context: &Context, to: &Destination, init: Cid) -> Result<(), Failure> {
    to.remember(init)?.into_iter().for_each(|note| context.output.note(note));
    Ok(())
}

/// Judges the receipt, and a head that is asked for, as a stranger would: under a policy that pins the log, the package's
/// beginning, and the keys that signed; and moves forward what was seen.
async fn verify(
    to: &Destination,
    version: &Version,
    manifest: &Manifest,
    init: Cid,
    logged: Option<&Logged>,
) -> Result<Verified, Failure> {
    let policy = TrustPolicy::new(&own_policy(to, init, logged))?;
    let wanted = Wanted::Locked { version: version.clone(), manifest: manifest.cid() };
    let request = Request { package: to.package.clone(), wanted };
    let rule = policy.rule_for(&to.package)?;
    let mut attempt = 1;
    loop {
        let seen = to.trust.seen()?;
        let mut evidence = release::evidence(&to.registry, &request, rule, &seen).await?;
        if let Some(logged) = logged {
            evidence.receipt.clone_from(&logged.receipt);
        }
        let verified = evidence.prove(&policy, &seen)?.with_manifest(manifest.bytes())?;
        match to.trust.saw(&policy, &evidence) {
            Ok(()) => return Ok(verified),
            Err(failure) if is_overtaken(failure.code()) && attempt < ATTEMPTS => attempt += 1,
            Err(failure) => return Err(failure),
        }
    }
}

fn own_policy(to: &Destination, init: Cid, logged: Option<&Logged>) -> PolicyDocument {
    let mut document = to.log.as_policy(Some((&to.package, init)));
    let keys = logged.and_then(|logged| logged.records.last()).map(Said::publishers).unwrap_or_default();
    if !keys.is_empty() {
        for rule in document.packages.values_mut() {
            rule.threshold = u32::try_from(keys.len()).ok();
            rule.keys = Some(keys.iter().map(ToString::to_string).collect());
        }
    }
    document
}

/// The keys that sign; none where nothing is signed now.
pub(super) fn read_keys(
    context: &Context,
    recording: &args::Recording,
) -> Result<Vec<Box<dyn Signer>>, Failure> {
    match recording.unsigned_out {
        Some(_) => Ok(Vec::new()),
        None => signing::open(&context.folders, &recording.signing),
    }
}

/// The public halves.
fn public_keys(keys: &[Box<dyn Signer>]) -> Vec<PublicKey> {
    keys.iter().map(|key| key.public_key()).collect()
}
