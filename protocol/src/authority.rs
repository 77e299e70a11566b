//! Who has the say over a package, and who may say who has it next (SPEC §6.4, §6.6).

use serde::{Deserialize, Serialize};

use crate::{
    Action, Cid, Error, Origin, PackageName, Powers, PublicKey, Rekey, Signatories, SignedRecord, Transfer,
    Version, Void, limits,
};

/// Who has the say over a package, by its `init` or by a `rekey` or `transfer` since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// The record that says so.
    pub cid: Cid,
    /// The log of the package.
    pub origin: Origin,
    /// The package.
    pub package: PackageName,
    /// The record's place in the package's log.
    pub sequence: u64,
    /// Whose signatures made it.
    pub by: Signatories,
    /// Seconds from its record until it holds: 0 but for a `rekey` by recovery keys with a delay.
    pub delay: u64,
    /// Its place in the chain of authority, from 0.
    pub position: u64,
    /// The keys, and what is asked of them.
    pub powers: Powers,
    /// The least version of releases under it.
    pub version_floor: Option<Version>,
    /// What it makes void of the releases and channels before it.
    pub void: Vec<Void>,
}

impl Authority {
    /// The authority that an `init` begins.
    ///
    /// # Errors
    /// [`Error::Threshold`] where too few of its own keys signed it, [`Error::Record`] where it is no `init`.
    pub fn begin(init: &SignedRecord) -> Result<Self, Error> {
        let body = init.record().body();
        let Action::Init(powers) = &body.action else {
            return Err(Error::Record { reason: "wanted an init".to_owned() });
        };
        quorum(&powers.keys, powers.threshold, init)?;
        Ok(Authority {
            cid: init.record().cid(),
            origin: body.origin.clone(),
            package: body.package.clone(),
            sequence: 0,
            by: Signatories::Publishers,
            delay: 0,
            position: 0,
            powers: powers.clone(),
            version_floor: None,
            void: Vec::new(),
        })
    }

    /// The authority that a `rekey` or `transfer` under this one makes, whether it holds already or not. The letters are
    /// those of SPEC §6.6.
    ///
    /// # Errors
    /// What [`Authority::allows`] says, or the rule of SPEC §6.6 that is broken.
    pub fn succeed(&self, signed: &SignedRecord) -> Result<Self, Error> {
        self.allows(signed)?;
        let mut next = Authority {
            cid: signed.record().cid(),
            sequence: signed.record().body().sequence,
            by: Signatories::Publishers,
            delay: 0,
            position: self.position + 1,
            void: Vec::new(),
            ..self.clone()
        };
        match &signed.record().body().action {
            Action::Rekey(Rekey { by, to, void, next_version_floor }) => {
                next.powers = to.clone();
                next.void = void.clone();
                next.version_floor = next_version_floor.clone();
                next.by = *by;
            }
            Action::Transfer(Transfer { to, next_version_floor }) => {
                next.powers = to.clone();
                next.version_floor = next_version_floor.clone();
                // (a) whoever takes over shows that they hold their keys
                quorum(&to.keys, to.keys.len() as u64, signed)?;
                self.is_not_lowered_by(to)?;
            }
            _ => return Err(Error::Record { reason: "wanted a rekey or a transfer".to_owned() }),
        }
        let by_recovery = next.by == Signatories::Recovery;
        match &self.powers.recovery {
            // (b) recovery keys lower nothing, and what they do waits
            Some(recovery) if by_recovery => {
                self.is_not_lowered_by(&next.powers)?;
                next.delay = recovery.delay;
            }
            // (c) nobody else changes them: or stolen publisher keys would
            Some(_) if next.powers.recovery != self.powers.recovery => {
                let reason =
                    "only the recovery keys change the recovery keys, their threshold and their delay";
                return Err(Error::Recovery { reason });
            }
            _ => {}
        }
        // (d) a chain fits into a receipt, and its end is kept for recovery keys and whom they have just named
        let kept = if by_recovery || self.by == Signatories::Recovery { 0 } else { limits::CHAIN_RECOVERY };
        let limit = (limits::CHAIN_RECORDS - kept) as u64;
        if next.position >= limit {
            return Err(Error::Limit {
                what: "records of a chain of authority",
                got: next.position + 1,
                limit,
            });
        }
        Ok(next)
    }

