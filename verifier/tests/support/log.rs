//! The log: entries, and whatever a real one says about them.

use cidery_protocol::{
    Error, Origin, PublicKey, Signature,
    log::{
        Checkpoint, Hash, Node, SignedCheckpoint, consistency_proof, inclusion_proof, leaf_hash,
        log_signature_message, node_hash, root,
    },
};
use ed25519_dalek::{Signer, SigningKey};

/// The key of a seed; the test's names for seeds are in [`plan`](super::plan).
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(key(seed).verifying_key().to_bytes()).expect("a public key")
}

pub fn sign(seed: u8, message: &[u8]) -> [u8; 64] {
    key(seed).sign(message).to_bytes()
}

#[derive(Clone)]
pub struct Log {
    pub origin: Origin,
    pub key: u8,
    pub cosigner: u8,
    pub entries: Vec<Vec<u8>>,
}

impl Log {
    pub fn new(origin: &str) -> Self {
        Log { origin: origin.parse().expect("an origin"), key: 2, cosigner: 3, entries: Vec::new() }
    }

    /// The index of the new entry.
    pub fn append(&mut self, entry: Vec<u8>) -> u64 {
        self.entries.push(entry);
        self.size() - 1
    }

    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn root(&self, size: u64) -> Hash {
        root(size, |node| Ok::<_, Error>(self.node(node))).expect("a root")
    }

    pub fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion_proof(index, size, |node| Ok::<_, Error>(self.node(node))).expect("a proof")
    }

    pub fn consistency(&self, from: u64, to: u64) -> Vec<Hash> {
        consistency_proof(from, to, |node| Ok::<_, Error>(self.node(node))).expect("a proof")
    }

    /// A checkpoint with the log's signature.
    pub fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root: self.root(size) };
        let signature = Signature::from_bytes(sign(self.key, &log_signature_message(&checkpoint)));
        SignedCheckpoint::assemble(&checkpoint, &public(self.key), signature).expect("a checkpoint")
    }

    /// The same with the operator's cosignature.
    pub fn cosigned(&self, size: u64, time: u64) -> SignedCheckpoint {
        cosign(&self.checkpoint(size), &self.origin.cosigner(), self.cosigner, time)
    }

    fn node(&self, Node { level, index }: Node) -> Hash {
        match level.checked_sub(1) {
            None => leaf_hash(&self.entries[index as usize]),
            Some(level) => {
                let child = |index| self.node(Node { level, index });
                node_hash(&child(2 * index), &child(2 * index + 1))
            }
        }
    }
}

/// The checkpoint with one cosignature more.
pub fn cosign(checkpoint: &SignedCheckpoint, name: &str, seed: u8, time: u64) -> SignedCheckpoint {
    let signature = Signature::from_bytes(sign(seed, &checkpoint.cosignature_message(time)));
    checkpoint.with_cosignature(name, &public(seed), time, signature).expect("a cosignature")
}
