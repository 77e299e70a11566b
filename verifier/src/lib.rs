//! Decides whether a release may run (SPEC §10). It is given bytes, a policy and the time, and answers with a verdict or with
//! the first reason against.
//!
//! ```text
//!  Request, TrustPolicy, Seen, now ──┐
//!                                    ▼
//!  receipt, head ──────────────▶ prove ──▶ ProvenRelease ── with_manifest ──▶ Verified ── blob ──▶ BlobCheck
//!   (any mirror)                 (1)–(14)    names the        (15)             │           ▲          │
//!                                   │        manifest's CID     ▲              │         chunks       ▼
//!                                   ▼                     manifest bytes       ▼                    it is what
//!                                explain                                 Seen::advance             was signed
//! ```
//!
//! Each arrow is the only way to what it points at: a [`ProvenRelease`] or a [`Verified`] cannot be made otherwise, and says
//! nothing that has not been verified. Where the manifest is at hand from the start, [`verify`] does both steps; [`explain`]
//! watches the same steps and says what each of them looked at.
//!
//! | SPEC | here |
//! |---|---|
//! | §6.4, §11.2 a package by its records | [`replay`](fn@replay), [`History`] |
//! | §7 a whole log | [`LogReplay`], [`LogTree`], [`Fault`] |
//! | §10.1 policy | [`TrustPolicy`], [`PolicyDocument`], `policy.schema.json` |
//! | §10.2 request | [`Request`], [`bucket`] |
//! | §10.3 what was seen | [`Seen`] |
//! | §10.4 steps and verdict | [`prove`], [`verify`], [`explain`], [`Verified`] |
//! | §10.5 modules | [`BlobCheck`] |
//! | §10.6 isolate | [`Isolate`] |
//! | §10.7 what a log has done wrong | [`Evidence`] |
//! | §10.8 a package by the log's map | [`verify_package_proof`], [`ProvenPackage`] |
//!
//! What it is not: there is no clock here, no network, no storage, no randomness and no private key; it does not judge whether
//! code is good, only whose it is. No function panics, whatever bytes it is given.

mod blob;
mod error;
mod evidence;
mod explain;
mod history;
mod isolate;
mod json;
mod policy;
mod prove;
mod replay;
mod request;
mod seen;
mod signature;
mod trace;
mod verdict;
mod verified;

use trace::Check;

pub use blob::BlobCheck;
pub use error::{Part, VerifyError};
pub use evidence::{
    CoveredTree, Evidence, EvidenceError, EvidenceKind, Shown, ShownEntry, ShownHash, ShownMap,
};
pub use explain::{ExplainedStep, Explanation, StepVerdict, explain};
pub use history::{History, ReplayError, replay};
pub use isolate::Isolate;
pub use policy::{
    LogDocument, LogTrust, PolicyDocument, Quorum, RecoveryDocument, Revocation, Rule, RuleDocument,
    TrustPolicy, Witness, WitnessDocument,
};
pub use prove::{prove, verify, verify_head, verify_package_proof, verify_package_proof_of};
pub use replay::{Fault, LogReplay, LogTree, Logged};
pub use request::{Request, Wanted, bucket};
pub use seen::{Seen, SeenLog, Sighting};
pub use signature::verify_signature;
pub use verified::{ProvenHead, ProvenPackage, ProvenRelease, Verified};
