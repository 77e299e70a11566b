//! `cidery serve`: a registry of one's own.

use std::fmt;

use cidery_protocol::{Origin, PublicKey};
use cidery_registry_server::{Config, ScopePolicy, Server, ServerError, Witnesses};
use serde::Serialize;

use super::{Context, Running};
use crate::args;
use crate::failure::Failure;
use crate::signals;
use crate::text::Text;

/// Where it is, and the log that it keeps.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Serving {
    url: String,
    origin: Origin,
    log_keys: Vec<Text<PublicKey>>,
    cosigner: Text<PublicKey>,
    /// The names of those who cosign its head.
    witnesses: Vec<String>,
    data: std::path::PathBuf,
}

impl fmt::Display for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.log_keys.iter().map(|key| key.to_string()).collect();
        writeln!(f, "listening on {}", self.url)?;
        writeln!(f, "  log        {}", self.origin)?;
        writeln!(f, "  log key    {}", keys.join(", "))?;
        writeln!(f, "  cosigner   {}", *self.cosigner)?;
        for witness in &self.witnesses {
            writeln!(f, "  witness    {witness}")?;
        }
        write!(f, "  data       {}", self.data.display())
    }
}

pub(super) async fn serve(context: &Context, args: &args::Serve) -> Result<Running, Failure> {
    let data = args.data.clone().unwrap_or_else(|| context.folders.registry());
    let mut config = Config::new(&data, args.listen);
    if !args.witnesses.is_empty() {
        let witnesses = Witnesses::new(args.witnesses.clone()).map_err(ServerError::from)?;
        config.witnesses = Some(witnesses);
    }
    let output = context.output;
    config.on_failure = Some(Box::new(move |error| output.warning("keep the log up to date", error)));
    let server = Server::start(config).await?;
    let serving = Serving {
        url: server.url(),
        origin: server.origin().clone(),
        log_keys: vec![Text(server.log_key())],
        cosigner: Text(server.cosigner()),
        witnesses: server.witnesses().iter().map(|witness| witness.name().to_owned()).collect(),
        data,
    };
    match server.scopes() {
        ScopePolicy::Closed => {
            context
                .output
                .note("packages that exist take releases, and nobody may begin one (scopes in config.toml)");
        }
        ScopePolicy::Open if !server.local_addr().ip().is_loopback() => {
            context.output.note("not on loopback, and anybody may begin a package in any scope");
        }
        _ => {}
    }
    let until_stopped = async move {
        let stopped = signals::stopped().await;
        server.stop().await?;
        stopped.map_err(signals::unheard)
    };
    Ok(Running { started: serving.into(), until_stopped: Box::pin(until_stopped) })
}
