//! The error codes of SPEC §13: one word per way of being refused, the same in Rust, HTTP, the CLI and every binding.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $word:literal;)+) => {
        /// A reason for a refusal (SPEC §13).
        ///
        /// ```
        /// use cidery_protocol::Code;
        /// assert_eq!(Code::LogStale.as_str(), "log.stale");
        /// assert_eq!("log.stale".parse(), Ok(Code::LogStale));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of SPEC §13.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The word that stands for it everywhere.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $word,)+ }
            }
        }

        impl std::str::FromStr for Code {
            type Err = UnknownCode;
            fn from_str(word: &str) -> Result<Self, UnknownCode> {
                match word { $($word => Ok(Code::$variant),)+ _ => Err(UnknownCode) }
            }
        }
    };
}

codes! {
    /// Text or bytes are not a CID of the profile, or a field holds the other codec.
    CidMalformed = "cid.malformed";
    /// Bytes do not hash to the CID under which they were asked for.
    CidMismatch = "cid.mismatch";
    /// Not a package name.
    NameMalformed = "name.malformed";
    /// Not a version.
    VersionMalformed = "version.malformed";
    /// Not a range.
    RangeMalformed = "range.malformed";
    /// Not an ed25519 public key of the profile.
    KeyMalformed = "key.malformed";
    /// Not the name of a channel.
    ChannelMalformed = "channel.malformed";
    /// Not the origin of a log.
    OriginMalformed = "origin.malformed";
    /// A bound of SPEC §12 is exceeded.
    LimitExceeded = "limit.exceeded";
    /// Not canonical DAG-CBOR of the expected shape.
    CborMalformed = "cbor.malformed";
    /// A manifest breaks a rule of SPEC §5.
    ManifestInvalid = "manifest.invalid";
    /// A module path is not allowed, or two of them collide.
    ManifestPath = "manifest.path";
    /// A manifest names the packages that it links in another way than SPEC §5.2 says.
    ManifestImports = "manifest.imports";
    /// A module has another length than its manifest says.
    ModuleSize = "module.size";
    /// A text module begins with a byte order mark or is not UTF-8.
    ModuleEncoding = "module.encoding";
    /// A module's SHA-256 is not the one in its manifest.
    ModuleSha256 = "module.sha256";
    /// Not an envelope.
    EnvelopeMalformed = "envelope.malformed";
    /// The payload type is unknown or not the one of the record.
    EnvelopeType = "envelope.type";
    /// A signature is invalid, or of a key that is not authorised.
    EnvelopeSignature = "envelope.signature";
    /// A record breaks a rule of SPEC §6.
    RecordInvalid = "record.invalid";
    /// A record of another log.
    RecordOrigin = "record.origin";
    /// A record of another package.
    RecordPackage = "record.package";
    /// A record's sequence or `prev` does not follow the newest record.
    RecordSequence = "record.sequence";
    /// A record's `authority` is not the current one.
    RecordAuthority = "record.authority";
    /// Fewer distinct keys signed than the threshold asks for.
    RecordThreshold = "record.threshold";
    /// A release is below a floor of its authority, or a record lowers one without the right to.
    RecordFloor = "record.floor";
    /// A record changes recovery keys, or uses them, without the right to.
    RecordRecovery = "record.recovery";
    /// A record names a release that the package does not have.
    RecordNoRelease = "record.no_release";
    /// The version is taken by other bytes.
    RecordVersionTaken = "record.version_taken";
    /// The package exists, and a second `init` is not the first.
    RecordInitTaken = "record.init_taken";
    /// The release is void: a `rekey` revoked the keys that signed it.
    ReleaseVoid = "release.void";
    /// The release is yanked, and more severely than the policy tolerates.
    ReleaseYanked = "release.yanked";
    /// A checkpoint, receipt, head, resolution or tile is not of its format.
    LogMalformed = "log.malformed";
    /// A checkpoint is of another log.
    LogOrigin = "log.origin";
    /// A checkpoint carries no valid signature of a log key.
    LogSignature = "log.signature";
    /// A proof does not lead to the root.
    LogProof = "log.proof";
    /// Nothing shows that receipt and head, or seen and new head, are of one log.
    LogUnproven = "log.unproven";
    /// The head is older than the policy's age.
    LogStale = "log.stale";
    /// The head is from the future, or an entry is from after its head.
    LogFuture = "log.future";
    /// The head has no valid timestamp by the cosigner.
    LogTimestamp = "log.timestamp";
    /// Fewer of the policy's witnesses cosigned the head than its quorum asks for.
    LogWitnesses = "log.witnesses";
    /// The head is smaller, or the package is older, than what was seen.
    LogRollback = "log.rollback";
    /// Two heads of one log contradict each other.
    LogFork = "log.fork";
    /// Nothing shows that no newer release satisfies what was asked for, or one is there.
    LogWithheld = "log.withheld";
    /// The log's map is not the one over its records.
    LogMap = "log.map";
    /// The release is of another package than was asked for.
    RequestPackage = "request.package";
    /// The release does not satisfy the range, version or CID that was asked for.
    RequestUnsatisfied = "request.unsatisfied";
    /// The policy is not valid.
    PolicyInvalid = "policy.invalid";
    /// No rule of the policy allows the package.
    PolicyNoRule = "policy.no_rule";
    /// The registry's log is not the one that the policy, or first use, names.
    PolicyOrigin = "policy.origin";
    /// Too few of the keys that the policy pins signed.
    PolicyKey = "policy.key";
    /// The package's `init` is not the one that the policy pins.
    PolicyInit = "policy.init";
    /// No record in the chain of authority is signed by enough of the recovery keys that the policy pins.
    PolicyRecovery = "policy.recovery";
    /// The policy does not allow the channel.
    PolicyChannel = "policy.channel";
    /// The release is younger than the policy's minimum age.
    PolicyMinAge = "policy.min_age";
    /// The policy asks for provenance, and the release names none.
    PolicyProvenance = "policy.provenance";
    /// None of the releases that carry a manifest is allowed by the policy.
    PolicyNoRelease = "policy.no_release";
    /// No policy was given where one is needed.
    PolicyMissing = "policy.missing";
    /// The registry knows no such package, release or object.
    NotFound = "not_found";
    /// The scope's owner is settled by the registry's configuration.
    ScopeDenied = "scope.denied";
    /// No pending publish expects this blob.
    UploadUnexpected = "upload.unexpected";
    /// Too many publishes of the package are pending.
    UploadPending = "upload.pending";
    /// The request is not one that the registry understands.
    RequestMalformed = "request.malformed";
    /// The registry cannot be reached, or does not answer as one.
    NetworkFailed = "network.failed";
    /// The ledger and the published log disagree: the sequencer does not sign.
    LedgerDiverged = "ledger.diverged";
    /// The storage failed.
    StorageFailed = "storage.failed";
    /// A package folder cannot be bundled.
    BundleFailed = "bundle.failed";
    /// A secret key cannot be read or used.
    KeyUnusable = "key.unusable";
    /// A program, file or permission that the command needs is missing.
    Environment = "environment";
    /// The command line or configuration is wrong.
    Usage = "usage";
    /// The isolate could not be started from verified modules.
    IsolateFailed = "isolate.failed";
    /// A defect in Cidery itself.
    Internal = "internal";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no code of SPEC §13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an error code of SPEC §13")]
pub struct UnknownCode;
