//! Why a command did not do what it was asked to, and what that means for whoever called it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cidery_bundler::BundleError;
use cidery_keys::KeyError;
use cidery_protocol::{self as protocol, Cid, Code, Origin, PackageName, PublicKey};
use cidery_verifier::{EvidenceError, VerifyError};

use crate::package;

/// The one error type of the command. `Display` says what is wrong, [`Failure::hint`] what can be done about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// The command line or a file of the user's is wrong.
    #[error("{reason}")]
    Usage { reason: String, hint: Option<String> },
    /// An argument that is none of SPEC's names.
    #[error("{what} is not well-formed")]
    Argument { what: &'static str, hint: &'static str, source: protocol::Error },
    /// A file that the user wrote breaks its format.
    #[error("`{}` is not valid: {reason}", file.display())]
    Config { file: PathBuf, reason: String },
    /// A file of the command's own cannot be understood. It is never taken for an empty one: that would be forgetting.
    #[error("`{}`, which holds {holds}, is damaged or of another version: {reason}", file.display())]
    State { file: PathBuf, holds: &'static str, reason: String },
    /// A file or folder could not be read or written.
    #[error("cannot {action} `{}`", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    /// Something that the command needs is not on this machine.
    #[error("{what}")]
    Environment { what: String, hint: Option<String> },
    /// Bytes that are not what SPEC says they are.
    #[error(transparent)]
    Protocol(#[from] protocol::Error),
    /// The release, its log or the policy was refused.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A key that cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key, of several that may have been named, that cannot be used.
    #[error("the key {place} cannot be used")]
    KeyAt { place: String, source: KeyError },
    /// A passphrase that nobody can be asked for.
    #[error("{purpose} a passphrase, and there is no terminal to ask for it")]
    PassphraseUnknown { purpose: String },
    /// The folder cannot be bundled, or an npm package cannot be had.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The embedded registry.
    #[error(transparent)]
    Serve(#[from] cidery_registry_server::ServerError),
    /// The witness.
    #[error(transparent)]
    Witness(#[from] cidery_witness::WitnessError),
    /// No answer came.
    #[error("cannot reach {url}: {reason}")]
    Unreachable { url: String, reason: String },
    /// An answer came that is not one of SPEC §11.
    #[error("{url} does not answer as a registry: {reason}")]
    NotARegistry { url: String, reason: String },
    /// The registry refused, with its own words.
    #[error("the registry refuses: {message}")]
    Registry { code: Code, message: String, hint: Option<String> },
    /// The registry speaks for a log that the policy does not know.
    #[error("the registry's log is `{got}`, wanted {}", wanted.as_ref().map_or("one that the policy knows".to_owned(), |wanted| format!("`{wanted}`")))]
    OtherOrigin { got: Origin, wanted: Option<Origin> },
    /// The registry names other keys for a log than those that are trusted.
    #[error("the log `{origin}` is shown with other keys than the trusted ones: got {got}, wanted {wanted}")]
    OtherLogKeys { origin: Origin, got: String, wanted: String },
    /// The package begins with another record than the one that is trusted.
    #[error("`{package}` begins with the record {got}, wanted {wanted}")]
    OtherInit { package: PackageName, got: Cid, wanted: Cid },
    /// Nothing says whom to trust.
    #[error(
        "no policy says whom to trust for {wanted}, and with CI set a registry elsewhere is not trusted by itself"
    )]
    PolicyMissing { wanted: String },
    /// A manifest without a release that may be trusted.
    #[error("of {listed} releases with the manifest {manifest}, the policy allows none")]
    NoRelease { manifest: Cid, listed: usize },
    /// A release that another one links cannot be had, or is refused.
    #[error("cannot link `{release}`, as `{importer}` wants")]
    Linked { release: String, importer: String, source: Box<Failure> },
    /// A version that the package does not have.
    #[error("`{package}` has no release {version}")]
    NoVersion { package: PackageName, version: String },
    /// A lock that says something else.
    #[error("`{}` holds {}, asked for was `{wanted}`", file.display(), got.as_deref().unwrap_or("no release of the package"))]
    NotLocked { file: PathBuf, got: Option<String>, wanted: String },
    /// The version exists with other code.
    #[error("{package} {version} is taken: its manifest is {by}, and this folder's is {got}")]
    VersionTaken { package: PackageName, version: String, got: Cid, by: Cid },
    /// Keys that have no say over the package.
    #[error("{got} has no say in this for `{package}`")]
    KeyNotAuthorised { package: PackageName, got: Box<PublicKey> },
    /// Signatures that are still missing.
    #[error("{got} of the {wanted} keys that the {kind} wants signed")]
    Unsigned { kind: &'static str, got: usize, wanted: u64, missing: Vec<PublicKey> },
    /// A file of evidence that shows nothing.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A change that is none.
    #[error("nothing changes: {reason}")]
    Unchanged { reason: String },
    /// A module whose place in the folder is needed for the manifest.
    #[error("a module is at `{path}`, where the manifest goes")]
    ManifestPlace { path: String },
    /// workerd ended, or did not come up.
    #[error("workerd {reason}")]
    Workerd { reason: String },
    /// A step of the demonstration gave something else than it must.
    #[error("{step}: got {got}, wanted {wanted}")]
    Demo { step: &'static str, got: String, wanted: String },
}

impl Failure {
    /// The code of SPEC §13.
    pub(crate) fn code(&self) -> Code {
        match self {
            Failure::Usage { .. }
            | Failure::Config { .. }
            | Failure::State { .. }
            | Failure::Unchanged { .. } => Code::Usage,
            Failure::Argument { source, .. } => source.code(),
            Failure::File { .. } | Failure::Environment { .. } => Code::Environment,
            Failure::Protocol(error) => error.code(),
            Failure::Verify(error) => error.code(),
            Failure::Key(error) | Failure::KeyAt { source: error, .. } => error.code(),
            Failure::PassphraseUnknown { .. } => Code::KeyUnusable,
            Failure::Bundle(BundleError::Fetch { .. } | BundleError::Offline { .. }) => Code::NetworkFailed,
            Failure::Bundle(BundleError::Io { .. }) => Code::Environment,
            Failure::Bundle(_) | Failure::ManifestPlace { .. } => Code::BundleFailed,
            Failure::Serve(error) => error.code(),
            Failure::Witness(error) => error.code(),
            Failure::Unreachable { .. } | Failure::NotARegistry { .. } => Code::NetworkFailed,
            Failure::Registry { code, .. } => *code,
            Failure::OtherOrigin { .. } => Code::PolicyOrigin,
            Failure::OtherLogKeys { .. } => Code::LogSignature,
            Failure::OtherInit { .. } => Code::PolicyInit,
            Failure::PolicyMissing { .. } => Code::PolicyMissing,
            Failure::NoRelease { .. } => Code::PolicyNoRelease,
            Failure::Linked { source, .. } => source.code(),
            Failure::NotLocked { .. } => Code::RequestUnsatisfied,
            Failure::NoVersion { .. } => Code::RecordNoRelease,
            Failure::VersionTaken { .. } => Code::RecordVersionTaken,
            Failure::KeyNotAuthorised { .. } => Code::EnvelopeSignature,
            Failure::Unsigned { .. } => Code::RecordThreshold,
            Failure::Evidence(error) => error.code(),
            Failure::Workerd { .. } => Code::IsolateFailed,
            Failure::Demo { .. } => Code::Internal,
        }
    }

    /// What can be done about it, where that is known.
    pub(crate) fn hint(&self) -> Option<String> {
        let fixed = |hint: &str| Some(hint.to_owned());
        match self {
            Failure::Registry { code: Code::RecordSequence | Code::RecordAuthority, hint: None, .. } => {
                fixed(
                    "another record of the package came first: see `cidery info`, and say anew what is to be done; a file that was \
                 signed for what was before is void",
                )
            }
            Failure::Usage { hint, .. }
            | Failure::Environment { hint, .. }
            | Failure::Registry { hint, .. } => hint.clone(),
            Failure::Argument { hint, .. } => fixed(hint),
            Failure::Key(error) | Failure::KeyAt { source: error, .. } => error.hint(),
            Failure::PassphraseUnknown { .. } => fixed(
                "set CIDERY_KEY_PASSPHRASE, or give `--passphrase-file FILE`; a key that `ssh-add FILE` gave to the \
                 ssh-agent needs neither: `--key agent:`",
            ),
            Failure::Serve(error) => error.hint(),
            Failure::Witness(error) => error.hint(),
            Failure::Bundle(BundleError::Fetch { .. }) => fixed(
                "is the network there? npm packages come from the registry that .npmrc names; each is fetched once",
            ),
            Failure::Bundle(BundleError::Offline { .. }) => {
                fixed("without `--offline` it is fetched, once: later runs find it")
            }
            Failure::Bundle(BundleError::LockOutOfStep { .. }) => fixed(
                "the package manager that wrote the lock file brings it up to date: `npm install`, `pnpm install`, \
                 `bun install`",
            ),
            Failure::Bundle(BundleError::TwoLocks { .. }) => {
                fixed("they may lock different versions: delete the one that nobody keeps up to date")
            }
            Failure::Bundle(
                BundleError::UnknownKey { .. }
                | BundleError::ExpiredKey { .. }
                | BundleError::WrongSignature { .. }
                | BundleError::Attestation { .. }
                | BundleError::ManifestConfusion { .. },
            ) => fixed(
                "do not use it: tell its registry, or ask another one that you trust, by `registry` in .npmrc; another \
                 version, put in its place by `overrides` in package.json, may be sound",
            ),
            Failure::Bundle(BundleError::TooYoung { .. }) => fixed(
                "wait, or take an older version, by `overrides` in package.json or in the lock file; `--min-age`, or \
                 `min-age` under [npm] in cidery.toml, says how old it must be",
            ),
            Failure::Bundle(BundleError::UnsupportedDependency { .. }) => fixed(
                "take the package from a registry, or put it into a folder: `file:../folder`, or a workspace",
            ),
            Failure::Bundle(BundleError::NoVersion { .. } | BundleError::NoPackage { .. }) => fixed(
                "name a version that is there, or put one in the place of another's choice by `overrides` in \
                 package.json; a mirror may lag behind, and .npmrc says which registry is asked",
            ),
            Failure::Bundle(BundleError::Io { .. }) => {
                fixed("is the path there, and may it be read and written?")
            }
            Failure::Unreachable { .. } => fixed("is the registry running? `cidery serve` starts one"),
            Failure::PolicyMissing { .. } => {
                fixed("give `--policy FILE`, or `--trust-first` to trust what the registry shows now")
            }
            Failure::Verify(error) => hint_of(error).map(str::to_owned),
            Failure::File { path, source, .. }
                if source.kind() == io::ErrorKind::NotFound && path.ends_with(package::FILE) =>
            {
                fixed("it holds `name`, `version` and, under [compatibility], `date`")
            }
            Failure::Linked { source, .. } => source.hint(),
            Failure::OtherLogKeys { .. } | Failure::OtherInit { .. } => fixed(
                "ask the registry's operator; `trust.json` in the configuration folder holds what is trusted",
            ),
            Failure::VersionTaken { .. } => fixed("a version is taken for ever: choose the next one"),
            Failure::KeyNotAuthorised { .. } => fixed("`cidery info NAME` shows the keys that may sign"),
            Failure::NotLocked { .. } => {
                fixed("`cidery lock REF` verifies a release and puts it into the lock")
            }
            Failure::Unsigned { missing, .. } => Some(unsigned(missing)),
            Failure::State { holds, .. } => Some(format!(
                "put a copy of it back; or move it away, and {holds} is forgotten: what the registry shows next is believed"
            )),
            _ => None,
        }
    }

    /// What the process says with its exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Argument { .. } => Exit::Usage,
            _ => Exit::of(self.code()),
        }
    }

    /// A package that the registry does not know.
    pub(crate) fn unknown_package(package: &PackageName) -> Self {
        let message = format!("it has no package `{package}`");
        Failure::Registry { code: Code::NotFound, message, hint: None }
    }

    /// An error of the file system, with what was tried.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Failure::File { action, path, source }
    }
}

