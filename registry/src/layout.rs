//! Where objects stand in the store.
//!
//! | key | object | |
//! |---|---|---|
//! | `blobs/<cid>` | the bytes | never changes |
//! | `manifests/<cid>` | a manifest | never changes |
//! | `receipts/<record cid>` | a receipt | never changes |
//! | `packages/@scope/name` | CBOR: the package's state, from which reads answer | the sequencer's |
//! | `records/@scope/name/<N>` | a page of SPEC §11.6: the package's records from 64 N on | the sequencer's |
//! | `releases/<manifest cid>` | JSON of SPEC §11.1: who carries the manifest | the sequencer's |
//! | `log/checkpoint` | the newest checkpoint with its cosignatures | the sequencer's |
//! | `log/keys` | JSON of `GET /v1/log`: the log's origin and public keys | the sequencer's |
//! | `log/tile/…` | tiles and entry bundles (SPEC §8.3) | never change once a checkpoint covers them |

use cidery_protocol::{Cid, PackageName};

/// The newest checkpoint.
pub const CHECKPOINT: &str = "log/checkpoint";

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

/// A package's state.
pub fn package(name: &PackageName) -> String {
    format!("packages/{name}")
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
