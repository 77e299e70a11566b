//! The way from the front Worker to the sequencer: one Durable Object, by its name.

use std::future::Future;

use cidery_registry::{Call, Error, Reply, SequencerClient};
use worker::{Env, Method, Request, RequestInit, Stub, js_sys::Uint8Array, send::SendFuture};

use crate::{config::ConfigError, failure::cannot};

/// The path at which the object starts and says how it went; at every other one it takes a call.
pub(crate) const START: &str = "/start";

/// The object's binding, and the name of the one that is the sequencer.
const BINDING: &str = "LEDGER";
const NAME: &str = "log";

/// The sequencer as the front Worker sees it.
pub(crate) struct ObjectClient(Stub);

impl ObjectClient {
    /// The object that this Worker is bound to. Nothing is sent yet.
    pub(crate) fn new(env: &Env) -> Result<Self, ConfigError> {
        let stub = env.durable_object(BINDING).and_then(|objects| objects.get_by_name(NAME));
        stub.map(ObjectClient).map_err(ConfigError::unbound(BINDING))
    }

    /// Has the sequencer start, if it has not.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) async fn start(&self) -> Result<(), Error> {
        match self.send(START, &[]).await? {
            Reply::Refused(body) => Err(Error::Relayed(body)),
            _ => Ok(()),
        }
    }

    async fn send(&self, path: &str, message: &[u8]) -> Result<Reply, Error> {
        let reply = self.exchange(path, message).await;
        Reply::decode(&reply.map_err(|error| cannot("reach the sequencer", &error))?)
    }

    async fn exchange(&self, path: &str, message: &[u8]) -> Result<Vec<u8>, worker::Error> {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(Uint8Array::from(message).into()));
        let request = Request::new_with_init(&format!("https://sequencer{path}"), &init)?;
        self.0.fetch_with_request(request).await?.bytes().await
    }
}

impl SequencerClient for ObjectClient {
    fn call(&self, call: Call) -> impl Future<Output = Result<Reply, Error>> + Send {
        SendFuture::new(async move { self.send("/", &call.encode()?).await })
    }
}
