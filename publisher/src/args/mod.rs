//! The command line.

mod import;
mod keys;
mod log;
mod policy;
mod records;
mod serve;
mod witness;

use std::net::SocketAddr;
use std::path::PathBuf;

use cidery_protocol::limits;
use clap::{Args, Parser, Subcommand};

pub(crate) use self::import::{ImportNpm, NpmReference};
pub(crate) use self::keys::{Export, Import, Keys, Lock, PassphraseFrom, Signing};
pub(crate) use self::log::{Check, Log, Monitor, Prove};
pub(crate) use self::policy::{Policy, PolicyInit};
pub(crate) use self::records::{
    Attest, Begin, Channel, Recording, Recovery, Revoke, Rotate, Sign, Transfer, Yank,
};
pub(crate) use self::serve::Serve;
pub(crate) use self::witness::{WatchedLog, Witness, WitnessData, WitnessServe};

/// Publishes, verifies and runs packages of code for the edge, named by their content and signed by their publishers.
///
/// Exit codes: 0 done, 1 refused, 2 usage, 3 the machine, the network or the registry is not ready.
///
/// Environment: CIDERY_REGISTRY is the registry's address. CIDERY_CONFIG (default: cidery in the user's configuration
/// folder) holds the key, the policy and what is trusted; CIDERY_CACHE what can be fetched again; CIDERY_DATA the data of
/// `cidery serve` and `cidery witness`. CIDERY_WORKERD is a workerd to run in place of the fetched one, CIDERY_LOADER_DIR
/// a folder with another loader. CIDERY_THREADS bounds the bundler's threads. With CI set, a registry elsewhere
/// needs a policy or --trust-first. CIDERY_KEY is the text of a private key, OpenSSH's or PKCS#8, that signs where no
/// other key is named; CIDERY_KEY_PASSPHRASE opens keys; SSH_AUTH_SOCK is the socket of an ssh-agent. None of the three
/// is handed on to workerd.
#[derive(Debug, Parser)]
#[command(name = "cidery", version, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// The registry's address.
    #[arg(long, global = true, value_name = "URL", env = "CIDERY_REGISTRY", hide_env_values = true)]
    pub(crate) registry: Option<String>,
    /// Print one JSON object on standard output, also where something is refused.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress.
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, list, import and export keys, and say which of them sign for a package.
    #[command(subcommand)]
    Keys(AnyKeys),
    /// Bundle a package folder: its modules and its manifest, and print the manifest's CID.
    Bundle(Bundle),
    /// Bundle, sign and publish a package folder, or send what others have signed.
    Publish(Publish),
    /// Make packages of npm packages: bundle, sign and publish them.
    Import(Box<ImportNpm>),
    /// Show what another command wrote to be signed, and add signatures to it.
    ///
    /// What says who may sign - the beginning of a package, a change of its keys, a transfer - is asked about first, whatever
    /// the file is called: on a terminal, or else `--yes` is wanted.
    Sign(Sign),
    /// Take a release out of what ranges and channels find, or bring it back.
    Yank(Yank),
    /// Let a name such as `stable` stand for releases.
    #[command(subcommand)]
    Channel(Channel),
    /// State something about a release.
    Attest(Attest),
    /// Give a package to others.
    Transfer(Transfer),
    /// Check a release: its signatures, its place in the log, and every byte of its code.
    Verify(Verify),
    /// Check a release and write its modules and its manifest into a folder.
    Fetch(Fetch),
    /// Show a package by its signed records: who may sign, its releases and its channels.
    Info(Info),
    /// Verify releases and write down which they are, for `--lock`.
    Lock(Locking),
    /// Write, check and explain policies: whom to trust.
    #[command(subcommand)]
    Policy(Policy),
    /// Look at the log itself: its head, proofs, a check of all of it, and a monitor.
    #[command(subcommand)]
    Log(Log),
    /// Run a registry on this machine.
    Serve(Serve),
    /// Run a witness, which cosigns what a log shows while the log shows everybody the same. It needs a name, and the logs that
    /// it watches with their keys.
    #[command(subcommand)]
    Witness(Witness),
    /// Run a release in workerd, verified there at each load, and serve what it answers.
    ///
    /// A range is resolved anew at each load. A channel is not: the version that it names when the command starts is served
    /// until the command ends.
    Run(Run),
    /// Show all of it in one go: a registry, a key, a publish, a verified isolate, and the refusal of an altered byte.
    Demo(Demo),
}

/// `cidery keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum AnyKeys {
    #[command(flatten)]
    Keys(Keys),
    /// Say which keys sign for a package from now on.
    Rotate(Rotate),
    /// Take keys that are not in the right hands away from a package, and make void what stands by them alone.
    Revoke(Revoke),
}

/// `cidery bundle`
#[derive(Debug, Args)]
pub(crate) struct Bundle {
    /// The package folder, with its cidery.toml.
    pub(crate) dir: PathBuf,
    /// A new or empty folder: each module goes to its path, the manifest to manifest.cbor.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["why", "treemap"])]
    pub(crate) out: Option<PathBuf>,
    /// Say what each package costs in bytes, and who wants it.
    #[arg(long)]
    pub(crate) why: bool,
    /// Write the same as a page with a picture: one file, for any browser.
    #[arg(long, value_name = "FILE")]
    pub(crate) treemap: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) npm: Npm,
}

