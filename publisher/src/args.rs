//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Publishes, verifies and runs packages of code for the edge, named by their content and signed by their publishers.
///
/// Exit codes: 0 done, 1 refused, 2 usage, 3 the machine, the network or the registry is not ready.
///
/// Environment: CIDERY_REGISTRY is the registry's address. CIDERY_CONFIG (default: cidery in the user's configuration
/// folder) holds the key, the policy and what is trusted; CIDERY_CACHE what can be fetched again; CIDERY_DATA the data of
/// `cidery serve`. CIDERY_WORKERD is a workerd to run in place of the fetched one, CIDERY_LOADER_DIR a folder with another
/// loader. CIDERY_THREADS bounds the bundler's threads. With CI set, a registry elsewhere
/// needs a policy or --trust-first.
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
    /// Make and show keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Bundle a package folder: its modules and its manifest, and print the manifest's CID.
    Bundle(Bundle),
    /// Bundle, sign and publish a package folder.
    Publish(Publish),
    /// Check a release: its signatures, its place in the log, and every byte of its code.
    Verify(Verify),
    /// Check a release and write its modules and its manifest into a folder.
    Fetch(Fetch),
    /// Show what the registry says of a package; nothing of it is verified.
    Info(Info),
    /// Run a registry on this machine.
    Serve(Serve),
    /// Run a release in workerd, verified there at each load, and serve what it answers.
    Run(Run),
    /// Show all of it in one go: a registry, a key, a publish, a verified isolate, and the refusal of an altered byte.
    Demo(Demo),
}

/// `cidery keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a new ed25519 key, as an OpenSSH private key file that only its owner can read.
    New {
        /// The new file. Default: id_ed25519 in Cidery's configuration folder.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print the public half of a key.
    Show {
        /// The key. Default: id_ed25519 in Cidery's configuration folder.
        file: Option<PathBuf>,
    },
}

/// `cidery bundle`
#[derive(Debug, Args)]
pub(crate) struct Bundle {
    /// The package folder, with its cidery.toml.
    pub(crate) dir: PathBuf,
    /// A new or empty folder: each module goes to its path, the manifest to manifest.cbor.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// `cidery publish`
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The package folder, with its cidery.toml.
    pub(crate) dir: PathBuf,
    /// A key that signs; may be given several times. Default: id_ed25519 in Cidery's configuration folder.
    ///
    /// The first release of a package also says who may sign from then on: all the keys given here, and every one of them
    /// must sign each release. With one key, that key alone signs.
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// Whom to trust.
#[derive(Clone, Debug, Args)]
pub(crate) struct Trust {
    /// The policy. Default: cidery.policy.json in this folder, else policy.json in Cidery's configuration folder.
    ///
    /// Without any, what the registry shows first is trusted, once it has verified, and every change of it is refused.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Trust what the registry shows first, or has shown before, also where CI is set.
    #[arg(long, conflicts_with = "policy")]
    pub(crate) trust_first: bool,
}

/// `cidery verify`
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// `@scope/name@range`, `@scope/name@version`, or the CID of a manifest.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery fetch`
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// `@scope/name@range`, `@scope/name@version`, or the CID of a manifest.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
    /// A new or empty folder: each module goes to its path, the manifest to manifest.cbor.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) trust: Trust,
}

/// `cidery info`
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// `@scope/name`.
    pub(crate) name: String,
}

/// `cidery serve`
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen. Elsewhere than on loopback, nobody may begin a package unless config.toml in the data folder says so.
    ///
    /// It may hold `origin = "registry.example/log"`, the name of a new log, and who may begin packages: `scopes = "open"`,
    /// `scopes = "closed"`, or below `[scopes]` lines such as `acme = ["z6Mk…"]`, whose keys may begin packages in @acme.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8321")]
    pub(crate) listen: SocketAddr,
    /// Where config.toml, the log and the blobs are. Default: registry in Cidery's data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// `cidery run`
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// `@scope/name@range`, `@scope/name@version`, or the CID of a manifest.
    #[arg(value_name = "REF")]
    pub(crate) reference: String,
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
            Command::Keys(Keys::New { .. }) => "make a key".to_owned(),
            Command::Keys(Keys::Show { .. }) => "show the key".to_owned(),
            Command::Bundle(args) => format!("bundle `{}`", args.dir.display()),
            Command::Publish(args) => format!("publish `{}`", args.dir.display()),
            Command::Verify(args) => format!("verify `{}`", args.reference),
            Command::Fetch(args) => format!("fetch `{}`", args.reference),
            Command::Info(args) => format!("show `{}`", args.name),
            Command::Serve(args) => format!("serve on {}", args.listen),
            Command::Run(args) => format!("run `{}`", args.reference),
            Command::Demo(_) => "show the demonstration".to_owned(),
        }
    }
}
