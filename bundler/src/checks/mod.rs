//! What is asked of each package beside its SHA-512, once for each archive in the cache.
//!
//! ```text
//!  description (of the solver, else of the registry) ─┬─ as the archive's package.json says?      manifest
//!                                                     ├─ signatures right, by keys offered?       keys
//!                                                     └─ attestations valid, and about it?        attestations
//!                                                                        ▼
//!                                            verdict: the words of `npm.checked`, kept in the cache
//! ```
//!
//! A registry that offers no keys, or no signatures and attestations of a version, leaves the verdict without a word. What is offered
//! and wrong is an error.

mod attestations;
mod description;
mod keys;
mod manifest;
mod verdict;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use self::attestations::About;
pub(crate) use self::description::Description;
use self::description::VersionDescription;
use self::keys::RegistryKeys;
use self::verdict::Verdict;
use crate::cache::Cache;
use crate::fetch::{CONCURRENCY, Fetcher, PACKUMENT_FULL};
use crate::graph::{Graph, Package};
use crate::integrity::Integrity;
use crate::package_json::FILE;
use crate::{BundleError, Progress, blocking, unpack};

/// The word of `npm.checked` (SPEC §6.2) for a registry's signature.
const REGISTRY_SIGNATURE: &str = "registry-signature";

/// What was found out about the packages of a graph, by `name@version` and archive.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(BTreeMap<(String, Integrity), BTreeSet<String>>);

impl Verdicts {
    /// What was verified of a package, in words of `npm.checked`.
    pub(crate) fn of(&self, package: &Package) -> Vec<String> {
        let words = package.integrity().and_then(|integrity| self.0.get(&(package.id(), integrity)));
        words.into_iter().flatten().cloned().collect()
    }
}

/// Checks all packages of a graph, whose archives are in the cache. `known` are the descriptions that are there already.
///
/// # Errors
///
/// What is offered and wrong.
pub(crate) async fn check(
    fetcher: &Fetcher,
    graph: &Graph,
    known: HashMap<String, Description>,
    progress: &dyn Progress,
) -> Result<Verdicts, BundleError> {
    let mut by_name: BTreeMap<&str, BTreeMap<(String, Integrity), &Package>> = BTreeMap::new();
    for package in &graph.packages {
        if let Some(integrity) = package.integrity() {
            by_name.entry(&package.name).or_default().insert((package.id(), integrity), package);
        }
    }
    let direct: BTreeSet<String> = graph.root.values().map(|&index| graph.packages[index].id()).collect();
    let total = by_name.values().map(BTreeMap::len).sum();
    let checks = Checks { fetcher, keys: Mutex::default(), direct };
    let groups =
        by_name.into_iter().map(|(name, packages)| checks.same_name(name, packages, known.get(name)));
    let mut groups = stream::iter(groups).buffer_unordered(CONCURRENCY);
    let mut verdicts = Verdicts::default();
    while let Some(found) = groups.try_next().await? {
        verdicts.0.extend(found);
        let signed = verdicts.0.values().filter(|words| words.contains(REGISTRY_SIGNATURE)).count();
        progress.checked(Checked { done: verdicts.0.len(), total, signed });
    }
    Ok(verdicts)
}

/// Whose attestations are asked for: each costs a request, once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attested {
    /// Those of the packages that the project itself depends on.
    #[default]
    Direct,
    /// Those of all packages.
    All,
}

/// How far the checks have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// So many packages are checked.
    pub done: usize,
    /// Of so many.
    pub total: usize,
    /// So many of them have a right signature by their registry.
    pub signed: usize,
}

/// The keys of a registry, asked for once in a run.
type Keys = Arc<OnceCell<RegistryKeys>>;

struct Checks<'a> {
    fetcher: &'a Fetcher,
    /// By the address that they are at.
    keys: Mutex<HashMap<String, Keys>>,
    /// The packages that the project itself depends on.
    direct: BTreeSet<String>,
}

