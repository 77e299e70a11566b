//! `cidery policy init`: a policy from what is known of a package and of its log.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use cidery_protocol::PackageName;
use cidery_verifier::{LogDocument, PolicyDocument, RuleDocument, TrustPolicy};
use serde::Serialize;

use super::{Said, check};
use crate::args;
use crate::commands::{Context, info};
use crate::failure::Failure;
use crate::files;
use crate::reference;
use crate::trust::{self, Trust};

/// The schema that editors read, and its name beside the policy.
const SCHEMA: &str = include_str!("../../../../verifier/policy.schema.json");
const SCHEMA_FILE: &str = "cidery.policy.schema.json";

/// The policy that was written.
#[derive(Serialize)]
#[serde(transparent)]
pub(in crate::commands) struct Written(Said);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(in crate::commands) async fn init(
    context: &Context,
    args: &args::PolicyInit,
) -> Result<Written, Failure> {
    let mut policy = read(&args.out)?;
    let trust = args::Trust { policy: None, trust_first: args.trust_first };
    let trust = Trust::open(&trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let (origin, log, rule) = match args.pattern.strip_suffix("/*") {
        Some(scope) => {
            let package = reference::package(&format!("{scope}/any"))?;
            let (origin, log) = log(context, &trust, &package).await?;
            (origin.clone(), log, pinned(args, &origin, None)?)
        }
        None => {
            let package = reference::package(&args.pattern)?;
            let (origin, log) = log(context, &trust, &package).await?;
            let history = info::history(context, &package, &trust).await?;
            if history.state.authority.origin.as_str() != origin {
                let got = history.state.authority.origin;
                return Err(Failure::OtherOrigin { got, wanted: Some(origin.parse()?) });
            }
            let init = history.state.init.to_string();
            (origin.clone(), log, pinned(args, &origin, Some(&init))?)
        }
    };
    if policy.packages.contains_key(&args.pattern) {
        return Err(there(&args.out, &format!("a rule for `{}`", args.pattern)));
    }
    // A log that is there stays as a person has written it.
    policy.origins.entry(origin).or_insert(log);
    policy.packages.insert(args.pattern.clone(), rule);
    policy.schema.get_or_insert_with(|| format!("./{SCHEMA_FILE}"));
    TrustPolicy::new(&policy)?;
    let schema = args.out.with_file_name(SCHEMA_FILE);
    files::replace_bytes(&schema, SCHEMA.as_bytes()).map_err(Failure::file("write", &schema))?;
    files::replace(&args.out, &policy)?;
    check(&args.out).map(Written)
}

/// What is there already.
fn read(file: &Path) -> Result<PolicyDocument, Failure> {
    match fs::read(file) {
        Ok(json) => trust::document(&json),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PolicyDocument::default()),
        Err(error) => Err(Failure::file("read", file)(error)),
    }
}

/// The log that the package is known to be in, or else the registry's.
async fn log(
    context: &Context,
    trust: &Trust,
    package: &PackageName,
) -> Result<(String, LogDocument), Failure> {
    let log = trust.log_of(&context.registry()?, package).await?;
    let known = trust.document()?.origins.remove(log.origin.as_str());
    Ok((log.origin.to_string(), known.unwrap_or_else(|| log.as_trusted())))
}

/// A rule that pins the named keys, or else the beginning.
fn pinned(args: &args::PolicyInit, origin: &str, init: Option<&str>) -> Result<RuleDocument, Failure> {
    let keys: Vec<String> = args.keys.iter().map(ToString::to_string).collect();
    match (keys.is_empty(), init) {
        (false, _) => {
            Ok(RuleDocument { origin: origin.to_owned(), keys: Some(keys), ..RuleDocument::default() })
        }
        (true, Some(init)) => Ok(RuleDocument::pinning(origin, init)),
        (true, None) => Err(Failure::Usage {
            reason: format!("`{}` has no beginning that could be pinned", args.pattern),
            hint: Some(
                "`--pin KEY` pins a publisher key; a package by its name is pinned by its beginning"
                    .to_owned(),
            ),
        }),
    }
}

fn there(file: &Path, what: &str) -> Failure {
    Failure::Usage {
        reason: format!("`{}` holds {what} already", file.display()),
        hint: Some("nothing in it is changed; change it by hand".to_owned()),
    }
}
