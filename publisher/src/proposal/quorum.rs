//! Whose signatures a record wants (SPEC §6.4, §6.5), and which of them it has.

use cidery_protocol::{Action, Powers, PublicKey, RecordBody, Rekey, Signatories};
use serde::Serialize;

use crate::text::Text;

/// Keys of which so many must sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Quorum {
    /// Whose keys they are.
    of: &'static str,
    /// How many of them must sign.
    pub(crate) wanted: u64,
    pub(crate) keys: Vec<Text<PublicKey>>,
    pub(crate) signed: Vec<Text<PublicKey>>,
}

impl Quorum {
    /// All that a record wants under `powers`, which are its own where it is an `init`. The last one, of none, is of those who may
    /// sign and need not.
    pub(super) fn all(body: &RecordBody, powers: &Powers, signed: &[PublicKey]) -> Vec<Self> {
        let quorum = |of, keys: &[PublicKey], wanted| Quorum {
            of,
            wanted,
            keys: keys.iter().copied().map(Text).collect(),
            signed: signed.iter().filter(|key| keys.contains(key)).copied().map(Text).collect(),
        };
        let publishers = quorum("publisher keys", &powers.keys, powers.threshold);
        let recovery = |wanted: fn(u64) -> u64| {
            let quorum = |keys: &cidery_protocol::Recovery| {
                quorum("recovery keys", &keys.keys, wanted(keys.threshold))
            };
            powers.recovery.as_ref().map(quorum)
        };
        match &body.action {
            Action::Init(_) => [Some(publishers), recovery(|_| 0)].into_iter().flatten().collect(),
            Action::Rekey(Rekey { by: Signatories::Recovery, .. }) => {
                recovery(|threshold| threshold).into_iter().collect()
            }
            Action::Transfer(transfer) => {
                let new = &transfer.to.keys;
                vec![publishers, quorum("new keys", new, new.len() as u64)]
            }
            _ => vec![publishers],
        }
    }

    /// Whether enough of them signed.
    pub(crate) fn is_met(&self) -> bool {
        self.signed.len() as u64 >= self.wanted
    }

    /// Those who have not signed.
    pub(crate) fn silent(&self) -> impl Iterator<Item = PublicKey> {
        self.keys.iter().filter(|key| !self.signed.contains(key)).map(|key| key.0)
    }

    /// How it stands, in words.
    pub(crate) fn says(&self) -> String {
        let Quorum { of, wanted, keys, signed } = self;
        let (got, number) = (signed.len(), keys.len());
        if *wanted == 0 {
            return format!("{got} of {number} {of} signed, and none must");
        }
        let state = format!("{got} of {number} {of} signed, {wanted} wanted");
        if self.is_met() {
            return state;
        }
        let silent: Vec<String> = self.silent().map(|key| key.to_string()).collect();
        format!("{state}; who can still sign: {}", silent.join(", "))
    }
}
