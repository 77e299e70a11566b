//! Why a witness does not cosign, or does not start.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

use cidery_keys::KeyError;
use cidery_protocol::{Code, Error, Origin};

/// Why a witness does not cosign, or does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessError {
    /// A body that is none of `add-checkpoint`.
    #[error("not a request that is understood: {reason}")]
    Request {
        /// What is wrong with it.
        reason: String,
    },
    /// A body that is too long.
    #[error("the body has more than {limit} bytes")]
    Large {
        /// Bytes that are read.
        limit: usize,
    },
    /// What follows the blank line is no checkpoint of SPEC §7.
    #[error(transparent)]
    Checkpoint(Error),
    /// A log that this witness does not watch.
    #[error("this witness does not watch the log")]
    UnknownLog,
    /// No signature of the log's keys, or one that does not verify.
    #[error("the checkpoint has no valid signature by a key of `{origin}` that this witness knows")]
    Unsigned {
        /// The log.
        origin: Origin,
    },
    /// The old tree would be larger than the one that is shown.
    #[error("the old size is {old}, and the checkpoint's {size}")]
    OldSize {
        /// The size on the first line.
        old: u64,
        /// The checkpoint's.
        size: u64,
    },
    /// Another tree was cosigned last.
    #[error("the old size is {got}, wanted {wanted}, which was cosigned last")]
    Conflict {
        /// The size on the first line.
        got: u64,
        /// The one that was cosigned last.
        wanted: u64,
    },
    /// The log signed two trees of one size.
    #[error("the log `{}` signed two trees of {} entries", contradiction.origin, contradiction.size)]
    Fork {
        /// Both of them.
        contradiction: Box<Contradiction>,
        /// The size on the first line.
        old: u64,
        /// Whether this one was not seen before.
        is_new: bool,
    },
    /// The proof does not lead from the tree that was cosigned last to the one that is shown.
    #[error(transparent)]
    Proof(Error),
    /// The clock is behind what was cosigned, or has no time.
    #[error("the clock says {now}, and {last} was cosigned")]
    Clock {
        /// The clock's seconds since 1970.
        now: u64,
        /// Those of the last cosignature.
        last: u64,
    },
    /// The state cannot be read or written.
    #[error("cannot {action}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The key cannot be used.
    #[error("the witness cannot sign")]
    Key(#[from] KeyError),
    /// A defect.
    #[error("the work on a request ended before its answer")]
    Internal,
    /// Not a name for a witness.
    #[error("`{got}` is not 1 to 128 printable ASCII characters without spaces and +")]
    Name {
        /// The text.
        got: String,
    },
    /// Nothing says what a new witness is called.
    #[error("a new witness in `{}` needs a name", path.display())]
    NoName {
        /// The data folder.
        path: PathBuf,
    },
    /// Nothing says which logs to watch.
    #[error("the witness in `{}` watches no log", path.display())]
    NoLogs {
        /// The data folder.
        path: PathBuf,
    },
    /// A log has no keys, or too many.
    #[error("the log `{origin}` has {got} keys, wanted 1 to {limit}")]
    LogKeys {
        /// The log.
        origin: Origin,
        /// Its keys.
        got: usize,
        /// The most.
        limit: usize,
    },
    /// The witness's key is a log's (SPEC §4.3).
    #[error("the witness's key is also the key of the log `{origin}`")]
    KeyRole {
        /// The log.
        origin: Origin,
    },
    /// No witness was ever in the folder.
    #[error("no witness is in `{}`", path.display())]
    NoWitness {
        /// The data folder.
        path: PathBuf,
    },
    /// The data are of another witness.
    #[error("the witness in `{}` is `{got}`, wanted `{wanted}`", path.display())]
    OtherWitness {
        /// The data folder.
        path: PathBuf,
        /// Its witness, as a verifier key.
        got: String,
        /// The one that was asked for.
        wanted: String,
    },
    /// The witness has lost what it cosigned: it would believe anything.
    #[error("the witness's state `{}` is gone", path.display())]
    StateLost {
        /// The file.
        path: PathBuf,
    },
    /// The witness's own key file is gone.
    #[error("the witness's key `{}` is gone", path.display())]
    KeyLost {
        /// The file.
        path: PathBuf,
    },
    /// The operator's `config.toml` breaks its format.
    #[error("`{}` is not valid: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A file or folder of the data cannot be used.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process has the data.
    #[error("another witness is using `{}`", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// Two trees of one size that a log has signed. Both notes together convince anybody who knows the log's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The log.
    pub origin: Origin,
    /// Entries of both trees.
    pub size: u64,
    /// The note that was cosigned, without the cosignature.
    pub ours: Vec<u8>,
    /// The other one.
    pub theirs: Vec<u8>,
}

