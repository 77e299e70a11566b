//! The one writer. What it does for a publish:
//!
//! ```text
//!  receive ── parse, signatures, state, blobs ──▶ missing: remembered for an hour
//!     │                                      └──▶ refused
//!     ▼ queue
//!  close_group ── 1. apply each again, in order, at one time: one record wins a place, the others are told
//!                 2. manifests to the store
//!                 3. one transaction: entries, hashes, what changes of each package, what delays were waiting for, the
//!                    map's values and pages, and its entry, which is the last
//!                 4. entry bundles, tiles, states, pages of the map, the map entry
//!                 5. the log's signature, the cosigner's, the checkpoint object (conditional on what it replaces)
//!                 6. receipts and pages of package logs, then carriers of manifests
//!                 7. the head of all reads, as 5
//!                 8. answers; then what the head before had replaced is deleted
//! ```
//!
//! A crash between any two of these loses nothing that was answered and shows nothing by halves: before 3 nothing happened;
//! after 3, [`Sequencer::start`] takes up at 4 with the same bytes. Until 7, reads are answered under the head before.

mod admit;
mod catch_up;
mod finish;
mod group;
mod publish;
mod recover;
#[cfg(feature = "seed")]
mod seed;
mod states;
mod witnesses;

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use cidery_keys::Signer;
use cidery_protocol::{Origin, PublicKey, limits, log::SignedCheckpoint};
use futures_channel::oneshot;

use crate::{
    Blobs, Call, Clock, Error, Etag, Object, Reply, ScopePolicy, Sql, StoreError, Witnesses,
    ledger::Ledger,
    publication::{House, Publication},
};

use witnesses::Asked;
pub use witnesses::Turn;

/// Publishes that one group takes, and that wait for a group.
const GROUP: usize = 64;
/// Bytes of manifests that wait for a group: a bound on memory.
const GROUP_BYTES: usize = 16 << 20;

/// What a log is, and who keeps it.
pub struct LogConfig {
    /// The log's name.
    pub origin: Origin,
    /// Who may begin packages.
    pub scopes: ScopePolicy,
    /// Signs checkpoints.
    pub log: Box<dyn Signer>,
    /// Says when they were the newest (SPEC §7.5); another key.
    pub cosigner: Box<dyn Signer>,
    /// Who else is asked to cosign the head (SPEC §7.7).
    pub witnesses: Witnesses,
}

impl LogConfig {
    /// The keys of everybody who has a part in the log, each in one role (SPEC §4.3).
    fn keys(&self) -> Result<Vec<PublicKey>, Error> {
        let own = [
            ("the log", self.origin.to_string(), self.log.public_key()),
            ("its cosigner", self.origin.cosigner(), self.cosigner.public_key()),
        ];
        let [(first, _, key), (second, _, other)] = &own;
        if key == other {
            let holders = [first, second].map(|holder| (*holder).to_owned());
            return Err(Error::OneKey { holders, key: key.to_string() });
        }
        let mut keys = vec![*key, *other];
        for witness in self.witnesses.iter() {
            for (holder, name, key) in &own {
                if *key == witness.key() {
                    let holders = [(*holder).to_owned(), format!("the witness `{}`", witness.name())];
                    return Err(Error::OneKey { holders, key: key.to_string() });
                }
                if name == witness.name() {
                    return Err(Error::witnesses(format!("`{name}` is the name of {holder}")));
                }
            }
            keys.push(witness.key());
        }
        Ok(keys)
    }
}

/// The sequencer of one log, over its store, its ledger and a clock. There must be only one for a log; a second one is noticed
/// before it publishes anything.
pub struct Sequencer<B, S, C> {
    blobs: B,
    ledger: Ledger<S>,
    clock: C,
    log: Box<dyn Signer>,
    cosigner: Box<dyn Signer>,
    house: House,
    queue: Mutex<Vec<Waiting>>,
    /// Whether ledger and published log have been compared, and agreed.
    started: AtomicBool,
    /// The published checkpoint; held by whoever publishes the next one.
    head: futures_util::lock::Mutex<Option<Tip>>,
    asked: Asked,
}

/// The checkpoint object as it was last read or written.
struct Tip {
    cosigned: Cosigned,
    etag: Etag,
    /// The head of all reads: the same, or an earlier one.
    shown: Option<Object>,
}

