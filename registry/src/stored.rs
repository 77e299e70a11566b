//! A package as reads find it: one object with its whole state, which the sequencer writes after the checkpoint that covers it. What
//! takes effect with time alone is settled by whoever reads it, at the time of the head.

use std::collections::BTreeMap;

use cidery_protocol::{PackageState, PackageSummary, Version};
use serde::{Deserialize, Serialize};

use crate::{Error, StoreError};

/// Bytes of an object that are read: the largest state of SPEC §12 has 24 MB.
pub(crate) const INDEX_BYTES: usize = 32 << 20;

/// `packages/@scope/name`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredPackage {
    format: Format,
    /// As the newest record left it.
    pub(crate) state: PackageState,
    /// Where each release stands in the log.
    pub(crate) places: BTreeMap<Version, u64>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "cidery-package-state-v1")]
    V1,
}

impl StoredPackage {
    pub(crate) fn new(state: PackageState, places: BTreeMap<Version, u64>) -> Self {
        StoredPackage { format: Format::V1, state, places }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        serde_ipld_dagcbor::to_vec(self).map_err(|error| Error::internal(error.to_string()))
    }

    pub(crate) fn decode(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        serde_ipld_dagcbor::from_slice(bytes).map_err(|error| damaged(key, error))
    }

    /// The package at a time that is not before its newest record's, seconds since 1970.
    pub(crate) fn at(mut self, time: u64) -> Self {
        self.state.settle(time);
        self
    }

    /// Its JSON (SPEC §11.2).
    pub(crate) fn summary(&self) -> PackageSummary {
        let mut summary = PackageSummary::from(&self.state);
        for release in &mut summary.releases {
            release.index = self.places.get(&release.version).copied();
        }
        summary
    }
}

/// What is stored is not what the sequencer wrote.
pub(crate) fn damaged(key: &str, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::new(format!("read `{key}`"), reason)
}
