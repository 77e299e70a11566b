//! The JSON of SPEC §11. Fields that are not known here are passed over: a registry may say more.

use base64::{Engine, engine::general_purpose::STANDARD};
use cidery_protocol::{Cid, Envelope, Origin, PackageName, PublicKey, Version};
use cidery_verifier::{LogDocument, PolicyDocument, RuleDocument};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::value::RawValue;

use crate::text::Text;

/// `GET /v1/log`: the log, by the registry's own word.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Log {
    pub(crate) origin: Origin,
    pub(crate) log_keys: Vec<Text<PublicKey>>,
    pub(crate) cosigner: Text<PublicKey>,
}

impl Log {
    /// Its keys in the words of a policy.
    pub(crate) fn as_trusted(&self) -> LogDocument {
        LogDocument {
            log_keys: self.log_keys.iter().map(|key| key.to_string()).collect(),
            cosigner: self.cosigner.to_string(),
            ..LogDocument::default()
        }
    }

    /// A policy that trusts the log, and in it a package that begins with this record.
    pub(crate) fn as_policy(&self, package: Option<(&PackageName, Cid)>) -> PolicyDocument {
        let mut document = PolicyDocument::default();
        document.origins.insert(self.origin.to_string(), self.as_trusted());
        if let Some((name, init)) = package {
            let rule = RuleDocument::pinning(self.origin.as_str(), &init.to_string());
            document.packages.insert(name.to_string(), rule);
        }
        document
    }
}

/// `GET /v1/manifests/{cid}/releases`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Releases {
    pub(crate) releases: Vec<NamedRelease>,
}

/// A release in [`Releases`].
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NamedRelease {
    pub(crate) package: PackageName,
    pub(crate) version: Version,
}

/// The body of `POST /v1/publish`.
#[derive(Serialize)]
pub(crate) struct Publish {
    records: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
}

impl Publish {
    pub(crate) fn new(records: &[Envelope], manifest: Option<&[u8]>) -> Result<Self, serde_json::Error> {
        let records = records.iter().map(|record| RawValue::from_string(record.to_json()));
        let manifest = manifest.map(|bytes| STANDARD.encode(bytes));
        Ok(Publish { records: records.collect::<Result<_, _>>()?, manifest })
    }
}

/// The answer to it.
#[derive(Debug, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(crate) enum Published {
    /// 202: these blobs are lacking.
    Missing { record: Text<Cid>, blobs: Vec<Blob> },
    /// 201 or 200: the records are in the log.
    Committed(Committed),
}

/// Of records that are in the log, the last one's receipt.
#[derive(Debug, Deserialize)]
pub(crate) struct Committed {
    #[serde(deserialize_with = "base64_bytes")]
    pub(crate) receipt: Vec<u8>,
}

/// A blob that the registry lacks.
#[derive(Debug, Deserialize)]
pub(crate) struct Blob {
    pub(crate) cid: Text<Cid>,
}

/// `{ "error": … }`.
#[derive(Debug, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) error: RefusalBody,
}

/// What a registry says when it refuses.
#[derive(Debug, Deserialize)]
pub(crate) struct RefusalBody {
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) hint: Option<String>,
}

fn base64_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}
