//! One npm package for its files: a program that comes as one, not a dependency.

use std::collections::BTreeMap;

use crate::cache::Cache;
use crate::fetch::Fetcher;
use crate::graph::{Graph, Package};
use crate::integrity::Integrity;
use crate::settings::Settings;
use crate::{BundleError, Options, blocking, unpack};

/// The files of one npm package by their path in it, fetched through the cache and checked against `integrity`
/// (`sha512-<base64>`). Its dependencies are left alone, and nothing of it is run.
///
/// # Errors
///
/// [`BundleError`] where it cannot be had, is not the one that was asked for, or cannot be unpacked safely.
pub async fn package_files(
    name: &str,
    version: &str,
    integrity: &str,
    options: &Options,
) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    // Only the user's settings: there is no project.
    let fetcher = Fetcher::new(&Settings::read(&options.cache_dir)?, options)?;
    let cache = Cache::new(&options.cache_dir);
    let dependencies = BTreeMap::new();
    let package = Package::new(
        name.to_owned(),
        version.to_owned(),
        integrity,
        None,
        dependencies,
        &fetcher.registries,
    )?;
    let (id, digest) = (package.id(), Integrity::parse(integrity, name)?);
    fetcher.archives(&Graph { packages: vec![package], ..Graph::default() }, &()).await?;
    blocking(move || {
        let vanished =
            || BundleError::Fetch { what: id.clone(), reason: "it is not in the cache".to_owned() };
        let archive = cache.archive(&digest).ok_or_else(vanished)?;
        unpack(&id, &archive)
    })
    .await
}
