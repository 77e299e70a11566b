//! Packages and their descriptions: out of the cache, else from a registry.

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::cache::{ARCHIVE_LIMIT, Cache, PACKUMENT_LIMIT};
use crate::checks::{Attested, Description};
use crate::graph::{Graph, Package, Source};
use crate::http::{Answer, Http, Read, Sink as _};
use crate::integrity::Integrity;
use crate::network::Network;
use crate::npmrc::{Registries, Request};
use crate::settings::Settings;
use crate::{BundleError, Options, Progress, blocking};

/// Requests under way at once.
pub(crate) const CONCURRENCY: usize = 32;
/// A registry has a handful of keys.
const KEYS_LIMIT: u64 = 1 << 20;
/// And a version two or three attestations, of some ten thousand bytes each.
const ATTESTATIONS_LIMIT: u64 = 4 << 20;

/// Asks for the long form of a package's description, which says when versions were published.
pub(crate) const PACKUMENT_FULL: &str = "application/json";
/// Asks for the short form first: it has all else that resolving needs.
const PACKUMENT_SHORT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";

/// Reads from the cache, else from a registry.
#[derive(Debug)]
pub(crate) struct Fetcher {
    http: Http,
    pub(crate) registries: Registries,
    pub(crate) cache: Cache,
    pub(crate) offline: bool,
    /// Before when packages must have been published.
    pub(crate) published_before: Option<SystemTime>,
    /// Whose attestations are asked for.
    pub(crate) attested: Attested,
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
            published_before: options.published_before,
            attested: options.attested,
            turns: tokio::sync::Semaphore::new(CONCURRENCY),
        })
    }

    /// The description of a package and its versions, in npm's short form where no times are asked for; none where the
    /// registry doesn't know it.
    pub(crate) async fn packument(&self, name: &str) -> Result<Option<Vec<u8>>, BundleError> {
        self.packument_as(name, self.form()).await
    }

    /// The same, read.
    pub(crate) async fn description(&self, name: &str) -> Result<Option<Description>, BundleError> {
        self.described_as(name, self.form()).await
    }

    fn form(&self) -> &'static str {
        if self.published_before.is_some() { PACKUMENT_FULL } else { PACKUMENT_SHORT }
    }

    /// The description of a package in one of its forms.
    pub(crate) async fn described_as(
        &self,
        name: &str,
        accept: &'static str,
    ) -> Result<Option<Description>, BundleError> {
        let bytes = self.packument_as(name, accept).await?;
        bytes.map(|bytes| Description::parse(name, bytes)).transpose()
    }

    async fn packument_as(&self, name: &str, accept: &'static str) -> Result<Option<Vec<u8>>, BundleError> {
        let request = self.registries.packument(name)?;
        let what = format!("the description of {name}");
        self.document(Read {
            request,
            what: &what,
            accept,
            etag: None,
            limit: PACKUMENT_LIMIT,
            optional: false,
        })
        .await
    }

    /// The keys that a registry offers; none where it has no list of them.
    pub(crate) async fn keys(&self, request: Request) -> Result<Option<Vec<u8>>, BundleError> {
        let what = "the registry's list of keys";
        self.document(Read {
            request,
            what,
            accept: "application/json",
            etag: None,
            limit: KEYS_LIMIT,
            optional: true,
        })
        .await
    }

    /// What is attested about a version; none where the registry has no list of it.
    pub(crate) async fn attestations(&self, package: &Package) -> Result<Option<Vec<u8>>, BundleError> {
        let request = self.registries.attestations(&package.name, &package.version)?;
        let what = format!("the attestations of {}", package.id());
        let accept = "application/json";
        let limit = ATTESTATIONS_LIMIT;
        self.document(Read { request, what: &what, accept, etag: None, limit, optional: true }).await
    }

    /// A document out of the cache, if its entity tag is still right, else from a registry.
    async fn document(&self, read: Read<'_>) -> Result<Option<Vec<u8>>, BundleError> {
        let mut key = read.request.url.to_string();
        if read.accept != PACKUMENT_SHORT {
            key = format!("{key}\n{}", read.accept);
        }
        let cached = self.cache.document(&key);
        if self.offline {
            let absent = || BundleError::Offline { what: read.what.to_owned() };
            return cached.map(|(_, bytes)| Some(bytes)).ok_or_else(absent);
        }
        let what = read.what;
        let read = Read { etag: cached.as_ref().map(|(etag, _)| etag.as_str()), ..read };
        let mut bytes = Vec::new();
        let _turn = self.turns.acquire().await;
        let answer = self.http.read(&read, &mut bytes).await?;
        match (answer, cached) {
            (Answer::Unchanged, Some((_, bytes))) => Ok(Some(bytes)),
            (Answer::Body { etag }, _) => {
                if let Some(etag) = etag.filter(|etag| !etag.is_empty()) {
                    self.cache.keep_document(&key, &etag, &bytes)?;
                }
                Ok(Some(bytes))
            }
            (Answer::Absent, _) => Ok(None),
            (Answer::Unchanged, None) => Err(BundleError::Fetch {
                what: what.to_owned(),
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
        let read =
            Read { request, what: &id, accept: "*/*", etag: None, limit: ARCHIVE_LIMIT, optional: false };
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