/// The two notes, one after the other.
impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, theirs) = (String::from_utf8_lossy(&self.ours), String::from_utf8_lossy(&self.theirs));
        write!(f, "this was cosigned:\n\n{ours}\nthis was shown later:\n\n{theirs}")
    }
}

impl WitnessError {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            WitnessError::Request { .. } | WitnessError::OldSize { .. } => Code::RequestMalformed,
            WitnessError::Large { .. } => Code::LimitExceeded,
            WitnessError::Checkpoint(error) => error.code(),
            WitnessError::UnknownLog => Code::LogOrigin,
            WitnessError::Unsigned { .. } => Code::LogSignature,
            WitnessError::Conflict { .. } => Code::LogUnproven,
            WitnessError::Fork { .. } => Code::LogFork,
            WitnessError::Proof(_) => Code::LogProof,
            WitnessError::Store { .. } => Code::StorageFailed,
            WitnessError::Key(error) => error.code(),
            WitnessError::KeyLost { .. } => Code::KeyUnusable,
            WitnessError::Internal => Code::Internal,
            WitnessError::Clock { .. }
            | WitnessError::NoWitness { .. }
            | WitnessError::StateLost { .. }
            | WitnessError::File { .. }
            | WitnessError::Locked { .. }
            | WitnessError::Listen { .. } => Code::Environment,
            WitnessError::Name { .. }
            | WitnessError::NoName { .. }
            | WitnessError::NoLogs { .. }
            | WitnessError::LogKeys { .. }
            | WitnessError::KeyRole { .. }
            | WitnessError::OtherWitness { .. }
            | WitnessError::Config { .. } => Code::Usage,
        }
    }

    /// What can be done about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            WitnessError::Clock { .. } => {
                "set the machine's clock; a witness whose clock was far ahead cosigns again once that time has come"
            }
            WitnessError::Name { .. } | WitnessError::NoName { .. } => {
                "a name looks like an address without `https://`: `--name witness.example/w1`, or `name` in config.toml"
            }
            WitnessError::NoLogs { .. } => {
                "name a log and its key: `--log registry.example/log=z6Mk…`, or below [logs] in config.toml; a registry shows \
                 both at /v1/log"
            }
            WitnessError::KeyRole { .. } => "a key has one role: give the witness a key of its own",
            WitnessError::NoWitness { .. } => {
                "`cidery witness serve --name NAME --log ORIGIN=KEY` begins one; `--data` names another folder"
            }
            WitnessError::OtherWitness { .. } => {
                "a witness never changes its name or key: choose another data folder for another one"
            }
            WitnessError::StateLost { .. } => {
                "put it back only if nothing was cosigned since; otherwise choose a new key and a new data folder, and tell \
                 those who trust the old one"
            }
            WitnessError::KeyLost { .. } => {
                "put it back from a copy; for another key choose another data folder"
            }
            WitnessError::Config { .. } => {
                "it may hold `name = \"…\"`, and below [logs] lines such as `\"registry.example/log\" = [\"z6Mk…\"]`"
            }
            WitnessError::Locked { .. } => "stop the other witness, or choose another data folder",
            WitnessError::Listen { .. } => "choose another address or port",
            WitnessError::Key(error) => return error.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Whether this is for the operator to know: a log was caught, or the witness cannot do its work.
    pub fn is_for_operator(&self) -> bool {
        match self {
            WitnessError::Fork { is_new, .. } => *is_new,
            WitnessError::Clock { .. }
            | WitnessError::Store { .. }
            | WitnessError::Key(_)
            | WitnessError::Internal => true,
            _ => false,
        }
    }

    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| WitnessError::File { action, path, source }
    }

    pub(crate) fn store(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| WitnessError::Store { action, source }
    }
}
