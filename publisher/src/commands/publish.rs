//! `cidery publish`: a folder becomes a release in the log.
//!
//! ```text
//!  bundle ─► the registry's log, known or remembered ─► the package's state ─► sign ─► post ─► upload what lacks ─► post
//!                                                            ▲                            │
//!                                                            └── another came first ◄─────┘
//!  ─► verify the receipt as anybody else would ─► done
//! ```

use std::fmt;
use std::time::Duration;

use cidery_keys::Signer;
use cidery_protocol::{Cid, Code, Origin, PackageName, Version};
use cidery_verifier::{PolicyDocument, Request, Seen, TrustPolicy, Verified, Wanted, prove};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::Context;
use crate::args;
use crate::client::Registry;
use crate::client::wire::{Log, Package as State, Published};
use crate::failure::Failure;
use crate::output::Output;
use crate::package::{Made, Package};
use crate::records::{self, Records};
use crate::release;
use crate::signing;
use crate::text::Text;
use crate::trust::Trust;

/// How often another publisher of the package may come first.
const ATTEMPTS: usize = 8;
/// The pause before the second attempt; it doubles each time. A package's state can be read only once the group that its
/// newest record is in has been published, and groups may be open for a second: without pauses, all attempts would see
/// the same old state.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A release that is in the log.
#[derive(Serialize)]
pub(super) struct Release {
    package: PackageName,
    version: Version,
    manifest: Text<Cid>,
    record: Text<Cid>,
    init: Text<Cid>,
    origin: Origin,
    index: u64,
    /// Whether it was there before.
    unchanged: bool,
}

impl Release {
    fn of(verified: &Verified, unchanged: bool) -> Self {
        let release = verified.release();
        Release {
            package: release.package().clone(),
            version: release.version().clone(),
            manifest: Text(release.manifest_cid()),
            record: Text(release.record()),
            init: Text(release.init()),
            origin: release.origin().clone(),
            index: release.index(),
            unchanged,
        }
    }

    /// The code's identity.
    pub(super) fn manifest(&self) -> Cid {
        *self.manifest
    }

    /// The release as other commands take it.
    pub(super) fn reference(&self) -> String {
        format!("{}@{}", self.package, self.version)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.unchanged { "is published already:" } else { "published" };
        writeln!(f, "{how} {} {}", self.package, self.version)?;
        writeln!(f, "  manifest   {}", *self.manifest)?;
        writeln!(f, "  record     {}", *self.record)?;
        write!(f, "  log        {}, entry {}", self.origin, self.index)
    }
}

pub(super) async fn publish(context: &Context, args: &args::Publish) -> Result<Release, Failure> {
    let package = Package::read(&args.dir)?;
    let keys = signing::open(&context.folders, &args.signing)?;
    let trust = Trust::open(&args.trust, &args.dir, &context.folders)?;
    let registry = context.registry()?;
    let made = package.make(&args.dir, &context.folders, &context.output).await?;
    context.output.progress(format_args!("manifest {}", made.manifest.cid()));

    let (log, notes) = trust.log_to_sign_for(&registry, &package.name).await?;
    notes.into_iter().for_each(|note| context.output.note(note));
    let known_init = trust.init(&package.name)?;
    let publishing =
        Publishing { registry: &registry, log: &log, package: &package, made: &made, keys: &keys };
    let logged = publishing.publish(known_init, &context.output).await?;
    let verified = publishing.verify(&logged, &trust.seen()?).await?;
    for note in trust.remember_own(&log, &package.name, verified.release().init())? {
        context.output.note(note);
    }
    trust.saw(&verified)?;
    Ok(Release::of(&verified, logged.receipt.is_none()))
}

/// A release that the registry says is in the log.
struct Logged {
    /// The package's first record.
    init: Cid,
    /// The receipt that came with the registry's word; none where the release was there before.
    receipt: Option<Vec<u8>>,
}

/// One release on its way.
struct Publishing<'p> {
    registry: &'p Registry,
    log: &'p Log,
    package: &'p Package,
    made: &'p Made,
    keys: &'p [Box<dyn Signer>],
}

