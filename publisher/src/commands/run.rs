//! `cidery run`: a release in real workerd. The loader Worker verifies it there, under the policy that is handed to it.

use std::fmt;
use std::net::IpAddr;

use cidery_protocol::{Cid, PackageName, Version};
use cidery_verifier::{Request, Wanted};
use serde::Serialize;

use super::{Context, Running};
use crate::args;
use crate::client::Registry;
use crate::failure::Failure;
use crate::reference::Reference;
use crate::release::{self, Modules};
use crate::signals;
use crate::text::Text;
use crate::trust::Trust;
use crate::workerd::{self, Config, Loader, Workerd};

/// Where the package answers, and what it is found to be now. What a range leads to may be another release at a later load.
#[derive(Serialize)]
struct Answering {
    url: String,
    request: Text<Request>,
    package: PackageName,
    version: Version,
    manifest: Text<Cid>,
}

impl fmt::Display for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "listening on {}", self.url)?;
        match self.request.wanted {
            Wanted::Range(_) => {
                writeln!(f, "  package    {}, first resolved to {}", *self.request, self.version)?;
            }
            _ => {
                writeln!(f, "  package    {} {}", self.package, self.version)?;
            }
        }
        write!(f, "  manifest   {}", *self.manifest)
    }
}

/// A release in workerd.
pub(super) struct Started {
    answering: Answering,
    pub(super) workerd: Workerd,
}

pub(super) async fn run(context: &Context, args: &args::Run) -> Result<Running, Failure> {
    let Started { answering, mut workerd } = start(context, args).await?;
    let output = context.output;
    let until_stopped = async move {
        let stopped = tokio::select! {
            stopped = signals::stopped() => stopped.map_err(signals::unheard),
            failure = workerd.watch(&output) => return Err(failure),
        };
        workerd.stop().await?;
        stopped
    };
    Ok(Running { started: answering.into(), until_stopped: Box::pin(until_stopped) })
}

/// Finds the release and starts workerd with the loader; the package itself is loaded, and its modules are verified there,
/// when the first request comes.
pub(super) async fn start(context: &Context, args: &args::Run) -> Result<Started, Failure> {
    let reference = Reference::read(&args.reference, &args.choice)?;
    let trust = Trust::open(&args.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let registry = context.registry()?;
    let loader = Loader::find()?;
    // The CID of a manifest stands for a name that is to be found; modules are for the loader to check, at every load.
    let found = release::obtain(&registry, &trust, &reference, Modules::Later, &context.output).await?;
    let release = found.verified.release();
    // All that was trusted on the way is written down by now.
    let policy = serde_json::to_string(&trust.document()?)
        .map_err(|error| Failure::Workerd { reason: format!("cannot be told the policy: {error}") })?;
    let request = reference.to_request(release);
    let config = Config {
        registry: registry.url().as_str().trim_end_matches('/').to_owned(),
        reachable: addresses(&registry).await?,
        policy,
        request: request.clone(),
    };
    let executable = workerd::executable(&context.folders, &context.output).await?;
    let workerd = Workerd::start(&executable, &loader, &config, args.listen).await?;
    let answering = Answering {
        url: workerd.url(),
        request: Text(request),
        package: release.package().clone(),
        version: release.version().clone(),
        manifest: Text(release.manifest_cid()),
    };
    Ok(Started { answering, workerd })
}

/// Where the registry is: workerd opens the network to these, however near they are.
async fn addresses(registry: &Registry) -> Result<Vec<IpAddr>, Failure> {
    let url = registry.url();
    let unknown = |reason: String| Failure::Unreachable { url: url.to_string(), reason };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let found = tokio::net::lookup_host((host, port)).await.map_err(|error| unknown(error.to_string()))?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}
