//! Who may sign for a package, and how that changes (SPEC §6.2): `init`, `rekey` and `transfer`.

use serde::{Deserialize, Serialize};

use super::refused;
use crate::{Error, PublicKey, Version, canonical, limits};

/// The keys of a package and what is asked of them. An `init` holds nothing else; a `rekey` or `transfer` says what they are
/// from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Powers {
    /// The publisher keys, sorted by their bytes.
    pub keys: Vec<PublicKey>,
    /// How many distinct keys must sign.
    pub threshold: u64,
    /// What every release must meet.
    pub floors: Floors,
    /// Keys that may only replace the publisher keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

/// What every release under an authority must meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floors {
    /// Whether a release must name provenance.
    pub provenance: bool,
    /// How many witnesses must have cosigned the head.
    pub witnesses: u64,
}

/// Keys for the day on which the publisher keys are lost or stolen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The keys, sorted by their bytes; none of them a publisher key.
    pub keys: Vec<PublicKey>,
    /// How many distinct ones must sign.
    pub threshold: u64,
    /// Seconds from their `rekey` until it takes effect.
    pub delay: u64,
}

/// Other keys, another threshold, other floors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rekey {
    /// Whose signatures make it: the publisher keys', or the recovery keys'.
    pub by: Signatories,
    /// What holds from then on.
    pub to: Powers,
    /// What stolen keys signed, sorted by key; none of them among the new keys.
    pub void: Vec<Void>,
    /// Later releases have at least this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_version_floor: Option<Version>,
}

/// Who signs a `rekey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signatories {
    /// The threshold of the publisher keys.
    Publishers,
    /// The threshold of the recovery keys.
    Recovery,
}

/// A key whose signatures count for nothing in the releases and channels of a range of the package's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Void {
    /// The key.
    pub key: PublicKey,
    /// From this sequence on.
    pub from_sequence: u64,
}

/// The package goes to others: signed by the old threshold and by every new key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transfer {
    /// What holds from then on.
    pub to: Powers,
    /// Later releases have at least this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_version_floor: Option<Version>,
}

impl Powers {
    pub(super) fn validate(&self) -> Result<(), Error> {
        // (2) keys are sorted and distinct, and a threshold can be met
        quorum("publisher keys", &self.keys, self.threshold)?;
        if self.floors.witnesses > limits::CHECKPOINT_SIGNATURES as u64 {
            return refused("the floor of witnesses is over 64");
        }
        // (3) recovery keys are others
        let Some(recovery) = &self.recovery else { return Ok(()) };
        quorum("recovery keys", &recovery.keys, recovery.threshold)?;
        if recovery.keys.iter().any(|key| self.keys.contains(key)) {
            return refused("a recovery key is also a publisher key");
        }
        if recovery.delay > limits::TREE_SIZE {
            return refused("the delay of recovery is over 2^53 - 1 seconds");
        }
        Ok(())
    }
}

impl Rekey {
    pub(super) fn validate(&self) -> Result<(), Error> {
        self.to.validate()?;
        // (7) what is void is sorted, and was not signed by those who go on
        canonical::within("void keys", limits::KEYS, self.void.len())?;
        if !self.void.is_sorted_by(|a, b| a.key < b.key) {
            return refused("the void keys are not sorted, or one is there twice");
        }
        let recovery = self.to.recovery.iter().flat_map(|recovery| &recovery.keys);
        if self.to.keys.iter().chain(recovery).any(|key| self.void.iter().any(|void| void.key == *key)) {
            return refused("a void key is also a new key");
        }
        if self.void.iter().any(|void| void.from_sequence > limits::TREE_SIZE) {
            return refused("a sequence from which a key is void is over 2^53 - 1");
        }
        Ok(())
    }
}

fn quorum(what: &'static str, keys: &[PublicKey], threshold: u64) -> Result<(), Error> {
    canonical::within(what, limits::KEYS, keys.len())?;
    if !keys.is_sorted_by(|a, b| a < b) {
        return refused(format!("the {what} are not sorted, or one is there twice"));
    }
    if threshold == 0 || threshold > keys.len() as u64 {
        return refused(format!("a threshold of {threshold} cannot be met by {} {what}", keys.len()));
    }
    Ok(())
}
