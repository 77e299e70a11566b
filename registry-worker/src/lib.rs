//! The registry on Cloudflare Workers.
//!
//! ```text
//!  fetch ─▶ front Worker, everywhere: cidery-registry's handlers ──reads──▶ KV, R2
//!                 │ publish, upload                         └──blobs in──▶ R2
//!                 ▼
//!           Ledger, one Durable Object: cidery-registry's sequencer ──▶ its SQLite, then R2, copies to KV
//!                 └──fetch──▶ witnesses
//! ```
//!
//! | file | what |
//! |---|---|
//! | `ledger` | the Durable Object: starts the sequencer, closes groups, sets alarms, asks witnesses |
//! | `witness` | witnesses by fetch |
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
mod witness;

use std::sync::atomic::{AtomicBool, Ordering};

use cidery_registry::{Blobs, Error, Registry, Response, layout};
use worker::{Context, Env, event};

use crate::{
    client::ObjectClient,
    http::ObjectBody,
    kv::{Objects, Reader},
};

#[event(fetch)]
async fn fetch(
    request: worker::Request,
    env: Env,
    _context: Context,
) -> Result<worker::Response, worker::Error> {
    http::response(answer(&request, &env).await.unwrap_or_else(|error| Response::from(&error)))
}

async fn answer(request: &worker::Request, env: &Env) -> Result<Response<ObjectBody>, Error> {
    let (objects, sequencer) = (Objects::new(env, Reader::Handler)?, ObjectClient::new(env)?);
    ensure_log(&objects, &sequencer).await?;
    let scopes = config::scopes(env)?.clone();
    Ok(Registry::new(objects, sequencer, scopes).handle(http::request(request)).await)
}

/// A log begins when its sequencer first starts, and before its first head there is nothing to read. Asked once in an isolate's life.
async fn ensure_log(objects: &Objects, sequencer: &ObjectClient) -> Result<(), Error> {
    static IS_THERE: AtomicBool = AtomicBool::new(false);
    if IS_THERE.load(Ordering::Relaxed) {
        return Ok(());
    }
    if !objects.has(layout::HEAD).await? {
        sequencer.start().await?;
    }
    IS_THERE.store(true, Ordering::Relaxed);
    Ok(())
}