impl Publishing<'_> {
    /// Brings the release into the log.
    async fn publish(&self, known_init: Option<Cid>, output: &Output) -> Result<Logged, Failure> {
        let (mut attempt, mut pause) = (1, FIRST_PAUSE);
        loop {
            let state = self.registry.package(&self.package.name).await?;
            if let Some(state) = &state {
                self.check(state, known_init)?;
                if self.is_published(state)? {
                    return Ok(Logged { init: *state.init, receipt: None });
                }
            }
            let records =
                records::sign(&self.log.origin, self.package, self.made, state.as_ref(), self.keys)?;
            // A registry that hides a known package gets no second beginning of it.
            if let Some(wanted) = known_init.filter(|wanted| *wanted != records.init) {
                let (package, got) = (self.package.name.clone(), records.init);
                return Err(Failure::OtherInit { package, got, wanted });
            }
            match self.send(&records, output).await {
                Ok(receipt) => return Ok(Logged { init: records.init, receipt: Some(receipt) }),
                // Another release of the package, or another first one, came in between.
                Err(Failure::Registry { code, .. }) if is_race(code) && attempt < ATTEMPTS => {
                    attempt += 1;
                    output.progress("another record of the package came first; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// The state is the registry's word. What is signed on top of it can do no harm where the log and the beginning are
    /// those that are known, and our keys are among those that have a say.
    fn check(&self, state: &State, known_init: Option<Cid>) -> Result<(), Failure> {
        let package = self.package.name.clone();
        if state.origin != self.log.origin {
            return Err(Failure::OtherOrigin {
                got: state.origin.clone(),
                wanted: Some(self.log.origin.clone()),
            });
        }
        if let Some(wanted) = known_init.filter(|wanted| *wanted != *state.init) {
            return Err(Failure::OtherInit { package, got: *state.init, wanted });
        }
        Ok(())
    }

    fn is_published(&self, state: &State) -> Result<bool, Failure> {
        let version = &self.package.version;
        let Some(taken) = state.releases.iter().find(|release| release.version == *version) else {
            return Ok(false);
        };
        let (got, by) = (self.made.manifest.cid(), *taken.manifest);
        if got == by {
            return Ok(true);
        }
        Err(Failure::VersionTaken {
            package: self.package.name.clone(),
            version: version.to_string(),
            got,
            by,
        })
    }

    /// Posts, uploads what lacks, and posts again, for the receipt.
    async fn send(&self, records: &Records, output: &Output) -> Result<Vec<u8>, Failure> {
        let manifest = &self.made.manifest;
        let (release, blobs) = match self.registry.publish(&records.envelopes, manifest).await? {
            Published::Committed { receipt } => return Ok(receipt),
            Published::Missing { release, blobs } => (release, blobs),
        };
        let total = blobs.len();
        let upload = |cid: Cid| async move {
            let unknown = || Failure::NotARegistry {
                url: self.registry.url().to_string(),
                reason: format!("it lacks {cid}, which is not in the manifest"),
            };
            let bytes = self.made.blobs.get(&cid).ok_or_else(unknown)?.clone();
            self.registry.upload(cid, *release, bytes).await
        };
        let mut uploads = stream::iter(blobs.into_iter().map(|blob| upload(*blob.cid)))
            .buffer_unordered(release::CONCURRENCY);
        let mut done = 0;
        while uploads.try_next().await?.is_some() {
            done += 1;
            output.progress(format_args!("uploaded {done} of {total} blobs"));
        }
        match self.registry.publish(&records.envelopes, manifest).await? {
            Published::Committed { receipt } => Ok(receipt),
            Published::Missing { blobs, .. } => Err(Failure::NotARegistry {
                url: self.registry.url().to_string(),
                reason: format!("it still lacks {} blobs that it has taken", blobs.len()),
            }),
        }
    }

    /// Judges the receipt, and a head that is asked for, as a stranger would: under a policy that pins the log, the
    /// package's beginning, and our own keys.
    async fn verify(&self, logged: &Logged, seen: &Seen) -> Result<Verified, Failure> {
        let policy = TrustPolicy::new(&self.own_policy(logged.init))?;
        let wanted =
            Wanted::Locked { version: self.package.version.clone(), manifest: self.made.manifest.cid() };
        let request = Request { package: self.package.name.clone(), wanted };
        let since = seen.log(&self.log.origin).map(|log| log.size);
        let resolution = self.registry.resolve(&request, since).await?;
        let receipt = logged.receipt.as_deref().unwrap_or(&resolution.receipt);
        let proven = prove(&request, receipt, &resolution.head, &policy, seen, release::now())?;
        Ok(proven.with_manifest(self.made.manifest.bytes())?)
    }

    fn own_policy(&self, init: Cid) -> PolicyDocument {
        let mut document = self.log.as_policy(Some((&self.package.name, init)));
        let keys: Vec<String> = records::public_keys(self.keys).iter().map(ToString::to_string).collect();
        for rule in document.packages.values_mut() {
            rule.threshold = u32::try_from(keys.len()).ok();
            rule.keys = Some(keys.clone());
        }
        document
    }
}

/// Whether another publish of the package may have come between: then its state, read again, says how to go on.
fn is_race(code: Code) -> bool {
    matches!(
        code,
        Code::RecordSequence | Code::RecordInitTaken | Code::RecordVersionTaken | Code::UploadUnexpected
    )
}
