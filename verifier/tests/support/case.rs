//! What a verifier is given: by itself something that verifies, until a test changes it.

use cidery_protocol::{Head, HeadFormat, Join, Receipt, ReceiptFormat, Since};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use super::{
    log::public,
    plan::{Built, COSIGNER, LOG, ORIGIN, PUBLISHER, Plan},
};

/// When the head was cosigned, and when it is judged.
pub const TIME: u64 = 1_790_000_000;
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
    pub fn new(plan: &Plan, built: &Built) -> Self {
        let Built { log, first, index, .. } = built;
        let log_trust = json!({
            "logKeys": [public(LOG).to_string()], "cosigner": public(COSIGNER).to_string(), "maxAge": MAX_AGE,
        });
        Case {
            now: NOW,
            policy: json!({
                "origins": { ORIGIN: log_trust },
                "packages": { "@acme/*": { "origin": ORIGIN, "keys": [public(PUBLISHER).to_string()] } },
            }),
            request: json!({ "package": "@acme/hello", "range": "^1" }),
            seen: json!({ "logs": {}, "packages": {} }),
            receipt: Receipt {
                format: ReceiptFormat::V1,
                chain: vec![ByteBuf::from(built.init.clone())],
                release: ByteBuf::from(log.entries[*index as usize].clone()),
                index: *index,
                checkpoint: ByteBuf::from(log.checkpoint(*first).to_bytes()),
                inclusion: log.inclusion(*index, *first),
            },
            head: head(built, log.size(), TIME),
            receipt_bytes: |bytes| bytes,
            head_bytes: |bytes| bytes,
            manifest: built.manifest.clone(),
            modules: plan
                .modules
                .iter()
                .map(|(path, _, bytes)| ((*path).to_owned(), bytes.clone()))
                .collect(),
        }
    }

    /// The rule of the policy.
    pub fn rule(&mut self) -> &mut Value {
        &mut self.policy["packages"]["@acme/*"]
    }

    /// Remembers the log at a size, under the given root.
    pub fn remember(&mut self, size: u64, root: impl ToString) {
        self.seen["logs"][ORIGIN] = json!({ "size": size, "root": root.to_string() });
    }
}

/// The head at a size, with the release's inclusion.
pub fn head(built: &Built, size: u64, time: u64) -> Head {
    Head {
        format: HeadFormat::V1,
        checkpoint: ByteBuf::from(built.log.cosigned(size, time).to_bytes()),
        join: Join::Inclusion(built.log.inclusion(built.index, size)),
        since: None,
    }
}

/// What a client that has seen `size` asks for.
pub fn since(built: &Built, size: u64) -> Option<Since> {
    Some(Since { size, consistency: built.log.consistency(size, built.log.size()) })
}
