//! Whom the command trusts: a policy where there is one, and else what it saw first.
//!
//! ```text
//!  --policy FILE, else cidery.policy.json here, else policy.json in the configuration folder ──► the policy, as it is
//!  none of them ──► trust.json in the configuration folder: a policy that the command writes itself
//!                     origin → log key and cosigner, package → CID of its `init`; never by URL
//! ```
//!
//! What is new goes into `trust.json` only after all of it has verified; a publisher alone remembers the log that it is about
//! to sign for before there is anything to verify. What is there already is never replaced: another key of the same log, or
//! another `init` of the same package, is refused.

mod first_use;
mod seen;
mod store;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cidery_protocol::{Cid, Code, Origin, PackageName};
use cidery_verifier::{PolicyDocument, Rule, Seen, TrustPolicy, Verified, VerifyError};

use self::seen::SeenFile;
use self::store::Store;
use crate::args;
use crate::client::Registry;
use crate::client::wire::Log;
use crate::failure::Failure;
use crate::folders::Folders;

/// The policy in the folder where the command runs.
const FOLDER_POLICY: &str = "cidery.policy.json";
/// The user's policy, in the configuration folder.
const USER_POLICY: &str = "policy.json";

/// Whom to trust, and what was seen before.
#[derive(Debug)]
pub(crate) struct Trust {
    source: Source,
    seen: Store,
}

#[derive(Debug)]
enum Source {
    /// A person has said it.
    Policy(PolicyDocument),
    /// What comes first is trusted; in CI only where that was asked for, or the registry is on this machine.
    FirstUse { known: Store, asked_for: bool },
}

/// The policy for one package, and whether it rests on first use.
#[derive(Debug)]
pub(crate) struct Grounds {
    pub(crate) document: PolicyDocument,
    pub(crate) policy: TrustPolicy,
    /// The log of the package.
    pub(crate) origin: Origin,
    first_use: bool,
}

impl Trust {
    /// Finds the policy; `dir` is the folder in which `cidery.policy.json` may be.
    ///
    /// # Errors
    /// [`Failure::File`], or `policy.invalid`.
    pub(crate) fn open(args: &args::Trust, dir: &Path, folders: &Folders) -> Result<Self, Failure> {
        let seen = Store::new(folders.config.join("seen.json"));
        let known = Store::new(folders.config.join("trust.json"));
        let places = match &args.policy {
            Some(file) => vec![file.clone()],
            None => vec![dir.join(FOLDER_POLICY), folders.config.join(USER_POLICY)],
        };
        for file in places {
            match fs::read(&file) {
                Ok(json) => return Ok(Trust { source: Source::Policy(document(&file, &json)?), seen }),
                Err(error) if error.kind() == io::ErrorKind::NotFound && args.policy.is_none() => {}
                Err(error) => return Err(Failure::file("read", &file)(error)),
            }
        }
        Ok(Trust { source: Source::FirstUse { known, asked_for: args.trust_first }, seen })
    }

    /// The policy for `package`: the one that was found, or what is known of the package, or else what the registry says
    /// now, to be written down by [`Trust::settle`] once it has verified.
    ///
    /// # Errors
    /// `policy.no_rule`, `policy.missing`, `not_found`, or that the registry's log is not the known one.
    pub(crate) async fn grounds(
        &self,
        registry: &Registry,
        package: &PackageName,
    ) -> Result<Grounds, Failure> {
        let known = match &self.source {
            Source::Policy(document) => return Grounds::new(document.clone(), package, false),
            Source::FirstUse { known, asked_for } => {
                first_use::allowed(registry, *asked_for, package)?;
                known.read::<PolicyDocument>()?
            }
        };
        if TrustPolicy::new(&known)?.rule(package).is_some() {
            return Grounds::new(known, package, false);
        }
        let log = registry.log().await?;
        first_use::check_log(&known, &log)?;
        let Some(state) = registry.package(package).await? else {
            let message = format!("it has no package `{package}`");
            return Err(Failure::Registry { code: Code::NotFound, message, hint: None });
        };
        Grounds::new(log.as_policy(Some((package, *state.init))), package, true)
    }

    /// Remembers that a release was verified on these grounds. What is trusted from now on is said in lines for people.
    ///
    /// # Errors
    /// [`Failure::File`], or that another process came first and trusts something else.
    pub(crate) fn settle(&self, grounds: &Grounds, verified: &Verified) -> Result<Vec<String>, Failure> {
        let notes = match (&self.source, grounds.first_use) {
            (Source::FirstUse { known, .. }, true) => first_use::remember(known, &grounds.document)?,
            _ => Vec::new(),
        };
        self.saw(verified)?;
        Ok(notes)
    }

    /// Remembers the head under which a release was verified.
    ///
    /// # Errors
    /// [`Failure::File`] or [`Failure::Config`].
    pub(crate) fn saw(&self, verified: &Verified) -> Result<(), Failure> {
        self.seen.update(|SeenFile(seen)| {
            seen.advance(verified);
            Ok(())
        })
    }

    /// What was seen before.
    ///
    /// # Errors
    /// [`Failure::File`] or [`Failure::Config`].
    pub(crate) fn seen(&self) -> Result<Seen, Failure> {
        self.seen.read().map(|SeenFile(seen)| seen)
    }

