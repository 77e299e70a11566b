//! `cidery publish`: a folder becomes a release in the log.
//!
//! ```text
//!  bundle ─► the registry's log, known or remembered ─► records on top of the package's own ─► submit
//!  --envelope FILE ─► merge ──────────────────────────────────────────────────────────────────► send
//!  ─► verify the receipt as anybody else would ─► done
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use cidery_keys::Signer;
use cidery_protocol::manifest::Manifest;
use cidery_protocol::{
    Action, Cid, Error, Origin, PackageName, PackageState, Provenance, PublicKey, Record, RecordBody,
    Release, Version, limits,
};
use cidery_verifier::{PolicyDocument, Request, TrustPolicy, Verified, Wanted};
use serde::Serialize;

use super::{Context, powers};
use crate::args;
use crate::confirm::Confirm;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::history::History;
use crate::package::{Made, Package};
use crate::proposal::{self, Proposal, Said};
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
    let trust = Trust::open(&args.recording.trust, dir, &context.folders)?;
    let statements: Vec<Vec<u8>> =
        args.provenance.iter().map(|file| read_statement(file)).collect::<Result<_, _>>()?;
    context.registry()?;
    let made = package.make(dir, &context.folders, &context.output).await?;
    context.output.progress(format_args!("manifest {}", made.manifest.cid()));

    let to = Destination::open(context, trust, &package.name).await?;
    let draft = Draft { origin: &to.log.origin, package: &package, made: &made, statements: &statements };
    let begin = powers::Beginning { args: &args.begin, signers: &public_keys(&keys) };
    let propose = |history: Option<&History>| match history {
        Some(history) => draft.follow(history, &begin),
        None => draft.begin(&begin).map(Some),
    };
    let submitted = submit::submit(context, &to, &args.recording, &keys, Confirm::Unneeded, propose).await?;
    let (logged, init) = match submitted {
        Some(Submitted::Logged(logged)) => (Some(logged), None),
        Some(written @ Submitted::Written(_)) => return Ok(Published::Submitted(written)),
        None => (None, Some(to.existing().await?.state.init)),
    };
    let init = match (init, &logged) {
        (Some(init), _) => init,
        (None, _) => to.existing().await?.state.init,
    };
    settle(context, &to, &package.version, &made.manifest, init, logged).await
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
    let trust = Trust::open(&args.recording.trust, ".".as_ref(), &context.folders)?;
    let to = Destination::open(context, trust, proposal.package()).await?;
    if *proposal.origin() != to.log.origin {
        let wanted = Some(proposal.origin().clone());
        return Err(Failure::OtherOrigin { got: to.log.origin.clone(), wanted });
    }
    let history = to.history().await?;
    let state = history.as_ref().map(|history| &history.state);
    let Some(init) = proposal.init() else {
        return Err(Failure::unknown_package(proposal.package()));
    };
    to.begins_with(init)?;
    for said in proposal.says(state)? {
        context.output.progress(said.text(false));
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

/// A release on its way.
struct Draft<'d> {
    origin: &'d Origin,
    package: &'d Package,
    made: &'d Made,
    statements: &'d [Vec<u8>],
}

impl Draft<'_> {
    /// The release on top of a package's history; none where it is there.
    fn follow(&self, history: &History, begin: &powers::Beginning<'_>) -> Result<Option<Proposal>, Failure> {
        if !begin.args.is_empty() {
            return Err(powers::too_late("the package exists"));
        }
        if self.is_published(&history.state)? {
            return Ok(None);
        }
        let release = proposal::next(&history.state, self.release())?;
        self.propose(Some(history), vec![release]).map(Some)
    }

    /// The release on top of an `init`.
    fn begin(&self, begin: &powers::Beginning<'_>) -> Result<Proposal, Failure> {
        let record = |sequence, before: Option<Cid>, action| {
            let (origin, package) = (self.origin.clone(), self.package.name.clone());
            Record::encode(RecordBody { origin, package, sequence, prev: before, authority: before, action })
        };
        let init = record(0, None, Action::Init(begin.powers()?))?;
        let release = record(1, Some(init.cid()), self.release())?;
        self.propose(None, vec![init, release])
    }

    fn release(&self) -> Action {
        Action::Release(Release {
            version: self.package.version.clone(),
            manifest: self.made.manifest.cid(),
            build: self.made.build.clone(),
            npm: None,
            provenance: self.provenance().into_values().map(|(statement, _)| statement).collect(),
        })
    }

    /// The statements about the code, by CID.
    fn provenance(&self) -> BTreeMap<Cid, (Provenance, &[u8])> {
        let statements = self.statements.iter().map(|bytes| {
            let statement = proposal::statement(&self.made.manifest, bytes);
            (statement.cid, (statement, bytes.as_slice()))
        });
        statements.collect()
    }

    fn propose(&self, history: Option<&History>, records: Vec<Record>) -> Result<Proposal, Failure> {
        let mut blobs = self.made.blobs.clone();
        blobs.extend(self.provenance().into_iter().map(|(cid, (_, bytes))| (cid, bytes.to_vec())));
        Proposal::new(history, records, Some(self.made.manifest.clone()), blobs)
    }

    fn is_published(&self, state: &PackageState) -> Result<bool, Failure> {
        let version = &self.package.version;
        let Some(taken) = state.releases.get(version) else { return Ok(false) };
        let (got, by) = (self.made.manifest.cid(), taken.manifest);
        match taken.void {
            None if got == by => Ok(true),
            Some(by) if got == taken.manifest => Err(Error::Void { version: version.to_string(), by }.into()),
            _ => Err(Failure::VersionTaken {
                package: self.package.name.clone(),
                version: version.to_string(),
                got,
                by,
            }),
        }
    }
}

/// Reads a statement, of at most 1 MiB.
pub(super) fn read_statement(file: &PathBuf) -> Result<Vec<u8>, Failure> {
    let length = fs::metadata(file).map_err(Failure::file("read", file))?.len();
    if length > limits::ATTESTATION_BYTES {
        let limit = limits::ATTESTATION_BYTES;
        return Err(Error::Limit { what: "bytes of an attestation", got: length, limit }.into());
    }
    fs::read(file).map_err(Failure::file("read", file))
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
