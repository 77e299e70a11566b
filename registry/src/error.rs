//! Refusals and failures, and the one table from codes to HTTP's status (SPEC §13).

use cidery_keys::KeyError;
use cidery_protocol::{ChannelName, Cid, Code, Error as Refusal, PackageName};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Why a registry does not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes or text that are not one of SPEC's objects, or may not follow what came before.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log's or cosigner's key could not sign.
    #[error("the log cannot sign")]
    Key(#[from] KeyError),
    /// Nothing of this name.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The path is there, for other methods.
    #[error("`{path}` takes {allowed} and not `{got}`")]
    Method {
        /// The path.
        path: String,
        /// The method.
        got: String,
        /// The methods that it takes.
        allowed: &'static str,
    },
    /// A request that is none.
    #[error("not a request that is understood: {reason}")]
    Request {
        /// What is wrong with it.
        reason: String,
    },
    /// Who begins packages in the scope is settled, and it is someone else.
    #[error("none of the keys that signed may begin a package in the scope `@{scope}`")]
    Scope {
        /// The scope, without its `@`.
        scope: String,
    },
    /// No release that may be given out: each one that was asked for is yanked.
    #[error("every release of `{package}` that `{asked}` finds is yanked")]
    Yanked {
        /// The package.
        package: PackageName,
        /// The range.
        asked: String,
    },
    /// A channel that names nothing until it is set again.
    #[error("the channel `{channel}` is void: {by} revoked the keys that signed it")]
    VoidChannel {
        /// The channel.
        channel: ChannelName,
        /// The `rekey`.
        by: Cid,
    },
    /// A blob that nobody announced.
    #[error("no pending publish of the record {record} expects the blob {blob}")]
    UploadUnexpected {
        /// The blob.
        blob: Cid,
        /// The record that it is said to be for.
        record: Cid,
    },
    /// Too much is pending.
    #[error("{limit} publishes of `{package}` are pending, and no more are taken")]
    UploadPending {
        /// The package.
        package: PackageName,
        /// How many may be.
        limit: usize,
    },
    /// Too much is waiting for the next group.
    #[error("{limit} {what} wait to be logged, and no more are taken")]
    Busy {
        /// Publishes, or bytes of their manifests.
        what: &'static str,
        /// How many may wait.
        limit: usize,
    },
    /// A key has two roles, or two holders (SPEC §4.3).
    #[error("{} and {} have the same key {key}", .holders[0], .holders[1])]
    OneKey {
        /// Who has it: the log, its cosigner, witnesses.
        holders: [String; 2],
        /// The key, as text.
        key: String,
    },
    /// The witnesses that the operator names cannot be used.
    #[error("the witnesses cannot be used: {reason}")]
    Witnesses {
        /// What is wrong with them.
        reason: String,
    },
    /// A witness did not cosign the head. Nobody but the operator waits for it.
    #[error("the witness `{name}` did not cosign the head: {reason}")]
    Unwitnessed {
        /// The witness.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The ledger and the published log are not of one history.
    #[error("the ledger and the published log disagree: {reason}")]
    Diverged {
        /// In what.
        reason: String,
    },
    /// Something that cannot be, unless there is a defect.
    #[error("a defect: {reason}")]
    Internal {
        /// What was found.
        reason: String,
    },
    /// What a sequencer elsewhere said.
    #[error("{}", .0.message)]
    Relayed(ErrorBody),
}

/// An error as it goes over the wire: the inner object of `{ "error": … }` (SPEC §11.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The word of SPEC §13.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What can be done about it.
    pub hint: String,
}

impl Error {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            Error::Refused(refusal) => refusal.code(),
            Error::Store(_) => Code::StorageFailed,
            Error::Key(error) => error.code(),
            Error::NotFound { .. } => Code::NotFound,
            Error::Method { .. } | Error::Request { .. } => Code::RequestMalformed,
            Error::Scope { .. } => Code::ScopeDenied,
            Error::Yanked { .. } => Code::ReleaseYanked,
            Error::VoidChannel { .. } => Code::ReleaseVoid,
            Error::UploadUnexpected { .. } => Code::UploadUnexpected,
            Error::UploadPending { .. } | Error::Busy { .. } => Code::UploadPending,
            Error::OneKey { .. } => Code::KeyUnusable,
            Error::Witnesses { .. } => Code::Usage,
            Error::Unwitnessed { .. } => Code::NetworkFailed,
            Error::Diverged { .. } => Code::LedgerDiverged,
            Error::Internal { .. } => Code::Internal,
            Error::Relayed(body) => body.code.parse().unwrap_or(Code::Internal),
        }
    }

    /// The status of the answer that carries it.
    pub fn status(&self) -> u16 {
        match self {
            Error::Method { .. } => 405,
            _ => status(self.code()),
        }
    }

    /// What goes over the wire.
    pub fn body(&self) -> ErrorBody {
        match self {
            Error::Relayed(body) => body.clone(),
            _ => ErrorBody {
                code: self.code().to_string(),
                message: self.to_string(),
                hint: hint(self.code()).to_owned(),
            },
        }
    }

    pub(crate) fn request(reason: impl Into<String>) -> Self {
        Error::Request { reason: reason.into() }
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Error::NotFound { what: what.into() }
    }

    pub(crate) fn witnesses(reason: impl Into<String>) -> Self {
        Error::Witnesses { reason: reason.into() }
    }

    pub(crate) fn internal(reason: impl Into<String>) -> Self {
        Error::Internal { reason: reason.into() }
    }
}

