//! SPEC §6.4 to §6.7 a second time, for comparison: it remembers nothing but what was said, and answers every question from
//! the beginning.
#![allow(unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet};

use cidery_protocol::*;

/// A record as it comes to a log.
#[derive(Clone, Debug)]
pub struct Said {
    pub record: Record,
    /// Who made a valid signature.
    pub signers: BTreeSet<PublicKey>,
    /// In whose name there is a signature that is not valid.
    pub forged: BTreeSet<PublicKey>,
    pub time: u64,
}

/// All records of a package so far.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub said: Vec<Said>,
}

/// An authority from the moment on that it took effect.
#[derive(Clone, Copy, Debug)]
pub struct Reign {
    /// Which record made it.
    pub of: usize,
    /// How many records there were.
    pub before: usize,
}

/// What is visible of a package: where both sides have to agree.
#[derive(Debug, PartialEq, Eq)]
pub struct Summary {
    pub authority: Cid,
    pub pending: Option<(Cid, u64)>,
    pub sequence: u64,
    pub newest: Cid,
    pub releases: BTreeMap<Version, (Cid, Option<Cid>, Option<Cid>)>,
    pub channels: BTreeMap<ChannelName, (Cid, Option<Cid>)>,
}

impl Said {
    pub fn action(&self) -> &Action {
        &self.record.body().action
    }

    /// What it hands over, where it makes an authority.
    pub fn powers(&self) -> Option<&Powers> {
        match self.action() {
            Action::Init(powers) => Some(powers),
            Action::Rekey(rekey) => Some(&rekey.to),
            Action::Transfer(transfer) => Some(&transfer.to),
            _ => None,
        }
    }

    fn version_floor(&self) -> Option<&Version> {
        match self.action() {
            Action::Rekey(rekey) => rekey.next_version_floor.as_ref(),
            Action::Transfer(transfer) => transfer.next_version_floor.as_ref(),
            _ => None,
        }
    }

    fn by_recovery(&self) -> bool {
        matches!(self.action(), Action::Rekey(Rekey { by: Signatories::Recovery, .. }))
    }

    fn signed_by(&self, keys: &[PublicKey]) -> u64 {
        keys.iter().filter(|key| self.signers.contains(key)).count() as u64
    }
}

impl Model {
    /// Who reigned, one after the other, up to `time`; and what waits then, and until when.
    pub fn reigns(&self, time: u64) -> (Vec<Reign>, Option<(usize, u64)>) {
        let mut reigns: Vec<Reign> = Vec::new();
        let mut waiting: Option<(usize, u64)> = None;
        for (at, said) in self.said.iter().enumerate() {
            if let Some((of, _)) = waiting.take_if(|(_, from)| *from <= said.time) {
                reigns.push(Reign { of, before: at });
            }
            if said.powers().is_none() {
                continue;
            }
            let reigning = reigns.last().and_then(|reign| self.said[reign.of].powers());
            let delay = match reigning.and_then(|powers| powers.recovery.as_ref()) {
                Some(recovery) if said.by_recovery() => recovery.delay,
                _ => 0,
            };
            if delay == 0 {
                reigns.push(Reign { of: at, before: at + 1 });
                waiting = None;
            } else {
                waiting = Some((at, said.time + delay));
            }
        }
        if let Some((of, _)) = waiting.take_if(|(_, from)| *from <= time) {
            reigns.push(Reign { of, before: self.said.len() });
        }
        (reigns, waiting)
    }

    /// The record that says who has the say at `time`.
    pub fn holder(&self, time: u64) -> &Said {
        &self.said[self.reigns(time).0.last().expect("a package has begun").of]
    }

    /// The authority that made a release or channel void by `time`.
    fn void(&self, at: usize, reigns: &[Reign]) -> Option<Cid> {
        let said = &self.said[at];
        let own = self.said.iter().find(|other| Some(other.record.cid()) == said.record.body().authority)?;
        let own = own.powers()?;
        let revoking = reigns.iter().filter(|reign| at < reign.before).find(|reign| {
            let Action::Rekey(rekey) = self.said[reign.of].action() else { return false };
            let revoked: BTreeSet<PublicKey> = rekey
                .void
                .iter()
                .filter(|void| void.from_sequence <= at as u64)
                .map(|void| void.key)
                .collect();
            let signed: BTreeSet<PublicKey> =
                own.keys.iter().filter(|key| said.signers.contains(key)).copied().collect();
            !signed.is_disjoint(&revoked) && (signed.difference(&revoked).count() as u64) < own.threshold
        })?;
        Some(self.said[revoking.of].record.cid())
    }

