//! Cidery's objects as types: every byte that is hashed, signed or logged, as SPEC.md lays it out.
//!
//! ```text
//!  modules ──► Manifest ──► Record ──► Envelope ──► SignedRecord ──► entry ──► log ──► Receipt
//!   (blobs)      (CID)       (CID)      (DSSE)      (valid signatures)  (leaf)  (tree)   and Head
//!                                                        │
//!                                                        ▼
//!                                                PackageState::apply
//! ```
//!
//! | SPEC | here |
//! |---|---|
//! | §1 canonical encoding | `canonical`, the only encoder |
//! | §2 content identifiers | [`Cid`], [`Codec`] |
//! | §3 names, versions, ranges | [`PackageName`], [`Origin`], [`Version`], [`Range`] |
//! | §4 keys and signatures | [`PublicKey`], [`Signature`] |
//! | §5 manifest | [`manifest`], [`TextCheck`] |
//! | §6 records | [`Envelope`], [`Record`], [`Authority`], [`PackageState`] |
//! | §7 log: entries, checkpoints | [`SignedRecord`], [`MapEntry`], [`log`] |
//! | §8 log: tree, proofs, tiles | [`log`] |
//! | §8.5 the map | [`map`] |
//! | §9 receipt, head, resolution, state | [`Receipt`], [`Head`], [`Resolution`], [`StateObject`] |
//! | §11.2 a package in JSON, §11.6 its log | [`PackageSummary`], [`PackageLog`] |
//! | §12 limits | [`limits`] |
//! | §13 error codes | [`Code`], [`Error::code`] |
//!
//! There is no clock here, no randomness, no I/O, no HTTP, no private key, and no opinion about whom to trust: that is
//! `cidery-verifier`. No function panics, whatever bytes it is given.

mod authority;
mod canonical;
mod cid;
mod code;
mod entry;
mod envelope;
mod error;
mod grammar;
mod key;
pub mod limits;
pub mod log;
pub mod manifest;
pub mod map;
mod name;
mod package;
mod path;
mod receipt;
mod record;
mod state;
mod summary;
mod text;
mod version;

pub use authority::Authority;
pub use cid::{Cid, Codec};
pub use code::{Code, UnknownCode};
pub use entry::{LogEntry, MapEntry, SignedRecord};
pub use envelope::{Envelope, pae};
pub use error::Error;
pub use key::{PublicKey, Signature};
pub use name::{ChannelName, Origin, PackageName};
pub use package::{Changed, ChannelState, PackageState, Pending, ReleaseState, Yanked};
pub use receipt::{
    Head, HeadFormat, Join, MapProof, PackageLog, PackageLogFormat, PackageProof, PackageProofFormat,
    Receipt, ReceiptFormat, Resolution, ResolutionFormat, Since, Standing,
};
pub use record::{
    Action, Attest, Build, Channel, Floors, NpmSource, Powers, Provenance, Reason, Record, RecordBody,
    Recovery, Rekey, Release, ReleaseRef, Severity, Signatories, Target, Transfer, Void, Yank,
};
pub use state::{
    ChannelLeaf, LeafTree, PendingAuthority, ShownLeaf, ShownLeaves, StateFormat, StateObject, VersionLeaf,
    YankLeaf, check_newest, places_for_newest,
};
pub use summary::{
    AuthoritySummary, ChannelSummary, PackageSummary, PendingSummary, RecoverySummary, ReleaseSummary,
    TargetSummary, YankSummary,
};
pub use text::TextCheck;
pub use version::{Range, Version};
