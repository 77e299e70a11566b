//! Whom the command trusts: a policy where there is one, and else what it saw first.
//!
//! ```text
//!  --policy FILE, else cidery.policy.json here, else policy.json in the configuration folder ──► the policy, as it is
//!  none of them ──► trust.json in the configuration folder: a policy that the command writes itself
//!                     origin → log key and cosigner, package → CID of its `init`; never by URL
//! ```
//!
//! A policy that is here because of where the command runs is named; `cidery sign`, whose file may come with its folder, asks
//! for none there.
//!
//! What is new goes into `trust.json` only after all of it has verified; a publisher alone remembers the log that it is about
//! to sign for before there is anything to verify. What is there already is never replaced: another key of the same log, or
//! another `init` of the same package, is refused.

mod first_use;
mod log;
mod seen;
mod store;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cidery_protocol::{Cid, Origin, PackageName};
use cidery_verifier::{PolicyDocument, Request, Rule, Seen, TrustPolicy, VerifyError};

pub(crate) use self::log::KnownLog;
use self::seen::SeenFile;
use self::store::Store;
use crate::args;
use crate::client::Registry;
use crate::client::wire::Log;
use crate::failure::Failure;
use crate::folders::Folders;
use crate::history::History;
use crate::output::Output;
use crate::release::Evidence;

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
    /// A person has said it, in a file.
    Policy { file: PathBuf, document: PolicyDocument },
    /// What comes first is trusted; in CI only where that was asked for, or the registry is on this machine.
    FirstUse { known: Store, asked_for: bool },
}

/// The policy for one package, and whether it rests on first use.
#[derive(Debug)]
pub(crate) struct Grounds {
    pub(crate) document: PolicyDocument,
    pub(crate) policy: TrustPolicy,
    first_use: bool,
}

