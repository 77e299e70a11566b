//! The state machine of a package (SPEC §6.4): which record may follow which. Registries, the command, monitors and the
//! verifier all ask here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Action, Authority, Channel, ChannelName, Cid, Error, PublicKey, ReleaseRef, Severity, SignedRecord,
    Target, Version, Yank, canonical, limits,
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

/// The releases and channels that a record made other than they were; the package's other fields are few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The releases.
    pub releases: BTreeSet<Version>,
    /// The channels.
    pub channels: BTreeSet<ChannelName>,
}

impl ChannelState {
    /// Whether it names any release.
    pub fn names(&self) -> bool {
        self.void.is_none() && !self.targets.is_empty()
    }
}

impl PackageState {
    /// Takes `signed`, which is logged at `time`, in seconds since 1970, into the state of its package: none where it begins
    /// there. Gives what it changed.
    ///
    /// # Errors
    /// The rule of SPEC §6.4 that is broken; the state is what it was.
    pub fn apply(
        state: &mut Option<PackageState>,
        signed: &SignedRecord,
        time: u64,
    ) -> Result<Changed, Error> {
        match state {
            Some(state) => state.follow(signed, time),
            None => {
                *state = Some(PackageState::begin(signed)?);
                Ok(Changed::default())
            }
        }
    }

    /// Takes one more entry of the log into the state: whoever begins with none and the first one and goes on to the last comes
    /// to the same state (SPEC §11.6).
    ///
    /// # Errors
    /// As [`SignedRecord::from_entry`] and [`PackageState::apply`].
    pub fn replay(state: &mut Option<PackageState>, entry: &[u8]) -> Result<Changed, Error> {
        let (_, time) = SignedRecord::claim_of_entry(entry)?;
        let authority = state.as_ref().map(|state| state.authority_at(time));
        let (signed, time) = SignedRecord::from_entry(entry, authority)?;
        PackageState::apply(state, &signed, time)
    }

    /// The state as it is at `time`, seconds since 1970, where nothing was logged since: a `rekey` by recovery keys takes
    /// effect by itself.
    pub fn at(&self, time: u64) -> PackageState {
        let mut state = self.clone();
        state.settle(time);
        state
    }

