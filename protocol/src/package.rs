//! The state machine of a package (SPEC §6.4): which record may follow which. Registries, the command, monitors and the
//! verifier all ask here.

use std::collections::BTreeMap;

use crate::{
    Action, Cid, Error, Floors, Origin, PackageName, PublicKey, Recovery, Release, SignedRecord, Version,
};

/// Who has the say over a package, by its newest `init`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The record that says so.
    pub cid: Cid,
    /// The log of the package.
    pub origin: Origin,
    /// The package.
    pub package: PackageName,
    /// The publisher keys, sorted.
    pub keys: Vec<PublicKey>,
    /// How many distinct ones must sign.
    pub threshold: u64,
    /// What every release must meet.
    pub floors: Floors,
    /// Keys that may only replace the publisher keys.
    pub recovery: Option<Recovery>,
}

impl Authority {
    /// The authority that an `init` begins.
    ///
    /// # Errors
    /// [`Error::Threshold`] where too few of its own keys signed it, [`Error::Record`] where it is no `init`.
    pub fn begin(init: &SignedRecord) -> Result<Self, Error> {
        let body = init.record().body();
        let Action::Init(action) = &body.action else {
            return Err(Error::Record { reason: "wanted an init".to_owned() });
        };
        let authority = Authority {
            cid: init.record().cid(),
            origin: body.origin.clone(),
            package: body.package.clone(),
            keys: action.keys.clone(),
            threshold: action.threshold,
            floors: action.floors,
            recovery: action.recovery.clone(),
        };
        authority.met_by(init)?;
        Ok(authority)
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
            return Err(Error::RecordOrigin {
                got: body.origin.to_string(),
                wanted: self.origin.to_string(),
            });
        }
        if body.package != self.package {
            return Err(Error::RecordPackage {
                got: body.package.to_string(),
                wanted: self.package.to_string(),
            });
        }
        // (2) under this authority and no other
        if body.authority != Some(self.cid) {
            let got = body.authority.map_or("none".to_owned(), |cid| cid.to_string());
            return Err(Error::RecordAuthority { got, wanted: self.cid.to_string() });
        }
        // (3) enough distinct keys
        self.met_by(signed)?;
        // (4) floors; the one of witnesses is the head's to meet, and asked for where a head is at hand
        match &body.action {
            Action::Release(release) if self.floors.provenance && release.provenance.is_empty() => {
                Err(Error::Floor { reason: "it names no provenance" })
            }
            _ => Ok(()),
        }
    }

    fn met_by(&self, signed: &SignedRecord) -> Result<(), Error> {
        let got = signed.signers().iter().filter(|key| self.keys.contains(key)).count();
        if (got as u64) < self.threshold {
            Err(Error::Threshold { got, wanted: self.threshold })
        } else {
            Ok(())
        }
    }
}

/// A release as the package's state holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseState {
    /// The record.
    pub record: Cid,
    /// The code.
    pub manifest: Cid,
}

/// A package after all its records so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageState {
    /// Who has the say.
    pub authority: Authority,
    /// The sequence of the newest record.
    pub sequence: u64,
    /// The newest record.
    pub newest: Cid,
    /// The versions that are taken.
    pub releases: BTreeMap<Version, ReleaseState>,
}

impl PackageState {
    /// The state after `signed`, which may follow `before`.
    ///
    /// # Errors
    /// The rule of SPEC §6.4 that is broken; the state before then still holds.
    pub fn apply(before: Option<&PackageState>, signed: &SignedRecord) -> Result<PackageState, Error> {
        let record = signed.record();
        let body = record.body();
        let Some(before) = before else {
            let authority = Authority::begin(signed)?;
            return Ok(PackageState {
                authority,
                sequence: 0,
                newest: record.cid(),
                releases: BTreeMap::new(),
            });
        };
        if let Action::Init(_) = &body.action {
            return Err(Error::InitTaken { by: before.authority.cid });
        }
        before.authority.allows(signed)?;
        // (5) a version is taken for ever; said before the sequence, because it is the better answer to who lost a race
        if let Action::Release(release) = &body.action
            && let Some(taken) = before.releases.get(&release.version)
        {
            return Err(Error::VersionTaken { version: release.version.to_string(), by: taken.record });
        }
        // (6) the next one, on top of the newest
        let field = |field, got: String, wanted: String| Error::RecordSequence { field, got, wanted };
        if body.sequence != before.sequence + 1 {
            return Err(field("sequence", body.sequence.to_string(), (before.sequence + 1).to_string()));
        }
        if body.prev != Some(before.newest) {
            let got = body.prev.map_or("none".to_owned(), |cid| cid.to_string());
            return Err(field("prev", got, before.newest.to_string()));
        }
        let mut after = before.clone();
        after.sequence = body.sequence;
        after.newest = record.cid();
        if let Action::Release(Release { version, manifest, .. }) = &body.action {
            after
                .releases
                .insert(version.clone(), ReleaseState { record: record.cid(), manifest: *manifest });
        }
        Ok(after)
    }
}
