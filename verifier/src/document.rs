//! The policy as it is written down (SPEC §10.1): JSON, and nothing decided yet. [`TrustPolicy`](crate::TrustPolicy) is what
//! comes of a valid one.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};

/// A policy in the words of its JSON form; anybody may change it, and nothing trusts it before
/// [`TrustPolicy::new`](crate::TrustPolicy::new) has.
///
/// ```
/// use cidery_verifier::{LogDocument, PolicyDocument, RuleDocument, TrustPolicy};
/// let mut document = PolicyDocument::default();
/// document.origins.insert(
///     "registry.example/log".to_owned(),
///     LogDocument {
///         log_keys: vec!["z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH".to_owned()],
///         cosigner: "z6MkvRXNYcE7MMduynWTgeKbDaT1iijDSC8pZqXZc8rHPrf2".to_owned(),
///         max_age: None,
///     },
/// );
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
    /// The logs that are trusted, by origin.
    #[serde(deserialize_with = "unique")]
    pub origins: BTreeMap<String, LogDocument>,
    /// The packages that are trusted, by name or `@scope/*`.
    #[serde(deserialize_with = "unique")]
    pub packages: BTreeMap<String, RuleDocument>,
}

/// Whom to believe about a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LogDocument {
    /// The log's keys, `z6Mk…`: one of them signs its checkpoints.
    pub log_keys: Vec<String>,
    /// The key that says when a checkpoint was the newest.
    pub cosigner: String,
    /// How old a head may be, seconds; a day where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
}

/// Whom to believe about packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// The log that they are in.
    pub origin: String,
    /// Publisher keys, `z6Mk…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// How many distinct ones of them must have signed; one where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
    /// CID of the package's first record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<String>,
    /// Hosts that may be granted; none where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Vec<String>>,
}

impl RuleDocument {
    /// The rule that a package is the one that began with the record `init`.
    pub fn pinning(origin: &str, init: &str) -> Self {
        RuleDocument {
            origin: origin.to_owned(),
            keys: None,
            threshold: None,
            init: Some(init.to_owned()),
            egress: None,
        }
    }
}

/// A map in which no key stands twice: the last one would win in one reader, and the first one in another.
pub(crate) fn unique<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = access.next_entry::<String, V>()? {
                if map.contains_key(&key) {
                    return Err(A::Error::custom(format!("`{key}` is there twice")));
                }
                map.insert(key, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}
