//! Listening, and stopping.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cidery_keys::Signer;
use cidery_listener::Serving;
use tokio::net::TcpListener;

use crate::{Logs, Witness, WitnessError, WitnessName, http};

/// What a witness is to be.
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder of its data, which is made where there is none.
    pub data: PathBuf,
    /// Its name. Without one: that of `config.toml` in the data folder, else the one that it has had.
    pub name: Option<WitnessName>,
    /// The logs that it watches, together with those of `config.toml`.
    pub logs: Logs,
    /// Its key. Without one: the one in the data folder, which is made on the first start.
    pub signer: Option<Box<dyn Signer>>,
    /// How long it waits for clients.
    pub patience: Patience,
    /// Is told of what no client may tell: a log that was caught, and what keeps the witness from its work
    /// ([`WitnessError::is_for_operator`]).
    pub on_event: Option<OnEvent>,
}

/// Who is told of events. It is called while a client waits for its answer.
pub type OnEvent = Box<dyn Fn(&WitnessError) + Send + Sync>;

/// How long a client may take, before its connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a request's head, also between two requests.
    pub head: Duration,
    /// For all of a body.
    pub body: Duration,
}

impl Default for Patience {
    /// 20 seconds for a head, and 20 for a body, which is short.
    fn default() -> Self {
        Patience { head: Duration::from_secs(20), body: Duration::from_secs(20) }
    }
}

impl Config {
    /// A witness of these data on this address, and the defaults for the rest.
    pub fn new(data: impl AsRef<Path>, listen: SocketAddr) -> Self {
        Config {
            listen,
            data: data.as_ref().to_owned(),
            name: None,
            logs: Logs::new(),
            signer: None,
            patience: Patience::default(),
            on_event: None,
        }
    }
}

/// A witness that runs, until [`Server::stop`] or until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    witness: Arc<Witness>,
    serving: Serving,
}

impl Server {
    /// Starts a server, inside of a Tokio runtime. The steps:
    ///
    /// 1. The data folder is this process's alone, and this witness's; see [`Witness::open`].
    /// 2. Only then it listens.
    ///
    /// # Errors
    /// What is in the way.
    pub async fn start(config: Config) -> Result<Self, WitnessError> {
        let Config { listen, data, name, logs, signer, patience, on_event } = config;
        // (1)
        let witness = Arc::new(Witness::open(&data, name, signer, logs)?);
        // (2)
        let failed = |source| WitnessError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router = http::router(witness.clone(), patience, on_event.unwrap_or_else(|| Box::new(|_| ())));
        let serving = Serving::start(listener, router, patience.head);
        Ok(Server { address, witness, serving })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Its address for clients on this machine, without a trailing slash: C2SP's submission prefix and monitoring prefix.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The witness.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// Takes no more requests, lets those that run end, for ten seconds at most, and gives the data folder free.
    ///
    /// # Errors
    /// [`WitnessError::Internal`] where it had ended by itself.
    pub async fn stop(self) -> Result<(), WitnessError> {
        self.serving.stop().await.map_err(|_| WitnessError::Internal)
    }
}