    /// Whether the authority allows `signed`, leaving aside its place in the package's log. The numbers are those of SPEC
    /// §6.4.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn allows(&self, signed: &SignedRecord) -> Result<(), Error> {
        let body = signed.record().body();
        // (1) the same log and package
        if body.origin != self.origin {
            let (got, wanted) = (body.origin.to_string(), self.origin.to_string());
            return Err(Error::RecordOrigin { got, wanted });
        }
        if body.package != self.package {
            let (got, wanted) = (body.package.to_string(), self.package.to_string());
            return Err(Error::RecordPackage { got, wanted });
        }
        // (2) under this authority and no other
        if body.authority != Some(self.cid) {
            let got = body.authority.map_or("none".to_owned(), |cid| cid.to_string());
            return Err(Error::RecordAuthority { got, wanted: self.cid.to_string() });
        }
        // (3) enough distinct keys
        match (&body.action, &self.powers.recovery) {
            (Action::Rekey(Rekey { by: Signatories::Recovery, .. }), Some(recovery)) => {
                quorum(&recovery.keys, recovery.threshold, signed)?;
            }
            (Action::Rekey(Rekey { by: Signatories::Recovery, .. }), None) => {
                return Err(Error::Recovery { reason: "the package has no recovery keys" });
            }
            _ => quorum(&self.powers.keys, self.powers.threshold, signed)?,
        }
        // (4) floors; the one of witnesses is the head's to meet, and asked for where a head is at hand
        let Action::Release(release) = &body.action else { return Ok(()) };
        if self.powers.floors.provenance && release.provenance.is_empty() {
            return Err(Error::Floor { reason: "the release names no provenance".to_owned() });
        }
        match &self.version_floor {
            Some(floor) if release.version < *floor => {
                let reason = format!("the version {}, and the least one is {floor}", release.version);
                Err(Error::Floor { reason })
            }
            _ => Ok(()),
        }
    }

    /// The distinct publisher keys of this authority among those that signed, sorted.
    pub(crate) fn signers_of(&self, signed: &SignedRecord) -> Vec<PublicKey> {
        signed.signers().iter().filter(|key| self.powers.keys.contains(key)).copied().collect()
    }

    /// Whether this authority makes void what `signers` signed at `sequence`, before it, under a threshold.
    pub fn voids(&self, sequence: u64, signers: &[PublicKey], threshold: u64) -> bool {
        let revoked =
            |key: &PublicKey| self.void.iter().any(|void| void.key == *key && sequence >= void.from_sequence);
        let left = signers.iter().filter(|key| !revoked(key)).count();
        left < signers.len() && (left as u64) < threshold
    }

    /// Floors, and the threshold is one, are lowered by a `rekey` of the old threshold alone.
    fn is_not_lowered_by(&self, to: &Powers) -> Result<(), Error> {
        let lowered = |reason: String| Err(Error::Floor { reason });
        if to.threshold < self.powers.threshold {
            return lowered(format!("the threshold {}, and it was {}", to.threshold, self.powers.threshold));
        }
        if self.powers.floors.provenance && !to.floors.provenance {
            return lowered("provenance is not asked for, and it was".to_owned());
        }
        let (got, was) = (to.floors.witnesses, self.powers.floors.witnesses);
        if got < was {
            return lowered(format!("{got} witnesses, and there were {was}"));
        }
        Ok(())
    }
}

/// Whether enough distinct ones of `keys` signed.
fn quorum(keys: &[PublicKey], threshold: u64, signed: &SignedRecord) -> Result<(), Error> {
    let got = signed.signers().iter().filter(|key| keys.contains(key)).count();
    if (got as u64) < threshold { Err(Error::Threshold { got, wanted: threshold }) } else { Ok(()) }
}
