//! Whom to trust (SPEC §10.1). A [`TrustPolicy`] is valid by construction; what it does not name is not trusted.
//!
//! `verifier/policy.schema.json` describes the JSON form to editors.

mod document;
mod log;
mod rule;

pub use document::{LogDocument, PolicyDocument, RecoveryDocument, RuleDocument, WitnessDocument};
pub use log::{LogTrust, Witness};
pub use rule::{Quorum, Revocation, Rule};

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use cidery_protocol::{Origin, PackageName, PublicKey, limits};

use crate::VerifyError;

/// A valid policy: which logs are trusted, and which packages in them.
///
/// ```
/// use cidery_verifier::TrustPolicy;
/// let policy = TrustPolicy::from_json(br#"{
///     "origins": {
///         "registry.example/log": {
///             "logKeys": ["z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH"],
///             "cosigner": "z6MkvRXNYcE7MMduynWTgeKbDaT1iijDSC8pZqXZc8rHPrf2"
///         }
///     },
///     "packages": {
///         "@acme/*": {
///             "origin": "registry.example/log",
///             "keys": ["z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX"]
///         }
///     }
/// }"#)?;
/// assert!(policy.rule(&"@acme/hello".parse()?).is_some());
/// assert!(policy.rule(&"@other/hello".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: BTreeMap<Origin, LogTrust>,
    packages: BTreeMap<PackageName, Rule>,
    scopes: BTreeMap<String, Rule>,
}

impl TrustPolicy {
    /// Reads the JSON form, of at most 1 MiB. Unknown fields and names that stand twice are refused.
    ///
    /// # Errors
    /// `limit.exceeded`, [`VerifyError::Policy`].
    pub fn from_json(json: &[u8]) -> Result<Self, VerifyError> {
        TrustPolicy::new(&PolicyDocument::from_json(json)?)
    }

    /// Takes a document that keeps the rules of SPEC §10.1.
    ///
    /// # Errors
    /// [`VerifyError::Policy`] with the place in the document.
    pub fn new(document: &PolicyDocument) -> Result<Self, VerifyError> {
        let mut policy =
            TrustPolicy { logs: BTreeMap::new(), packages: BTreeMap::new(), scopes: BTreeMap::new() };
        for (name, log) in &document.origins {
            let at = format!("origins.{name}");
            let origin = parse(&at, name)?;
            policy.logs.insert(origin, LogTrust::new(&at, log)?);
        }
        for (pattern, rule) in &document.packages {
            let at = format!("packages.{pattern}");
            let rule = Rule::new(pattern, rule, &policy.logs)?;
            match pattern.strip_suffix("/*") {
                // A scope is what a package could be in.
                Some(scope) => {
                    let any: PackageName = parse(&at, &format!("{scope}/any"))?;
                    policy.scopes.insert(any.scope().to_owned(), rule);
                }
                None => {
                    policy.packages.insert(parse(&at, pattern)?, rule);
                }
            }
        }
        policy.roles_are_apart()?;
        Ok(policy)
    }

    /// The rule for a package: the one of its name, else the one of its scope. Where there is none, nothing is trusted.
    pub fn rule(&self, package: &PackageName) -> Option<&Rule> {
        self.packages.get(package).or_else(|| self.scopes.get(package.scope()))
    }

    /// The rule for a package that is asked for.
    ///
    /// # Errors
    /// [`VerifyError::NoRule`].
    pub fn rule_for(&self, package: &PackageName) -> Result<&Rule, VerifyError> {
        self.rule(package).ok_or_else(|| VerifyError::NoRule { package: package.clone() })
    }

    /// Whom to believe about a log.
    pub fn log(&self, origin: &Origin) -> Option<&LogTrust> {
        self.logs.get(origin)
    }

    /// A key has one role (SPEC §4.3): what a log signs must never pass for what a publisher signs.
    fn roles_are_apart(&self) -> Result<(), VerifyError> {
        let rules = || self.packages.values().chain(self.scopes.values());
        let publishers = rules().filter_map(Rule::keys).flat_map(|quorum| &quorum.keys);
        let recovery = rules().filter_map(Rule::recovery).flat_map(|quorum| &quorum.keys);
        let logs = self.logs.values().flat_map(LogTrust::log_keys);
        let cosigners = self.logs.values().map(LogTrust::cosigner);
        let witnesses = self.logs.values().flat_map(LogTrust::witnesses).map(|witness| &witness.key);
        let keys = publishers.map(|key| (key, "a publisher"));
        let keys = keys.chain(recovery.map(|key| (key, "recovery")));
        let keys = keys.chain(logs.map(|key| (key, "a log")));
        let keys = keys.chain(cosigners.map(|key| (key, "a cosigner")));
        let keys = keys.chain(witnesses.map(|key| (key, "a witness")));
        let mut roles = BTreeMap::new();
        for (key, role) in keys {
            let first = *roles.entry(key).or_insert(role);
            if first != role {
                return Err(invalid("keys", format!("{key} is the key of {first} and of {role}")));
            }
        }
        Ok(())
    }
}

fn keys(at: &str, list: &[String]) -> Result<Vec<PublicKey>, VerifyError> {
    if list.is_empty() || list.len() > limits::KEYS {
        return Err(invalid(at, format!("{} keys, wanted 1 to {}", list.len(), limits::KEYS)));
    }
    let keys = list.iter().map(|key| parse(at, key)).collect::<Result<Vec<PublicKey>, _>>()?;
    distinct(at, "a key", keys.iter())?;
    Ok(keys)
}

fn distinct<T: Ord>(at: &str, what: &str, items: impl Iterator<Item = T>) -> Result<(), VerifyError> {
    let mut there = BTreeSet::new();
    for item in items {
        if !there.insert(item) {
            return Err(invalid(at, format!("{what} is there twice")));
        }
    }
    Ok(())
}

fn parse<T: FromStr<Err: fmt::Display>>(at: &str, text: &str) -> Result<T, VerifyError> {
    text.parse().map_err(|error| invalid(at, error))
}

fn invalid(at: impl Into<String>, reason: impl fmt::Display) -> VerifyError {
    VerifyError::Policy { at: at.into(), reason: reason.to_string() }
}
