//! Why a release was refused: each variant says what was got and what was wanted.

use std::fmt;

use cidery_protocol::{Cid, Code, Error, Origin, PackageName, log::Hash};

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are said by the messages.
pub enum VerifyError {
    /// The policy breaks a rule of SPEC §10.1.
    #[error("the policy is not valid: {at}: {reason}")]
    Policy { at: String, reason: String },
    /// No rule, no trust.
    #[error("the policy has no rule for `{package}`")]
    NoRule { package: PackageName },
    /// The request is not one of SPEC §10.2.
    #[error("the request is not valid: {reason}")]
    Request { reason: String },
    /// What was remembered cannot be read.
    #[error("what was seen before cannot be read: {reason}")]
    Seen { reason: String },
    /// A part of what was given is not what it should be, for the reason that is the source.
    #[error("{part} refused")]
    Refused { part: Part, source: Error },
    /// A head whose time has not come.
    #[error("the head is from {ahead} seconds ahead of the clock, at most {most} allowed")]
    Future { ahead: u64, most: u64 },
    /// A head that says nothing about today.
    #[error("the head is {age} seconds old, at most {most} allowed")]
    Stale { age: u64, most: u64 },
    /// A log that has become smaller.
    #[error("the head of `{origin}` has {got} entries, and one with {seen} was seen")]
    Rollback { origin: Origin, got: u64, seen: u64 },
    /// A package that has gone back.
    #[error("`{package}` was answered with record {got}, and record {seen} was seen for the same range")]
    PackageRollback { package: PackageName, got: u64, seen: u64 },
    /// Two trees of one log that contradict each other. Both are shown: together with the head's bytes they are evidence.
    #[error(
        "two trees of `{origin}` contradict each other: {size} entries under {root}, {other_size} under {other_root}"
    )]
    Fork { origin: Origin, size: u64, root: Hash, other_size: u64, other_root: Hash },
    /// Nothing joins two trees of one log.
    #[error("nothing shows that the head of {head} entries continues the tree of {earlier}")]
    Unproven { head: u64, earlier: u64 },
    /// A floor that this version cannot see to be met.
    #[error("the package asks for {wanted} witnesses of the head, and this version counts none")]
    Witnesses { wanted: u64 },
    /// A package that begins with another record than the one that is pinned.
    #[error("the package begins with {got}, the policy pins {wanted}")]
    Init { got: Cid, wanted: Cid },
    /// Too few pinned keys.
    #[error("{got} of the keys that the policy pins signed, wanted {wanted}")]
    PinnedKeys { got: usize, wanted: u64 },
    /// Another package than the one that was asked for.
    #[error("the release is of `{got}`, asked for was `{wanted}`")]
    OtherPackage { got: PackageName, wanted: PackageName },
    /// Another version or other code than was asked for.
    #[error("the release is {got}, asked for was {wanted}")]
    Unsatisfied { got: String, wanted: String },
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// What was asked for.
    Request,
    /// The answer that carries receipt and head.
    Resolution,
    /// The receipt, its checkpoint and its proof.
    Receipt,
    /// The head, its checkpoint and what joins it to the receipt.
    Head,
    /// The package's `init`.
    Authority,
    /// The record of the release.
    Release,
    /// The manifest.
    Manifest,
    /// A module or source map.
    Blob,
    /// A signature by itself, with its key.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Request => "the request was",
            Part::Resolution => "the resolution was",
            Part::Receipt => "the receipt was",
            Part::Head => "the head was",
            Part::Authority => "the package's authority was",
            Part::Release => "the release was",
            Part::Manifest => "the manifest was",
            Part::Blob => "the module was",
            Part::Signature => "the signature was",
        })
    }
}

impl VerifyError {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            VerifyError::Policy { .. } => Code::PolicyInvalid,
            VerifyError::NoRule { .. } => Code::PolicyNoRule,
            VerifyError::Request { .. } => Code::RequestMalformed,
            VerifyError::Seen { .. } => Code::Usage,
            VerifyError::Refused { source, .. } => source.code(),
            VerifyError::Future { .. } => Code::LogFuture,
            VerifyError::Stale { .. } => Code::LogStale,
            VerifyError::Rollback { .. } | VerifyError::PackageRollback { .. } => Code::LogRollback,
            VerifyError::Fork { .. } => Code::LogFork,
            VerifyError::Unproven { .. } => Code::LogUnproven,
            VerifyError::Witnesses { .. } => Code::RecordFloor,
            VerifyError::Init { .. } => Code::PolicyInit,
            VerifyError::PinnedKeys { .. } => Code::PolicyKey,
            VerifyError::OtherPackage { .. } => Code::RequestPackage,
            VerifyError::Unsatisfied { .. } => Code::RequestUnsatisfied,
        }
    }
}

impl Part {
    /// Says which part an error of the protocol is about.
    pub(crate) fn refuse(self) -> impl FnOnce(Error) -> VerifyError {
        move |source| VerifyError::Refused { part: self, source }
    }
}
