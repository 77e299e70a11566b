//! Where objects stand in the store.
//!
//! | key | object | |
//! |---|---|---|
//! | `blobs/<cid>` | the bytes | never changes |
//! | `manifests/<cid>` | a manifest | never changes |
//! | `receipts/<record cid>` | a receipt | never changes |
//! | `packages/@scope/name/<state cid>` | CBOR: a package's whole state, from which reads answer | never changes once a checkpoint covers it |
//! | `map/<hash>` | a page of the map (SPEC §8.7) | never changes |
//! | `records/@scope/name/<N>` | a page of SPEC §11.6: the package's records from 64 N on | the sequencer's |
//! | `releases/<manifest cid>` | JSON of SPEC §11.1: who carries the manifest | the sequencer's |
//! | `log/checkpoint` | the newest checkpoint with its cosignatures, for whoever follows the log | the sequencer's |
//! | `log/head` | the newest checkpoint under which everything else is written, for whoever reads packages | the sequencer's |
//! | `log/map/<size>` | the last entry of a checkpoint: the root of the map | never changes once a checkpoint covers it |
//! | `log/keys` | JSON of `GET /v1/log`: the log's origin and public keys | the sequencer's |
//! | `log/tile/…` | tiles and entry bundles (SPEC §8.3) | never change once a checkpoint covers them |
//!
//! States, pages and map entries are deleted when they have been replaced under a head, and that head by another one: whoever
//! reads slowly and finds one gone begins again, with the newest head.

use cidery_protocol::{Cid, PackageName, log::Hash};

/// The newest checkpoint.
pub const CHECKPOINT: &str = "log/checkpoint";

/// A copy of a checkpoint, once everything that reads need of it is written.
pub const HEAD: &str = "log/head";

/// Whose log it is.
pub const KEYS: &str = "log/keys";

/// A blob.
pub fn blob(cid: &Cid) -> String {
    format!("blobs/{cid}")
}

/// A manifest.
pub fn manifest(cid: &Cid) -> String {
    format!("manifests/{cid}")
}

/// The receipt of a record.
pub fn receipt(record: &Cid) -> String {
    format!("receipts/{record}")
}

/// A package's state, by its value in the map.
pub fn package(name: &PackageName, state: &Cid) -> String {
    format!("packages/{name}/{state}")
}

/// A page of the map.
pub fn map_page(hash: &Hash) -> String {
    format!("map/{hash}")
}

/// The map entry of the checkpoint of a size.
pub fn map_entry(size: u64) -> String {
    format!("log/map/{size}")
}

/// Records of a package on one page of its log.
pub const PAGE: u64 = 64;

/// A page of a package's log.
pub fn page(name: &PackageName, number: u64) -> String {
    format!("records/{name}/{number}")
}

/// Which releases carry a manifest.
pub fn releases(manifest: &Cid) -> String {
    format!("releases/{manifest}")
}

/// Whether an object is small, at most 1 MiB, and never changes: a manifest or a receipt. A host may keep copies of it.
pub fn is_small_and_final(key: &str) -> bool {
    key.starts_with("manifests/") || key.starts_with("receipts/")
}

/// A tile or entry bundle, by its path in SPEC §8.3.
pub fn log(path: &str) -> String {
    format!("log/{path}")
}
