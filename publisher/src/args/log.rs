//! The arguments of `cidery log`.

use std::path::PathBuf;

use cidery_protocol::PackageName;
use clap::{Args, Subcommand};

use super::Trust;
use crate::seconds::Seconds;

/// `cidery log …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Log {
    /// Show the log's newest head: signed, timestamped, and a continuation of what was seen of the log before.
    Head {
        #[command(flatten)]
        trust: Trust,
    },
    /// Show what the log says of a package now: its newest record and who has the say, or that there is no such package; or of one of
    /// its releases. Each with its proof.
    Prove(Prove),
    /// Replay a whole log: every signature, what may follow what, and the map at each of its heads; or check evidence.
    ///
    /// Where something is wrong, what shows that to others is written into a file `evidence-….json`, and the exit code is 1.
    Check(Check),
    /// Follow a log, and replay what is new in it.
    ///
    /// On a fork, a rollback, or anything that `cidery log check` refuses, what shows that to others is written into a file
    /// `evidence-….json` in the folder, and the exit code is 1. A registry that cannot be reached is tried again. With `--json`,
    /// each line is an object.
    Monitor(Monitor),
}

/// `cidery log prove`
#[derive(Clone, Debug, Args)]
pub(crate) struct Prove {
    /// `@scope/name`, or a release of it: `@scope/name@range`, `@scope/name@version` or `@scope/name:channel`.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    /// Keep the proof: a proof of a package, or for a release a resolution (SPEC 9.3, 9.6).
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery log check`
#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// Where the log is read: a folder, or an address below which C2SP's `checkpoint` and `tile/` are. Its keys must be known.
    /// Default: the registry.
    #[arg(long, value_name = "DIR|URL", conflicts_with = "evidence")]
    pub(crate) from: Option<String>,
    /// Check what a file shows of a log whose keys are known.
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
    /// Where evidence is written.
    #[arg(long, value_name = "DIR", default_value = ".", conflicts_with = "evidence")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery log monitor`
#[derive(Clone, Debug, Args)]
pub(crate) struct Monitor {
    /// Where the highest head and all entries are kept, and evidence is written. It holds what `cidery log check --from` reads.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// How often the log is looked at: `90s`, `30m`, `12h`, `7d`.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub(crate) every: Seconds,
    /// Look once.
    #[arg(long)]
    pub(crate) once: bool,
    /// Tell of each new record of this package; may be given several times.
    #[arg(long = "package", value_name = "NAME")]
    pub(crate) packages: Vec<PackageName>,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

impl Log {
    /// What is tried, to say after "cannot".
    pub(crate) fn attempt(&self) -> String {
        match self {
            Log::Head { .. } => "show the log's head".to_owned(),
            Log::Prove(args) => format!("prove `{}`", args.reference),
            Log::Check(Check { evidence: Some(file), .. }) => format!("check `{}`", file.display()),
            Log::Check(Check { from: Some(from), .. }) => format!("check the log in `{from}`"),
            Log::Check(_) => "check the log".to_owned(),
            Log::Monitor(_) => "monitor the log".to_owned(),
        }
    }
}