    fn release(&self, version: &Version) -> Option<usize> {
        self.said
            .iter()
            .position(|said| matches!(said.action(), Action::Release(release) if release.version == *version))
    }

    fn channel(&self, name: &ChannelName) -> Option<usize> {
        self.said
            .iter()
            .rposition(|said| matches!(said.action(), Action::Channel(channel) if channel.name == *name))
    }

    fn refers(&self, to: &ReleaseRef, time: u64) -> Result<(), Code> {
        let at = self.release(&to.version).filter(|at| self.said[*at].record.cid() == to.record);
        let at = at.ok_or(Code::RecordNoRelease)?;
        if self.void(at, &self.reigns(time).0).is_some() { Err(Code::ReleaseVoid) } else { Ok(()) }
    }

    /// The keys whose signatures count for `next` (SPEC §6.5).
    pub fn authorised(&self, next: &Said) -> BTreeSet<PublicKey> {
        let mut keys = BTreeSet::new();
        let powers = match next.action() {
            Action::Init(powers) => powers,
            _ => self.holder(next.time).powers().expect("it makes an authority"),
        };
        if !next.by_recovery() {
            keys.extend(&powers.keys);
        }
        if next.by_recovery() || matches!(next.action(), Action::Init(_)) {
            keys.extend(powers.recovery.iter().flat_map(|recovery| &recovery.keys));
        }
        if let Action::Transfer(transfer) = next.action() {
            keys.extend(&transfer.to.keys);
        }
        keys
    }

    /// Whether `next` may follow, in the order of SPEC §6.4.
    pub fn judge(&self, next: &Said) -> Result<(), Code> {
        let refuse_unless = |right: bool, code: Code| if right { Ok(()) } else { Err(code) };
        let body = next.record.body();
        if self.said.is_empty() {
            let Action::Init(powers) = next.action() else { return Err(Code::RecordInvalid) };
            refuse_unless(next.forged.is_disjoint(&self.authorised(next)), Code::EnvelopeSignature)?;
            return refuse_unless(next.signed_by(&powers.keys) >= powers.threshold, Code::RecordThreshold);
        }
        let holder = self.holder(next.time);
        let powers = holder.powers().expect("it makes an authority");
        refuse_unless(next.forged.is_disjoint(&self.authorised(next)), Code::EnvelopeSignature)?;
        // (0), (1), (2)
        refuse_unless(!matches!(next.action(), Action::Init(_)), Code::RecordInitTaken)?;
        refuse_unless(body.origin == self.said[0].record.body().origin, Code::RecordOrigin)?;
        refuse_unless(body.package == self.said[0].record.body().package, Code::RecordPackage)?;
        refuse_unless(body.authority == Some(holder.record.cid()), Code::RecordAuthority)?;
        // (3)
        let (keys, threshold) = if next.by_recovery() {
            let recovery = powers.recovery.as_ref().ok_or(Code::RecordRecovery)?;
            (&recovery.keys, recovery.threshold)
        } else {
            (&powers.keys, powers.threshold)
        };
        refuse_unless(next.signed_by(keys) >= threshold, Code::RecordThreshold)?;
        match next.action() {
            // (4), (5)
            Action::Release(release) => {
                let proven = !powers.floors.provenance || !release.provenance.is_empty();
                refuse_unless(proven, Code::RecordFloor)?;
                let reached = holder.version_floor().is_none_or(|floor| release.version >= *floor);
                refuse_unless(reached, Code::RecordFloor)?;
                refuse_unless(self.release(&release.version).is_none(), Code::RecordVersionTaken)?;
            }
            // (6)
            Action::Yank(yank) => self.refers(&yank.release, next.time)?,
            Action::Attest(attest) => self.refers(&attest.release, next.time)?,
            Action::Channel(channel) => {
                for target in &channel.targets {
                    self.refers(&target.release, next.time)?;
                }
                let mut after = self.clone();
                after.said.push(next.clone());
                refuse_unless(after.naming(next.time) <= 256, Code::LimitExceeded)?;
            }
            _ => self.succeeds(next)?,
        }
        // (7)
        refuse_unless(body.sequence == self.said.len() as u64, Code::RecordSequence)?;
        refuse_unless(body.prev == self.said.last().map(|said| said.record.cid()), Code::RecordSequence)
    }

