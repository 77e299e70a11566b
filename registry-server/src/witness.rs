//! Asking witnesses over HTTP.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use cidery_protocol::limits::{WITNESS_BYTES, WITNESS_SECONDS};
use cidery_registry::{StoreError, WitnessAnswer, WitnessClient};
use reqwest::{Client, redirect::Policy};

/// The way to witnesses. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Witnessing(Client);

impl Witnessing {
    /// A client that follows no redirects and obeys no variables of the environment.
    ///
    /// # Errors
    /// Where the system's part of it cannot be made ready.
    pub fn new() -> Result<Self, StoreError> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .no_gzip()
            .timeout(Duration::from_secs(WITNESS_SECONDS))
            .user_agent(concat!("cidery/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Witnessing).map_err(|error| StoreError::new("prepare to ask witnesses", error))
    }
}

impl WitnessClient for Witnessing {
    async fn post(&self, url: &str, body: Bytes) -> Result<WitnessAnswer, StoreError> {
        let failed = |error: reqwest::Error| StoreError::new(format!("ask `{url}`"), error.without_url());
        let mut response = self.0.post(url).body(body).send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if chunk.len() > WITNESS_BYTES - body.len() {
                let reason = format!("its answer has more than {WITNESS_BYTES} bytes");
                return Err(StoreError::new(format!("ask `{url}`"), reason));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(WitnessAnswer { status, body: body.freeze() })
    }
}
