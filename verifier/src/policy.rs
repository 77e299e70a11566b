//! Whom to trust (SPEC §10.1). A [`TrustPolicy`] is valid by construction; what it does not name is not trusted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use cidery_protocol::{Cid, Codec, Origin, PackageName, PublicKey, limits, manifest};

use crate::{LogDocument, PolicyDocument, RuleDocument, VerifyError};

/// How old a head may be where a policy says nothing, seconds.
const MAX_AGE: u32 = 86_400;

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

/// Whom to believe about a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTrust {
    log_keys: Vec<PublicKey>,
    cosigner: PublicKey,
    max_age: u32,
}

/// Whom to believe about a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    origin: Origin,
    log: LogTrust,
    keys: Vec<PublicKey>,
    threshold: u64,
    init: Option<Cid>,
    egress: BTreeSet<String>,
}

impl TrustPolicy {
    /// Reads the JSON form. Unknown fields and keys that stand twice are refused.
    ///
    /// # Errors
    /// [`VerifyError::Policy`].
    pub fn from_json(json: &[u8]) -> Result<Self, VerifyError> {
        let document: PolicyDocument =
            serde_json::from_slice(json).map_err(|error| invalid("the JSON", error))?;
        TrustPolicy::new(&document)
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
            let rule = Rule::new(&at, rule, &policy.logs)?;
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
        let rules = self.packages.values().chain(self.scopes.values());
        let publishers = rules.flat_map(|rule| &rule.keys).map(|key| (key, "a publisher"));
        let logs = self.logs.values().flat_map(|log| &log.log_keys).map(|key| (key, "a log"));
        let cosigners = self.logs.values().map(|log| (&log.cosigner, "a cosigner"));
        let mut roles = BTreeMap::new();
        for (key, role) in publishers.chain(logs).chain(cosigners) {
            let first = *roles.entry(key).or_insert(role);
            if first != role {
                return Err(invalid("keys", format!("{key} is the key of {first} and of {role}")));
            }
        }
        Ok(())
    }
}

impl LogTrust {
    fn new(at: &str, document: &LogDocument) -> Result<Self, VerifyError> {
        let log_keys = keys(&format!("{at}.logKeys"), &document.log_keys)?;
        let cosigner = parse(&format!("{at}.cosigner"), &document.cosigner)?;
        match document.max_age.unwrap_or(MAX_AGE) {
            0 => Err(invalid(format!("{at}.maxAge"), "no head is 0 seconds old")),
            max_age => Ok(LogTrust { log_keys, cosigner, max_age }),
        }
    }

    /// The keys of which one signs the log's checkpoints.
    pub fn log_keys(&self) -> &[PublicKey] {
        &self.log_keys
    }

    /// The key that says when a checkpoint was the newest.
    pub fn cosigner(&self) -> &PublicKey {
        &self.cosigner
    }

    /// How old a head may be, seconds.
    pub fn max_age(&self) -> u64 {
        self.max_age.into()
    }
}

impl Rule {
    fn new(
        at: &str,
        document: &RuleDocument,
        logs: &BTreeMap<Origin, LogTrust>,
    ) -> Result<Self, VerifyError> {
        let origin: Origin = parse(&format!("{at}.origin"), &document.origin)?;
        let unknown = || invalid(at, format!("its origin `{origin}` is not among the origins"));
        let log = logs.get(&origin).ok_or_else(unknown)?.clone();
        let pinned = document.keys.as_deref().map(|list| keys(&format!("{at}.keys"), list)).transpose()?;
        let init = document.init.as_deref().map(|cid| -> Result<Cid, VerifyError> {
            let at = format!("{at}.init");
            parse::<Cid>(&at, cid)?.expect(Codec::DagCbor).map_err(|error| invalid(at, error))
        });
        let init = init.transpose()?;
        let (keys, threshold) = match (pinned, document.threshold) {
            (None, Some(_)) => return Err(invalid(at, "a threshold without keys")),
            (None, None) if init.is_none() => return Err(invalid(at, "neither keys nor init are pinned")),
            (None, None) => (Vec::new(), 0),
            (Some(keys), threshold) => (keys, u64::from(threshold.unwrap_or(1))),
        };
        if threshold > keys.len() as u64 || (threshold == 0 && !keys.is_empty()) {
            let reason = format!("a threshold of {threshold} does not go with {} keys", keys.len());
            return Err(invalid(at, reason));
        }
        let hosts = document.egress.as_deref().unwrap_or_default();
        if let Some(host) = hosts.iter().find(|host| !manifest::is_host(host)) {
            return Err(invalid(format!("{at}.egress"), format!("{host:?} is not a host")));
        }
        Ok(Rule { origin, log, keys, threshold, init, egress: hosts.iter().cloned().collect() })
    }

    /// The log that the package is in.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whom to believe about that log.
    pub fn log(&self) -> &LogTrust {
        &self.log
    }

    /// The pinned publisher keys; none where only the `init` is pinned.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// How many distinct pinned keys must have signed.
    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    /// The package's first record, where it is pinned.
    pub fn init(&self) -> Option<Cid> {
        self.init
    }

