//! The arguments of `cidery witness`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use cidery_protocol::{Origin, PublicKey};
use cidery_witness::WitnessName;
use clap::{Args, Subcommand};

use super::PassphraseFrom;
use crate::signing::KeyPlace;

/// `cidery witness …`
#[derive(Debug, Subcommand)]
pub(crate) enum Witness {
    /// Run a witness: cosign for logs what continues what was cosigned before, and nothing else.
    Serve(Box<WitnessServe>),
    /// Show what a witness cosigned last of each log, and what it caught logs at.
    Show {
        #[command(flatten)]
        data: WitnessData,
    },
}

/// `cidery witness serve`
#[derive(Debug, Args)]
pub(crate) struct WitnessServe {
    /// What the witness is called, such as witness.example/w1. It keeps its name: only the first start needs it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<WitnessName>,
    /// A log that it watches and the key that signs it, as `registry.example/log=z6Mk…`; may be given several times, also for
    /// several keys of a log.
    ///
    /// config.toml in the data folder may name logs, too: below `[logs]`, lines such as `"registry.example/log" = ["z6Mk…"]`. It
    /// may also hold `name = "…"`.
    #[arg(long = "log", value_name = "ORIGIN=KEY")]
    pub(crate) logs: Vec<WatchedLog>,
    /// The witness's own key, which must be in no other use: a file, `agent:z6Mk…`, or `agent:` where the ssh-agent holds one
    /// ed25519 key. Default: CIDERY_KEY, else keys/witness in the data folder, which the first start makes.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<KeyPlace>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseFrom,
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8322")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) data: WitnessData,
}

/// Where a witness is.
#[derive(Debug, Args)]
pub(crate) struct WitnessData {
    /// Where config.toml is, and what was cosigned. Default: witness in Cidery's data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// A log and a key of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WatchedLog {
    pub(crate) origin: Origin,
    pub(crate) key: PublicKey,
}

impl FromStr for WatchedLog {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (origin, key) =
            text.split_once('=').ok_or("wanted ORIGIN=KEY, as `registry.example/log=z6Mk…`")?;
        let refused = |error: cidery_protocol::Error| error.to_string();
        Ok(WatchedLog { origin: origin.parse().map_err(refused)?, key: key.parse().map_err(refused)? })
    }
}

impl Witness {
    /// What is tried, to say after "cannot".
    pub(super) fn attempt(&self) -> String {
        match self {
            Witness::Serve(args) => format!("witness on {}", args.listen),
            Witness::Show { .. } => "show the witness".to_owned(),
        }
    }
}
