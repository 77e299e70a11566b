//! The transparency log's formats, in the words of C2SP, so that public witnesses and monitors work on it unchanged.
//!
//! | file | what | SPEC | C2SP |
//! |---|---|---|---|
//! | `note` | text with signature lines | §7 | signed-note |
//! | `checkpoint` | origin, size and root as a note; timestamped cosignatures | §7 | tlog-checkpoint, tlog-cosignature |
//! | `merkle` | the tree's hashes; making and checking proofs | §8 | RFC 6962 §2.1 |
//! | `leaves` | proofs of several leaves at once | §8 | |
//! | `tile` | where the hashes and the entries are read | §8 | tlog-tiles |
//!
//! ```text
//!  entry bytes ── leaf_hash ──▶ appended_nodes ──▶ root ──▶ Checkpoint ── two signatures ──▶ SignedCheckpoint
//!       │                            │                                                          │
//!   encode_bundle              Tile::holding                                          verify_log, timestamp
//!       ▼                            ▼                                                          ▼
//!  tile/entries/…               tile/<L>/…  ──▶ inclusion_proof, consistency_proof ──▶ verify_inclusion, verify_consistency
//! ```
//!
//! Nothing here reads a clock, a file or a network, nothing holds a private key, and no input makes it panic.

mod checkpoint;
mod hashes;
mod leaves;
mod merkle;
mod note;
mod proof;
mod tile;

pub use checkpoint::{Checkpoint, SignedCheckpoint, cosignature_message, log_signature_message};
pub use hashes::Hashes;
pub use leaves::{prove_leaves, root_from_leaves, root_of_leaves};
pub use merkle::{
    Hash, empty_root, leaf_hash, node_hash, right_siblings, root_from_inclusion, verify_consistency,
    verify_inclusion, with_right_siblings,
};
pub use note::{KeyType, Note, NoteSignature, key_id, verifier_key};
pub use proof::{
    Node, appended_nodes, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof, root,
    root_nodes,
};
pub use tile::{Bundle, Tile, decode_bundle, encode_bundle, written_bundles, written_tiles};
