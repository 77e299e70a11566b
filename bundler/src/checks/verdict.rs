//! Verdicts, kept beside the archives that they are about.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::BundleError;
use crate::cache::Cache;
use crate::graph::Package;
use crate::integrity::Integrity;
use crate::npmrc::Registries;

/// Raised when more is asked of a package: older verdicts count no more.
const EDITION: u32 = 1;
/// How long it is remembered that nothing was offered: a registry may begin to sign.
const NOTHING_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What was verified of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Verdict {
    edition: u32,
    at: SystemTime,
    pub(super) checked: BTreeSet<String>,
    /// Whether it was asked for attestations.
    pub(super) attested: bool,
    /// When the package was published, if that was asked for and its registry says so.
    pub(super) published: Option<SystemTime>,
}

/// Where the verdict on a package is kept: it is about one archive under one name, and what one registry says of it.
pub(super) fn place(
    registries: &Registries,
    package: &Package,
    integrity: &Integrity,
) -> Result<String, BundleError> {
    let registry = registries.keys(&package.name)?.url;
    Ok(format!("verdict\n{registry}\n{}\n{integrity}", package.id()))
}

impl Verdict {
    pub(super) fn new(checked: BTreeSet<String>, attested: bool, published: Option<SystemTime>) -> Self {
        Self { edition: EDITION, at: SystemTime::now(), checked, attested, published }
    }

    /// A verdict of an earlier run. Offline, none is too old.
    pub(super) fn kept(cache: &Cache, place: &str, offline: bool) -> Option<Self> {
        let (_, bytes) = cache.document(place)?;
        let kept: Self = serde_json::from_slice(&bytes).ok()?;
        let is_fresh = || kept.at.elapsed().is_ok_and(|age| age < NOTHING_FOR);
        (kept.edition == EDITION && (offline || !kept.checked.is_empty() || is_fresh())).then_some(kept)
    }

    pub(super) fn keep(&self, cache: &Cache, place: &str) -> Result<(), BundleError> {
        let text =
            serde_json::to_vec(self).map_err(|error| BundleError::Internal { reason: error.to_string() })?;
        cache.keep_document(place, "", &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_nothing_was_offered_is_forgotten_after_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        let keep = |words: &[&str], age: u64, edition| {
            let checked = words.iter().map(|word| (*word).to_owned()).collect();
            let at = SystemTime::now() - Duration::from_secs(age);
            Verdict { edition, at, checked, attested: true, published: None }.keep(&cache, "p").unwrap();
        };
        let is_kept = |offline| Verdict::kept(&cache, "p", offline).is_some();
        assert!(!is_kept(false));
        keep(&[], 60, EDITION);
        assert!(is_kept(false));
        keep(&[], 25 * 60 * 60, EDITION);
        assert!(!is_kept(false) && is_kept(true));
        keep(&["registry-signature"], 25 * 60 * 60, EDITION);
        assert!(is_kept(false));
        keep(&["registry-signature"], 60, EDITION + 1);
        assert!(!is_kept(false) && !is_kept(true));
    }
}
