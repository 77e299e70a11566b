//! From arguments to who may sign (SPEC §6.2): for the first release, and for what changes it.

use std::collections::BTreeSet;

use cidery_protocol::{Floors, Powers, PublicKey, Recovery};

use crate::args;
use crate::failure::Failure;

impl args::Begin {
    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        let args::Begin { publishers, threshold, recovery, require_provenance, require_witnesses } = self;
        publishers.is_empty()
            && threshold.is_none()
            && recovery.recovery.is_empty()
            && !require_provenance
            && require_witnesses.is_none()
    }
}

/// Something that only the first release says.
pub(super) fn too_late(reason: &str) -> Failure {
    Failure::Usage {
        reason: format!("{reason}, and who may sign is not said again"),
        hint: Some("`cidery keys rotate` changes keys, thresholds and floors".to_owned()),
    }
}

/// What the first release says, with those who sign it.
pub(super) struct Beginning<'b> {
    pub(super) args: &'b args::Begin,
    pub(super) signers: &'b [PublicKey],
}

impl Beginning<'_> {
    /// The package's first keys: those that sign and those that are named, but for the recovery keys.
    ///
    /// # Errors
    /// [`Failure::Usage`] where there is none.
    pub(super) fn powers(&self) -> Result<Powers, Failure> {
        let args::Begin { publishers, threshold, recovery, require_provenance, require_witnesses } =
            self.args;
        let signers = self.signers.iter().filter(|key| !recovery.recovery.contains(key));
        let keys = sorted(signers.chain(publishers));
        if keys.is_empty() {
            return Err(Failure::Usage {
                reason: "no key is named that may sign for the package".to_owned(),
                hint: Some("`--publisher KEY` names one, by its public half".to_owned()),
            });
        }
        Ok(Powers {
            threshold: threshold.unwrap_or(keys.len() as u64),
            keys,
            floors: Floors {
                provenance: *require_provenance,
                witnesses: require_witnesses.unwrap_or_default(),
            },
            recovery: recovery.keys(),
        })
    }
}

impl args::Recovery {
    /// The recovery keys; none where none is named.
    pub(super) fn keys(&self) -> Option<Recovery> {
        let keys = sorted(&self.recovery);
        (!keys.is_empty()).then(|| Recovery {
            threshold: self.recovery_threshold.unwrap_or(keys.len() as u64 / 2 + 1),
            delay: self.recovery_delay.unwrap_or_default().0,
            keys,
        })
    }
}

/// In the order of SPEC §6.3, each once.
pub(super) fn sorted<'k>(keys: impl IntoIterator<Item = &'k PublicKey>) -> Vec<PublicKey> {
    keys.into_iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use cidery_keys::{SecretKey, Signer};

    use super::*;
    use crate::seconds::Seconds;

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_seed(&[seed; 32]).public_key()
    }

    #[test]
    fn all_keys_of_the_beginning_sign_unless_fewer_are_asked_for() {
        let (one, two, three) = (key(1), key(2), key(3));
        let mut args = args::Begin { publishers: vec![two, one], ..args::Begin::default() };
        let powers = Beginning { args: &args, signers: &[one] }.powers().unwrap();
        assert_eq!((powers.keys.len(), powers.threshold, powers.recovery), (2, 2, None));

        args.threshold = Some(1);
        args.recovery = args::Recovery {
            recovery: vec![three, key(4), key(5)],
            recovery_threshold: None,
            recovery_delay: Some(Seconds(60)),
        };
        let powers = Beginning { args: &args, signers: &[one, three] }.powers().unwrap();
        assert_eq!((powers.keys.len(), powers.threshold), (2, 1), "a recovery key is no publisher key");
        let recovery = powers.recovery.unwrap();
        assert_eq!((recovery.keys.len(), recovery.threshold, recovery.delay), (3, 2, 60));
        args.publishers.clear();
        assert!(matches!(Beginning { args: &args, signers: &[three] }.powers(), Err(Failure::Usage { .. })));
    }
}
