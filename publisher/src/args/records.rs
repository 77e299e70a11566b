//! The arguments of what makes records: keys, thresholds, and whose signatures there are to be.

use std::path::PathBuf;

use cidery_protocol::{PublicKey, Reason, Severity, Version};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde::de::value::{self, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::{Signing, Trust};
use crate::seconds::Seconds;

/// What a release may be yanked with; `none` and `restored` are said by `--undo`.
const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];
const REASONS: [&str; 6] = ["broken", "compromised", "deprecated", "legal", "security", "other"];

/// Who signs a record, and where it goes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Recording {
    #[command(flatten)]
    pub(crate) signing: Signing,
    /// Sign and send nothing: write what is to be signed into a new file, for `cidery sign` and then
    /// `cidery publish --envelope`.
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    pub(crate) unsigned_out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// What the first release says of who may sign from then on.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "The first release says who may sign from then on")]
pub(crate) struct Begin {
    /// A key that may sign, besides those that sign this release; may be given several times.
    #[arg(long = "publisher", value_name = "KEY")]
    pub(crate) publishers: Vec<PublicKey>,
    /// How many of all these keys must sign. Default: all of them.
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<u64>,
    #[command(flatten)]
    pub(crate) recovery: Recovery,
    /// Every release must name provenance.
    #[arg(long)]
    pub(crate) require_provenance: bool,
    /// Every head that shows a release must be cosigned by so many of a policy's witnesses.
    #[arg(long, value_name = "N")]
    pub(crate) require_witnesses: Option<u64>,
}

/// Keys for the day on which the publisher keys are lost or stolen.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Recovery {
    /// A key that may do nothing but name other publisher keys; may be given several times. Keep it elsewhere.
    #[arg(long = "recovery", value_name = "KEY")]
    pub(crate) recovery: Vec<PublicKey>,
    /// How many of the recovery keys must sign. Default: more than half of them.
    #[arg(long, value_name = "N", requires = "recovery")]
    pub(crate) recovery_threshold: Option<u64>,
    /// How long what the recovery keys say waits, while the publisher keys can say otherwise: `90s`, `30m`, `12h`, `7d`.
    /// Default: not at all.
    #[arg(long, value_name = "TIME", requires = "recovery")]
    pub(crate) recovery_delay: Option<Seconds>,
}

