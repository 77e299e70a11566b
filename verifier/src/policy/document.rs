//! The policy as it is written down (SPEC §10.1): JSON, and nothing decided yet. [`TrustPolicy`](crate::TrustPolicy) is what
//! comes of a valid one.

use std::collections::BTreeMap;

use cidery_protocol::{Error, limits};
use serde::{Deserialize, Serialize};

use super::invalid;
use crate::{Part, VerifyError, json};

/// A policy in the words of its JSON form; anybody may change it, and nothing trusts it before
/// [`TrustPolicy::new`](crate::TrustPolicy::new) has.
///
/// ```
/// use cidery_verifier::{LogDocument, PolicyDocument, RuleDocument, TrustPolicy};
/// let mut document = PolicyDocument::default();
/// let log = LogDocument::new(
///     "z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH",
///     "z6MkvRXNYcE7MMduynWTgeKbDaT1iijDSC8pZqXZc8rHPrf2",
/// );
/// document.origins.insert("registry.example/log".to_owned(), log);
/// let init = "bafyr4ifnuryzkjvaranm4vue2cjxcuvqmz2nphfz7jpmcs5mkw6ffq6f74";
/// document.packages.insert("@acme/hello".to_owned(), RuleDocument::pinning("registry.example/log", init));
/// let policy = TrustPolicy::new(&document)?;
/// assert!(policy.rule(&"@acme/hello".parse()?).is_some());
/// assert!(policy.rule(&"@acme/other".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    /// Where an editor finds the schema; nothing else reads it.
    #[serde(
        rename = "$schema",
        default,
        deserialize_with = "json::present",
        skip_serializing_if = "Option::is_none"
    )]
    pub schema: Option<String>,
    /// The logs that are trusted, by origin.
    #[serde(deserialize_with = "json::unique_objects")]
    pub origins: BTreeMap<String, LogDocument>,
    /// The packages that are trusted, by name or `@scope/*`.
    #[serde(deserialize_with = "json::unique_objects")]
    pub packages: BTreeMap<String, RuleDocument>,
}

/// Whom to believe about a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LogDocument {
    /// The log's keys, `z6Mk…`: one of them signs its checkpoints.
    pub log_keys: Vec<String>,
    /// The key that says when a checkpoint was the newest.
    pub cosigner: String,
    /// Those who watch the log.
    #[serde(default, deserialize_with = "json::objects", skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessDocument>,
    /// How many of them must have cosigned a head; none where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u32>,
    /// How old a head may be, seconds; a day where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    /// How long a verdict is good beyond that where no registry is reached, seconds; not at all where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub offline_grace: Option<u32>,
}

/// Somebody who watches a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessDocument {
    /// The name under which it cosigns.
    pub name: String,
    /// Its key, `z6Mk…`.
    pub key: String,
}

/// Whom to believe about packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RuleDocument {
    /// The log that they are in.
    pub origin: String,
    /// Publisher keys, `z6Mk…`.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// How many distinct ones of them must have signed; one where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
    /// CID of the package's first record.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// Recovery keys that the package's authority comes from.
    #[serde(default, deserialize_with = "json::object", skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoveryDocument>,
    /// Channels that may be asked for; none where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<String>>,
    /// How old a release must be, seconds; of any age where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub min_age: Option<u32>,
    /// Severities of a yank that are tolerated, `low` to `critical`; none where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub yanked: Option<Vec<String>>,
    /// Whether a release must name provenance; not where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub provenance: Option<bool>,
    /// What of an npm package must have been verified when it was imported, in words of the release's `npm.checked`;
    /// nothing where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub npm: Option<Vec<String>>,
    /// Hosts that may be granted; none where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub egress: Option<Vec<String>>,
    /// Whether a head must show what became of the release: `proven` or `unchecked`; `proven` where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub revocation: Option<String>,
}

/// Pinned recovery keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryDocument {
    /// The keys, `z6Mk…`.
    pub keys: Vec<String>,
    /// How many distinct ones of them must have signed; one where it is absent.
    #[serde(default, deserialize_with = "json::present", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
}

impl PolicyDocument {
    /// Reads the JSON form, of at most 1 MiB. Unknown fields and names that stand twice are refused; nothing else is judged.
    ///
    /// # Errors
    /// `limit.exceeded`, [`VerifyError::Policy`].
    pub fn from_json(json: &[u8]) -> Result<Self, VerifyError> {
        let (got, limit) = (json.len() as u64, limits::POLICY_BYTES as u64);
        if got > limit {
            return Err(Part::Policy.refuse()(Error::Limit { what: "bytes of a policy", got, limit }));
        }
        json::read(json).map_err(|error| invalid("the JSON", error))
    }
}

impl LogDocument {
    /// A log with one key and no witnesses.
    pub fn new(log_key: &str, cosigner: &str) -> Self {
        LogDocument {
            log_keys: vec![log_key.to_owned()],
            cosigner: cosigner.to_owned(),
            ..LogDocument::default()
        }
    }
}

impl RuleDocument {
    /// The rule that a package is the one that began with the record `init`.
    pub fn pinning(origin: &str, init: &str) -> Self {
        RuleDocument { origin: origin.to_owned(), init: Some(init.to_owned()), ..RuleDocument::default() }
    }
}
