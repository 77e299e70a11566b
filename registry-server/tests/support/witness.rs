//! Witnesses that a test makes up: honest ones by the text of C2SP tlog-witness, and what real ones never do.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use cidery_keys::{SecretKey, Signer};
use cidery_protocol::{
    Origin,
    log::{Hash, SignedCheckpoint},
};
use cidery_registry::{
    Blobs, LogConfig, ScopePolicy, StoreError, Witness, WitnessAnswer, WitnessClient, Witnesses,
};

use super::{TestRegistry, config, key};

pub(crate) const NAMES: [&str; 2] = ["witness.example/w1", "witness.example/w2"];

/// The keys of the witnesses: seeds 11 and 12.
pub(crate) fn witness_key(at: usize) -> SecretKey {
    key(11 + at as u8)
}

pub(crate) fn witness(at: usize) -> Witness {
    let url = format!("https://witness.example/{at}");
    Witness::new(NAMES[at], &url, witness_key(at).public_key()).expect("a witness")
}

/// A log with the first `count` witnesses.
pub(crate) fn with_witnesses(count: usize) -> LogConfig {
    let witnesses = Witnesses::new((0..count).map(witness).collect()).expect("witnesses");
    LogConfig { witnesses, ..config(ScopePolicy::Open) }
}

/// Does what a host does after a head was written. Gives what its operator is told.
pub(crate) async fn ask<B: Blobs + Clone>(registry: &TestRegistry<B>, client: &Scripted) -> Vec<String> {
    let mut told = Vec::new();
    for turn in registry.sequencer.begin_asking() {
        while let Some(asked) = registry.sequencer.ask_witness(&turn, client).await {
            told.extend(asked.err().map(|error| error.to_string()));
            if registry.sequencer.has_cosignatures() {
                let merged = registry.sequencer.merge_cosignatures().await;
                told.extend(merged.err().map(|error| error.to_string()));
            }
        }
    }
    told
}

/// A request, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) url: String,
    pub(crate) old: u64,
    pub(crate) proof: Vec<Hash>,
    pub(crate) note: SignedCheckpoint,
}

impl Asked {
    fn parse(url: &str, body: &[u8]) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let text = str::from_utf8(body).expect("UTF-8");
        let (head, note) = text.split_once("\n\n").expect("a blank line");
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).expect("an old size");
        let hash = |line| STANDARD.decode(line).ok()?.try_into().ok().map(Hash::from_bytes);
        Asked {
            url: url.to_owned(),
            old: old.parse().expect("a size"),
            proof: lines.map(|line| hash(line).expect("a hash")).collect(),
            note: SignedCheckpoint::parse(note.as_bytes()).expect("a note"),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.checkpoint().size
    }

    pub(crate) fn checkpoint(&self) -> cidery_protocol::log::Checkpoint {
        let origin: Origin = super::origin();
        self.note.verify_log(&origin, &[key(2).public_key()]).expect("signed by the log")
    }

    /// What an honest witness says at `time`.
    pub(crate) fn cosigned(&self, at: usize, time: u64) -> WitnessAnswer {
        say(200, format!("{}\n", line(&self.note, NAMES[at], &witness_key(at), time)))
    }
}

/// A signature line over this checkpoint.
pub(crate) fn line(note: &SignedCheckpoint, name: &str, key: &SecretKey, time: u64) -> String {
    let signature = key.sign(&note.cosignature_message(time)).expect("a signature");
    note.cosignature(name, &key.public_key(), time, signature).expect("a line").to_string()
}

pub(crate) fn say(status: u16, body: impl Into<Bytes>) -> WitnessAnswer {
    WitnessAnswer { status, body: body.into() }
}

type Answer = Box<dyn Fn(&Asked) -> Option<WitnessAnswer> + Send + Sync>;

/// The way to made-up witnesses.
pub(crate) struct Scripted {
    /// What they say, or that they cannot be reached.
    answer: Answer,
    asked: Mutex<VecDeque<Asked>>,
    /// As long as this is set, they say nothing at all.
    pub(crate) hangs: Arc<AtomicBool>,
}

impl Scripted {
    pub(crate) fn new(answer: impl Fn(&Asked) -> Option<WitnessAnswer> + Send + Sync + 'static) -> Self {
        Scripted { answer: Box::new(answer), asked: Mutex::default(), hangs: Arc::default() }
    }

    /// Witnesses that sign what they are asked to, at `time`.
    pub(crate) fn honest(time: u64) -> Self {
        Scripted::new(move |asked| {
            let at =
                (0..NAMES.len()).find(|at| witness(*at).url() == asked.url).expect("a configured address");
            Some(asked.cosigned(at, time))
        })
    }

    /// What they were asked since this was asked the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panicked").drain(..).collect()
    }
}

impl WitnessClient for Scripted {
    async fn post(&self, url: &str, body: Bytes) -> Result<WitnessAnswer, StoreError> {
        let asked = Asked::parse(url, &body);
        self.asked.lock().expect("nobody panicked").push_back(asked.clone());
        while self.hangs.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        (self.answer)(&asked).ok_or_else(|| StoreError::new(format!("ask `{url}`"), "it does not answer"))
    }
}
