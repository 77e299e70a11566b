//! From what a command wants to a record in the log, or to a file that is to be signed.
//!
//! ```text
//!  the package's history ─► draft ─► say what it does ─┬─ --unsigned-out ─► a file
//!        ▲                                             └─ sign ─► complete ─► post ─► upload what lacks ─► post ─► receipt
//!        └────────── another record came first ◄──────────────────────────────┘
//! ```

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cidery_keys::Signer;
use cidery_protocol::log::{SignedCheckpoint, leaf_hash, verify_inclusion};
use cidery_protocol::{
    Action, Cid, Code, Origin, PackageName, PackageState, PublicKey, Receipt, SignedRecord,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::args;
use crate::client::Registry;
use crate::client::wire::{Committed, Log, Published};
use crate::commands::Context;
use crate::confirm::Confirm;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::history::History;
use crate::output::Output;
use crate::proposal::{Proposal, Said, kind};
use crate::release;
use crate::text::Text;

/// How often another record of the package may come first.
const ATTEMPTS: usize = 8;
/// The pause before the second attempt; it doubles each time. A package's log can be read only once the group that its
/// newest record is in has been published, and groups may be open for a second: without pauses, all attempts would see
/// the same old state.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How many blobs are uploaded between two lines that say so.
const UPLOADED: usize = 50;
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Submitted {
    /// It is in the log.
    Logged(Logged),
    /// It is in a file.
    Written(Written),
}

/// A record that is in the log.
#[derive(Debug, Serialize)]
pub(crate) struct Logged {
    package: PackageName,
    kind: &'static str,
    record: Text<Cid>,
    sequence: u64,
    origin: Origin,
    /// The package's first record.
    pub(crate) init: Text<Cid>,
    /// Its place in the log.
    index: u64,
    pub(crate) records: Vec<Said>,
    #[serde(skip)]
    pub(crate) receipt: Vec<u8>,
}

/// A file that is to be signed.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    package: PackageName,
    file: PathBuf,
    records: Vec<Said>,
}

impl fmt::Display for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Submitted::Logged(logged) => logged.fmt(f),
            Submitted::Written(written) => written.fmt(f),
        }
    }
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "logged the {} of {}", self.kind, self.package)?;
        writeln!(f, "  record     {}, number {} of the package", *self.record, self.sequence)?;
        write!(f, "  log        {}, entry {}", self.origin, self.index)
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())
    }
}

