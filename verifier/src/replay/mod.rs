//! A whole log, replayed from its first entry on: every signature, every state of every package, and the map over them at each
//! map entry (SPEC §6.4, §6.6, §7.1, §7.2). Whoever does this finds out what loaders, who look at one package, cannot.
//!
//! ```text
//!  entries ──┬─▶ LogReplay::entry ──▶ Logged: what it is
//!            │         └────────────▶ Fault: what is wrong, and which entries show it ──▶ Evidence
//!            └─▶ LogTree ──▶ the checkpoint's root; inclusion of entries
//! ```
//!
//! An entry is judged whether or not it is in a log: that all of them have led to a checkpoint's root, the [`LogTree`] says, and
//! no fault is the log's before it has.
//!
//! What is held in memory grows with the log alone: 32 bytes an entry for the tree, and for a package its state, which is what its
//! `init` or newest `rekey` says with all its releases and channels, its place in the map, and 8 bytes a record. Measured, that is
//! some 6 KiB for a package with one release, 9 KiB with five, and 1.5 KiB a release with many.

mod fault;
mod tree;

pub use fault::Fault;
pub use tree::LogTree;

use std::collections::{BTreeMap, BTreeSet};

use cidery_protocol::{
    Error, LogEntry, MapEntry, Origin, PackageName, PackageState, Record, limits,
    log::Hash,
    map::{MapKey, MapLeaf, MapPage, empty_map, set},
};

/// How long after a delay the log has an entry at the latest (SPEC §6.6).
const DELAY_END_SECONDS: u64 = 600;

/// A log after all its entries so far.
#[derive(Clone, Debug)]
pub struct LogReplay {
    origin: Origin,
    size: u64,
    /// When the newest entry was logged, and whether it is a map.
    newest: Option<(u64, bool)>,
    packages: BTreeMap<PackageName, Replayed>,
    /// Those with an authority that does not hold yet, by the time from which it does.
    waiting: BTreeSet<(u64, PackageName)>,
    /// The map as of the newest map entry, and the packages that are other than it says.
    pages: BTreeMap<Vec<u8>, MapPage>,
    root: Hash,
    changed: BTreeSet<PackageName>,
    records: u64,
}

/// A package in it.
#[derive(Clone, Debug, Default)]
struct Replayed {
    /// None before its first record.
    state: Option<PackageState>,
    /// The index of each of its records in the log, by sequence.
    entries: Vec<u64>,
}

/// What an entry is that may stand where it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logged {
    /// A record, which its package has taken.
    Record(Box<Record>),
    /// The map over the entries before it.
    Map(MapEntry),
}

impl LogReplay {
    /// The log of this name, without entries.
    pub fn new(origin: Origin) -> Self {
        LogReplay {
            origin,
            size: 0,
            newest: None,
            packages: BTreeMap::new(),
            waiting: BTreeSet::new(),
            pages: BTreeMap::new(),
            root: empty_map(),
            changed: BTreeSet::new(),
            records: 0,
        }
    }

    /// Takes the next entry of the log.
    ///
    /// # Errors
    /// What is wrong with it. The log's later entries cannot be judged then: what they come to is not known.
    pub fn entry(&mut self, bytes: &[u8]) -> Result<Logged, Fault> {
        let index = self.size;
        let entry =
            LogEntry::decode(bytes).map_err(|source| Fault::Entry { index, source: source.into() })?;
        let time = match &entry {
            LogEntry::Record(_, time) => *time,
            LogEntry::Map(map) => map.time,
        };
        self.not_before(index, time)?;
        self.settle(time);
        let (logged, is_map) = match entry {
            LogEntry::Record(record, _) => {
                self.record(index, &record, bytes)?;
                (Logged::Record(record), false)
            }
            LogEntry::Map(map) => {
                self.map(index, &map)?;
                (Logged::Map(map), true)
            }
        };
        self.size += 1;
        self.newest = Some((time, is_map));
        Ok(logged)
    }

    /// The log's name.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Records among them.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// When the newest entry was logged, seconds since 1970.
    pub fn time(&self) -> Option<u64> {
        self.newest.map(|(time, _)| time)
    }

    /// How many packages there are.
    pub fn packages(&self) -> usize {
        self.packages.len()
    }

    /// A package as it is by its records, and by what has taken effect.
    pub fn state(&self, package: &PackageName) -> Option<&PackageState> {
        self.packages.get(package)?.state.as_ref()
    }

    /// The indexes of a package's records in the log, by sequence.
    pub fn entries_of(&self, package: &PackageName) -> &[u64] {
        self.packages.get(package).map_or(&[], |replayed| &replayed.entries)
    }