/// `cidery publish`
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The package folder, with its cidery.toml.
    #[arg(required_unless_present = "envelopes")]
    pub(crate) dir: Option<PathBuf>,
    /// Send what `--unsigned-out` wrote and others have signed with `cidery sign`. Given several times, the signatures of equal
    /// records come together.
    #[arg(long = "envelope", value_name = "FILE", conflicts_with_all = ["dir", "keys", "unsigned_out"])]
    pub(crate) envelopes: Vec<PathBuf>,
    /// An attestation of this release, which is published with it; may be given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "envelopes")]
    pub(crate) provenance: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) npm: Npm,
    #[command(flatten)]
    pub(crate) recording: Recording,
    #[command(flatten)]
    pub(crate) begin: Begin,
}

/// How npm packages are had.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Npm {
    /// Ask the npm registry for nothing: what is not in the cache is an error.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Whom to trust.
#[derive(Clone, Debug, Args)]
pub(crate) struct Trust {
    /// The policy. Default: cidery.policy.json in this folder, which is then said, else policy.json in Cidery's configuration
    /// folder.
    ///
    /// Without any, what the registry shows first is trusted, once it has verified, and every change of it is refused.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Trust what the registry shows first, or has shown before, also where CI is set.
    #[arg(long, conflicts_with = "policy")]
    pub(crate) trust_first: bool,
}

/// Which release, where the reference leaves a choice.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Choice {
    /// The part of those who ask a channel that this one is in, 0 to 9999. Default: 0.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..limits::BUCKETS))]
    pub(crate) bucket: Option<u64>,
    /// The same, from a text that stands for the user, and that stays with them.
    #[arg(long, value_name = "TEXT", conflicts_with = "bucket")]
    pub(crate) bucket_key: Option<String>,
    /// Take the release that this file holds for the package, as `cidery lock` wrote it, and no other. A channel must be the one
    /// that was locked.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["bucket", "bucket_key"])]
    pub(crate) lock: Option<PathBuf>,
}

/// `cidery verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, or the CID of a manifest. Default: with `--lock`, all that it
    /// holds.
    #[arg(value_name = "REF", required_unless_present = "lock")]
    pub(crate) reference: Option<String>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery fetch`
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, or the CID of a manifest.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// A new or empty folder: each module goes to its path, the manifest to manifest.cbor.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery info`
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// `@scope/name`; with `@range`, `@version` or `:channel` after it, only the releases that it names.
    #[arg(value_name = "PACKAGE")]
    pub(crate) reference: String,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery lock`
#[derive(Debug, Args)]
pub(crate) struct Locking {
    /// `@scope/name@range`, `@scope/name@version` or `@scope/name:channel`.
    #[arg(value_name = "REF", required = true)]
    pub(crate) references: Vec<String>,
    /// Where it is written down. What the file holds for other packages stays.
    #[arg(long, value_name = "FILE", default_value = "cidery.lock")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery run`
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, or the CID of a manifest.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Where the package answers.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery demo`
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// A package folder to take in place of a built-in one.
    pub(crate) dir: Option<PathBuf>,
}

impl Command {
    /// What is tried, to say after "cannot".
    pub(crate) fn attempt(&self) -> String {
        match self {
            Command::Keys(AnyKeys::Keys(args)) => args.attempt(),
            Command::Keys(AnyKeys::Rotate(args)) => format!("change the keys of `{}`", args.package),
            Command::Keys(AnyKeys::Revoke(args)) => format!("revoke keys of `{}`", args.package),
            Command::Bundle(args) => format!("bundle `{}`", args.dir.display()),
            Command::Publish(args) => match &args.dir {
                Some(dir) => format!("publish `{}`", dir.display()),
                None => "publish what was signed".to_owned(),
            },
            Command::Import(args) => args.attempt(),
            Command::Sign(args) => format!("sign `{}`", args.file.display()),
            Command::Yank(args) => format!("yank `{}`", args.reference),
            Command::Channel(Channel::Set { channel, .. }) => format!("set `{channel}`"),
            Command::Channel(Channel::Clear { channel, .. }) => format!("clear `{channel}`"),
            Command::Channel(Channel::List { package, .. }) => format!("show the channels of `{package}`"),
            Command::Attest(args) => format!("attest `{}`", args.reference),
            Command::Transfer(args) => format!("transfer `{}`", args.package),
            Command::Verify(args) => match &args.reference {
                Some(reference) => format!("verify `{reference}`"),
                None => "verify what is locked".to_owned(),
            },
            Command::Fetch(args) => format!("fetch `{}`", args.reference),
            Command::Info(args) => format!("show `{}`", args.reference),
            Command::Lock(args) => format!("lock `{}`", args.references.join("`, `")),
            Command::Policy(args) => args.attempt(),
            Command::Log(args) => args.attempt(),
            Command::Serve(args) => format!("serve on {}", args.listen),
            Command::Witness(args) => args.attempt(),
            Command::Run(args) => format!("run `{}`", args.reference),
            Command::Demo(_) => "show the demonstration".to_owned(),
        }
    }
}
