//! The arguments of `cidery policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Choice, Trust};

/// `cidery policy …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Policy {
    /// Write a policy from what is known of a package and of its log, and say what each line means.
    Init(PolicyInit),
    /// Say whether a policy is valid, and each of its rules in words.
    Check {
        /// The policy. Default: cidery.policy.json in this folder.
        #[arg(value_name = "FILE", default_value = "cidery.policy.json")]
        file: PathBuf,
    },
    /// Show each step of a verification: what it looked at, and its verdict.
    Explain {
        /// `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, or the CID of a manifest.
        #[arg(value_name = "REF")]
        reference: String,
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        trust: Trust,
    },
}

/// `cidery policy init`
#[derive(Clone, Debug, Args)]
pub(crate) struct PolicyInit {
    /// `@scope/name`, whose beginning is pinned; or `@scope/*` with `--pin`.
    #[arg(value_name = "PATTERN")]
    pub(crate) pattern: String,
    /// A publisher key that is pinned, in place of the package's beginning; may be given several times.
    #[arg(long = "pin", value_name = "KEY")]
    pub(crate) keys: Vec<cidery_protocol::PublicKey>,
    /// Where it goes; a policy that is there is added to, and nothing in it is changed.
    #[arg(long, value_name = "FILE", default_value = "cidery.policy.json")]
    pub(crate) out: PathBuf,
    /// Begin with what the registry shows now, also where CI is set.
    #[arg(long)]
    pub(crate) trust_first: bool,
}

impl Policy {
    /// What is tried, to say after "cannot".
    pub(crate) fn attempt(&self) -> String {
        match self {
            Policy::Init(args) => format!("write a policy for `{}`", args.pattern),
            Policy::Check { file } => format!("accept the policy `{}`", file.display()),
            Policy::Explain { reference, .. } => format!("verify `{reference}`"),
        }
    }
}
