//! What a release links (SPEC §5.7): each verified by itself, all of it bounded before any of it is fetched.

use std::collections::BTreeSet;

use cidery_protocol::manifest::{Import, Manifest};
use cidery_protocol::{self as protocol, limits};
use cidery_verifier::{Request, Seen, Wanted};

use crate::client::Registry;
use crate::failure::Failure;
use crate::release::{Found, find_named};
use crate::trust::Trust;

/// Finds and verifies all that a release links, and that these link: each after those before it, whose heads count as
/// seen, so that none is shown by an older one.
///
/// # Errors
/// What [`find_named`] says of one, and whose it is; `limit.exceeded` where it is too much.
pub(crate) async fn linked(
    registry: &Registry,
    trust: &Trust,
    release: &Found,
    mut seen: Seen,
) -> Result<Vec<Found>, Failure> {
    seen.advance(&release.verified);
    let mut known = BTreeSet::from([release.verified.manifest().cid()]);
    let mut open = imports(release);
    let mut linked = Vec::new();
    while let Some((importer, Import { name, version, manifest })) = open.pop() {
        if !known.insert(manifest) {
            continue;
        }
        within("packages that are linked", known.len() - 1, limits::CLOSURE_PACKAGES)?;
        let wanted = Wanted::Locked { version: version.clone(), manifest };
        let request = Request { package: name, wanted };
        let found = find_named(registry, trust, &request, &request, &seen).await;
        let found = found.map_err(|failure| Failure::Linked {
            release: request.to_string(),
            importer,
            source: Box::new(failure),
        })?;
        seen.advance(&found.verified);
        open.extend(imports(&found));
        linked.push(found);
    }
    let all = || [release].into_iter().chain(&linked).map(|found| found.verified.manifest());
    let modules = all().map(|manifest| manifest.body().modules.len()).sum();
    within("modules, with those that are linked", modules, limits::MANIFEST_MODULES)?;
    let bytes: u64 = all().flat_map(|manifest| &manifest.body().modules).map(|module| module.size).sum();
    match bytes > limits::CODE_BYTES {
        true => Err(protocol::Error::Limit {
            what: "bytes of modules, with those that are linked",
            got: bytes,
            limit: limits::CODE_BYTES,
        }
        .into()),
        false => Ok(linked),
    }
}

/// The folder of a package's modules in the isolate; none where the package that was asked for links nothing.
pub(crate) fn folder(asked_for: &Manifest, manifest: &Manifest) -> Option<String> {
    (!asked_for.body().imports.is_empty()).then(|| manifest.cid().to_string())
}

/// What a release links, with its own name, the first one last.
fn imports(found: &Found) -> Vec<(String, Import)> {
    let (release, body) = (found.verified.release(), found.verified.manifest().body());
    let importer = format!("{}@{}", release.package(), release.version());
    body.imports.iter().rev().map(|import| (importer.clone(), import.clone())).collect()
}

fn within(what: &'static str, got: usize, limit: usize) -> Result<(), Failure> {
    let (got, limit) = (got as u64, limit as u64);
    if got > limit { Err(protocol::Error::Limit { what, got, limit }.into()) } else { Ok(()) }
}
