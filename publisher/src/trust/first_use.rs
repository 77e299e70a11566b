//! Trust on first use: what may be taken, what agrees with what is known, and writing it down.

use std::env;

use cidery_protocol::Origin;
use cidery_verifier::{LogDocument, PolicyDocument, RuleDocument, TrustPolicy};

use super::store::Store;
use crate::client::Registry;
use crate::client::wire::Log;
use crate::failure::Failure;

/// In CI nobody reads what is trusted, and what an earlier run has seen first is no better than what this one sees.
pub(super) fn allowed(registry: &Registry, asked_for: bool, wanted: &str) -> Result<(), Failure> {
    let in_ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
    if !in_ci || asked_for || registry.is_loopback() {
        return Ok(());
    }
    Err(Failure::PolicyMissing { wanted: wanted.to_owned() })
}

/// Refuses a known log that is shown with other keys.
pub(super) fn check_log(known: &PolicyDocument, log: &Log) -> Result<(), Failure> {
    let shown = log.as_trusted();
    match known.origins.get(log.origin.as_str()) {
        Some(trusted) if !agree(trusted, &shown) => Err(other_keys(&log.origin, &shown, trusted)),
        _ => Ok(()),
    }
}

/// Whether a log is shown with trusted keys alone; a policy may know more of them than are in use.
fn agree(trusted: &LogDocument, shown: &LogDocument) -> bool {
    let all_trusted = shown.log_keys.iter().all(|key| trusted.log_keys.contains(key));
    !shown.log_keys.is_empty() && all_trusted && trusted.cosigner == shown.cosigner
}

fn other_keys(origin: &Origin, got: &LogDocument, wanted: &LogDocument) -> Failure {
    let keys = |log: &LogDocument| format!("{} and the cosigner {}", log.log_keys.join(", "), log.cosigner);
    Failure::OtherLogKeys { origin: origin.clone(), got: keys(got), wanted: keys(wanted) }
}

/// Adds what is new, in one step with the check that nothing known says otherwise.
pub(super) fn remember(known: &Store, first: &PolicyDocument) -> Result<Vec<String>, Failure> {
    known.update(|known: &mut PolicyDocument| {
        let mut notes = Vec::new();
        for (origin, log) in &first.origins {
            match known.origins.get(origin) {
                Some(trusted) if agree(trusted, log) => {}
                Some(trusted) => return Err(other_keys(&origin.parse()?, log, trusted)),
                None => {
                    let keys = log.log_keys.join(", ");
                    notes.push(format!(
                        "trusting the log `{origin}` from now on: key {keys}, cosigner {}",
                        log.cosigner
                    ));
                    known.origins.insert(origin.clone(), log.clone());
                }
            }
        }
        for (package, rule) in &first.packages {
            match known.packages.get(package) {
                Some(trusted) if trusted.origin == rule.origin && trusted.init == rule.init => {}
                Some(trusted) if trusted.origin != rule.origin => {
                    let (got, wanted) = (rule.origin.parse()?, trusted.origin.parse().ok());
                    return Err(Failure::OtherOrigin { got, wanted });
                }
                Some(trusted) => {
                    let cid = |rule: &RuleDocument| rule.init.as_deref().unwrap_or_default().parse();
                    let (package, got, wanted) = (package.parse()?, cid(rule)?, cid(trusted)?);
                    return Err(Failure::OtherInit { package, got, wanted });
                }
                None => {
                    let init = rule.init.as_deref().unwrap_or_default();
                    notes.push(format!("trusting `{package}` from now on: it begins with {init}"));
                    known.packages.insert(package.clone(), rule.clone());
                }
            }
        }
        // Keys in two roles, for one: what is written down must be a policy.
        TrustPolicy::new(known)?;
        Ok(notes)
    })
}

#[cfg(test)]
mod tests {
    use cidery_protocol::{Cid, Codec};

    use std::fs;

    use super::*;

    const KEYS: [&str; 3] = [
        "z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH",
        "z6MkvRXNYcE7MMduynWTgeKbDaT1iijDSC8pZqXZc8rHPrf2",
        "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX",
    ];

    fn log(origin: &str, key: &str) -> Log {
        let json = serde_json::json!({ "origin": origin, "logKeys": [key], "cosigner": KEYS[1] });
        serde_json::from_value(json).unwrap()
    }

    fn seen(origin: &str, key: &str, init: &[u8]) -> PolicyDocument {
        let name = "@acme/hello".parse().unwrap();
        log(origin, key).as_policy(Some((&name, Cid::of(Codec::DagCbor, init))))
    }

    #[test]
    fn what_is_trusted_is_said_once_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let known = Store::new(dir.path().join("trust.json"), "what is trusted");
        let code = |document| remember(&known, &document).map_err(|failure| failure.code().as_str());
        assert_eq!(code(seen("log.example", KEYS[0], b"1")).map(|notes| notes.len()), Ok(2));
        let before = fs::read(dir.path().join("trust.json")).unwrap();
        assert_eq!(code(seen("log.example", KEYS[0], b"1")), Ok(Vec::new()));
        assert_eq!(code(seen("log.example", KEYS[2], b"1")), Err("log.signature"));
        assert_eq!(code(seen("log.example", KEYS[0], b"2")), Err("policy.init"));
        assert_eq!(code(seen("other.example", KEYS[2], b"1")), Err("policy.origin"));
        // The cosigner of one log as the key of another.
        assert_eq!(code(log("third.example", KEYS[1]).as_policy(None)), Err("policy.invalid"));
        assert_eq!(fs::read(dir.path().join("trust.json")).unwrap(), before);
        assert!(TrustPolicy::from_json(&before).is_ok(), "what is written down is a policy");
    }
}
