//! What a verifier is given: by itself something that verifies, until a test changes it.

use cidery_protocol::{
    Cid, Codec, Head, HeadFormat, Join, Receipt, ReceiptFormat, Since, Standing, log::right_siblings,
};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use super::{
    log::{cosign, public},
    plan::{Built, COSIGNER, LOG, Mapped, ORIGIN, PACKAGE, PUBLISHER, TIME, VERSION},
};

/// When the head is judged, and how old it may be.
pub const NOW: u64 = TIME + 100;
pub const MAX_AGE: u64 = 3_600;

pub struct Case {
    pub now: u64,
    pub policy: Value,
    pub request: Value,
    pub seen: Value,
    pub receipt: Receipt,
    pub head: Head,
    /// Changes of the encoded objects.
    pub receipt_bytes: fn(Vec<u8>) -> Vec<u8>,
    pub head_bytes: fn(Vec<u8>) -> Vec<u8>,
    pub manifest: Vec<u8>,
    pub modules: Vec<(String, Vec<u8>)>,
}

impl Case {
    pub fn new(built: &Built) -> Self {
        let log_trust = json!({
            "logKeys": [public(LOG).to_string()], "cosigner": public(COSIGNER).to_string(), "maxAge": MAX_AGE,
        });
        let request = json!({ "package": PACKAGE, "range": "^1" });
        Case {
            now: NOW,
            policy: json!({
                "origins": { ORIGIN: log_trust },
                "packages": { "@acme/*": { "origin": ORIGIN, "keys": [public(PUBLISHER).to_string()] } },
            }),
            seen: json!({ "format": "cidery-seen-v1", "logs": {} }),
            receipt: receipt(built),
            head: head(built, &built.map, &request),
            request,
            receipt_bytes: |bytes| bytes,
            head_bytes: |bytes| bytes,
            manifest: built.manifest.clone(),
            modules: built
                .modules
                .iter()
                .map(|(path, _, bytes)| ((*path).to_owned(), bytes.clone()))
                .collect(),
        }
    }

    /// The policy's trust in the log.
    pub fn log(&mut self) -> &mut Value {
        &mut self.policy["origins"][ORIGIN]
    }

    /// The rule of the policy.
    pub fn rule(&mut self) -> &mut Value {
        &mut self.policy["packages"]["@acme/*"]
    }

    /// Another rule in its place, with the same origin.
    pub fn pin(&mut self, mut rule: Value) {
        rule["origin"] = json!(ORIGIN);
        *self.rule() = rule;
    }

    /// The policy pins the `init` alone, so that other keys may have the say.
    pub fn pin_init(&mut self, built: &Built) {
        self.pin(json!({ "init": built.package.records[0].cid.to_string() }));
    }

    /// Asks for something else, and an honest registry answers.
    pub fn ask(&mut self, built: &Built, request: Value) {
        self.head.standing = Some(built.standing(&request));
        self.request = request;
    }

    /// Asks for another range.
    pub fn range(&mut self, built: &Built, range: &str) {
        self.ask(built, json!({ "package": PACKAGE, "range": range }));
    }

    /// Asks for the version.
    pub fn version(&mut self, built: &Built) {
        self.ask(built, json!({ "package": PACKAGE, "version": VERSION }));
    }

    /// Asks for the version with its code, as a lock does.
    pub fn lock(&mut self, built: &Built) {
        let manifest = Cid::of(Codec::DagCbor, &built.manifest).to_string();
        self.ask(built, json!({ "package": PACKAGE, "version": VERSION, "manifest": manifest }));
    }

    /// Asks for a channel, which the policy allows.
    pub fn channel(&mut self, built: &Built, channel: &str, bucket: u64) {
        self.rule()["channels"] = json!([channel]);
        self.ask(built, json!({ "package": PACKAGE, "channel": channel, "bucket": bucket }));
    }

    /// What the head shows of the package.
    pub fn standing(&mut self) -> &mut Standing {
        self.head.standing.as_mut().expect("a standing")
    }

    /// Remembers the log at a size, under the given root.
    pub fn remember(&mut self, size: u64, root: impl ToString) {
        let log = json!({ "size": size, "root": root.to_string(), "packages": {} });
        self.seen["logs"][ORIGIN] = log;
    }

    /// Remembers the head itself, and a record of the package.
    pub fn remember_package(&mut self, built: &Built, sequence: u64) {
        self.remember(built.log.size(), built.log.root(built.log.size()));
        self.seen["logs"][ORIGIN]["packages"] = json!({ PACKAGE: sequence });
    }

    /// The policy knows these witnesses, named by their seeds, and asks for so many of them.
    pub fn witnesses(&mut self, seeds: &[u8], quorum: u64) {
        let witness = |seed: &u8| json!({ "name": witness_name(*seed), "key": public(*seed).to_string() });
        self.log()["witnesses"] = seeds.iter().map(witness).collect();
        self.log()["quorum"] = json!(quorum);
    }

    /// The head is cosigned by the witness at a time.
    pub fn witnessed(&mut self, seed: u8, time: u64) {
        let signed = cidery_protocol::log::SignedCheckpoint::parse(&self.head.checkpoint).expect("a note");
        let signed = cosign(&signed, &witness_name(seed), seed, time);
        self.head.checkpoint = ByteBuf::from(signed.to_bytes());
    }
}

pub fn witness_name(seed: u8) -> String {
    format!("witness.example/{seed}")
}

/// The receipt that an honest registry gives.
pub fn receipt(built: &Built) -> Receipt {
    let Built { log, first, index, .. } = built;
    Receipt {
        format: ReceiptFormat::V1,
        chain: built.chain(),
        record: ByteBuf::from(log.entries[*index as usize].clone()),
        index: *index,
        checkpoint: ByteBuf::from(log.checkpoint(*first).to_bytes()),
        inclusion: log.inclusion(*index, *first).into(),
    }
}

/// The head that ends with a map, with the release's inclusion.
pub fn head(built: &Built, map: &Mapped, request: &Value) -> Head {
    Head {
        format: HeadFormat::V1,
        checkpoint: ByteBuf::from(built.log.cosigned(map.size, TIME).to_bytes()),
        join: join(built, built.index, map.size),
        standing: Some(built.standing_in(map, request)),
        since: None,
    }
}

/// The inclusion of an entry at a size, as it follows from that at an earlier one.
pub fn join(built: &Built, index: u64, size: u64) -> Join {
    Join::Inclusion(right_siblings(index, size, &built.log.inclusion(index, size)).into())
}

/// What a client that has seen `size` asks for.
pub fn since(built: &Built, size: u64) -> Option<Since> {
    Some(Since { size, consistency: built.log.consistency(size, built.log.size()).into() })
}
