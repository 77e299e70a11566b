//! A proposal in words, for people and for machines.

use cidery_protocol::{Action, Cid, PackageState, PublicKey, Record};
use serde::Serialize;

use super::words::{self, Voided, voided};
use super::{Proposal, Quorum};
use crate::failure::Failure;
use crate::text::Text;

/// A record of a proposal, as far as there is something to say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    kind: &'static str,
    sequence: u64,
    record: Text<Cid>,
    /// What it does, a sentence each.
    does: Vec<String>,
    /// What becomes void by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    void: Vec<Voided>,
    signatures: Vec<Quorum>,
}

impl Said {
    /// The publisher keys that signed it.
    pub(crate) fn publishers(&self) -> Vec<PublicKey> {
        self.signatures.first().into_iter().flat_map(|quorum| quorum.signed.iter().map(|key| key.0)).collect()
    }

    /// What it does, for people.
    pub(crate) fn text(&self) -> String {
        let lines = self.does.iter().map(|line| format!("\n  {line}"));
        format!("record {} of the package, {}:{}", self.sequence, self.kind, lines.collect::<String>())
    }

    /// Who has signed it, for people.
    pub(crate) fn signatures(&self) -> String {
        let quorums = self.signatures.iter().map(Quorum::says).collect::<Vec<_>>();
        format!("{}: {}", self.kind, quorums.join("; "))
    }
}

impl Proposal {
    /// What each record does, and who has signed it; with a state before, also what becomes void.
    ///
    /// # Errors
    /// `envelope.signature`.
    pub(crate) fn says(&self, state: Option<&PackageState>) -> Result<Vec<Said>, Failure> {
        let said = |(at, record): (usize, &Record)| {
            let body = record.body();
            let before = self.authority.as_ref().map(|authority| &authority.powers);
            let mut does = words::does(body, before, self.manifest.as_ref());
            let mut void = Vec::new();
            if let Some(state) = state {
                if let Action::Rekey(rekey) = &body.action {
                    void = voided(&rekey.void, state);
                }
                does.extend(words::voids(body, &void));
                if let (Some(pending), Action::Rekey(_) | Action::Transfer(_)) =
                    (&state.pending, &body.action)
                {
                    let record = pending.authority.cid;
                    does.push(format!("the rekey {record}, which waits, never takes effect"));
                }
            }
            let (kind, sequence, record) = (self.kind(at), body.sequence, Text(record.cid()));
            Ok(Said { kind, sequence, record, does, void, signatures: self.quorums(at)? })
        };
        self.records.iter().enumerate().map(said).collect()
    }
}
