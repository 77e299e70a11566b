//! Why a server does not start.

use std::{io, net::SocketAddr, path::PathBuf};

use cidery_keys::KeyError;
use cidery_protocol::Code;

/// Why a server does not start, or does not stop as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
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
    /// Another server has the data.
    #[error("another server is using `{}`", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The data are of another log than was asked for.
    #[error("the log in `{}` is `{got}`, wanted `{wanted}`", path.display())]
    Origin {
        /// The folder.
        path: PathBuf,
        /// Its log.
        got: String,
        /// What the configuration asks for.
        wanted: String,
    },
    /// The operator's `config.toml` breaks its format.
    #[error("`{}` is not valid: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A log that exists has lost a key. With a new one it would be another log.
    #[error("the log's key `{}` is gone", path.display())]
    KeyLost {
        /// The key's file.
        path: PathBuf,
    },
    /// A key of the log cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The registry refuses.
    #[error(transparent)]
    Registry(#[from] cidery_registry::Error),
    /// The sequencer ended by itself.
    #[error("the sequencer has ended")]
    Sequencer,
}

impl ServerError {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            ServerError::Listen { .. } | ServerError::File { .. } | ServerError::Locked { .. } => {
                Code::Environment
            }
            ServerError::Origin { .. } | ServerError::Config { .. } => Code::Usage,
            ServerError::KeyLost { .. } => Code::KeyUnusable,
            ServerError::Key(error) => error.code(),
            ServerError::Registry(error) => error.code(),
            ServerError::Sequencer => Code::Internal,
        }
    }

    /// What can be done about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            ServerError::Listen { .. } => Some("choose another address or port".to_owned()),
            ServerError::Locked { .. } => {
                Some("stop the other server, or choose another data folder".to_owned())
            }
            ServerError::Origin { .. } => {
                Some("an origin never changes: choose another data folder".to_owned())
            }
            ServerError::Config { .. } => Some(
                "it may hold `origin = \"…\"`, `scopes` as \"open\", \"closed\" or a table of scopes and their keys, and `[[witnesses]]`, each with name, url and key"
                    .to_owned(),
            ),
            ServerError::KeyLost { .. } => Some(
                "put it back from a copy: a log never changes its key; for a new log choose another data folder"
                    .to_owned(),
            ),
            ServerError::Key(error) => error.hint(),
            ServerError::Registry(error) => Some(error.body().hint),
            _ => None,
        }
    }

    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| ServerError::File { action, path, source }
    }
}