    /// The log that `registry` speaks for, as whoever is about to sign for it needs it: known, or from now on, and said in
    /// lines for people.
    ///
    /// # Errors
    /// That the log, its keys, or its being the log of `package` is not what is known; `policy.missing`.
    pub(crate) async fn log_to_sign_for(
        &self,
        registry: &Registry,
        package: &PackageName,
    ) -> Result<(Log, Vec<String>), Failure> {
        if let Source::FirstUse { asked_for, .. } = self.source {
            first_use::allowed(registry, asked_for, package)?;
        }
        let log = registry.log().await?;
        let known = self.document()?;
        first_use::check_log(&known, &log)?;
        let is_known = known.origins.contains_key(log.origin.as_str());
        if let Some(rule) = TrustPolicy::new(&known)?.rule(package)
            && *rule.origin() != log.origin
        {
            return Err(Failure::OtherOrigin { got: log.origin, wanted: Some(rule.origin().clone()) });
        }
        let notes = match &self.source {
            _ if is_known => Vec::new(),
            Source::Policy(_) => return Err(Failure::OtherOrigin { got: log.origin, wanted: None }),
            Source::FirstUse { known, .. } => first_use::remember(known, &log.as_policy(None))?,
        };
        Ok((log, notes))
    }

    /// The `init` that `package` is known to begin with.
    ///
    /// # Errors
    /// [`Failure::File`], [`Failure::Config`] or `policy.invalid`.
    pub(crate) fn init(&self, package: &PackageName) -> Result<Option<Cid>, Failure> {
        let known = TrustPolicy::new(&self.document()?)?;
        Ok(known.rule(package).and_then(Rule::init))
    }

    /// Remembers where one's own package begins; where there is a policy, it is for a person to write that down.
    ///
    /// # Errors
    /// As [`Trust::settle`].
    pub(crate) fn remember_own(
        &self,
        log: &Log,
        package: &PackageName,
        init: Cid,
    ) -> Result<Vec<String>, Failure> {
        match &self.source {
            Source::Policy(_) => Ok(Vec::new()),
            Source::FirstUse { known, .. } => {
                first_use::remember(known, &log.as_policy(Some((package, init))))
            }
        }
    }

    fn document(&self) -> Result<PolicyDocument, Failure> {
        match &self.source {
            Source::Policy(document) => Ok(document.clone()),
            Source::FirstUse { known, .. } => known.read(),
        }
    }
}

impl Grounds {
    /// Whether they are still to be written down by [`Trust::settle`].
    pub(crate) fn is_first_use(&self) -> bool {
        self.first_use
    }

    fn new(document: PolicyDocument, package: &PackageName, first_use: bool) -> Result<Self, Failure> {
        let policy = TrustPolicy::new(&document)?;
        let no_rule = || VerifyError::NoRule { package: package.clone() };
        let origin = policy.rule(package).ok_or_else(no_rule)?.origin().clone();
        Ok(Grounds { document, policy, origin, first_use })
    }
}

fn document(file: &Path, json: &[u8]) -> Result<PolicyDocument, Failure> {
    // Read by the verifier first, whose words say what is wrong with it.
    TrustPolicy::from_json(json)?;
    let invalid =
        |error: serde_json::Error| Failure::Config { file: PathBuf::from(file), reason: error.to_string() };
    serde_json::from_slice(json).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COSIGNER: &str = "z6MkvRXNYcE7MMduynWTgeKbDaT1iijDSC8pZqXZc8rHPrf2";

    #[test]
    fn a_policy_is_looked_for_in_order_and_a_broken_one_is_not_passed_over() {
        let (here, config) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = Folders {
            config: config.path().to_owned(),
            cache: config.path().to_owned(),
            data: config.path().to_owned(),
        };
        let open = |policy: Option<&str>| {
            let args = args::Trust { policy: policy.map(PathBuf::from), trust_first: false };
            Trust::open(&args, here.path(), &folders).map(|trust| match trust.source {
                Source::Policy(document) => document.origins.into_keys().next(),
                Source::FirstUse { .. } => None,
            })
        };
        let write = |path: &Path, origin: &str| {
            let log = json!({ "logKeys": ["z6Mko9hTggMwjSTEaJaPUfE6tqcy2xvU6BnNq3e3o8qVBiyH"], "cosigner": COSIGNER });
            let policy = json!({ "origins": { origin: log }, "packages": {} });
            fs::write(path, policy.to_string()).unwrap();
        };
        assert_eq!(open(None).unwrap(), None);
        write(&config.path().join(USER_POLICY), "user.example");
        assert_eq!(open(None).unwrap().as_deref(), Some("user.example"));
        write(&here.path().join(FOLDER_POLICY), "here.example");
        assert_eq!(open(None).unwrap().as_deref(), Some("here.example"));
        assert!(matches!(open(Some("/nowhere/policy.json")), Err(Failure::File { .. })));
        fs::write(here.path().join(FOLDER_POLICY), "{}").unwrap();
        assert_eq!(open(None).unwrap_err().code(), Code::PolicyInvalid);
    }
}
