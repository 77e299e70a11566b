//! From what a person asks for to a verified release and its checked modules. Nothing of a registry is believed on the way.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use cidery_protocol::manifest::Module;
use cidery_protocol::{self as protocol, Cid, Code};
use cidery_verifier::{
    Explanation, ProvenRelease, Request, Rule, Seen, TrustPolicy, Verified, VerifyError, Wanted, prove,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::Registry;
use crate::closure;
use crate::failure::Failure;
use crate::output::Output;
use crate::reference::Reference;
use crate::trust::{Grounds, Trust};

/// Requests under way at once.
pub(crate) const CONCURRENCY: usize = 4;
/// Releases of one manifest that are looked at: what a registry lists at most (SPEC §11.1).
const RELEASES: usize = 100;

/// How often another process that has seen a newer head may come in between.
const ATTEMPTS: usize = 8;

/// What a verdict on a release rests on.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) request: Request,
    pub(crate) receipt: Vec<u8>,
    pub(crate) head: Vec<u8>,
}

impl Evidence {
    /// Judges it: all steps of SPEC §10.4 but the manifest.
    ///
    /// # Errors
    /// The first step that fails.
    pub(crate) fn prove(&self, policy: &TrustPolicy, seen: &Seen) -> Result<ProvenRelease, VerifyError> {
        prove(&self.request, &self.receipt, &self.head, policy, seen, now())
    }
}

/// A release that was verified down to its manifest.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) verified: Verified,
    pub(crate) grounds: Grounds,
    pub(crate) evidence: Evidence,
}

/// A release that was verified, remembered, and whose modules were checked.
#[derive(Debug)]
pub(crate) struct Obtained {
    pub(crate) verified: Verified,
    pub(crate) evidence: Evidence,
    /// What it links, and what these link.
    pub(crate) linked: Vec<Verified>,
    /// The modules of all of them by their CIDs; none where only the first use asks for them.
    pub(crate) modules: BTreeMap<Cid, Vec<u8>>,
}

impl Obtained {
    /// The release, and what it links.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Verified> {
        std::iter::once(&self.verified).chain(&self.linked)
    }

    /// The module that an isolate has under the name `CID/path`.
    pub(crate) fn module(&self, name: &str) -> Option<&[u8]> {
        let (cid, path) = name.split_once('/')?;
        let verified = self.all().find(|verified| verified.manifest().cid().to_string() == cid)?;
        let module = verified.manifest().body().module(path)?;
        self.modules.get(&module.cid).map(Vec::as_slice)
    }
}

/// When modules are fetched and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modules {
    /// Now.
    Wanted,
    /// Later, by a loader, at every load. But what is trusted on first use must have verified, all of it, before that is
    /// written down.
    Later,
}

/// Finds and verifies a release, all that it links, and their modules, and moves forward what was seen. For the CID of a manifest it is the first
/// listed one that the policy allows, and its name is said.
///
/// # Errors
/// The first step of SPEC §10.4 that fails; for a manifest `policy.no_release`; what is wrong with a module.
pub(crate) async fn obtain(
    registry: &Registry,
    trust: &Trust,
    reference: &Reference,
    wanted: Modules,
    output: &Output,
) -> Result<Obtained, Failure> {
    let mut modules = BTreeMap::new();
    let mut attempt = 1;
    loop {
        let seen = trust.seen()?;
        let found = find(registry, trust, reference, &seen, output).await?;
        let linked = closure::linked(registry, trust, &found, seen).await?;
        let all = || std::iter::once(&found).chain(&linked);
        if wanted == Modules::Wanted || all().any(|found| found.grounds.is_first_use()) {
            for found in all() {
                fetch(registry, &found.verified, &mut modules).await?;
            }
        }
        match all().try_for_each(|found| settle(trust, found, output)) {
            Ok(()) => {
                let Found { verified, evidence, .. } = found;
                let linked = linked.into_iter().map(|found| found.verified).collect();
                return Ok(Obtained { verified, evidence, linked, modules });
            }
            Err(failure) if is_overtaken(failure.code()) && attempt < ATTEMPTS => attempt += 1,
            Err(failure) => return Err(failure),
        }
    }
}

fn settle(trust: &Trust, found: &Found, output: &Output) -> Result<(), Failure> {
    trust.settle(&found.grounds, &found.evidence)?.into_iter().for_each(|note| output.note(note));
    Ok(())
}

/// Whether an answer that was good a moment ago is too old by now, for another process has seen a newer head.
pub(crate) fn is_overtaken(code: Code) -> bool {
    matches!(code, Code::LogRollback | Code::LogUnproven)
}

