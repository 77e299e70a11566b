//! `cidery policy`: whom to trust, written down, read aloud, and at work.

mod explain;
mod init;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use cidery_protocol::limits;
use cidery_verifier::PolicyDocument;
use serde::Serialize;

pub(super) use self::explain::explain;
pub(super) use self::init::init;
use crate::failure::Failure;
use crate::trust;

/// A valid policy in words.
#[derive(Serialize)]
pub(super) struct Said {
    file: PathBuf,
    logs: Vec<Words>,
    rules: Vec<Words>,
}

/// What a log or a pattern stands for, a sentence each.
#[derive(Serialize)]
struct Words {
    of: String,
    says: Vec<String>,
}

impl Said {
    fn of(file: &Path, policy: &PolicyDocument) -> Self {
        let logs = policy.origins.iter().map(|(of, log)| Words { of: of.clone(), says: words::log(log) });
        let rules =
            policy.packages.iter().map(|(of, rule)| Words { of: of.clone(), says: words::rule(rule) });
        Said { file: file.to_owned(), logs: logs.collect(), rules: rules.collect() }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is a valid policy", self.file.display())?;
        for (what, list) in [("the log", &self.logs), ("for", &self.rules)] {
            for Words { of, says } in list {
                write!(f, "\n{what} `{of}`:")?;
                for line in says {
                    write!(f, "\n  {line}")?;
                }
            }
        }
        write!(f, "\nwhat no rule is for is not trusted")
    }
}

pub(super) fn check(file: &Path) -> Result<Said, Failure> {
    let length = std::fs::metadata(file).map_err(Failure::file("read", file))?.len();
    if length > limits::POLICY_BYTES as u64 {
        let (what, limit) = ("bytes of a policy", limits::POLICY_BYTES as u64);
        return Err(cidery_protocol::Error::Limit { what, got: length, limit }.into());
    }
    let json = std::fs::read(file).map_err(Failure::file("read", file))?;
    Ok(Said::of(file, &trust::document(&json)?))
}