/// A checkpoint with both signatures of the operator.
struct Cosigned {
    size: u64,
    /// When the cosigner signed it.
    time: u64,
    note: SignedCheckpoint,
}

/// A publish that waits for its group.
struct Waiting {
    publication: Publication,
    answer: oneshot::Sender<Reply>,
}

/// What became of a call.
pub enum Received {
    /// It has an answer.
    Reply(Reply),
    /// It waits for the next [`Sequencer::close_group`].
    Queued(Ticket),
}

/// A publish in the queue.
pub struct Ticket(oneshot::Receiver<Reply>);

impl Ticket {
    /// The answer, once the group is closed.
    pub async fn reply(self) -> Reply {
        self.0.await.unwrap_or_else(|_| {
            let stopped = StoreError::new("finish the publish", "the sequencer has stopped");
            Reply::Refused(Error::from(stopped).body())
        })
    }
}

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// A sequencer that has not looked at its log yet. It signs nothing before [`Sequencer::start`], which every other
    /// function calls where it is needed.
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::OneKey`] where two of the log, the cosigner and the witnesses have one key;
    /// [`Error::Witnesses`] where a witness is called like the log or its cosigner.
    pub fn new(blobs: B, sql: S, clock: C, config: LogConfig) -> Result<Self, Error> {
        let keys = config.keys()?;
        Ok(Sequencer {
            blobs,
            ledger: Ledger::open(sql)?,
            clock,
            log: config.log,
            cosigner: config.cosigner,
            house: House { origin: config.origin, scopes: config.scopes, keys },
            queue: Mutex::new(Vec::new()),
            started: AtomicBool::new(false),
            head: futures_util::lock::Mutex::new(None),
            asked: Asked::new(config.witnesses),
        })
    }

    /// Compares the ledger with the published log, and makes them one. Where the ledger is ahead, what is missing is
    /// published; where it is behind, it catches up from what is published. A new log gets its first checkpoint. Then the
    /// head is cosigned.
    ///
    /// # Errors
    /// [`Error::Diverged`] where they are of two histories: then nothing is signed. [`Error::Store`].
    pub async fn start(&self) -> Result<(), Error> {
        let mut head = self.head.lock().await;
        *head = None;
        self.started.store(false, Ordering::Release);
        self.published(&mut head).await
    }

    /// Takes a call. Publishes that have to wait for a group are queued: the host closes groups as often as its store allows.
    pub async fn receive(&self, call: Call) -> Received {
        let received = match call {
            Call::Publish(body) => self.publish(&body).await,
            Call::Expects { record, blob } => self.expects(record, blob).await.map(Received::from),
            Call::Uploaded { blob, facts } => {
                self.ledger.add_blob(&blob, &facts).map(|()| Reply::Recorded.into())
            }
            Call::Unfit { record } => self.ledger.forget_pending(&record).map(|()| Reply::Recorded.into()),
        };
        received.unwrap_or_else(|error| Received::Reply(Reply::Refused(error.body())))
    }

    /// Whether publishes wait for [`Sequencer::close_group`].
    pub fn is_waiting(&self) -> bool {
        !self.queued().is_empty()
    }

    /// Puts a new time on the head, and publishes what an earlier failure left unpublished and what has taken effect by time alone.
    /// At least every five minutes, also where nothing was published (SPEC §6.6, §7.5).
    ///
    /// # Errors
    /// As [`Sequencer::start`].
    pub async fn refresh_head(&self) -> Result<(), Error> {
        let mut head = self.head.lock().await;
        if !self.started.load(Ordering::Acquire) {
            return self.published(&mut head).await;
        }
        self.renew(&mut head).await
    }

    async fn ensure_started(&self) -> Result<(), Error> {
        if self.started.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut head = self.head.lock().await;
        self.published(&mut head).await
    }

    /// The time for what comes after `last`: the clock's, but not before it, unless that had been so far ahead that nobody
    /// believes it (SPEC §7.1, §7.5).
    fn time_after(&self, last: u64) -> u64 {
        let now = self.clock.now();
        if last <= now.saturating_add(limits::CLOCK_AHEAD_SECONDS) { now.max(last) } else { now }
    }

    fn queued(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
