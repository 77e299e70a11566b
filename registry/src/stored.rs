//! A package as reads find it: one object with its whole state, which the sequencer writes before it signs a checkpoint whose map
//! names it.

use std::collections::BTreeMap;

use cidery_protocol::{PackageState, PackageSummary, Version};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{Error, StoreError};

/// Bytes of an object that are read: the largest state of SPEC §12 has 24 MB.
pub(crate) const INDEX_BYTES: usize = 32 << 20;

/// `packages/@scope/name/<state cid>`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredPackage {
    format: Format,
    /// The bytes of its [`StateObject`](cidery_protocol::StateObject), by whose CID the map names it.
    pub(crate) object: ByteBuf,
    /// All that the object commits to.
    pub(crate) state: PackageState,
    /// Where each release stands in the log.
    pub(crate) places: BTreeMap<Version, u64>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "cidery-package-state-v2")]
    V2,
}

impl StoredPackage {
    pub(crate) fn new(object: Vec<u8>, state: PackageState, places: BTreeMap<Version, u64>) -> Self {
        StoredPackage { format: Format::V2, object: ByteBuf::from(object), state, places }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        serde_ipld_dagcbor::to_vec(self).map_err(|error| Error::internal(error.to_string()))
    }

    pub(crate) fn decode(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        serde_ipld_dagcbor::from_slice(bytes).map_err(|error| damaged(key, error))
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
