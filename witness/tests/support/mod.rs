//! A log as witnesses see it: a tree that grows, checkpoints that it signs, and proofs; and what lies about one.

#![allow(dead_code, unreachable_pub)] // Each test binary takes what it needs.

pub mod http;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_keys::{SecretKey, Signer, sign_checkpoint};
use cidery_protocol::{
    Origin,
    log::{Checkpoint, Hash, Node, appended_nodes, consistency_proof, leaf_hash, root},
};

pub const ORIGIN: &str = "log.example";
pub const NAME: &str = "witness.example/w1";
/// A time, in seconds since 1970.
pub const NOW: u64 = 1_790_000_000;

pub fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub fn origin() -> Origin {
    ORIGIN.parse().expect("an origin")
}

/// A log with its key, and its tree at every size up to its own.
#[derive(Clone)]
pub struct Log {
    pub origin: Origin,
    seed: u8,
    nodes: BTreeMap<Node, Hash>,
}

impl Log {
    /// The log `log.example`, signed by the key of the seed 1.
    pub fn new(size: u64) -> Self {
        Log::of(ORIGIN, 1, size)
    }

    pub fn of(origin: &str, seed: u8, size: u64) -> Self {
        Log { origin: origin.parse().expect("an origin"), seed, nodes: BTreeMap::new() }.grown(0, size, 0)
    }

    /// The same log with another history from entry `at` on.
    pub fn forked(&self, at: u64, size: u64) -> Self {
        Log { nodes: BTreeMap::new(), ..self.clone() }.grown(0, at, 0).grown(at, size, 1)
    }

    /// Signed by another key.
    pub fn by(&self, seed: u8) -> Self {
        Log { seed, ..self.clone() }
    }

    fn grown(mut self, from: u64, to: u64, history: u64) -> Self {
        for number in from..to {
            let leaf = leaf_hash(&[number.to_be_bytes(), history.to_be_bytes()].concat());
            let read = |node| Ok::<_, cidery_protocol::Error>(self.nodes[&node]);
            let added = appended_nodes(number, leaf, read).expect("they are there");
            self.nodes.extend(added);
        }
        self
    }

    pub fn checkpoint(&self, size: u64) -> Checkpoint {
        let read = |node| Ok::<_, cidery_protocol::Error>(self.nodes[&node]);
        Checkpoint { origin: self.origin.clone(), size, root: root(size, read).expect("they are there") }
    }

    /// The signed checkpoint.
    pub fn note(&self, size: u64) -> String {
        let signed = sign_checkpoint(&self.checkpoint(size), &key(self.seed)).expect("a signature");
        String::from_utf8(signed.to_bytes()).expect("a note")
    }

    pub fn proof(&self, from: u64, to: u64) -> Vec<Hash> {
        let read = |node| Ok::<_, cidery_protocol::Error>(self.nodes[&node]);
        consistency_proof(from, to, read).expect("a proof")
    }

    /// What is sent to `add-checkpoint`.
    pub fn body(&self, old: u64, size: u64) -> Vec<u8> {
        body(old, &self.proof(old, size), &self.note(size))
    }

    pub fn public_key(&self) -> cidery_protocol::PublicKey {
        key(self.seed).public_key()
    }
}

pub fn body(old: u64, proof: &[Hash], note: &str) -> Vec<u8> {
    let proof: String = proof.iter().map(|hash| STANDARD.encode(hash.as_bytes()) + "\n").collect();
    format!("old {old}\n{proof}\n{note}").into_bytes()
}
