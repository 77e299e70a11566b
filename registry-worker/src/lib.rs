//! The registry on Cloudflare Workers.
//!
//! ```text
//!  fetch ─▶ front Worker, everywhere: cidery-registry's handlers ──reads──▶ KV ─▶ R2
//!                 │ publish, upload                         └──blobs in──▶ R2
//!                 ▼
//!           Ledger, one Durable Object: cidery-registry's sequencer ──▶ its SQLite, then R2
//! ```
//!
//! | file | what |
//! |---|---|
//! | `ledger` | the Durable Object: starts the sequencer, closes groups, sets alarms |
//! | `client` | the way to it |
//! | `r2`, `kv`, `sql`, `clock` | the storage and time that `cidery-registry` asks for |
//! | `http` | requests and responses |
//! | `config` | variables and secrets |
//!
//! It knows nothing of manifests, signatures and policies, and decides nothing: it is the platform's side of the seams. Only here
//! are the platform's types and futures wrapped as `Send`, since a Worker is one thread.

mod client;
mod clock;
mod config;
#[cfg(feature = "contract")]
pub mod contract;
mod failure;
mod http;
mod kv;
mod ledger;
mod r2;
mod sql;

use std::sync::atomic::{AtomicBool, Ordering};

use cidery_registry::{Error, Registry, Response, layout};
use worker::{Context, Env, event};

use crate::{client::ObjectClient, failure::cannot, kv::Cached, r2::R2};

/// The bucket's binding.
const BUCKET: &str = "OBJECTS";
/// The KV namespace's binding.
const CACHE: &str = "CACHE";

#[event(fetch)]
async fn fetch(
    request: worker::Request,
    env: Env,
    context: Context,
) -> Result<worker::Response, worker::Error> {
    let (r2, sequencer) = (R2::from(env.bucket(BUCKET)?), ObjectClient::new(&env)?);
    if let Err(error) = ensure_log(&r2, &sequencer).await {
        return http::response(Response::from(&error));
    }
    let registry = Registry::new(Cached::new(r2, env.kv(CACHE)?, context), sequencer);
    http::response(registry.handle(http::request(request)?).await)
}

/// A log begins when its sequencer first starts, and before that there is nothing to read. Asked once in an isolate's life.
async fn ensure_log(r2: &R2, sequencer: &ObjectClient) -> Result<(), Error> {
    static IS_THERE: AtomicBool = AtomicBool::new(false);
    if IS_THERE.load(Ordering::Relaxed) {
        return Ok(());
    }
    let begun = r2.has(layout::CHECKPOINT).await;
    if !begun.map_err(|error| cannot("read the checkpoint", &error))? {
        sequencer.start().await?;
    }
    IS_THERE.store(true, Ordering::Relaxed);
    Ok(())
}
