//! The state machine of a package (SPEC §6.4): which record may follow which. Registries, the command, monitors and the
//! verifier all ask here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Action, Authority, ChannelName, Cid, Error, PublicKey, ReleaseRef, Severity, SignedRecord, Target,
    Version, Yank, canonical, limits,
};

/// A package after all its records so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageState {
    /// The first record.
    pub init: Cid,
    /// Who has the say.
    pub authority: Authority,
    /// Who will have it, by the recovery keys, unless the authority makes another one before.
    pub pending: Option<Pending>,
    /// The sequence of the newest record.
    pub sequence: u64,
    /// The newest record.
    pub newest: Cid,
    /// The versions that are taken.
    pub releases: BTreeMap<Version, ReleaseState>,
    /// The channels.
    pub channels: BTreeMap<ChannelName, ChannelState>,
}

/// An authority that does not hold yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The authority.
    pub authority: Authority,
    /// From when it holds, seconds since 1970.
    pub from: u64,
}

/// A release as the package's state holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseState {
    /// The record.
    pub record: Cid,
    /// The code.
    pub manifest: Cid,
    /// Its place in the package's log.
    pub sequence: u64,
    /// When it was logged, seconds since 1970.
    pub time: u64,
    /// The distinct keys that signed, sorted.
    pub signers: Vec<PublicKey>,
    /// How many had to.
    pub threshold: u64,
    /// The `rekey` that made it void.
    pub void: Option<Cid>,
    /// What took it out of ranges and channels.
    pub yanked: Option<Yanked>,
}

/// The `yank` that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yanked {
    /// The record.
    pub record: Cid,
    /// What it says.
    pub yank: Yank,
}

/// A channel as the package's state holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelState {
    /// The record.
    pub record: Cid,
    /// Its place in the package's log.
    pub sequence: u64,
    /// The releases that it names.
    pub targets: Vec<Target>,
    /// The distinct keys that signed, sorted.
    pub signers: Vec<PublicKey>,
    /// How many had to.
    pub threshold: u64,
    /// The `rekey` that made it void.
    pub void: Option<Cid>,
}

impl ChannelState {
    /// Whether it names any release.
    pub fn names(&self) -> bool {
        self.void.is_none() && !self.targets.is_empty()
    }
}

impl PackageState {
    /// The state after `signed`, which may follow `before` and is logged at `time`, in seconds since 1970.
    ///
    /// # Errors
    /// The rule of SPEC §6.4 that is broken; the state before then still holds.
    pub fn apply(
        before: Option<&PackageState>,
        signed: &SignedRecord,
        time: u64,
    ) -> Result<PackageState, Error> {
        let Some(before) = before else { return PackageState::begin(signed) };
        let mut after = before.at(time);
        let record = signed.record();
        let body = record.body();
        // (0) a package begins once
        if let Action::Init(_) = &body.action {
            return Err(Error::InitTaken { by: before.init });
        }
        // (1) to (4)
        after.authority.allows(signed)?;
        let (cid, sequence) = (record.cid(), body.sequence);
        let (signers, threshold) = (after.authority.signers_of(signed), after.authority.powers.threshold);
        match &body.action {
            Action::Init(_) => {}
            Action::Rekey(_) | Action::Transfer(_) => {
                let next = after.authority.succeed(signed)?;
                let from = if next.delay == 0 { 0 } else { time.saturating_add(next.delay) };
                after.pending = Some(Pending { authority: next, from });
            }
            // (5) a version is taken for ever; said before the sequence, because it is the better answer to who lost a race
            Action::Release(release) => {
                let state = ReleaseState {
                    record: cid,
                    manifest: release.manifest,
                    sequence,
                    time,
                    signers,
                    threshold,
                    void: None,
                    yanked: None,
                };
                if let Some(taken) = after.releases.insert(release.version.clone(), state) {
                    let version = release.version.to_string();
                    return Err(Error::VersionTaken { version, by: taken.record });
                }
            }
            // (6) what is said, is said about a release that is there
            Action::Yank(yank) => {
                let yanked = Yanked { record: cid, yank: yank.clone() };
                let release = after.release_mut(&yank.release)?;
                release.yanked = (yank.severity > Severity::None).then_some(yanked);
            }
            Action::Channel(channel) => {
                for target in &channel.targets {
                    after.release_mut(&target.release)?;
                }
                let targets = channel.targets.clone();
                let state = ChannelState { record: cid, sequence, targets, signers, threshold, void: None };
                after.channels.insert(channel.name.clone(), state);
                let named = after.channels.values().filter(|channel| channel.names()).count();
                canonical::within("channels of a package", limits::CHANNELS, named)?;
            }
            Action::Attest(attest) => {
                after.release_mut(&attest.release)?;
            }
        }
        // (7) the next one, on top of the newest
        let field = |field, got: String, wanted: String| Error::RecordSequence { field, got, wanted };
        if sequence != before.sequence + 1 {
            return Err(field("sequence", sequence.to_string(), (before.sequence + 1).to_string()));
        }
        if body.prev != Some(before.newest) {
            let got = body.prev.map_or("none".to_owned(), |cid| cid.to_string());
            return Err(field("prev", got, before.newest.to_string()));
        }
        after.sequence = sequence;
        after.newest = cid;
        after.settle(time);
        Ok(after)
    }

