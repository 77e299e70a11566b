//! Entries of one package, as an accuser shows them: what they come to, and whether the last of them could have been logged there.

use std::ops::Range;

use cidery_protocol::{Action, Cid, Error, LogEntry, Origin, PackageName, PackageState, Record};

use super::EvidenceError;
use crate::replay;

/// An entry that is under the checkpoint.
pub(super) struct Included<'e> {
    pub(super) index: u64,
    pub(super) bytes: &'e [u8],
    pub(super) entry: LogEntry,
}

/// A package by the entries that are shown of it, with others of the log among them, whose times count.
///
/// An accuser may have left entries out. One of those may have ended a delay, so that where a delay is not over by the times that
/// are shown, the authority that waits may hold already: unless nothing was left out since the record that made it.
pub(super) struct Account<'a> {
    origin: &'a Origin,
    state: Option<PackageState>,
    /// The index of the package's newest record, and of the one that waits.
    newest: u64,
    waits: u64,
    /// Where nothing is left out, up to the newest entry.
    whole: Range<u64>,
}

impl<'a> Account<'a> {
    /// What the entries come to.
    ///
    /// # Errors
    /// [`EvidenceError::Nothing`] where one of them may not follow: an evidence ends with such a one.
    pub(super) fn of(
        origin: &'a Origin,
        package: &PackageName,
        entries: &[Included<'_>],
    ) -> Result<Self, EvidenceError> {
        let mut account = Account { origin, state: None, newest: 0, waits: 0, whole: 0..0 };
        for included in entries {
            account.reach(included.index, included.time());
            if let Some(record) = included.record_of(package) {
                let reason = "an entry before the last one may not follow";
                account.take(included, record).map_err(|_| EvidenceError::Nothing { reason })?;
            }
            account.whole.end = included.index + 1;
        }
        Ok(account)
    }

    /// What the package may be at an index and a time that come after all entries so far, if it is one at all.
    pub(super) fn states_at(mut self, index: u64, time: u64) -> Vec<PackageState> {
        self.reach(index, time);
        let settled = self.settled_by_others();
        self.state.into_iter().chain(settled).collect()
    }

    /// Why no log could have this entry here.
    pub(super) fn refuses(mut self, included: &Included<'_>, record: &Record) -> Option<Error> {
        self.reach(included.index, included.time());
        let error = self.take(included, record).err()?;
        // Where it comes too early, those before it may have been left out.
        let sequence = record.body().sequence;
        let early = match &self.state {
            Some(state) => sequence > state.sequence + 1,
            None => !matches!(record.body().action, Action::Init(_)),
        };
        (!early || self.whole.start <= self.newest).then_some(error)
    }

    /// Takes one more record of the package.
    fn take(&mut self, included: &Included<'_>, record: &Record) -> Result<(), Error> {
        // A record names the authority that it stands under, so that of two states at most one takes it.
        let settled = self.settled_by_others();
        let mut taken = replay::take(&mut self.state, self.origin, record, included.bytes);
        if taken.is_err() && settled.is_some() {
            let mut settled = settled;
            if replay::take(&mut settled, self.origin, record, included.bytes).is_ok() {
                (self.state, taken) = (settled, Ok(()));
            }
        }
        if taken.is_ok() {
            self.newest = included.index;
            if self.pending() == Some(record.cid()) {
                self.waits = included.index;
            }
        }
        taken
    }

    /// The state in which what waits holds already, where entries that are left out may have brought that about.
    fn settled_by_others(&self) -> Option<PackageState> {
        let state = self.state.as_ref()?;
        let pending = state.pending.as_ref()?;
        (self.whole.start > self.waits).then(|| state.at(pending.from))
    }

    /// Comes to an entry: what was left out before it is noted, and what is over by its time takes effect.
    fn reach(&mut self, index: u64, time: u64) {
        if index != self.whole.end {
            self.whole = index..index;
        }
        if let Some(state) = &mut self.state {
            state.settle(time);
        }
    }

    fn pending(&self) -> Option<Cid> {
        self.state.as_ref()?.pending.as_ref().map(|pending| pending.authority.cid)
    }
}

impl Included<'_> {
    fn time(&self) -> u64 {
        match &self.entry {
            LogEntry::Record(_, time) => *time,
            LogEntry::Map(map) => map.time,
        }
    }

    /// The record, if it is one of the package.
    fn record_of(&self, package: &PackageName) -> Option<&Record> {
        match &self.entry {
            LogEntry::Record(record, _) if record.body().package == *package => Some(record),
            _ => None,
        }
    }
}