/// `cidery keys rotate`
#[derive(Clone, Debug, Args)]
pub(crate) struct Rotate {
    /// `@scope/name`.
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: String,
    /// A key that may sign from now on; may be given several times.
    #[arg(long, value_name = "KEY")]
    pub(crate) add: Vec<PublicKey>,
    /// A key that may not sign any more; may be given several times. What it has signed stays.
    #[arg(long, value_name = "KEY")]
    pub(crate) remove: Vec<PublicKey>,
    /// How many of the keys must sign. Default: as many as now.
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<u64>,
    /// The least version of later releases. Default: as now; 0.0.0 lets all through.
    #[arg(long, value_name = "VERSION")]
    pub(crate) next_version_floor: Option<Version>,
    /// Every release must name provenance.
    #[arg(long, conflicts_with = "no_require_provenance")]
    pub(crate) require_provenance: bool,
    /// Releases need not name provenance any more.
    #[arg(long)]
    pub(crate) no_require_provenance: bool,
    /// Every head that shows a release must be cosigned by so many of a policy's witnesses.
    #[arg(long, value_name = "N")]
    pub(crate) require_witnesses: Option<u64>,
    #[command(flatten)]
    pub(crate) recovery: Recovery,
    /// There are no recovery keys any more.
    #[arg(long, conflicts_with = "recovery")]
    pub(crate) no_recovery: bool,
    /// The recovery keys sign, and not the publisher keys.
    #[arg(long)]
    pub(crate) by_recovery: bool,
    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// `cidery keys revoke`
#[derive(Clone, Debug, Args)]
pub(crate) struct Revoke {
    /// `@scope/name`.
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: String,
    /// The keys that are not in the right hands.
    #[arg(value_name = "KEY", required = true)]
    pub(crate) revoked: Vec<PublicKey>,
    /// The first record of the package, by its sequence, in which their signatures count for nothing. `cidery info` shows
    /// them.
    ///
    /// Default: the first release or channel that too few other keys signed, so that all that stands by these keys alone
    /// becomes void. Nobody can undo that; what is spared can be made void later.
    #[arg(long, value_name = "N")]
    pub(crate) from_sequence: Option<u64>,
    /// A key that may sign from now on; may be given several times.
    #[arg(long, value_name = "KEY")]
    pub(crate) add: Vec<PublicKey>,
    /// How many of the keys must sign. Default: as many as now.
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<u64>,
    /// The least version of later releases, where a thief has run ahead.
    #[arg(long, value_name = "VERSION")]
    pub(crate) next_version_floor: Option<Version>,
    /// The recovery keys sign, and not the publisher keys.
    #[arg(long)]
    pub(crate) by_recovery: bool,
    /// Sign without asking, also where something becomes void.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// `cidery transfer`
#[derive(Clone, Debug, Args)]
pub(crate) struct Transfer {
    /// `@scope/name`.
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: String,
    /// A key that may sign from now on; may be given several times. Nobody else may, and each of them must sign this.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) to: Vec<PublicKey>,
    /// How many of them must sign from now on, at least as many as before. Default: as many as before.
    #[arg(long, value_name = "N")]
    pub(crate) threshold: Option<u64>,
    /// The least version of later releases. Default: as now.
    #[arg(long, value_name = "VERSION")]
    pub(crate) next_version_floor: Option<Version>,
    /// Sign without asking.
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// `cidery yank`
#[derive(Clone, Debug, Args)]
pub(crate) struct Yank {
    /// `@scope/name@version`.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    /// How bad it is.
    #[arg(long, required_unless_present = "undo", value_parser = one_of::<Severity>(SEVERITIES))]
    pub(crate) severity: Option<Severity>,
    /// Why.
    #[arg(long, required_unless_present = "undo", value_parser = one_of::<Reason>(REASONS))]
    pub(crate) reason: Option<Reason>,
    /// Why, for people.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// The version to use instead.
    #[arg(long, value_name = "VERSION")]
    pub(crate) replacement: Option<Version>,
    /// Take an earlier yank back.
    #[arg(long, conflicts_with_all = ["severity", "reason"])]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// `cidery channel …`
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Channel {
    /// Let a channel name a version, or several, each for a part of those who ask.
    Set {
        /// `@scope/name:channel`.
        #[arg(value_name = "CHANNEL")]
        channel: String,
        /// `VERSION`, or `VERSION=PERCENT%`; one without a percentage takes what the others leave.
        #[arg(value_name = "VERSION", required = true)]
        targets: Vec<String>,
        #[command(flatten)]
        recording: Recording,
    },
    /// Let a channel name nothing any more.
    Clear {
        /// `@scope/name:channel`.
        #[arg(value_name = "CHANNEL")]
        channel: String,
        #[command(flatten)]
        recording: Recording,
    },
    /// Show the channels of a package, by its signed records.
    List {
        /// `@scope/name`.
        #[arg(value_name = "PACKAGE")]
        package: String,
        #[command(flatten)]
        trust: Trust,
    },
}

/// `cidery attest`
#[derive(Clone, Debug, Args)]
pub(crate) struct Attest {
    /// `@scope/name@version`.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    /// The statement, at most 1 MiB.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What kind of statement it is, such as in-toto's URI of a predicate.
    #[arg(long, value_name = "URI")]
    pub(crate) predicate: String,
    #[command(flatten)]
    pub(crate) recording: Recording,
}

/// `cidery sign`
#[derive(Clone, Debug, Args)]
pub(crate) struct Sign {
    /// What `--unsigned-out` wrote; signatures are added to it.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) signing: Signing,
    /// Show what it is, and who has signed, and sign nothing.
    #[arg(long, conflicts_with = "keys")]
    pub(crate) show: bool,
    /// Sign without asking, also what says who may sign: the beginning of a package, a change of its keys, a transfer.
    #[arg(long)]
    pub(crate) yes: bool,
    /// The policy. Default: policy.json in Cidery's configuration folder, else what is trusted since its first use; this folder
    /// is not asked.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// Reads one of `words`, each the name of a value in SPEC §6.2.
fn one_of<T>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| {
        let word: StrDeserializer<'_, value::Error> = word.as_str().into_deserializer();
        T::deserialize(word)
    })
}
