//! One history of the log: its store, and the sequencer that signs it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use cidery_keys::SecretKey;
use cidery_registry::{
    Blobs, Call, Clock, Error, LogConfig, Received, Registry, Reply, ScopePolicy, Sequencer, SequencerClient,
    Witnesses, memory::Memory,
};
use cidery_registry_server::{Sqlite, Witnessing};

use crate::ledger::Ledger;

/// The log's name and seeds, which are those of SPEC §15.
const ORIGIN: &str = "log.example";
const LOG: [u8; 32] = [2; 32];
const COSIGNER: [u8; 32] = [3; 32];

/// What all histories share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) clock: Behind,
    pub(crate) holds: Arc<AtomicBool>,
    pub(crate) witnesses: Witnesses,
    pub(crate) witnessing: Witnessing,
}

/// A clock that is behind the true one by so many seconds.
#[derive(Clone, Default)]
pub(crate) struct Behind(Arc<AtomicI64>);

impl Behind {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for Behind {
    fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        now.saturating_add_signed(-self.0.load(Ordering::Relaxed))
    }
}

/// A history, of which nothing is signed anew before somebody asks for it.
pub(crate) struct History {
    store: Memory,
    writer: Writer,
    pub(crate) registry: Registry<Memory, Writer>,
}

/// The one who signs it.
#[derive(Clone)]
pub(crate) struct Writer {
    log: Arc<Sequencer<Memory, Ledger, Behind>>,
    witnessing: Witnessing,
}

impl History {
    /// What a store holds. The ledger is empty: the sequencer catches up with what is published.
    fn of(store: Memory, shared: &Shared) -> Result<Self, Error> {
        let ledger = Ledger { sqlite: Sqlite::open(Path::new(":memory:"))?, holds: shared.holds.clone() };
        let origin = ORIGIN.parse()?;
        let config = LogConfig {
            origin,
            scopes: ScopePolicy::Open,
            log: Box::new(SecretKey::from_seed(&LOG)),
            cosigner: Box::new(SecretKey::from_seed(&COSIGNER)),
            witnesses: shared.witnesses.clone(),
        };
        let log = Sequencer::new(store.clone(), ledger, shared.clock.clone(), config)?;
        let writer = Writer { log: Arc::new(log), witnessing: shared.witnessing.clone() };
        let registry = Registry::new(store.clone(), writer.clone(), ScopePolicy::Open);
        Ok(History { store, writer, registry })
    }

    /// The empty log.
    pub(crate) async fn begin(shared: &Shared) -> Result<Self, Error> {
        let history = History::of(Memory::default(), shared)?;
        history.renew().await?;
        Ok(history)
    }

    /// Another one that has been the same until now.
    pub(crate) async fn copy(&self, shared: &Shared) -> Result<Self, Error> {
        let store = Memory::default();
        for key in self.store.list("").await? {
            if let Some(object) = self.store.get(&key, usize::MAX).await? {
                store.put(&key, object.bytes).await?;
            }
        }
        History::of(store, shared)
    }

    /// Cosigns its head anew.
    pub(crate) async fn renew(&self) -> Result<(), Error> {
        self.writer.log.refresh_head().await?;
        self.writer.ask_witnesses().await
    }
}

impl Writer {
    /// Asks each witness about the head. That one refuses is what some tests are about.
    async fn ask_witnesses(&self) -> Result<(), Error> {
        for turn in self.log.begin_asking() {
            while self.log.ask_witness(&turn, &self.witnessing).await.is_some() {}
        }
        self.log.merge_cosignatures().await
    }
}

impl SequencerClient for Writer {
    async fn call(&self, call: Call) -> Result<Reply, Error> {
        match self.log.receive(call).await {
            Received::Reply(reply) => Ok(reply),
            Received::Queued(ticket) => {
                self.log.close_group().await?;
                self.ask_witnesses().await?;
                Ok(ticket.reply().await)
            }
        }
    }
}