    /// Which of the hosts that a manifest asks for are granted, in its order.
    pub fn grant<'h>(&self, needs: &'h [String]) -> impl Iterator<Item = &'h String> {
        needs.iter().filter(|host| self.egress.contains(*host))
    }
}

fn keys(at: &str, list: &[String]) -> Result<Vec<PublicKey>, VerifyError> {
    if list.is_empty() || list.len() > limits::KEYS {
        return Err(invalid(at, format!("{} keys, wanted 1 to {}", list.len(), limits::KEYS)));
    }
    let keys = list.iter().map(|key| parse(at, key)).collect::<Result<Vec<PublicKey>, _>>()?;
    if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
        return Err(invalid(at, "a key is there twice"));
    }
    Ok(keys)
}

fn parse<T: FromStr<Err: fmt::Display>>(at: &str, text: &str) -> Result<T, VerifyError> {
    text.parse().map_err(|error| invalid(at, error))
}

fn invalid(at: impl Into<String>, reason: impl fmt::Display) -> VerifyError {
    VerifyError::Policy { at: at.into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH";
    const COSIGNER: &str = "z6MkvRXNYcE7MMduynWTgeKbDaT1iijDSC8pZqXZc8rHPrf2";
    const PUBLISHER: &str = "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX";
    const INIT: &str = "bafyr4ifnuryzkjvaranm4vue2cjxcuvqmz2nphfz7jpmcs5mkw6ffq6f74";

    fn with(log: &str, packages: &str) -> Result<TrustPolicy, VerifyError> {
        TrustPolicy::from_json(
            format!(r#"{{"origins":{{"log.example":{log}}},"packages":{packages}}}"#).as_bytes(),
        )
    }

    fn log() -> String {
        format!(r#"{{"logKeys":["{LOG}"],"cosigner":"{COSIGNER}"}}"#)
    }

    #[test]
    fn the_exact_name_wins_over_the_scope() {
        let packages = format!(
            r#"{{"@acme/*":{{"origin":"log.example","keys":["{PUBLISHER}"]}},"@acme/b":{{"origin":"log.example","init":"{INIT}"}}}}"#
        );
        let policy = with(&log(), &packages).expect("a policy");
        let rule = |name: &str| policy.rule(&name.parse().expect("a name")).map(|rule| rule.init().is_some());
        assert_eq!([rule("@acme/a"), rule("@acme/b"), rule("@acm/a")], [Some(false), Some(true), None]);
        assert_eq!(
            policy.log(&"log.example".parse().expect("an origin")).map(LogTrust::max_age),
            Some(86_400)
        );
    }

    #[test]
    fn other_policies_are_refused() {
        let rule = |body: &str| format!(r#"{{"@acme/a":{{"origin":"log.example",{body}}}}}"#);
        let keys = format!(r#""keys":["{PUBLISHER}"]"#);
        let blob = Cid::of(Codec::Raw, b"");
        for packages in [
            rule(r#""keys":[]"#),
            rule(r#""egress":[]"#),
            rule(r#""threshold":1"#),
            rule(&format!(r#""threshold":1,"init":"{INIT}""#)),
            rule(&format!(r#"{keys},"threshold":0"#)),
            rule(&format!(r#"{keys},"threshold":2"#)),
            rule(&format!(r#"{keys},"trust":"all""#)),
            rule(&format!(r#"{keys},"egress":["*"]"#)),
            rule(&format!(r#"{keys},"egress":["https://a.example"]"#)),
            rule(&format!(r#"{keys},{keys}"#)),
            rule(&format!(r#""keys":["{PUBLISHER}","{PUBLISHER}"]"#)),
            rule(&format!(r#""keys":["{LOG}"]"#)),
            rule(&format!(r#""keys":["{COSIGNER}"]"#)),
            rule(&format!(r#""init":"{blob}""#)),
            format!(r#"{{"@acme/a":{{"origin":"other.example",{keys}}}}}"#),
            format!(r#"{{"*":{{"origin":"log.example",{keys}}}}}"#),
            format!(r#"{{"@*/*":{{"origin":"log.example",{keys}}}}}"#),
            format!(r#"{{"@acme/a*":{{"origin":"log.example",{keys}}}}}"#),
            format!(
                r#"{{"@acme/a":{{"origin":"log.example",{keys}}},"@acme/a":{{"origin":"log.example",{keys}}}}}"#
            ),
        ] {
            assert_eq!(
                with(&log(), &packages).map_err(|error| error.code().as_str()).err(),
                Some("policy.invalid"),
                "{packages}"
            );
        }
        for log in [
            format!(r#"{{"logKeys":[],"cosigner":"{COSIGNER}"}}"#),
            format!(r#"{{"logKeys":["{LOG}"]}}"#),
            format!(r#"{{"logKeys":["{LOG}"],"cosigner":"{LOG}"}}"#),
            format!(r#"{{"logKeys":["{LOG}"],"cosigner":"{COSIGNER}","maxAge":0}}"#),
            format!(r#"{{"logKeys":["{LOG}"],"cosigner":"{COSIGNER}","maxAge":-1}}"#),
        ] {
            assert!(with(&log, &rule(&keys)).is_err(), "{log}");
        }
    }
}