/// The column "HTTP" of SPEC §13. What stands in a path or query is 400, what was sent as an object is 422, except where another
/// word says it better.
pub fn status(code: Code) -> u16 {
    match code {
        Code::RequestMalformed
        | Code::CidMalformed
        | Code::NameMalformed
        | Code::VersionMalformed
        | Code::RangeMalformed
        | Code::ChannelMalformed
        | Code::OriginMalformed => 400,
        Code::ScopeDenied | Code::UploadUnexpected => 403,
        Code::NotFound => 404,
        Code::RecordVersionTaken | Code::RecordInitTaken | Code::RecordSequence => 409,
        Code::ReleaseVoid | Code::ReleaseYanked => 410,
        Code::LimitExceeded => 413,
        Code::UploadPending => 429,
        Code::LedgerDiverged | Code::StorageFailed | Code::KeyUnusable | Code::Environment | Code::Usage => {
            503
        }
        Code::Internal => 500,
        _ => 422,
    }
}

/// What can be done about it.
fn hint(code: Code) -> &'static str {
    match code {
        Code::NameMalformed => "a package is called `@scope/name`, in lower-case ASCII (SPEC §3.1)",
        Code::VersionMalformed => {
            "a version is like `1.2.3` or `1.2.3-rc.1`, without build metadata (SPEC §3.2)"
        }
        Code::RangeMalformed => "a range is like `^1.2`, `1.x` or `*`; tags are not ranges (SPEC §3.3)",
        Code::CidMalformed => {
            "a CID is 59 characters, `bafkr4i…` for blobs and `bafyr4i…` for objects (SPEC §2.1)"
        }
        Code::CidMismatch => "send the bytes that the CID was computed over",
        Code::NotFound => "check the spelling, and that it was published to this registry",
        Code::RequestMalformed => "SPEC §11 lists the requests",
        Code::RecordVersionTaken => "a version is taken for ever: publish the next one",
        Code::RecordInitTaken => "the package belongs to the keys of its first record: choose another name",
        Code::RecordSequence => {
            "another record came first: read the package again, and sign a record that follows the newest one"
        }
        Code::ChannelMalformed => {
            "a channel is called by 1 to 64 of a-z, 0-9 and `-`, after a letter (SPEC §3.6)"
        }
        Code::RecordPackage => "the records of one publish are of one package",
        Code::RecordNoRelease => "`GET /v1/packages/{package}` lists the releases, and the record of each",
        Code::RecordRecovery => {
            "recovery keys are changed by a `rekey` that recovery keys sign, and by nothing else (SPEC §6.6)"
        }
        Code::ReleaseVoid => {
            "a `rekey` has revoked the keys that signed it: publish it again as another version"
        }
        Code::ReleaseYanked => {
            "its publisher took it back: ask for another version, or name the severities to tolerate in `yanked`"
        }
        Code::RecordOrigin => "sign for the origin that `GET /v1/log` names",
        Code::RecordAuthority => {
            "name the package's current `authority`, which `GET /v1/packages/{package}` gives"
        }
        Code::RecordThreshold => "more of the package's keys must sign",
        Code::EnvelopeSignature => "sign with the keys of the package, and with no others",
        Code::EnvelopeType => "the payload type says the record's kind (SPEC §6.2)",
        Code::LimitExceeded => "SPEC §12 lists the limits",
        Code::ScopeDenied => "publish to a scope of yours, or ask the registry's operator for this one",
        Code::UploadUnexpected => {
            "post the signed records first: the answer lists the blobs that are taken, for an hour"
        }
        Code::UploadPending => {
            "finish or wait for the publishes that are pending; each is forgotten after an hour"
        }
        Code::ModuleSize => "send exactly the bytes that the manifest describes, with their content-length",
        Code::ModuleEncoding => "modules of kind esm, cjs, json and text are UTF-8 without a byte order mark",
        Code::ModuleSha256 => "the manifest's SHA-256 is not that of the bytes: make the manifest again",
        Code::ManifestPath => "module paths are relative, of A-Z a-z 0-9 . _ @ + ~ - and / (SPEC §5.1)",
        Code::ManifestInvalid => "SPEC §5.2 lists the rules of a manifest",
        Code::ManifestImports => "bundle the dependencies into the package",
        Code::RecordInvalid => "SPEC §6.3 lists the rules of a record",
        Code::RecordFloor => "the package's authority asks for more than this record has",
        Code::CborMalformed => "encode the object as SPEC §1.3 says, with no bytes after it",
        Code::EnvelopeMalformed => "records are sent as DSSE envelopes (SPEC §6.1)",
        Code::LedgerDiverged | Code::StorageFailed | Code::KeyUnusable | Code::Usage => {
            "nothing was lost: send the same request again later; the operator has to look at the registry"
        }
        Code::Internal => "report it, with the request that led to it",
        _ => "SPEC §13 says what the code means",
    }
}
