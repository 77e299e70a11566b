//! The JSON objects that readers find their way with (SPEC §11.1, §11.2): convenient and not signed.

use cidery_protocol::{Cid, Origin, PackageName, PublicKey, Version};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Error, StoreError};

/// Bytes of an index that are read: some 100,000 releases.
pub(crate) const INDEX_BYTES: usize = 32 << 20;

/// `packages/@scope/name`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PackageIndex {
    pub(crate) package: PackageName,
    pub(crate) origin: Origin,
    pub(crate) sequence: u64,
    pub(crate) newest: TextCid,
    pub(crate) authority: TextCid,
    pub(crate) init: TextCid,
    pub(crate) keys: Vec<TextKey>,
    pub(crate) threshold: u64,
    pub(crate) releases: Vec<IndexRelease>,
}

/// A release in a [`PackageIndex`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IndexRelease {
    pub(crate) version: Version,
    pub(crate) record: TextCid,
    pub(crate) manifest: TextCid,
    pub(crate) index: u64,
    pub(crate) sequence: u64,
}

/// `releases/<manifest cid>`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Carriers {
    pub(crate) manifest: TextCid,
    pub(crate) releases: Vec<Carrier>,
}

/// A release that carries a manifest.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Carrier {
    pub(crate) package: PackageName,
    pub(crate) version: Version,
}

/// `log/keys`: the answer to `GET /v1/log`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogKeys {
    pub(crate) origin: Origin,
    #[serde(rename = "logKeys")]
    pub(crate) log_keys: Vec<TextKey>,
    pub(crate) cosigner: TextKey,
}

pub(crate) fn write<T: Serialize>(index: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(index).map_err(|error| Error::internal(error.to_string()))
}

pub(crate) fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::new(format!("read `{key}`"), error))
}

macro_rules! text_form {
    ($(#[$doc:meta] $type:ident($of:ty);)+) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub(crate) struct $type(pub(crate) $of);

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0.to_string()
            }
        }

        impl TryFrom<String> for $type {
            type Error = cidery_protocol::Error;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse().map($type)
            }
        }
    )+};
}

text_form! {
    /// A CID as text: by itself it becomes a link of DAG-CBOR.
    TextCid(Cid);
    /// A key as text: by itself it becomes 32 bytes.
    TextKey(PublicKey);
}
