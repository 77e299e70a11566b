//! Why a release was refused: each variant says what was got and what was wanted.

use std::fmt;

use cidery_protocol::{
    ChannelName, Cid, Code, Error, Origin, PackageName, Reason, Severity, Version, log::Hash,
};

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
    /// A channel that the rule does not name.
    #[error("the policy's rule `{pattern}` does not allow the channel `{channel}`")]
    Channel { pattern: String, channel: ChannelName },
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
    /// Too few witnesses, by what the policy asks for.
    #[error("{got} of the policy's witnesses cosigned the head in time, wanted {wanted}")]
    Witnesses { got: u64, wanted: u64 },
    /// A witness's line that is not its signature.
    #[error("the line of the witness `{name}` in the head is not its signature")]
    WitnessLine { name: String },
    /// A log that has become smaller.
    #[error("the head of `{origin}` has {got} entries, and one with {seen} was seen")]
    Rollback { origin: Origin, got: u64, seen: u64 },
    /// A package that has gone back.
    #[error("the newest record of `{package}` is {got} by its state, and record {seen} was seen")]
    PackageRollback { package: PackageName, got: u64, seen: u64 },
    /// Two trees of one log that contradict each other. Both are shown: together with the head's bytes they are evidence.
    #[error(
        "two trees of `{origin}` contradict each other: {size} entries under {root}, {other_size} under {other_root}"
    )]
    Fork { origin: Origin, size: u64, root: Hash, other_size: u64, other_root: Hash },
    /// A package that is gone.
    #[error("the log has no package `{package}`, and its record {seen} was seen")]
    PackageGone { package: PackageName, seen: u64 },
    /// Nothing joins two trees of one log.
    #[error("nothing shows that the head of {head} entries continues the tree of {earlier}")]
    Unproven { head: u64, earlier: u64 },
    /// A head that says nothing of the package.
    #[error("the head does not show how the package stands, and the policy asks for it")]
    NoStanding,
    /// A map that is logged after the head that covers it.
    #[error("the log's map is from {got}, and the head is from {head}")]
    MapLater { got: u64, head: u64 },
    /// A state in which an authority has waited beyond its time.
    #[error(
        "an authority was due {overdue} seconds before the head, and does not hold; at most {most} allowed"
    )]
    Unsettled { overdue: u64, most: u64 },
    /// Authorities that do not lead to the one that holds.
    #[error("the authorities that are shown end with {got}, and by the package's state {wanted} holds")]
    OtherAuthority { got: Cid, wanted: Cid },
    /// Too few witnesses, by what the package asks for.
    #[error(
        "the package asks for {wanted} witnesses of the head, and {got} of the policy's cosigned it in time"
    )]
    WitnessFloor { got: u64, wanted: u64 },
    /// A package that begins with another record than the one that is pinned.
    #[error("the package begins with {got}, the policy pins {wanted}")]
    Init { got: Cid, wanted: Cid },
    /// An authority that does not come from the pinned recovery keys.
    #[error(
        "{got} of the recovery keys that the policy pins signed a record of the package's authority, wanted {wanted}"
    )]
    PinnedRecovery { got: u64, wanted: u64 },
    /// An entry that is logged after the head that covers it.
    #[error("the release was logged at {got}, and the head is from {head}")]
    LoggedLater { got: u64, head: u64 },
    /// A record under an authority that had been replaced when it was made.
    #[error("record {sequence} stands under the authority {authority}, which record {by} had replaced")]
    Replaced { sequence: u64, authority: Cid, by: u64 },
    /// A channel that a `rekey` made void.
    #[error("the channel `{channel}` is void: {by} revoked the keys that signed it")]
    ChannelVoid { channel: ChannelName, by: Cid },
    /// A release that is yanked, and more severely than is tolerated.
    #[error("the release {version} is yanked: {}, severity {}", word(.reason), word(.severity))]
    Yanked { version: Version, severity: Severity, reason: Reason },
    /// Too few pinned keys.
    #[error("{got} of the keys that the policy pins signed, wanted {wanted}")]
    PinnedKeys { got: u64, wanted: u64 },
    /// A release without provenance, which the policy asks for.
    #[error("the policy asks for provenance, and the release names none")]
    Provenance,
    /// A release of an npm package of which too little was verified when it was imported.
    #[error("the policy asks for `{wanted}` by the npm registry, and the release has [{}]", got.join(", "))]
    Npm { got: Vec<String>, wanted: String },
    /// A release that is too young.
    #[error("the release was logged {age} seconds before the head, the policy wants {least}")]
    MinAge { age: u64, least: u64 },
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
    /// The policy.
    Policy,
    /// What was asked for.
    Request,
    /// The answer that carries receipt and head.
    Resolution,
    /// The proof of a package.
    PackageProof,
    /// The receipt, its checkpoint and its proof.
    Receipt,
    /// The head, its checkpoint and what joins it to the receipt.
    Head,
    /// The chain of the package's authority.
    Authority,
    /// The record of the release.
    Release,
    /// The authorities since.
    Succession,
    /// The map under the head.
    Map,
    /// The package's state.
    State,
    /// The yank of the release.
    Yank,
    /// The channel.
    Channel,
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
            Part::Policy => "the policy was",
            Part::Request => "the request was",
            Part::Resolution => "the resolution was",
            Part::PackageProof => "the proof of the package was",
            Part::Receipt => "the receipt was",
            Part::Head => "the head was",
            Part::Authority => "the package's authority was",
            Part::Release => "the release was",
            Part::Succession => "what took over since was",
            Part::Map => "the log's map was",
            Part::State => "the package's state was",
            Part::Yank => "the yank of the release was",
            Part::Channel => "the channel was",
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
            VerifyError::Channel { .. } => Code::PolicyChannel,
            VerifyError::Request { .. } => Code::RequestMalformed,
            VerifyError::Seen { .. } => Code::Usage,
            VerifyError::Refused { source, .. } => source.code(),
            VerifyError::Future { .. } | VerifyError::LoggedLater { .. } | VerifyError::MapLater { .. } => {
                Code::LogFuture
            }
            VerifyError::Stale { .. } | VerifyError::Unsettled { .. } => Code::LogStale,
            VerifyError::Witnesses { .. } | VerifyError::WitnessLine { .. } => Code::LogWitnesses,
            VerifyError::Rollback { .. }
            | VerifyError::PackageRollback { .. }
            | VerifyError::PackageGone { .. } => Code::LogRollback,
            VerifyError::Fork { .. } => Code::LogFork,
            VerifyError::Unproven { .. } | VerifyError::NoStanding => Code::LogUnproven,
            VerifyError::WitnessFloor { .. } => Code::RecordFloor,
            VerifyError::Init { .. } => Code::PolicyInit,
            VerifyError::PinnedRecovery { .. } => Code::PolicyRecovery,
            VerifyError::Replaced { .. } | VerifyError::OtherAuthority { .. } => Code::RecordAuthority,
            VerifyError::ChannelVoid { .. } => Code::ReleaseVoid,
            VerifyError::Yanked { .. } => Code::ReleaseYanked,
            VerifyError::PinnedKeys { .. } => Code::PolicyKey,
            VerifyError::Provenance => Code::PolicyProvenance,
            VerifyError::Npm { .. } => Code::PolicyNpm,
            VerifyError::MinAge { .. } => Code::PolicyMinAge,
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

/// A severity, a reason and the like in its own word.
pub(crate) fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
