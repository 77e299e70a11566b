//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::signing::KeyPlace;

/// Publishes, verifies and runs packages of code for the edge, named by their content and signed by their publishers.
///
/// Exit codes: 0 done, 1 refused, 2 usage, 3 the machine, the network or the registry is not ready.
///
/// Environment: CIDERY_REGISTRY is the registry's address. CIDERY_CONFIG (default: cidery in the user's configuration
/// folder) holds the key, the policy and what is trusted; CIDERY_CACHE what can be fetched again; CIDERY_DATA the data of
/// `cidery serve`. CIDERY_WORKERD is a workerd to run in place of the fetched one, CIDERY_LOADER_DIR a folder with another
/// loader. CIDERY_THREADS bounds the bundler's threads. With CI set, a registry elsewhere
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
    /// Make, list, import and export keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Bundle a package folder: its modules and its manifest, and print the manifest's CID.
    Bundle(Bundle),
    /// Bundle, sign and publish a package folder.
    ///
    /// The first release of a package also says who may sign from then on: all keys that sign it, and every one of them
    /// must sign each release. With one key, that key alone signs.
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
    #[command(flatten)]
    pub(crate) signing: Signing,
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
            Command::Keys(Keys::List) => "list the keys".to_owned(),
            Command::Keys(Keys::Export(Export { secret_out: Some(file), .. })) => {
                format!("export the key to `{}`", file.display())
            }
            Command::Keys(Keys::Export(_)) => "show the key".to_owned(),
            Command::Keys(Keys::Import(args)) => format!("import `{}`", args.file.display()),
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
