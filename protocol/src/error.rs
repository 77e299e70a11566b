//! What can be wrong with bytes, each with what was got and what was wanted.

use crate::{Cid, Code};

/// Why bytes or text are not one of SPEC's objects, or may not follow what came before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are said by the messages.
pub enum Error {
    /// Not a CID of SPEC §2.
    #[error("`{got}` is not a CID of the profile: {reason}")]
    Cid { got: String, reason: &'static str },
    /// Bytes that hash to something else.
    #[error("the bytes hash to {got}, wanted {wanted}")]
    Digest { got: Cid, wanted: Cid },
    /// Not a package name of SPEC §3.
    #[error("`{got}` is not a package name: {reason}")]
    Name { got: String, reason: &'static str },
    /// Not a version of SPEC §3.
    #[error("`{got}` is not a version: {reason}")]
    Version { got: String, reason: String },
    /// Not a range of SPEC §3.
    #[error("`{got}` is not a range: {reason}")]
    Range { got: String, reason: String },
    /// Not the name of a channel, SPEC §3.
    #[error("`{got}` is not the name of a channel: {reason}")]
    Channel { got: String, reason: &'static str },
    /// Not the origin of a log, SPEC §3.
    #[error("`{got}` is not an origin: {reason}")]
    Origin { got: String, reason: &'static str },
    /// Not a public key of SPEC §4.
    #[error("not an ed25519 public key: {reason}")]
    Key { reason: &'static str },
    /// Larger than SPEC §12 allows.
    #[error("{what}: got {got}, at most {limit} allowed")]
    Limit { what: &'static str, got: u64, limit: u64 },
    /// Not canonical DAG-CBOR of the expected shape.
    #[error("{what} is not canonical DAG-CBOR of its shape: {reason}")]
    Cbor { what: &'static str, reason: String },
    /// A manifest that breaks a rule.
    #[error("manifest refused: {reason}")]
    Manifest { reason: String },
    /// A module path that is not allowed.
    #[error("module path `{got}` refused: {reason}")]
    Path { got: String, reason: &'static str },
    /// Linked packages in another order, or one of them twice.
    #[error("imports are not sorted by name, or one is there twice")]
    Imports,
    /// A module of another length.
    #[error("module `{path}` has {got} bytes, wanted {wanted}")]
    ModuleSize { path: String, got: u64, wanted: u64 },
    /// A text module that is not UTF-8 or begins with a byte order mark.
    #[error("module `{path}` {reason}")]
    ModuleEncoding { path: String, reason: &'static str },
    /// A module whose SHA-256 differs.
    #[error("module `{path}` does not have the SHA-256 that its manifest says")]
    ModuleSha256 { path: String },
    /// Not an envelope.
    #[error("not an envelope: {reason}")]
    Envelope { reason: String },
    /// A payload type that is unknown, or of another kind.
    #[error("payload type `{got}` refused: {reason}")]
    PayloadType { got: String, reason: &'static str },
    /// A signature that does not verify, or is by a key that has no say.
    #[error("signature {index} of {what} {reason}")]
    Signature { what: &'static str, index: usize, reason: &'static str },
    /// A record that breaks a rule.
    #[error("record refused: {reason}")]
    Record { reason: String },
    /// A record of another log.
    #[error("the record is of the log `{got}`, wanted `{wanted}`")]
    RecordOrigin { got: String, wanted: String },
    /// A record of another package.
    #[error("the record is of the package `{got}`, wanted `{wanted}`")]
    RecordPackage { got: String, wanted: String },
    /// A record out of its turn.
    #[error("the record has {field} {got}, wanted {wanted}")]
    RecordSequence { field: &'static str, got: String, wanted: String },
    /// A record under an authority that is not the current one.
    #[error("the record names the authority {got}, wanted {wanted}")]
    RecordAuthority { got: String, wanted: String },
    /// Too few signatures.
    #[error("{got} of {wanted} required keys signed")]
    Threshold { got: usize, wanted: u64 },
    /// A release below a floor, or a record that lowers one without the right to.
    #[error("below the floor of the package's authority: {reason}")]
    Floor { reason: String },
    /// A change of recovery keys, or by recovery keys, that is not theirs to make.
    #[error("recovery refused: {reason}")]
    Recovery { reason: &'static str },
    /// A release that the package does not have.
    #[error("the package has no release {version} with the record {record}")]
    NoRelease { version: String, record: Cid },
    /// A release that a `rekey` made void.
    #[error("the release {version} is void: {by} revoked the keys that signed it")]
    Void { version: String, by: Cid },
    /// A version that is taken.
    #[error("version {version} is taken by the record {by}")]
    VersionTaken { version: String, by: Cid },
    /// A package that exists.
    #[error("the package exists: its init is {by}")]
    InitTaken { by: Cid },
    /// Something of the log that is not of its format.
    #[error("{what} malformed: {reason}")]
    Log { what: &'static str, reason: String },
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log `{got}`, wanted `{wanted}`")]
    LogOrigin { got: String, wanted: String },
    /// A checkpoint without a valid signature of the key that was asked for.
    #[error("the checkpoint of `{origin}` has no valid signature by the log's key")]
    LogSignature { origin: String },
    /// A checkpoint without a valid timestamp of the key that was asked for.
    #[error("the checkpoint of `{origin}` has no valid timestamp by the cosigner `{cosigner}`")]
    LogTimestamp { origin: String, cosigner: String },
    /// A Merkle proof that does not lead to the root.
    #[error("{what} proof refused: {reason}")]
    Proof { what: &'static str, reason: &'static str },
    /// Nothing shows that a release is the newest one of its range (SPEC §9.5).
    #[error("{chosen} is not shown to be the greatest version in `{range}`: of those above it, {found}")]
    Withheld { chosen: String, range: String, found: String },
}

impl Error {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            Error::Cid { .. } => Code::CidMalformed,
            Error::Digest { .. } => Code::CidMismatch,
            Error::Name { .. } => Code::NameMalformed,
            Error::Version { .. } => Code::VersionMalformed,
            Error::Range { .. } => Code::RangeMalformed,
            Error::Channel { .. } => Code::ChannelMalformed,
            Error::Origin { .. } => Code::OriginMalformed,
            Error::Key { .. } => Code::KeyMalformed,
            Error::Limit { .. } => Code::LimitExceeded,
            Error::Cbor { .. } => Code::CborMalformed,
            Error::Manifest { .. } => Code::ManifestInvalid,
            Error::Path { .. } => Code::ManifestPath,
            Error::Imports => Code::ManifestImports,
            Error::ModuleSize { .. } => Code::ModuleSize,
            Error::ModuleEncoding { .. } => Code::ModuleEncoding,
            Error::ModuleSha256 { .. } => Code::ModuleSha256,
            Error::Envelope { .. } => Code::EnvelopeMalformed,
            Error::PayloadType { .. } => Code::EnvelopeType,
            Error::Signature { .. } => Code::EnvelopeSignature,
            Error::Record { .. } => Code::RecordInvalid,
            Error::RecordOrigin { .. } => Code::RecordOrigin,
            Error::RecordPackage { .. } => Code::RecordPackage,
            Error::RecordSequence { .. } => Code::RecordSequence,
            Error::RecordAuthority { .. } => Code::RecordAuthority,
            Error::Threshold { .. } => Code::RecordThreshold,
            Error::Floor { .. } => Code::RecordFloor,
            Error::Recovery { .. } => Code::RecordRecovery,
            Error::NoRelease { .. } => Code::RecordNoRelease,
            Error::Void { .. } => Code::ReleaseVoid,
            Error::VersionTaken { .. } => Code::RecordVersionTaken,
            Error::InitTaken { .. } => Code::RecordInitTaken,
            Error::Log { .. } => Code::LogMalformed,
            Error::LogOrigin { .. } => Code::LogOrigin,
            Error::LogSignature { .. } => Code::LogSignature,
            Error::LogTimestamp { .. } => Code::LogTimestamp,
            Error::Proof { .. } => Code::LogProof,
            Error::Withheld { .. } => Code::LogWithheld,
        }
    }
}

/// Untrusted text as it may stand in a message: bounded, and with nothing that a terminal would obey.
pub(crate) fn quote(text: &str) -> String {
    const SHOWN: usize = 64;
    let mut quoted: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().nth(SHOWN).is_some() {
        quoted.push('…');
    }
    quoted
}
