//! The arguments of `cidery keys`, and of whoever signs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::signing::KeyPlace;

/// `cidery keys …`, of keys by themselves.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a new ed25519 key, as an OpenSSH private key file that only its owner can read.
    New {
        /// The new file. Default: id_ed25519 in Cidery's configuration folder.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        lock: Lock,
    },
    /// Show the keys in Cidery's configuration folder, in CIDERY_KEY, and in the ssh-agent.
    List,
    /// Print the public half of a key.
    ///
    /// With --secret-out, write the key itself into a new file, behind a passphrase: the one that it has, or a new one.
    #[command(visible_alias = "show")]
    Export(Export),
    /// Take a key over into a file of Cidery's: OpenSSH with or without a passphrase, or PKCS#8 PEM without.
    ///
    /// A passphrase stays. For encrypted PKCS#8: `openssl pkey -in FILE | cidery keys import - --encrypt`.
    Import(Import),
}

/// `cidery keys export`
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// A file, `agent:z6Mk…`, or `agent:` where the ssh-agent holds one ed25519 key. Default: CIDERY_KEY, else id_ed25519
    /// in Cidery's configuration folder.
    pub(crate) key: Option<KeyPlace>,
    /// Print it as OpenSSH does: `ssh-ed25519 AAAA… comment`.
    #[arg(long)]
    pub(crate) openssh: bool,
    /// Write the secret key into this new file, encrypted, in OpenSSH's format.
    #[arg(long, value_name = "FILE", conflicts_with = "openssh")]
    pub(crate) secret_out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseFrom,
}

/// `cidery keys import`
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The key, or `-` for standard input.
    pub(crate) file: PathBuf,
    /// The new file. Default: id_ed25519 in Cidery's configuration folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What its owner calls the key. Default: what the file says.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    #[command(flatten)]
    pub(crate) lock: Lock,
}

/// Whether a new file is behind a passphrase.
#[derive(Clone, Debug, Args)]
pub(crate) struct Lock {
    /// Put the new file behind a passphrase.
    #[arg(long)]
    pub(crate) encrypt: bool,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseFrom,
}

/// Where passphrases come from; never from an argument, which others can read.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PassphraseFrom {
    /// A file with the passphrase, which only you can read. Default: CIDERY_KEY_PASSPHRASE, else the terminal is asked.
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Who signs.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Signing {
    /// A key that signs; may be given several times: a file, `agent:z6Mk…`, or `agent:` where the ssh-agent holds one
    /// ed25519 key. Default: CIDERY_KEY, else id_ed25519 in Cidery's configuration folder.
    #[arg(long = "key", value_name = "KEY")]
    pub(crate) keys: Vec<KeyPlace>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseFrom,
}

impl Keys {
    /// What is tried, to say after "cannot".
    pub(super) fn attempt(&self) -> String {
        match self {
            Keys::New { .. } => "make a key".to_owned(),
            Keys::List => "list the keys".to_owned(),
            Keys::Export(Export { secret_out: Some(file), .. }) => {
                format!("export the key to `{}`", file.display())
            }
            Keys::Export(_) => "show the key".to_owned(),
            Keys::Import(args) => format!("import `{}`", args.file.display()),
        }
    }
}
