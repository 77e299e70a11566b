//! Listening, and stopping.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cidery_keys::Signer;
use cidery_listener::Serving;
use cidery_protocol::{Origin, PublicKey};
use cidery_registry::{LogConfig, Registry, ScopePolicy, Witnesses};
use tokio::net::TcpListener;

use crate::{Files, ServerError, Sqlite, data::Data, http, sequencer};

/// What a server is to be.
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder of its data, which is made where there is none.
    pub data: PathBuf,
    /// The log's name. Without one: that of `config.toml` in the data folder, else a new log is called after its key; an old
    /// one has its name.
    pub origin: Option<Origin>,
    /// Who may begin packages. Without a word on it: what `config.toml` in the data folder says, else anybody while it
    /// listens on loopback, and nobody elsewhere.
    pub scopes: Option<ScopePolicy>,
    /// Who cosigns the head (SPEC §7.7). Without a word on it: those of `config.toml` in the data folder.
    pub witnesses: Option<Witnesses>,
    /// How long it waits for clients.
    pub patience: Patience,
    /// Is told why something failed that no client waits for, such as the head's refreshing.
    pub on_failure: Option<OnFailure>,
}

/// Who is told of failures. It is called on the sequencer's thread, which waits for it.
pub type OnFailure = Box<dyn Fn(&cidery_registry::Error) + Send>;

/// How long a client may take, before its connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a request's head, also between two requests.
    pub head: Duration,
    /// For the next bytes of a body.
    pub chunk: Duration,
    /// For all of a body.
    pub body: Duration,
}

impl Default for Patience {
    /// 20 seconds for a head, 30 for the next bytes, 15 minutes for a body.
    fn default() -> Self {
        let body = Duration::from_secs(15 * 60);
        Patience { head: Duration::from_secs(20), chunk: Duration::from_secs(30), body }
    }
}

impl Config {
    /// A server of these data on this address, and the defaults for the rest.
    pub fn new(data: impl AsRef<Path>, listen: SocketAddr) -> Self {
        Config {
            listen,
            data: data.as_ref().to_owned(),
            origin: None,
            scopes: None,
            witnesses: None,
            patience: Patience::default(),
            on_failure: None,
        }
    }
}

/// A registry that runs, until [`Server::stop`] or until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    origin: Origin,
    log: PublicKey,
    cosigner: PublicKey,
    scopes: ScopePolicy,
    witnesses: Witnesses,
    serving: Serving,
    sequencing: std::thread::JoinHandle<()>,
    data: Arc<Data>,
}

impl Server {
    /// Starts a server, inside of a Tokio runtime. The steps:
    ///
    /// 1. The data folder is this process's alone; keys and origin are made on the first start.
    /// 2. The sequencer compares its ledger with the published log.
    /// 3. Only then it listens.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        // (1)
        let Config { listen, data, origin, scopes, witnesses, patience, on_failure } = config;
        let data = Data::open(&data, origin.as_ref())?;
        let blobs = Files::open(&data.folder).map_err(cidery_registry::Error::from)?;
        let sql = Sqlite::open(&data.folder.join("ledger.db")).map_err(cidery_registry::Error::from)?;
        let (log, cosigner) = (data.log.public_key(), data.cosigner.public_key());
        let data = Arc::new(data);
        let of = |key| Box::new(Held { data: data.clone(), key });
        // (2)
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| ServerError::Listen { address: listen, source })?;
        let address =
            listener.local_addr().map_err(|source| ServerError::Listen { address: listen, source })?;
        let default = if address.ip().is_loopback() { ScopePolicy::Open } else { ScopePolicy::Closed };
        let scopes = scopes.or_else(|| data.scopes.clone()).unwrap_or(default);
        let witnesses = witnesses.unwrap_or_else(|| data.witnesses.clone());
        let config = LogConfig {
            origin: data.origin.clone(),
            scopes: scopes.clone(),
            log: of(Role::Log),
            cosigner: of(Role::Cosigner),
            witnesses: witnesses.clone(),
        };
        let (client, sequencing) = sequencer::start(blobs.clone(), sql, config, on_failure).await?;
        // (3)
        let router = http::router(Registry::new(blobs, client, scopes.clone()), patience);
        let serving = Serving::start(listener, router, patience.head);
        let origin = data.origin.clone();
        Ok(Server { address, origin, log, cosigner, scopes, witnesses, serving, sequencing, data })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Its address for clients on this machine, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The name of its log.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The key that signs its log.
    pub fn log_key(&self) -> PublicKey {
        self.log
    }

    /// The key that says when the log was last seen.
    pub fn cosigner(&self) -> PublicKey {
        self.cosigner
    }

    /// Who may begin packages.
    pub fn scopes(&self) -> &ScopePolicy {
        &self.scopes
    }

    /// Who is asked to cosign its head.
    pub fn witnesses(&self) -> &Witnesses {
        &self.witnesses
    }

    /// The folder of its data.
    pub fn data(&self) -> &Path {
        &self.data.folder
    }

    /// Takes no more requests, lets those that run end, for ten seconds at most, and gives the data folder free.
    ///
    /// # Errors
    /// [`ServerError::Sequencer`] where the sequencer had ended by itself.
    pub async fn stop(self) -> Result<(), ServerError> {
        let served = self.serving.stop().await;
        // The sequencer ends once no handler can ask it any more.
        let sequencing = self.sequencing;
        let sequenced = tokio::task::spawn_blocking(move || sequencing.join()).await;
        match (served, sequenced) {
            (Ok(()), Ok(Ok(()))) => Ok(()),
            _ => Err(ServerError::Sequencer),
        }
    }
}

#[derive(Clone, Copy)]
enum Role {
    Log,
    Cosigner,
}

/// A key of the data folder, which stays locked for as long as it can sign.
struct Held {
    data: Arc<Data>,
    key: Role,
}

impl Held {
    fn key(&self) -> &dyn Signer {
        match self.key {
            Role::Log => &self.data.log,
            Role::Cosigner => &self.data.cosigner,
        }
    }
}

impl Signer for Held {
    fn public_key(&self) -> PublicKey {
        self.key().public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<cidery_protocol::Signature, cidery_keys::KeyError> {
        self.key().sign(message)
    }
}