async fn find(
    registry: &Registry,
    trust: &Trust,
    reference: &Reference,
    seen: &Seen,
    output: &Output,
) -> Result<Found, Failure> {
    let manifest = match reference {
        Reference::Named(request) => return find_named(registry, trust, request, request, seen).await,
        Reference::Held(held) => return find_named(registry, trust, &held.asked, &held.release, seen).await,
        Reference::Manifest(cid) => *cid,
    };
    let listed = registry.releases(manifest).await?.releases;
    for release in listed.iter().take(RELEASES) {
        let wanted = Wanted::Locked { version: release.version.clone(), manifest };
        let request = Request { package: release.package.clone(), wanted };
        match find_named(registry, trust, &request, &request, seen).await {
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

/// Finds the release that `request` names, for somebody who asked for it by `asked`, which the policy is to allow.
///
/// # Errors
/// The first step of SPEC §10.4 that fails, or what the registry says.
pub(crate) async fn find_named(
    registry: &Registry,
    trust: &Trust,
    asked: &Request,
    request: &Request,
    seen: &Seen,
) -> Result<Found, Failure> {
    let grounds = trust.grounds(registry, asked).await?;
    let rule = grounds.policy.rule_for(&request.package)?;
    rule.allow(asked)?;
    let evidence = evidence(registry, request, rule, seen).await?;
    let proven = evidence.prove(&grounds.policy, seen)?;
    let manifest = registry.manifest(proven.manifest_cid()).await?;
    let verified = proven.with_manifest(&manifest)?;
    Ok(Found { verified, grounds, evidence })
}

/// Judges a release as [`obtain`] does, and says of each step what it looked at; the verdict too, where there is one. Nothing is
/// remembered.
///
/// # Errors
/// What the registry says.
pub(crate) async fn explain(
    registry: &Registry,
    trust: &Trust,
    request: &Request,
) -> Result<(Explanation, Option<Verified>), Failure> {
    let policy = trust.policy_for(registry, request).await?;
    let seen = trust.seen()?;
    let explain = |evidence: Option<&Evidence>, manifest: Option<&[u8]>| {
        let (receipt, head) = evidence.map(|there| (&*there.receipt, &*there.head)).unwrap_or_default();
        cidery_verifier::explain(request, receipt, head, manifest, &policy, &seen, now())
    };
    let Some(rule) = policy.rule(&request.package).filter(|rule| rule.allow(request).is_ok()) else {
        return Ok((explain(None, None), None));
    };
    let evidence = evidence(registry, request, rule, &seen).await?;
    let Ok(proven) = evidence.prove(&policy, &seen) else {
        return Ok((explain(Some(&evidence), None), None));
    };
    let manifest = registry.manifest(proven.manifest_cid()).await?;
    let verified = proven.with_manifest(&manifest).ok();
    Ok((explain(Some(&evidence), Some(&manifest)), verified))
}

/// Fetches and checks all modules of a release.
///
/// # Errors
/// `module.size`, `cid.mismatch`, `module.encoding`, `module.sha256`, or what the registry says.
pub(crate) async fn check_modules(registry: &Registry, verified: &Verified) -> Result<(), Failure> {
    fetch(registry, verified, &mut BTreeMap::new()).await
}

/// Asks for receipt and head of a release; the head is to be consistent with the tree that was seen.
///
/// # Errors
/// What the registry says.
pub(crate) async fn evidence(
    registry: &Registry,
    request: &Request,
    rule: &Rule,
    seen: &Seen,
) -> Result<Evidence, Failure> {
    let since = seen.log(rule.origin()).map(|log| log.size);
    let resolution = registry.resolve(request, rule, since).await?;
    let (receipt, head) = (resolution.receipt.into_vec(), resolution.head.into_vec());
    Ok(Evidence { request: request.clone(), receipt, head })
}

/// Fetches the modules that are not there yet, each checked for length, BLAKE3, encoding and SHA-256.
async fn fetch(
    registry: &Registry,
    verified: &Verified,
    there: &mut BTreeMap<Cid, Vec<u8>>,
) -> Result<(), Failure> {
    let mut by_content: BTreeMap<Cid, Vec<&Module>> = BTreeMap::new();
    for module in &verified.manifest().body().modules {
        by_content.entry(module.cid).or_default().push(module);
    }
    by_content.retain(|cid, _| !there.contains_key(cid));
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
            Ok::<_, Failure>((cid, bytes))
        }
    };
    let fetched = stream::iter(by_content.into_iter().map(fetch)).buffer_unordered(CONCURRENCY);
    there.extend(fetched.try_collect::<Vec<_>>().await?);
    Ok(())
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