    /// SPEC §6.6.
    fn succeeds(&self, next: &Said) -> Result<(), Code> {
        let refuse_unless = |right: bool, code: Code| if right { Ok(()) } else { Err(code) };
        let holder = self.holder(next.time);
        let (old, new) = (holder.powers().expect("an authority"), next.powers().expect("an authority"));
        let transfers = matches!(next.action(), Action::Transfer(_));
        if transfers {
            refuse_unless(next.signed_by(&new.keys) == new.keys.len() as u64, Code::RecordThreshold)?;
        }
        if transfers || next.by_recovery() {
            let kept = new.threshold >= old.threshold
                && new.floors.provenance >= old.floors.provenance
                && new.floors.witnesses >= old.floors.witnesses;
            refuse_unless(kept, Code::RecordFloor)?;
        }
        let same = old.recovery.is_none() || new.recovery == old.recovery;
        refuse_unless(next.by_recovery() || same, Code::RecordRecovery)?;
        let number = self.reigns(next.time).0.len() + 1;
        let last = number > 128 - 16;
        let right = number <= 128 && (!last || next.by_recovery() || holder.by_recovery());
        refuse_unless(right, Code::LimitExceeded)
    }

    /// How many channels name anything.
    fn naming(&self, time: u64) -> usize {
        let channels = self.summary(time).channels;
        let named = |(name, (_, void)): &(&ChannelName, &(Cid, Option<Cid>))| {
            let Action::Channel(channel) = self.said[self.channel(name).expect("a channel")].action() else {
                return false;
            };
            void.is_none() && !channel.targets.is_empty()
        };
        channels.iter().filter(named).count()
    }

    /// The package at `time`.
    pub fn summary(&self, time: u64) -> Summary {
        let (reigns, waiting) = self.reigns(time);
        let newest = self.said.last().expect("a package has begun");
        let (mut releases, mut channels) = (BTreeMap::new(), BTreeMap::new());
        for (at, said) in self.said.iter().enumerate() {
            let cid = said.record.cid();
            match said.action() {
                Action::Release(release) => {
                    releases.insert(release.version.clone(), (cid, self.void(at, &reigns), None));
                }
                Action::Yank(yank) => {
                    let (_, _, yanked) = releases.get_mut(&yank.release.version).expect("it was there");
                    *yanked = (yank.severity != Severity::None).then_some(cid);
                }
                Action::Channel(channel) => {
                    channels.insert(channel.name.clone(), (cid, self.void(at, &reigns)));
                }
                _ => {}
            }
        }
        Summary {
            authority: self.holder(time).record.cid(),
            pending: waiting.map(|(of, from)| (self.said[of].record.cid(), from)),
            sequence: self.said.len() as u64 - 1,
            newest: newest.record.cid(),
            releases,
            channels,
        }
    }
}

/// The same of the state machine.
pub fn summary(state: &PackageState) -> Summary {
    let releases = state.releases.iter().map(|(version, release)| {
        let yanked = release.yanked.as_ref().map(|yanked| yanked.record);
        (version.clone(), (release.record, release.void, yanked))
    });
    let channels =
        state.channels.iter().map(|(name, channel)| (name.clone(), (channel.record, channel.void)));
    Summary {
        authority: state.authority.cid,
        pending: state.pending.as_ref().map(|pending| (pending.authority.cid, pending.from)),
        sequence: state.sequence,
        newest: state.newest,
        releases: releases.collect(),
        channels: channels.collect(),
    }
}
