//! Where the command keeps what outlives it.

use std::env;
use std::path::PathBuf;

use crate::failure::Failure;

/// The user's folders.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    /// Keys, the policy, and what is trusted: `CIDERY_CONFIG`, else `cidery` in the user's configuration folder.
    pub(crate) config: PathBuf,
    /// What can be fetched again: `CIDERY_CACHE`, else `cidery` in the user's cache folder.
    pub(crate) cache: PathBuf,
    /// What is neither: `CIDERY_DATA`, else `cidery` in the user's data folder.
    pub(crate) data: PathBuf,
}

impl Folders {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`Failure::Environment`] where it names neither of them nor a home.
    pub(crate) fn find() -> Result<Self, Failure> {
        Ok(Folders {
            config: folder("CIDERY_CONFIG", "XDG_CONFIG_HOME", "APPDATA", ".config")?,
            cache: folder("CIDERY_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA", ".cache")?,
            data: folder("CIDERY_DATA", "XDG_DATA_HOME", "LOCALAPPDATA", ".local/share")?,
        })
    }

    /// The key that signs where no other is named.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.config.join("id_ed25519")
    }

    /// Where `cidery serve` keeps its log and its blobs unless told otherwise.
    pub(crate) fn registry(&self) -> PathBuf {
        self.data.join("registry")
    }

    /// Where `cidery witness` keeps what it cosigned unless told otherwise.
    pub(crate) fn witness(&self) -> PathBuf {
        self.data.join("witness")
    }
}

fn folder(own: &str, xdg: &str, windows: &str, below_home: &str) -> Result<PathBuf, Failure> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set(own) {
        return Ok(folder);
    }
    let base = set(xdg)
        .or_else(|| cfg!(windows).then(|| set(windows)).flatten())
        .or_else(|| env::home_dir().map(|home| home.join(below_home)));
    base.map(|base| base.join("cidery")).ok_or_else(|| Failure::Environment {
        what: "no home folder is known".to_owned(),
        hint: Some(format!("set {own} to a folder")),
    })
}