    /// Checks what holds at each checkpoint: a log that is not empty ends with a map.
    ///
    /// # Errors
    /// [`Fault::Head`].
    pub fn ends_with_map(&self) -> Result<(), Fault> {
        match self.newest {
            Some((_, false)) => Err(Fault::Head { size: self.size }),
            _ => Ok(()),
        }
    }

    /// Checks what holds of a checkpoint that was cosigned at `time`, in seconds since 1970: nothing in it is from later, and
    /// no delay that is over has been left without an entry (SPEC §6.6).
    ///
    /// # Errors
    /// [`Fault::Later`] or [`Fault::Overdue`].
    pub fn is_of(&self, time: u64) -> Result<(), Fault> {
        if let Some(entry) = self.time().filter(|entry| *entry > time) {
            return Err(Fault::Later { index: self.size - 1, time: entry, head: time });
        }
        match self.waiting.first() {
            Some((from, package)) if from.saturating_add(DELAY_END_SECONDS) < time => {
                Err(Fault::Overdue { package: package.clone(), from: *from, head: time })
            }
            _ => Ok(()),
        }
    }

    /// Times do not go back, but for a clock that was wrong before (SPEC §7.1).
    fn not_before(&self, index: u64, time: u64) -> Result<(), Fault> {
        match self.newest {
            Some((before, _))
                if time < before && before <= time.saturating_add(limits::CLOCK_AHEAD_SECONDS) =>
            {
                Err(Fault::Time { index, time, before })
            }
            _ => Ok(()),
        }
    }

    /// From here on, what has waited until `time` holds, in whichever package.
    fn settle(&mut self, time: u64) {
        while let Some((from, package)) = self.waiting.pop_first() {
            if from > time {
                self.waiting.insert((from, package));
                return;
            }
            if let Some(Replayed { state: Some(state), .. }) = self.packages.get_mut(&package) {
                state.settle(time);
                self.changed.insert(package);
            }
        }
    }

    fn record(&mut self, index: u64, record: &Record, bytes: &[u8]) -> Result<(), Fault> {
        let package = &record.body().package;
        let replayed = self.packages.entry(package.clone()).or_default();
        let waited = replayed.waits();
        if let Err(source) = take(&mut replayed.state, &self.origin, record, bytes) {
            let (entries, between) = (replayed.entries.clone(), replayed.counts_from()..index);
            if replayed.state.is_none() {
                self.packages.remove(package);
            }
            let (package, source) = (package.clone(), source.into());
            return Err(Fault::Transition { index, package, entries, between, source });
        }
        replayed.entries.push(index);
        if waited != replayed.waits() {
            waited.map(|from| self.waiting.remove(&(from, package.clone())));
            replayed.waits().map(|from| self.waiting.insert((from, package.clone())));
        }
        self.changed.insert(package.clone());
        self.records += 1;
        Ok(())
    }

    /// The map over what the packages have come to is the one that the log names.
    fn map(&mut self, index: u64, map: &MapEntry) -> Result<(), Fault> {
        let changed = std::mem::take(&mut self.changed);
        for package in &changed {
            let Some(state) = self.packages.get(package).and_then(|replayed| replayed.state.as_ref()) else {
                continue;
            };
            let value = state.object().cid();
            let set =
                value.and_then(|value| set(&mut self.pages, MapLeaf { key: MapKey::of(package), value }));
            // A state has an encoding, and pages in memory can be written.
            self.root = set.map_err(|source| Fault::Entry { index, source: source.into() })?;
        }
        if map.root == self.root {
            return Ok(());
        }
        Err(Fault::Map { index, got: map.root, wanted: self.root, packages: changed.into_iter().collect() })
    }
}

impl Replayed {
    /// From when an authority holds that waits.
    fn waits(&self) -> Option<u64> {
        self.state.as_ref()?.pending.as_ref().map(|pending| pending.from)
    }

    /// The place from which on the log's entries, of whichever package, count for what may follow: that of the record that
    /// waits, else of the newest.
    fn counts_from(&self) -> u64 {
        let Some(state) = &self.state else { return 0 };
        let sequence = state.pending.as_ref().map_or(state.sequence, |next| next.authority.sequence);
        usize::try_from(sequence).ok().and_then(|at| self.entries.get(at).copied()).unwrap_or(0)
    }
}

/// Takes a record of a log into the state of its package.
///
/// # Errors
/// The rule that is broken; the state is what it was.
pub(crate) fn take(
    state: &mut Option<PackageState>,
    origin: &Origin,
    record: &Record,
    entry: &[u8],
) -> Result<(), Error> {
    let got = &record.body().origin;
    if state.is_none() && got != origin {
        return Err(Error::RecordOrigin { got: got.to_string(), wanted: origin.to_string() });
    }
    PackageState::replay(state, entry).map(drop)
}
