//! Why a key cannot be used. No message holds anything of a key but its public half.

use std::path::PathBuf;

use cidery_protocol::Code;

/// Why a secret key cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system refused a file operation.
    #[error("cannot {action} the key file `{path}`", path = path.display())]
    File {
        /// What was tried: read, create.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A key file is never overwritten.
    #[error("`{path}` exists, and a key file is never overwritten", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner can reach the key file, so that it may not be a secret any more.
    #[error("`{path}` is open to others: its mode is {mode:04o}, wanted 0600", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Longer than any key file of one key.
    #[error("a key file of more than {limit} bytes")]
    Large {
        /// Bytes that are read.
        limit: usize,
    },
    /// Not a key in OpenSSH's private key format.
    #[error("not an OpenSSH private key: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A key of another algorithm.
    #[error("the key is of the algorithm {got}, wanted ssh-ed25519")]
    Algorithm {
        /// Its algorithm, by OpenSSH's name.
        got: String,
    },
    /// The key is behind a passphrase.
    #[error("the key is encrypted with a passphrase, which is not supported by this version")]
    Encrypted,
    /// The system gave no randomness for a new key.
    #[cfg(feature = "files")]
    #[error("the operating system gives no randomness")]
    Randomness(#[from] getrandom::Error),
    /// What was to be signed was refused.
    #[error(transparent)]
    Refused(#[from] cidery_protocol::Error),
}

impl KeyError {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            KeyError::Large { .. } | KeyError::Malformed { .. } | KeyError::Algorithm { .. } => {
                Code::KeyMalformed
            }
            KeyError::Refused(error) => error.code(),
            _ => Code::KeyUnusable,
        }
    }

    /// What can be done about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            KeyError::Exposed { path, .. } => {
                Some(format!("`chmod 600 {}`; replace the key if others may have read it", path.display()))
            }
            KeyError::Exists { .. } => Some("choose another file, or move this one away".to_owned()),
            KeyError::Encrypted => {
                Some("use a key without a passphrase; `ssh-keygen -p -f FILE` takes it away".to_owned())
            }
            KeyError::Malformed { .. } | KeyError::Algorithm { .. } => {
                Some("`ssh-keygen -t ed25519` makes a key of the right kind".to_owned())
            }
            _ => None,
        }
    }
}
