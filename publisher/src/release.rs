//! From what a person asks for to a verified release and its checked modules. Nothing of a registry is believed on the way.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use cidery_protocol::manifest::Module;
use cidery_protocol::{self as protocol, Cid, Code};
use cidery_verifier::{Request, Verified, Wanted, prove};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::Registry;
use crate::failure::Failure;
use crate::output::Output;
use crate::reference::Reference;
use crate::trust::{Grounds, Trust};

/// Requests under way at once.
pub(crate) const CONCURRENCY: usize = 4;
/// Releases of one manifest that are looked at: what a registry lists at most (SPEC §11.1).
const RELEASES: usize = 100;

/// A release that was verified down to its manifest.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) verified: Verified,
    pub(crate) grounds: Grounds,
}

/// Finds and verifies a release. For the CID of a manifest it is the first listed one that the policy allows, and its name is
/// said.
///
/// # Errors
/// The first step of SPEC §10.4 that fails; for a manifest `policy.no_release`.
pub(crate) async fn find(
    registry: &Registry,
    trust: &Trust,
    reference: &Reference,
    output: &Output,
) -> Result<Found, Failure> {
    let manifest = match reference {
        Reference::Named(request) => return find_named(registry, trust, request).await,
        Reference::Manifest(cid) => *cid,
    };
    let listed = registry.releases(manifest).await?.releases;
    for release in listed.iter().take(RELEASES) {
        let wanted = Wanted::Locked { version: release.version.clone(), manifest };
        let request = Request { package: release.package.clone(), wanted };
        match find_named(registry, trust, &request).await {
            Ok(found) => {
                output.progress(format_args!("{manifest} is {} {}", release.package, release.version));
                return Ok(found);
            }
            // Another name for the same code may be one that is trusted.
            Err(failure) if is_of_the_policy(failure.code()) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::NoRelease { manifest, listed: listed.len() })
}

async fn find_named(registry: &Registry, trust: &Trust, request: &Request) -> Result<Found, Failure> {
    let grounds = trust.grounds(registry, &request.package).await?;
    let seen = trust.seen()?;
    let since = seen.log(&grounds.origin).map(|log| log.size);
    let resolution = registry.resolve(request, since).await?;
    let proven = prove(request, &resolution.receipt, &resolution.head, &grounds.policy, &seen, now())?;
    let manifest = registry.manifest(proven.manifest_cid()).await?;
    let verified = proven.with_manifest(&manifest)?;
    Ok(Found { verified, grounds })
}

/// Fetches all modules, each checked for length, BLAKE3, encoding and SHA-256.
///
/// # Errors
/// `module.size`, `cid.mismatch`, `module.encoding`, `module.sha256`, or what the registry says.
pub(crate) async fn modules(
    registry: &Registry,
    verified: &Verified,
) -> Result<BTreeMap<Cid, Vec<u8>>, Failure> {
    let mut by_content: BTreeMap<Cid, Vec<&Module>> = BTreeMap::new();
    for module in &verified.manifest().body().modules {
        by_content.entry(module.cid).or_default().push(module);
    }
    let fetch = |(cid, modules): (Cid, Vec<&Module>)| {
        let modules: Vec<Module> = modules.into_iter().cloned().collect();
        async move {
            let bytes = match modules.first() {
                Some(module) => registry.module(module).await?,
                None => Vec::new(),
            };
            for module in &modules {
                check(verified, module, &bytes)?;
            }
            Ok((cid, bytes))
        }
    };
    stream::iter(by_content.into_iter().map(fetch)).buffer_unordered(CONCURRENCY).try_collect().await
}

fn check(verified: &Verified, module: &Module, bytes: &[u8]) -> Result<(), Failure> {
    let mut check = verified.check(module);
    check.update(bytes)?;
    check.finish()?;
    if Module::describe(&module.path, module.kind, bytes).sha256 != module.sha256 {
        return Err(Failure::Protocol(protocol::Error::ModuleSha256 { path: module.path.clone() }));
    }
    Ok(())
}

/// Seconds since 1970, by this machine's clock.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Whether a refusal says that a release is not for us, and nothing against it.
fn is_of_the_policy(code: Code) -> bool {
    matches!(
        code,
        Code::PolicyNoRule | Code::PolicyOrigin | Code::PolicyKey | Code::PolicyInit | Code::LogOrigin
    )
}
