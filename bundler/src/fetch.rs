//! Packages and their descriptions: out of the cache, else from a registry.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::cache::Cache;
use crate::graph::{Graph, Package, Source};
use crate::http::{Answer, Http, Read, Sink as _};
use crate::integrity::Integrity;
use crate::network::Network;
use crate::npmrc::Registries;
use crate::settings::Settings;
use crate::{BundleError, Options, Progress, blocking};

/// Requests under way at once.
const CONCURRENCY: usize = 32;
/// Some packages have more than ten thousand versions.
const PACKUMENT_LIMIT: u64 = 64 << 20;
const ARCHIVE_LIMIT: u64 = 256 << 20;

/// npm's short form of a package's description first: it has all that resolving needs.
const PACKUMENT_ACCEPT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";

/// Reads from the cache, else from a registry.
#[derive(Debug)]
pub(crate) struct Fetcher {
    http: Http,
    pub(crate) registries: Registries,
    cache: Cache,
    offline: bool,
    /// The solver may ask for thousands of descriptions at once.
    turns: tokio::sync::Semaphore,
}

impl Fetcher {
    /// Reads and writes the options' cache, and reaches registries as npm's settings say.
    pub(crate) fn new(settings: &Settings, options: &Options) -> Result<Self, BundleError> {
        Ok(Self {
            http: Http::new(&Network::read(settings)?)?,
            registries: Registries::read(settings, options.registry.as_deref())?,
            cache: Cache::new(&options.cache_dir),
            offline: options.offline || settings.last("offline").is_some_and(|value| value == "true"),
            turns: tokio::sync::Semaphore::new(CONCURRENCY),
        })
    }

    /// The description of a package and its versions; none where the registry doesn't know it.
    pub(crate) async fn packument(&self, name: &str) -> Result<Option<Vec<u8>>, BundleError> {
        let request = self.registries.packument(name)?;
        let url = request.url.to_string();
        let cached = self.cache.packument(&url);
        if self.offline {
            let absent = || BundleError::Offline { what: format!("the description of {name}") };
            return cached.map(|(_, bytes)| Some(bytes)).ok_or_else(absent);
        }
        let etag = cached.as_ref().map(|(etag, _)| etag.as_str());
        let read = Read { request, what: name, accept: PACKUMENT_ACCEPT, etag, limit: PACKUMENT_LIMIT };
        let mut bytes = Vec::new();
        let _turn = self.turns.acquire().await;
        match (self.http.read(&read, &mut bytes).await?, cached) {
            (Answer::Unchanged, Some((_, bytes))) => Ok(Some(bytes)),
            (Answer::Body { etag }, _) => {
                if let Some(etag) = etag.filter(|etag| !etag.is_empty()) {
                    self.cache.keep_packument(&url, &etag, &bytes)?;
                }
                Ok(Some(bytes))
            }
            (Answer::Absent, _) => Ok(None),
            (Answer::Unchanged, None) => Err(BundleError::Fetch {
                what: name.to_owned(),
                reason: "got status 304 without having asked for it".to_owned(),
            }),
        }
    }

    /// Brings the archives of all packages into the cache.
    pub(crate) async fn archives(&self, graph: &Graph, progress: &dyn Progress) -> Result<(), BundleError> {
        // Copies that see other peers have one archive.
        let archives: BTreeMap<Integrity, (&Package, &str)> = graph
            .packages
            .iter()
            .filter_map(|package| match &package.source {
                Source::Archive { integrity, tarball } => Some((*integrity, (package, tarball.as_str()))),
                Source::Folder(_) => None,
            })
            .collect();
        let total = archives.len();
        let mut done = 0;
        let fetches =
            archives.into_iter().map(|(integrity, (package, at))| self.fetch(package, integrity, at));
        let mut fetches = stream::iter(fetches).buffer_unordered(CONCURRENCY);
        while fetches.try_next().await?.is_some() {
            done += 1;
            progress.fetched(done, total);
        }
        Ok(())
    }

    async fn fetch(&self, package: &Package, integrity: Integrity, at: &str) -> Result<(), BundleError> {
        let (cache, id) = (self.cache.clone(), package.id());
        if blocking(move || Ok(cache.has_archive(&integrity))).await? {
            return Ok(());
        }
        if self.offline {
            return Err(BundleError::Offline { what: format!("the archive of {id}") });
        }
        let continued = self.download(package, integrity, at).await?;
        match continued {
            Ok(()) => Ok(()),
            // What an earlier run left may have been the beginning of something else.
            Err(_) => self.download(package, integrity, at).await?,
        }
    }

    /// Downloads an archive. The inner error is that of its digest, where a part of it came from an earlier run.
    async fn download(
        &self,
        package: &Package,
        integrity: Integrity,
        at: &str,
    ) -> Result<Result<(), BundleError>, BundleError> {
        let id = package.id();
        let mut partial = self.cache.partial(&integrity)?;
        let continued = partial.len() > 0;
        let request = self.registries.tarball(&package.name, &package.version, Some(at))?;
        let read = Read { request, what: &id, accept: "*/*", etag: None, limit: ARCHIVE_LIMIT };
        match self.http.read(&read, &mut partial).await? {
            Answer::Body { .. } => {}
            Answer::Absent | Answer::Unchanged => {
                return Err(BundleError::Fetch { what: id, reason: "got status 404".to_owned() });
            }
        }
        let finished = blocking(move || Ok(partial.finish(&integrity, &id))).await?;
        if continued { Ok(finished) } else { finished.map(Ok) }
    }
}
