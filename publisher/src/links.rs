//! The packages that a folder links: verified as if they were to run, and then left where they are.
//!
//! ```text
//!  [imports] in cidery.toml ─► resolve and verify ─┬─► the bundler: what can be imported of them, and by which path
//!                                                  └─► the manifest: version and CID of those that are
//! ```

use std::collections::{BTreeMap, BTreeSet};

use cidery_bundler::{Link, LinkedModule};
use cidery_protocol::manifest::{Import, ManifestBody};
use cidery_protocol::{Cid, PackageName};
use cidery_verifier::Request;

use crate::client::Registry;
use crate::failure::Failure;
use crate::output::Output;
use crate::package::FILE;
use crate::reference::Reference;
use crate::release::{self, Modules, Obtained};
use crate::trust::Trust;

/// The packages that a folder links, by the names that they have in its code.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<String, Obtained>);

impl Links {
    /// Finds and verifies each, with all that it links.
    ///
    /// # Errors
    /// As [`release::obtain`], or [`Failure::Usage`] where one package is linked in two versions.
    pub(crate) async fn resolve(
        wanted: &BTreeMap<String, Request>,
        registry: &Registry,
        trust: &Trust,
        output: &Output,
    ) -> Result<Self, Failure> {
        let mut found: BTreeMap<String, Obtained> = BTreeMap::new();
        let mut versions: BTreeMap<PackageName, Cid> = BTreeMap::new();
        for (name, request) in wanted {
            let reference = Reference::Named(request.clone());
            let obtained = release::obtain(registry, trust, &reference, Modules::Wanted, output).await?;
            let release = obtained.verified.release();
            output.progress(format_args!("links {} {}", release.package(), release.version()));
            let cid = release.manifest_cid();
            if versions.insert(request.package.clone(), cid).is_some_and(|other| other != cid) {
                return Err(Failure::Usage {
                    reason: format!("`{}` is linked in two versions", request.package),
                    hint: Some(format!("name one of them under [imports] in {FILE}")),
                });
            }
            found.insert(name.clone(), obtained);
        }
        Ok(Links(found))
    }

    /// What can be imported of them.
    pub(crate) fn for_bundler(&self) -> BTreeMap<String, Link> {
        let link = |(name, obtained): (&String, &Obtained)| {
            let manifest = obtained.verified.manifest();
            let module = |(name, path): (&str, &str)| {
                let cid = manifest.body().module(path)?.cid;
                let specifier = format!("../{}/{path}", manifest.cid());
                let code = obtained.modules.get(&cid)?.clone();
                Some((name.to_owned(), LinkedModule { specifier, code }))
            };
            let modules = manifest.body().exported().filter_map(module).collect();
            (name.clone(), Link { modules })
        };
        self.0.iter().map(link).collect()
    }

    /// Those of them that are `used`, as the manifest names them.
    pub(crate) fn imports(&self, used: &BTreeSet<String>) -> Vec<Import> {
        let import = |obtained: &Obtained| {
            let release = obtained.verified.release();
            let (name, version) = (release.package().clone(), release.version().clone());
            (name.clone(), Import { name, version, manifest: release.manifest_cid() })
        };
        let used = self.0.iter().filter(|(name, _)| used.contains(*name));
        let by_name: BTreeMap<PackageName, Import> = used.map(|(_, obtained)| import(obtained)).collect();
        by_name.into_values().collect()
    }

    /// Those that are declared, and not `used`.
    pub(crate) fn unused<'l>(&'l self, used: &'l BTreeSet<String>) -> impl Iterator<Item = &'l str> {
        self.0.keys().filter(|name| !used.contains(*name)).map(String::as_str)
    }

    /// Refuses what runs nowhere: the compatibility flags of all that is `used`, and that these link, must be among the
    /// package's own, since they hold for the whole isolate.
    ///
    /// # Errors
    /// [`Failure::Usage`] that names the first that is missing.
    pub(crate) fn check(&self, used: &BTreeSet<String>, flags: &[String]) -> Result<(), Failure> {
        let used = self.0.iter().filter(|(name, _)| used.contains(*name)).map(|(_, obtained)| obtained);
        for verified in used.flat_map(Obtained::all) {
            let body: &ManifestBody = verified.manifest().body();
            if let Some(flag) = body.compatibility.flags.iter().find(|flag| !flags.contains(flag)) {
                let release = verified.release();
                return Err(Failure::Usage {
                    reason: format!("`{}` {} needs `{flag}`", release.package(), release.version()),
                    hint: Some(format!("put \"{flag}\" into flags under [compatibility] in {FILE}")),
                });
            }
        }
        Ok(())
    }
}