    /// The state after one more entry of the log, which may follow `before`: whoever begins with the first one and goes on
    /// to the last comes to the same state (SPEC §11.6).
    ///
    /// # Errors
    /// As [`SignedRecord::from_entry`] and [`PackageState::apply`].
    pub fn replay(before: Option<&PackageState>, entry: &[u8]) -> Result<PackageState, Error> {
        let (_, time) = SignedRecord::claim_of_entry(entry)?;
        let authority = before.map(|state| state.authority_at(time));
        let (signed, time) = SignedRecord::from_entry(entry, authority)?;
        PackageState::apply(before, &signed, time)
    }

    /// The state as it is at `time`, seconds since 1970, where nothing was logged since: a `rekey` by recovery keys takes
    /// effect by itself.
    pub fn at(&self, time: u64) -> PackageState {
        let mut state = self.clone();
        state.settle(time);
        state
    }

    /// Who has the say at `time`, as in [`PackageState::at`], of which nothing else is made.
    pub fn authority_at(&self, time: u64) -> &Authority {
        match &self.pending {
            Some(pending) if time >= pending.from => &pending.authority,
            _ => &self.authority,
        }
    }

    /// The greatest version that `wanted` says yes to, of those that are neither void nor yanked more severely than
    /// `tolerated` says.
    pub fn newest_of(
        &self,
        wanted: impl Fn(&Version) -> bool,
        tolerated: impl Fn(Severity) -> bool,
    ) -> Option<(&Version, &ReleaseState)> {
        let offered = |release: &ReleaseState| {
            let yanked = release.yanked.as_ref();
            release.void.is_none() && yanked.is_none_or(|yanked| tolerated(yanked.yank.severity))
        };
        self.releases.iter().rev().find(|(version, release)| wanted(version) && offered(release))
    }

    fn begin(init: &SignedRecord) -> Result<PackageState, Error> {
        let authority = Authority::begin(init)?;
        let cid = authority.cid;
        let (releases, channels) = (BTreeMap::new(), BTreeMap::new());
        Ok(PackageState { init: cid, authority, pending: None, sequence: 0, newest: cid, releases, channels })
    }

    /// What waits takes effect once its time has come.
    fn settle(&mut self, time: u64) {
        let Some(Pending { authority: next, .. }) = self.pending.take_if(|pending| time >= pending.from)
        else {
            return;
        };
        for release in self.releases.values_mut() {
            if next.voids(release.sequence, &release.signers, release.threshold) {
                release.void.get_or_insert(next.cid);
            }
        }
        for channel in self.channels.values_mut() {
            if next.voids(channel.sequence, &channel.signers, channel.threshold) {
                channel.void.get_or_insert(next.cid);
            }
        }
        self.authority = next;
    }

    /// A release that is there and not void.
    fn release_mut(&mut self, wanted: &ReleaseRef) -> Result<&mut ReleaseState, Error> {
        let version = wanted.version.to_string();
        match self.releases.get_mut(&wanted.version) {
            Some(ReleaseState { record, void: Some(by), .. }) if *record == wanted.record => {
                Err(Error::Void { version, by: *by })
            }
            Some(release) if release.record == wanted.record => Ok(release),
            _ => Err(Error::NoRelease { version, record: wanted.record }),
        }
    }
}