impl Checks<'_> {
    /// Checks the versions of one package.
    async fn same_name(
        &self,
        name: &str,
        packages: BTreeMap<(String, Integrity), &Package>,
        known: Option<&Description>,
    ) -> Result<Vec<((String, Integrity), BTreeSet<String>)>, BundleError> {
        let mut found = Vec::new();
        let mut description: Option<Option<Description>> = known.cloned().map(Some);
        for (id, package) in packages {
            let place = verdict::place(&self.fetcher.registries, package, &id.1)?;
            let attested = self.fetcher.attested == Attested::All || self.direct.contains(&id.0);
            let kept = Verdict::kept(&self.fetcher.cache, &place, self.fetcher.offline);
            let suffices = |kept: &Verdict| {
                (kept.attested || !attested)
                    && (kept.published.is_some() || self.fetcher.published_before.is_none())
            };
            let verdict = match kept.filter(suffices) {
                Some(kept) => kept,
                None => {
                    if description.is_none() {
                        description = Some(self.fetcher.description(name).await?);
                    }
                    let description = description.as_ref().and_then(Option::as_ref);
                    let checked = self.checked(package, &id.1, description, attested).await?;
                    let published = self.published(package, description).await?;
                    let verdict = Verdict::new(checked, attested, published);
                    verdict.keep(&self.fetcher.cache, &place)?;
                    verdict
                }
            };
            self.is_old_enough(&id.0, verdict.published)?;
            found.push((id, verdict.checked));
        }
        Ok(found)
    }

    /// Checks one version, and its attestations where they are wanted.
    async fn checked(
        &self,
        package: &Package,
        integrity: &Integrity,
        description: Option<&Description>,
        attested: bool,
    ) -> Result<BTreeSet<String>, BundleError> {
        let mut checked = BTreeSet::new();
        let version = match description {
            Some(description) => description.version(&package.name, &package.version)?,
            None => None,
        };
        // A lock file may hold what a registry knows no more.
        let (Some(description), Some(version)) = (description, version) else { return Ok(checked) };
        if self.is_signed(package, integrity, description, &version).await? {
            checked.insert(REGISTRY_SIGNATURE.to_owned());
        }
        let is_attested = attested && version.dist.attestations.is_some();
        let (cache, package, integrity) = (self.fetcher.cache.clone(), package.clone(), *integrity);
        let listed = if is_attested { self.fetcher.attestations(&package).await? } else { None };
        let Some(listed) = listed else {
            blocking(move || agree(&cache, &package, &integrity, &version).map(|_| ())).await?;
            return Ok(checked);
        };
        let keys = self.keys(&package.name).await?;
        let words = blocking(move || {
            let archived = agree(&cache, &package, &integrity, &version)?;
            let none = RegistryKeys::default();
            let keys = keys.get().unwrap_or(&none);
            About { package: &package, integrity: &integrity, archived: &archived, keys }.verify(&listed)
        });
        checked.extend(words.await?);
        Ok(checked)
    }

    /// Whether the registry signed a version; false where it offers no signature, or no keys.
    async fn is_signed(
        &self,
        package: &Package,
        integrity: &Integrity,
        description: &Description,
        version: &VersionDescription,
    ) -> Result<bool, BundleError> {
        let id = package.id();
        let Some(announced) = &version.dist.integrity else { return Ok(false) };
        // What is locked may be another archive than the one that the registry speaks of.
        if let Ok(announced) = Integrity::parse(announced, &id) {
            integrity.expect(&announced, &id)?;
        }
        let signatures = &version.dist.signatures;
        if signatures.is_empty() {
            return Ok(false);
        }
        let keys = self.keys(&package.name).await?;
        let Some(keys) = keys.get().filter(|keys| !keys.is_empty()) else { return Ok(false) };
        let mut published = description.published(&package.version);
        if published.is_none() && signatures.iter().any(|signature| keys.asks_for_time(signature)) {
            published = self.published_at_length(package).await?;
        }
        keys.verify(&id, announced, signatures, published)
    }

    /// When a version was published, where its age matters.
    async fn published(
        &self,
        package: &Package,
        description: Option<&Description>,
    ) -> Result<Option<SystemTime>, BundleError> {
        let said = description.and_then(|description| description.published(&package.version));
        if said.is_some() || self.fetcher.published_before.is_none() {
            return Ok(said);
        }
        self.published_at_length(package).await
    }

    fn is_old_enough(&self, package: &str, published: Option<SystemTime>) -> Result<(), BundleError> {
        match self.fetcher.published_before {
            Some(wanted) if published.is_none_or(|published| published >= wanted) => {
                Err(BundleError::TooYoung { package: package.to_owned(), published, wanted })
            }
            _ => Ok(()),
        }
    }

    /// When a version was published, as the long form of a description says.
    async fn published_at_length(&self, package: &Package) -> Result<Option<SystemTime>, BundleError> {
        let long = self.fetcher.described_as(&package.name, PACKUMENT_FULL).await?;
        Ok(long.and_then(|long| long.published(&package.version)))
    }

    /// The keys that the registry of a package offers: none where it has no list of them.
    async fn keys(&self, name: &str) -> Result<Keys, BundleError> {
        let request = self.fetcher.registries.keys(name)?;
        let address = request.url.to_string();
        let cell = {
            let mut all = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(address).or_default())
        };
        cell.get_or_try_init(async || match self.fetcher.keys(request).await? {
            Some(bytes) => RegistryKeys::parse(&bytes)
                .map_err(|reason| BundleError::invalid("the registry's list of keys", reason)),
            None => Ok(RegistryKeys::default()),
        })
        .await?;
        Ok(cell)
    }
}

/// Compares the description with the `package.json` in the archive, which it returns.
fn agree(
    cache: &Cache,
    package: &Package,
    integrity: &Integrity,
    version: &VersionDescription,
) -> Result<Map<String, Value>, BundleError> {
    let id = package.id();
    let vanished = || BundleError::Fetch { what: id.clone(), reason: "it is not in the cache".to_owned() };
    let archive = cache.archive(integrity).ok_or_else(vanished)?;
    let file = unpack::file(&id, &archive, FILE)?.unwrap_or_default();
    // npm overlooks a byte order mark.
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file);
    let archived = serde_json::from_slice(text)
        .map_err(|error| BundleError::invalid(format!("{FILE} in the archive of {id}"), error))?;
    manifest::agree(&package.name, &package.version, &version.manifest, &archived)?;
    Ok(archived)
}