impl Trust {
    /// Finds the policy; `dir` is the folder in which `cidery.policy.json` may be. One that is found there is said.
    ///
    /// # Errors
    /// [`Failure::File`], or `policy.invalid`.
    pub(crate) fn open(
        args: &args::Trust,
        dir: Option<&Path>,
        folders: &Folders,
        output: &Output,
    ) -> Result<Self, Failure> {
        let seen = Store::new(folders.config.join("seen.json"), "how far each log was seen");
        let known = Store::new(folders.config.join("trust.json"), "what is trusted since its first use");
        let here = dir.map(|dir| dir.join(FOLDER_POLICY));
        let places = match &args.policy {
            Some(file) => vec![file.clone()],
            None => here.iter().cloned().chain([folders.config.join(USER_POLICY)]).collect(),
        };
        for file in places {
            match fs::read(&file) {
                Ok(json) => {
                    if args.policy.is_none() && here.as_ref() == Some(&file) {
                        output.progress(format_args!("the policy is `{}`", file.display()));
                    }
                    return Ok(Trust { source: Source::Policy { document: document(&json)?, file }, seen });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound && args.policy.is_none() => {}
                Err(error) => return Err(Failure::file("read", &file)(error)),
            }
        }
        Ok(Trust { source: Source::FirstUse { known, asked_for: args.trust_first }, seen })
    }

    /// The policy for a request: the one that was found, or what is known of the package, or else what the registry says
    /// now, to be written down by [`Trust::settle`] once it has verified.
    ///
    /// # Errors
    /// `policy.no_rule`, `policy.missing`, `not_found`, or that the registry's log is not the known one.
    pub(crate) async fn grounds(&self, registry: &Registry, request: &Request) -> Result<Grounds, Failure> {
        let package = &request.package;
        let known = match &self.source {
            Source::Policy { document, .. } => {
                let policy = TrustPolicy::new(document)?;
                policy.rule_for(package)?;
                return Ok(Grounds { document: document.clone(), policy, first_use: false });
            }
            Source::FirstUse { known, asked_for } => {
                first_use::allowed(registry, *asked_for, &format!("`{package}`"))?;
                known.read::<PolicyDocument>()?
            }
        };
        if TrustPolicy::new(&known)?.rule(package).is_some() {
            return Grounds::of_first_use(known, request, false);
        }
        let log = registry.log().await?;
        first_use::check_log(&known, &log)?;
        let init = History::beginning(registry, package).await?;
        let init = init.ok_or_else(|| Failure::unknown_package(package))?;
        Grounds::of_first_use(log.as_policy(Some((package, init))), request, true)
    }

    /// Remembers that a release was verified on these grounds. What is trusted from now on is said in lines for people.
    ///
    /// # Errors
    /// As [`Trust::saw`], or that another process came first and trusts something else.
    pub(crate) fn settle(&self, grounds: &Grounds, evidence: &Evidence) -> Result<Vec<String>, Failure> {
        let notes = match (&self.source, grounds.first_use) {
            (Source::FirstUse { known, .. }, true) => first_use::remember(known, &grounds.document)?,
            _ => Vec::new(),
        };
        self.saw(&grounds.policy, evidence)?;
        Ok(notes)
    }

    /// Judges a release against what has been seen by now, and moves that forward: in one step, so that of two processes at
    /// once the one with the older answer is refused (SPEC §10.3).
    ///
    /// # Errors
    /// The step of SPEC §10.4 that fails by now, [`Failure::File`] or [`Failure::State`].
    pub(crate) fn saw(&self, policy: &TrustPolicy, evidence: &Evidence) -> Result<(), Failure> {
        self.seen.update(|SeenFile(seen)| {
            seen.advance(evidence.prove(policy, seen)?);
            Ok(())
        })
    }

    /// Refuses a package that has fewer records than were seen.
    ///
    /// # Errors
    /// `log.rollback`, [`Failure::File`] or [`Failure::State`].
    pub(crate) fn not_older(
        &self,
        origin: &Origin,
        package: &PackageName,
        sequence: u64,
    ) -> Result<(), Failure> {
        let seen = self.seen()?.log(origin).and_then(|log| log.sequence(package));
        match seen.filter(|seen| *seen > sequence) {
            Some(seen) => {
                Err(VerifyError::PackageRollback { package: package.clone(), got: sequence, seen }.into())
            }
            None => Ok(()),
        }
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
    /// As [`Trust::log_of`]; where there is a policy, that it does not know the log.
    pub(crate) async fn log_to_sign_for(
        &self,
        registry: &Registry,
        package: &PackageName,
    ) -> Result<(Log, Vec<String>), Failure> {
        let log = self.log_of(registry, package).await?;
        let is_known = self.document()?.origins.contains_key(log.origin.as_str());
        let notes = match &self.source {
            _ if is_known => Vec::new(),
            Source::Policy { .. } => return Err(Failure::OtherOrigin { got: log.origin, wanted: None }),
            Source::FirstUse { known, .. } => first_use::remember(known, &log.as_policy(None))?,
        };
        Ok((log, notes))
    }

    /// The log that `registry` speaks for. Nothing that is known contradicts it.
    ///
    /// # Errors
    /// That the log, its keys, or its being the log of `package` is not what is known; `policy.missing`.
    pub(crate) async fn log_of(&self, registry: &Registry, package: &PackageName) -> Result<Log, Failure> {
        if let Source::FirstUse { asked_for, .. } = self.source {
            first_use::allowed(registry, asked_for, &format!("`{package}`"))?;
        }
        let log = registry.log().await?;
        first_use::check_log(&self.document()?, &log)?;
        match self.origin(package)?.filter(|wanted| *wanted != log.origin) {
            Some(wanted) => Err(Failure::OtherOrigin { got: log.origin, wanted: Some(wanted) }),
            None => Ok(log),
        }
    }

    /// Whether a policy, where there is one, lets its channel be asked for.
    ///
    /// # Errors
    /// `policy.invalid`.
    pub(crate) fn allows(&self, asked: &Request) -> Result<bool, Failure> {
        let Source::Policy { document, .. } = &self.source else { return Ok(true) };
        let policy = TrustPolicy::new(document)?;
        Ok(policy.rule(&asked.package).is_none_or(|rule| rule.allow(asked).is_ok()))
    }

    /// The log that `package` is known to be in.
    ///
    /// # Errors
    /// As [`Trust::init`].
    pub(crate) fn origin(&self, package: &PackageName) -> Result<Option<Origin>, Failure> {
        let known = TrustPolicy::new(&self.document()?)?;
        Ok(known.rule(package).map(|rule| rule.origin().clone()))
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
            Source::Policy { .. } => Ok(Vec::new()),
            Source::FirstUse { known, .. } => {
                first_use::remember(known, &log.as_policy(Some((package, init))))
            }
        }
    }

    /// The policy that judges a request: as [`Trust::grounds`], or the whole policy where it has no rule for it.
    ///
    /// # Errors
    /// As [`Trust::grounds`].
    pub(crate) async fn policy_for(
        &self,
        registry: &Registry,
        request: &Request,
    ) -> Result<TrustPolicy, Failure> {
        match &self.source {
            Source::Policy { document, .. } => Ok(TrustPolicy::new(document)?),
            Source::FirstUse { .. } => Ok(self.grounds(registry, request).await?.policy),
        }
    }

    /// All that is known, as a policy.
    ///
    /// # Errors
    /// [`Failure::File`] or [`Failure::State`].
    pub(crate) fn document(&self) -> Result<PolicyDocument, Failure> {
        match &self.source {
            Source::Policy { document, .. } => Ok(document.clone()),
            Source::FirstUse { known, .. } => known.read(),
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Policy { file, .. } => write!(f, "the policy `{}`", file.display()),
            Source::FirstUse { .. } => f.write_str("what is trusted since its first use"),
        }
    }
}

impl Grounds {
    /// Whether they are still to be written down by [`Trust::settle`].
    pub(crate) fn is_first_use(&self) -> bool {
        self.first_use
    }

