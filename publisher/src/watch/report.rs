//! What a log has come to, in words and in JSON.

use std::fmt;
use std::path::PathBuf;

use cidery_protocol::log::{Hash, SignedCheckpoint};
use cidery_protocol::{Code, Origin, PackageName};
use cidery_verifier::{Fault, LogTrust, ProvenHead};
use serde::Serialize;

use super::Watch;
use crate::failure::Failure;
use crate::output::message;
use crate::text::{Moment, Text, count};

/// A head of a log, whose signature and timestamp are right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Head {
    pub(crate) origin: Origin,
    pub(crate) size: u64,
    pub(crate) root: Text<Hash>,
    /// When it was cosigned, seconds since 1970.
    pub(crate) time: u64,
    /// The policy's witnesses that cosigned it.
    pub(crate) witnesses: Vec<String>,
}

impl Head {
    pub(crate) fn proven(origin: &Origin, head: &ProvenHead) -> Self {
        let ProvenHead { size, root, time, witnesses } = head.clone();
        Head { origin: origin.clone(), size, root: Text(root), time, witnesses }
    }

    /// Reads a head of whatever age, such as one that was kept.
    ///
    /// # Errors
    /// `log.origin`, `log.signature` or `log.timestamp`.
    pub(crate) fn of_any_age(origin: &Origin, log: &LogTrust, note: &[u8]) -> Result<Self, Failure> {
        let signed = SignedCheckpoint::parse(note)?;
        let tree = signed.verify_log(origin, log.log_keys())?;
        let time = signed.timestamp(&origin.cosigner(), log.cosigner())?;
        let cosigned = log
            .witnesses()
            .iter()
            .filter(|witness| matches!(signed.cosigned(&witness.name, &witness.key), Ok(Some(_))));
        let witnesses = cosigned.map(|witness| witness.name.clone()).collect();
        Ok(Head { origin: origin.clone(), size: tree.size, root: Text(tree.root), time, witnesses })
    }

    /// What the verifier takes for one.
    pub(crate) fn to_proven(&self) -> ProvenHead {
        let Head { size, root, time, witnesses, .. } = self.clone();
        ProvenHead { size, root: *root, time, witnesses }
    }
}

/// What was found in a log under a head.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether nothing is wrong.
    pub(crate) sound: bool,
    #[serde(flatten)]
    head: Head,
    packages: usize,
    records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Wrong>,
    /// The file that shows it to others.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<PathBuf>,
}

/// What is wrong.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Wrong {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<PackageName>,
}

impl Wrong {
    pub(crate) fn new(code: Code, message: String) -> Self {
        Wrong { code: code.as_str(), message, index: None, package: None }
    }
}

impl From<&Fault> for Wrong {
    fn from(fault: &Fault) -> Self {
        let package = match fault {
            Fault::Transition { package, .. } | Fault::Overdue { package, .. } => Some(package.clone()),
            _ => None,
        };
        Wrong { code: fault.code().as_str(), message: message(fault), index: fault.index(), package }
    }
}

impl From<&cidery_verifier::Shown> for Wrong {
    fn from(shown: &cidery_verifier::Shown) -> Self {
        Wrong { package: shown.package.clone(), ..Wrong::new(shown.code, shown.says.clone()) }
    }
}

impl Report {
    pub(crate) fn new(head: Head, watch: &Watch, fault: Option<Wrong>, evidence: Option<PathBuf>) -> Self {
        let (packages, records) = (watch.replay.packages(), watch.replay.records());
        Report { sound: fault.is_none(), head, packages, records, fault, evidence }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  entries    {}", self.size)?;
        writeln!(f, "  root       {}", *self.root)?;
        write!(f, "  cosigned   {}", Moment(self.time))?;
        match self.witnesses.as_slice() {
            [] => Ok(()),
            names => write!(f, "\n  witnesses  {}", names.join(", ")),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { sound, head, packages, records, fault, evidence } = self;
        let word = if *sound { "sound" } else { "NOT SOUND" };
        writeln!(f, "{word} {}", head.origin)?;
        writeln!(f, "{head}")?;
        write!(f, "  replayed   {} of {}", count(*records, "record"), count(*packages as u64, "package"))?;
        if let Some(Wrong { code, message, .. }) = fault {
            write!(f, "\n  wrong      {message} ({code})")?;
        }
        match (fault, evidence) {
            (_, Some(file)) => write!(f, "\n  evidence   {}", file.display()),
            (Some(_), None) => write!(f, "\n  evidence   none that would show it to others"),
            (None, None) => Ok(()),
        }
    }
}