/// Makes a proposal on top of the package's history, says what it does, and signs and logs it, or writes it into a file; none
/// where the draft finds that nothing is to be done. Where another record comes first, the draft is made anew; not where it
/// says who may sign, which is to be looked at again.
///
/// # Errors
/// What `draft` says, `record.threshold` where too few keys sign, or what the registry says.
pub(crate) async fn submit(
    context: &Context,
    to: &Destination,
    recording: &args::Recording,
    keys: &[Box<dyn Signer>],
    confirm: Confirm,
    draft: impl Fn(Option<&History>) -> Result<Option<Proposal>, Failure>,
) -> Result<Option<Submitted>, Failure> {
    let output = &context.output;
    let (mut attempt, mut pause) = (1, FIRST_PAUSE);
    loop {
        let history = to.history().await?;
        let state = history.as_ref().map(|history| &history.state);
        let Some(mut proposal) = draft(history.as_ref())? else { return Ok(None) };
        // A registry that hides a known package gets no second beginning of it.
        to.begins_with(proposal.init())?;
        if attempt == 1 {
            announce(output, &proposal, state)?;
        }
        if let Some(file) = &recording.unsigned_out {
            proposal.create(file)?;
            let (package, records) = (proposal.package().clone(), proposal.says(state)?);
            output.note(format_args!(
                "`cidery sign {0}` adds signatures, `cidery publish --envelope {0}` sends it",
                file.display()
            ));
            return Ok(Some(Submitted::Written(Written { package, file: file.clone(), records })));
        }
        if attempt == 1 {
            confirm.ask(output, &proposal, state)?;
        }
        proposal.sign(keys)?;
        match send(to, &proposal, state, output).await {
            Ok(logged) => return Ok(Some(Submitted::Logged(logged))),
            Err(Failure::Registry { code, .. })
                if is_race(code) && attempt < ATTEMPTS && !names_keys(&proposal) =>
            {
                attempt += 1;
                output.progress("another record of the package came first; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Sends a proposal that is complete, and checks the receipt that comes back.
///
/// # Errors
/// `record.threshold`, what the registry says, or what is wrong with the receipt.
pub(crate) async fn send(
    to: &Destination,
    proposal: &Proposal,
    state: Option<&PackageState>,
    output: &Output,
) -> Result<Logged, Failure> {
    proposal.complete()?;
    let committed = post(&to.registry, proposal, output).await?;
    let record = proposal.last();
    let index = included(&committed.receipt, record.cid(), &to.log)?;
    Ok(Logged {
        package: proposal.package().clone(),
        kind: kind(&record.body().action),
        record: Text(record.cid()),
        sequence: record.body().sequence,
        origin: proposal.origin().clone(),
        init: Text(proposal.init()),
        index,
        records: proposal.says(state)?,
        receipt: committed.receipt,
    })
}

/// Says what a proposal does; what it says of keys must be known.
fn announce(output: &Output, proposal: &Proposal, state: Option<&PackageState>) -> Result<(), Failure> {
    for (said, record) in proposal.says(state)?.iter().zip(proposal.records()) {
        match record.body().action {
            Action::Init(_) | Action::Rekey(_) | Action::Transfer(_) => output.note(said.text()),
            _ => output.progress(said.text()),
        }
    }
    Ok(())
}

/// Posts, uploads what lacks, and posts again, for the receipt.
async fn post(registry: &Registry, proposal: &Proposal, output: &Output) -> Result<Committed, Failure> {
    let (record, blobs) = match registry.publish(proposal.envelopes(), proposal.manifest()).await? {
        Published::Committed(committed) => return Ok(committed),
        Published::Missing { record, blobs } => (record, blobs),
    };
    let total = blobs.len();
    let upload = |cid: Cid| async move {
        let unknown = || registry.not_a_registry(format!("it lacks {cid}, which no record names"));
        let bytes = proposal.blob(&cid).ok_or_else(unknown)?.to_vec();
        registry.upload(cid, *record, bytes).await
    };
    let mut uploads =
        stream::iter(blobs.into_iter().map(|blob| upload(*blob.cid))).buffer_unordered(release::CONCURRENCY);
    let mut done = 0;
    while uploads.try_next().await?.is_some() {
        done += 1;
        if done == total || done % UPLOADED == 0 {
            output.progress(format_args!("uploaded {done} of {total} blobs"));
        }
    }
    match registry.publish(proposal.envelopes(), proposal.manifest()).await? {
        Published::Committed(committed) => Ok(committed),
        Published::Missing { blobs, .. } => {
            Err(registry.not_a_registry(format!("it still lacks {} blobs that it has taken", blobs.len())))
        }
    }
}

/// The place of a record in the log, by its receipt.
fn included(receipt: &[u8], record: Cid, log: &Log) -> Result<u64, Failure> {
    let receipt = Receipt::decode(receipt)?;
    let (logged, _) = SignedRecord::claim_of_entry(&receipt.record)?;
    if logged.cid() != record {
        return Err(cidery_protocol::Error::Digest { got: logged.cid(), wanted: record }.into());
    }
    let keys: Vec<PublicKey> = log.log_keys.iter().map(|key| key.0).collect();
    let tree = SignedCheckpoint::parse(&receipt.checkpoint)?.verify_log(&log.origin, &keys)?;
    let leaf = leaf_hash(&receipt.record);
    verify_inclusion(receipt.index, tree.size, leaf, &receipt.inclusion, &tree.root)?;
    Ok(receipt.index)
}

/// Whether another record of the package may have come between: then its history, read again, says how to go on.
fn is_race(code: Code) -> bool {
    matches!(
        code,
        Code::RecordSequence | Code::RecordInitTaken | Code::RecordVersionTaken | Code::UploadUnexpected
    )
}

fn names_keys(proposal: &Proposal) -> bool {
    matches!(proposal.last().body().action, Action::Rekey(_) | Action::Transfer(_))
}
