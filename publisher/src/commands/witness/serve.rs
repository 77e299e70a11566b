//! `cidery witness serve`: a witness of one's own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use cidery_protocol::{Origin, PublicKey};
use cidery_witness::{Config, Server, WitnessError};
use serde::Serialize;

use super::super::{Context, Running};
use crate::args;
use crate::failure::Failure;
use crate::output::Output;
use crate::signals;
use crate::signing;
use crate::text::Text;

/// Where it is, who it is, and what it watches.
#[derive(Serialize)]
struct Witnessing {
    url: String,
    name: String,
    key: Text<PublicKey>,
    vkey: String,
    logs: BTreeMap<Origin, Vec<Text<PublicKey>>>,
    data: PathBuf,
}

impl fmt::Display for Witnessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "listening on {}", self.url)?;
        writeln!(f, "  witness    {}", self.name)?;
        writeln!(f, "  key        {}", *self.key)?;
        writeln!(f, "  vkey       {}", self.vkey)?;
        for (origin, keys) in &self.logs {
            let keys: Vec<String> = keys.iter().map(|key| key.to_string()).collect();
            writeln!(f, "  log        {origin} {}", keys.join(", "))?;
        }
        write!(f, "  data       {}", self.data.display())
    }
}

pub(in super::super) async fn serve(
    context: &Context,
    args: &args::WitnessServe,
) -> Result<Running, Failure> {
    let data = args.data.data.clone().unwrap_or_else(|| context.folders.witness());
    let mut config = Config::new(&data, args.listen);
    config.name = args.name.clone();
    for args::WatchedLog { origin, key } in &args.logs {
        config.logs.entry(origin.clone()).or_default().push(*key);
    }
    config.signer = signing::named(args.key.as_ref(), &args.passphrase)?;
    let output = context.output;
    config.on_event = Some(Box::new(move |event| tell(output, event)));
    let server = Server::start(config).await?;
    let witness = server.witness();
    let of = |keys: &Vec<PublicKey>| keys.iter().copied().map(Text).collect();
    let witnessing = Witnessing {
        url: server.url(),
        name: witness.name().to_string(),
        key: Text(witness.key()),
        vkey: witness.verifier_key(),
        logs: witness.logs().iter().map(|(origin, keys)| (origin.clone(), of(keys))).collect(),
        data,
    };
    let until_stopped = async move {
        let stopped = signals::stopped().await;
        server.stop().await?;
        stopped.map_err(signals::unheard)
    };
    Ok(Running { started: witnessing.into(), until_stopped: Box::pin(until_stopped) })
}

/// What the operator must know; of a log that was caught, both notes.
fn tell(output: Output, event: &WitnessError) {
    output.warning("cosign", event);
    if let WitnessError::Fork { contradiction, .. } = event {
        output.note(contradiction);
    }
}