fn unsigned(missing: &[PublicKey]) -> String {
    let keys: Vec<String> = missing.iter().map(PublicKey::to_string).collect();
    format!(
        "who can still sign: {}; name more keys with --key, or let others sign: --unsigned-out writes a file for `cidery sign`",
        keys.join(", ")
    )
}

/// What can be done about the refusals that a person can do something about.
fn hint_of(error: &VerifyError) -> Option<&'static str> {
    match error {
        VerifyError::NoRule { .. } => {
            Some("what has no rule is not trusted: add one for the package, or for `@scope/*`, to the policy")
        }
        VerifyError::Channel { .. } => Some("`channels` of the rule names those that may be asked for"),
        VerifyError::PinnedKeys { .. } => Some(
            "ask the publisher which keys are theirs before the policy pins others; `cidery info NAME` shows those in use",
        ),
        VerifyError::Stale { .. } => Some(
            "is this machine's clock right? If so, the registry does not keep its log up to date: ask its operator",
        ),
        _ => None,
    }
}

/// Exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something was refused: by Cidery, the registry, or the bundler.
    Refused = 1,
    /// The command line or a file of the user's is wrong.
    Usage = 2,
    /// The machine, the network or the registry is not ready.
    Environment = 3,
}

impl Exit {
    /// The one place that says which code ends how.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::Usage | Code::PolicyInvalid | Code::PolicyMissing => Exit::Usage,
            Code::NetworkFailed
            | Code::StorageFailed
            | Code::LedgerDiverged
            | Code::KeyUnusable
            | Code::Environment
            | Code::Internal => Exit::Environment,
            _ => Exit::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