    /// Makes the state the one of [`PackageState::at`]: what waits takes effect once its time has come. Gives what it changed.
    pub fn settle(&mut self, time: u64) -> Changed {
        let mut changed = Changed::default();
        let Some(Pending { authority: next, .. }) = self.pending.take_if(|pending| time >= pending.from)
        else {
            return changed;
        };
        for (version, release) in &mut self.releases {
            let voids = || next.voids(release.sequence, &release.signers, release.threshold);
            if release.void.is_none() && voids() {
                release.void = Some(next.cid);
                changed.releases.insert(version.clone());
            }
        }
        for (name, channel) in &mut self.channels {
            let voids = || next.voids(channel.sequence, &channel.signers, channel.threshold);
            if channel.void.is_none() && voids() {
                channel.void = Some(next.cid);
                changed.channels.insert(name.clone());
            }
        }
        self.authority = next;
        changed
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

    /// The state after a record that is not the first.
    fn follow(&mut self, signed: &SignedRecord, time: u64) -> Result<Changed, Error> {
        // What has waited takes effect before the record. It is rare, and happens on a copy: a record that is refused changes
        // nothing.
        if self.pending.as_ref().is_some_and(|pending| time >= pending.from) {
            let mut settled = self.clone();
            let mut changed = settled.settle(time);
            changed.extend(settled.follow(signed, time)?);
            *self = settled;
            return Ok(changed);
        }
        let record = signed.record();
        let body = record.body();
        // (0) a package begins once
        if let Action::Init(_) = &body.action {
            return Err(Error::InitTaken { by: self.init });
        }
        // (1) to (4)
        self.authority.allows(signed)?;
        // (5) and (6)
        let change = self.change(signed, time)?;
        // (7) the next one, on top of the newest
        let field = |field, got: String, wanted: String| Error::RecordSequence { field, got, wanted };
        if body.sequence != self.sequence + 1 {
            return Err(field("sequence", body.sequence.to_string(), (self.sequence + 1).to_string()));
        }
        if body.prev != Some(self.newest) {
            let got = body.prev.map_or("none".to_owned(), |cid| cid.to_string());
            return Err(field("prev", got, self.newest.to_string()));
        }
        // From here on nothing is refused.
        self.sequence = body.sequence;
        self.newest = record.cid();
        let mut changed = self.make(change);
        changed.extend(self.settle(time));
        Ok(changed)
    }

    /// What a record changes, by rules (5) and (6).
    fn change(&self, signed: &SignedRecord, time: u64) -> Result<Change, Error> {
        let (record, sequence) = (signed.record().cid(), signed.record().body().sequence);
        let threshold = self.authority.powers.threshold;
        let signers = || self.authority.signers_of(signed);
        Ok(match &signed.record().body().action {
            Action::Init(_) => Change::Nothing,
            Action::Rekey(_) | Action::Transfer(_) => {
                let authority = self.authority.succeed(signed)?;
                let from = if authority.delay == 0 { 0 } else { time.saturating_add(authority.delay) };
                Change::Authority(Box::new(Pending { authority, from }))
            }
            // (5) a version is taken for ever; said before the sequence, because it is the better answer to who lost a race
            Action::Release(release) => {
                if let Some(taken) = self.releases.get(&release.version) {
                    let version = release.version.to_string();
                    return Err(Error::VersionTaken { version, by: taken.record });
                }
                let standing = self.releases.values().filter(|release| release.void.is_none()).count();
                canonical::within(
                    "releases of a package that are not void",
                    limits::RELEASES_STANDING,
                    standing + 1,
                )?;
                canonical::within("releases of a package", limits::RELEASES, self.releases.len() + 1)?;
                let state = ReleaseState {
                    record,
                    manifest: release.manifest,
                    sequence,
                    time,
                    signers: signers(),
                    threshold,
                    void: None,
                    yanked: None,
                };
                Change::Release(release.version.clone(), state)
            }
            // (6) what is said, is said about a release that is there
            Action::Yank(yank) => {
                self.check_release(&yank.release)?;
                let yanked = Yanked { record, yank: yank.clone() };
                let counts = yank.severity > Severity::None;
                Change::Yank(yank.release.version.clone(), counts.then_some(yanked))
            }
            Action::Channel(Channel { name, targets }) => {
                for target in targets {
                    self.check_release(&target.release)?;
                }
                let others =
                    self.channels.iter().filter(|(other, channel)| *other != name && channel.names());
                let naming = others.count() + usize::from(!targets.is_empty());
                canonical::within("channels of a package", limits::CHANNELS, naming)?;
                let names = self.channels.len() + usize::from(!self.channels.contains_key(name));
                canonical::within("names of a package's channels", limits::CHANNEL_NAMES, names)?;
                let (signers, targets) = (signers(), targets.clone());
                let state = ChannelState { record, sequence, targets, signers, threshold, void: None };
                Change::Channel(name.clone(), state)
            }
            Action::Attest(attest) => {
                self.check_release(&attest.release)?;
                Change::Nothing
            }
        })
    }

    fn make(&mut self, change: Change) -> Changed {
        let mut changed = Changed::default();
        match change {
            Change::Nothing => {}
            Change::Authority(pending) => self.pending = Some(*pending),
            Change::Release(version, release) => {
                self.releases.insert(version.clone(), release);
                changed.releases.insert(version);
            }
            Change::Yank(version, yanked) => {
                // To take back what was not said changes nothing.
                let release = self.releases.get_mut(&version).filter(|release| release.yanked != yanked);
                if let Some(release) = release {
                    release.yanked = yanked;
                    changed.releases.insert(version);
                }
            }
            Change::Channel(name, channel) => {
                self.channels.insert(name.clone(), channel);
                changed.channels.insert(name);
            }
        }
        changed
    }

    /// Whether a release is there and not void.
    fn check_release(&self, wanted: &ReleaseRef) -> Result<(), Error> {
        let version = wanted.version.to_string();
        match self.releases.get(&wanted.version) {
            Some(ReleaseState { record, void: Some(by), .. }) if *record == wanted.record => {
                Err(Error::Void { version, by: *by })
            }
            Some(release) if release.record == wanted.record => Ok(()),
            _ => Err(Error::NoRelease { version, record: wanted.record }),
        }
    }
}

/// What a record that may follow does to the state.
enum Change {
    Nothing,
    Authority(Box<Pending>),
    Release(Version, ReleaseState),
    Yank(Version, Option<Yanked>),
    Channel(ChannelName, ChannelState),
}

impl Changed {
    fn extend(&mut self, other: Changed) {
        self.releases.extend(other.releases);
        self.channels.extend(other.channels);
    }
}
