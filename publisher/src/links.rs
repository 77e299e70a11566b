//! The packages that a folder links: verified as if they were to run, and then left where they are.
//!
//! ```text
//!  [imports] in cidery.toml ─► resolve and verify ─┬─► the bundler: what can be imported of them, and by which path
//!                                                  └─► the manifest: version and CID of those that are
//! ```

use std::collections::{BTreeMap, BTreeSet};

use cidery_bundler::{Link, LinkedModule};
use cidery_protocol::manifest::Import;
use cidery_protocol::{Cid, PackageName};
use cidery_verifier::Request;

use crate::client::Registry;
use crate::failure::Failure;
use crate::output::Output;
use crate::package::{FILE, NODE_FLAG};
use crate::reach::{joined, node_builtins};
use crate::reference::Reference;
use crate::release::{self, Modules, Obtained};
use crate::trust::Trust;

/// The links that code makes use of, by their names in it, with the specifiers of what it imports.
pub(crate) type Used = BTreeMap<String, BTreeSet<String>>;

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
    pub(crate) fn imports(&self, used: &Used) -> Vec<Import> {
        let import = |obtained: &Obtained| {
            let release = obtained.verified.release();
            let (name, version) = (release.package().clone(), release.version().clone());
            (name.clone(), Import { name, version, manifest: release.manifest_cid() })
        };
        let used = self.0.iter().filter(|(name, _)| used.contains_key(*name));
        let by_name: BTreeMap<PackageName, Import> = used.map(|(_, obtained)| import(obtained)).collect();
        by_name.into_values().collect()
    }

    /// Those that are declared, and not `used`.
    pub(crate) fn unused<'l>(&'l self, used: &'l Used) -> impl Iterator<Item = &'l str> {
        self.0.keys().filter(|name| !used.contains_key(*name)).map(String::as_str)
    }

    /// Refuses what cannot run: the compatibility flags of all that is `used`, and that these link, must be among the
    /// package's own, since they hold for the whole isolate; and so must the one for Node's modules, where what is
    /// imported reaches some.
    ///
    /// # Errors
    /// [`Failure::Usage`] that names the first flag that is missing.
    pub(crate) fn check(&self, used: &Used, flags: &[String]) -> Result<(), Failure> {
        let missing = |what: String, flag: &str| Failure::Usage {
            reason: format!("{what} needs `{flag}`"),
            hint: Some(format!("put \"{flag}\" into flags under [compatibility] in {FILE}")),
        };
        for (obtained, specifiers) in used.iter().filter_map(|(name, used)| Some((self.0.get(name)?, used))) {
            for verified in obtained.all() {
                let (release, body) = (verified.release(), verified.manifest().body());
                if let Some(flag) = body.compatibility.flags.iter().find(|flag| !flags.contains(flag)) {
                    return Err(missing(format!("`{}` {}", release.package(), release.version()), flag));
                }
            }
            let start = specifiers.iter().map(|specifier| joined("own/index.js", specifier));
            let builtins = node_builtins(start, |name| obtained.module(name));
            if let Some(builtin) = builtins.first().filter(|_| !flags.iter().any(|flag| flag == NODE_FLAG)) {
                let release = obtained.verified.release();
                return Err(missing(
                    format!("`{}`, which imports `{builtin}`,", release.package()),
                    NODE_FLAG,
                ));
            }
        }
        Ok(())
    }
}
