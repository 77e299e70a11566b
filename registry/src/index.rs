//! The JSON objects that readers find their way with (SPEC §11.1): convenient and not signed. That of a package is the protocol's
//! own [`PackageSummary`](cidery_protocol::PackageSummary).

use cidery_protocol::{Cid, Origin, PackageName, PublicKey, Version};
use serde::{Deserialize, Serialize};

use crate::Error;

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
