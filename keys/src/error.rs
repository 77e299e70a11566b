//! Why a key cannot be used. No message holds anything of a key but its public half.

use std::path::PathBuf;

use cidery_protocol::{Code, PublicKey};

use crate::secret::OPENSSH;

/// Why a secret key cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The system refused a file operation.
    #[error("cannot {action} `{path}`", path = path.display())]
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
    /// Not a key in a format that is read.
    #[error("not {wanted} private key: {reason}")]
    Malformed {
        /// The format: an OpenSSH, a PKCS#8.
        wanted: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A key of another algorithm.
    #[error("the key is of the algorithm {got}, wanted ssh-ed25519")]
    Algorithm {
        /// Its algorithm, by its name or number.
        got: String,
    },
    /// The key is behind a passphrase, and nobody can be asked for it here.
    #[error("the key is encrypted with a passphrase, wanted one without")]
    Encrypted,
    /// PKCS#8 behind a passphrase, which is not read.
    #[error("the key is in encrypted PKCS#8, wanted PKCS#8 without a passphrase or an OpenSSH private key")]
    EncryptedPkcs8,
    /// The key is behind another passphrase.
    #[error("the passphrase does not open the key")]
    Passphrase,
    /// Too short or too long for a passphrase.
    #[error("a passphrase of {got} bytes, wanted 1 to {limit}")]
    PassphraseLength {
        /// Its bytes.
        got: usize,
        /// Bytes that it may have.
        limit: usize,
    },
    /// Not one line of text.
    #[error("the passphrase is not one line of UTF-8")]
    PassphraseText,
    /// No ssh-agent answers.
    #[error("cannot talk to the ssh-agent at `{socket}`", socket = socket.display())]
    AgentUnreachable {
        /// Its socket.
        socket: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What answers does not speak the protocol of ssh-agents.
    #[error("the ssh-agent's answer is not one of its protocol: {reason}")]
    AgentAnswer {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The ssh-agent does not hold the key.
    #[error("the ssh-agent does not hold {wanted}, but {held} other ed25519 keys")]
    AgentLacks {
        /// The key.
        wanted: Box<PublicKey>,
        /// How many others it holds.
        held: usize,
    },
    /// The ssh-agent holds none or several keys, and none was chosen.
    #[error("the ssh-agent holds {held} ed25519 keys, wanted exactly one where none is named")]
    AgentAmbiguous {
        /// How many it holds.
        held: usize,
    },
    /// The ssh-agent will not sign.
    #[error("the ssh-agent refuses to sign with {key}")]
    AgentRefuses {
        /// The key.
        key: Box<PublicKey>,
    },
    /// The ssh-agent signed with something else.
    #[error("the ssh-agent's signature is not one by {key}")]
    AgentSignature {
        /// The key.
        key: Box<PublicKey>,
    },
    /// The system gave no randomness for a new key.
    #[cfg(feature = "files")]
    #[error("the operating system gives no randomness")]
    Randomness(#[from] getrandom::Error),
    /// What was to be signed was refused.
    #[error(transparent)]
    Refused(#[from] cidery_protocol::Error),
}

impl KeyError {
    /// What is wrong with an OpenSSH private key; the messages of its parser hold nothing of the key.
    pub(crate) fn openssh(error: ssh_key::Error) -> Self {
        KeyError::Malformed { wanted: OPENSSH, reason: error.to_string() }
    }

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
            KeyError::EncryptedPkcs8 => Some(
                "`openssl pkey -in FILE | cidery keys import -` reads it, and asks for its passphrase"
                    .to_owned(),
            ),
            KeyError::AgentUnreachable { .. } => Some(
                "is it running? SSH_AUTH_SOCK names its socket; `ssh-add -l` lists what it holds".to_owned(),
            ),
            KeyError::AgentLacks { .. } | KeyError::AgentAmbiguous { .. } => {
                Some("`cidery keys list` shows what it holds; `ssh-add FILE` gives it a key".to_owned())
            }
            KeyError::AgentRefuses { .. } => {
                Some("was its question declined, or is it locked? `ssh-add -X` unlocks it".to_owned())
            }
            KeyError::Malformed { .. } | KeyError::Algorithm { .. } => {
                Some("`ssh-keygen -t ed25519` makes a key of the right kind".to_owned())
            }
            _ => None,
        }
    }
}