    /// Where there is no policy, who asks for a channel says that it may be asked for.
    fn of_first_use(document: PolicyDocument, request: &Request, first_use: bool) -> Result<Self, Failure> {
        let mut asked = document.clone();
        if let (Some(channel), Some(rule)) =
            (request.channel(), asked.packages.get_mut(request.package.as_str()))
        {
            rule.channels = Some(vec![channel.to_string()]);
        }
        Ok(Grounds { document, policy: TrustPolicy::new(&asked)?, first_use })
    }
}

/// Reads a policy.
///
/// # Errors
/// `policy.invalid`, `limit.exceeded`.
pub(crate) fn document(json: &[u8]) -> Result<PolicyDocument, Failure> {
    let document = PolicyDocument::from_json(json)?;
    TrustPolicy::new(&document)?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use cidery_protocol::Code;
    use serde_json::json;

    use super::*;
    use crate::output::Says;

    const COSIGNER: &str = "z6MkvRXNYcE7MMduynWTgeKbDaT1iijDSC8pZqXZc8rHPrf2";

    #[test]
    fn a_policy_is_looked_for_in_order_and_a_broken_one_is_not_passed_over() {
        let (here, config) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = Folders {
            config: config.path().to_owned(),
            cache: config.path().to_owned(),
            data: config.path().to_owned(),
        };
        let open_in = |dir, args: &args::Trust| {
            let output = Output { json: false, says: Says::Nothing };
            Trust::open(args, dir, &folders, &output).map(|trust| match trust.source {
                Source::Policy { document, .. } => document.origins.into_keys().next(),
                Source::FirstUse { .. } => None,
            })
        };
        let open = |policy: Option<&str>| {
            let args = args::Trust { policy: policy.map(PathBuf::from), trust_first: false };
            open_in(Some(here.path()), &args)
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
        let nowhere = open_in(None, &args::Trust { policy: None, trust_first: false });
        assert_eq!(nowhere.unwrap().as_deref(), Some("user.example"));
        assert!(matches!(open(Some("/nowhere/policy.json")), Err(Failure::File { .. })));
        fs::write(here.path().join(FOLDER_POLICY), "{}").unwrap();
        assert_eq!(open(None).unwrap_err().code(), Code::PolicyInvalid);
    }
}
