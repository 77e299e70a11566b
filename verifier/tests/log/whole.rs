//! Whole logs of several packages, honest unless a test makes them otherwise: each map is over what the entries before it come
//! to, by their definition and not by the replay that is tested.

use std::collections::BTreeMap;

use cidery_protocol::{
    LogEntry, MapEntry, MapProof, PackageName, PackageProof, PackageProofFormat, PackageState, PublicKey,
    log::{Hash, SignedCheckpoint},
    map::{self, MapKey, MapLeaf, MapPage, MapPages, ReadPath},
};
use cidery_verifier::{CoveredTree, LogTree};
use serde_bytes::ByteBuf;

use crate::support::{
    ipld::{at, link},
    log::{Log, public},
    package::Package,
    plan::{LOG, ORIGIN},
    steps::Step,
};

type Pages = BTreeMap<Vec<u8>, MapPage>;

/// A log, and everything in it.
#[derive(Clone)]
pub(crate) struct Whole {
    pub(crate) log: Log,
    pub(crate) packages: BTreeMap<&'static str, Package>,
}

impl Default for Whole {
    fn default() -> Self {
        Whole { log: Log::new(ORIGIN), packages: BTreeMap::new() }
    }
}

impl Whole {
    /// Logs a record of a package, under the authority that holds there, whether it may follow or not.
    pub(crate) fn force(&mut self, name: &'static str, step: &Step) -> u64 {
        let package = self.packages.entry(name).or_insert_with(|| Package::new(name));
        let entry = package.push(step).entry.clone();
        self.log.append(entry)
    }

    /// The same where it may follow; else nothing is logged.
    pub(crate) fn log_it(&mut self, name: &'static str, mut step: Step) -> Option<u64> {
        let before = self.clone();
        if let Some(state) = self.state(name, step.time) {
            let authority = state.authority.cid;
            step.edit(move |record| *at(record, "authority") = link(authority));
        }
        let mut state = self.state(name, step.time);
        let index = self.force(name, &step);
        let entry = &self.log.entries[index as usize];
        if PackageState::replay(&mut state, entry).is_ok() {
            return Some(index);
        }
        *self = before;
        None
    }

    /// Ends a group.
    pub(crate) fn map(&mut self, time: u64) -> u64 {
        let (root, _) = self.map_at(self.log.size(), time);
        self.map_of(root, time)
    }

    /// Ends it with another map.
    pub(crate) fn map_of(&mut self, root: Hash, time: u64) -> u64 {
        self.log.append(MapEntry::new(root, time).encode().expect("a map entry"))
    }

    /// A package as it is where the next entry is from `time`.
    pub(crate) fn state(&self, name: &str, time: u64) -> Option<PackageState> {
        self.state_at(name, self.log.size(), time)
    }

    /// The same where the log had so many entries.
    pub(crate) fn state_at(&self, name: &str, size: u64, time: u64) -> Option<PackageState> {
        let name: PackageName = name.parse().expect("a name");
        let mut state: Option<PackageState> = None;
        for entry in &self.log.entries[..size as usize] {
            match LogEntry::decode(entry) {
                Ok(LogEntry::Record(record, _)) if record.body().package == name => {
                    // One that may not follow changes nothing.
                    let _ = PackageState::replay(&mut state, entry);
                }
                Ok(LogEntry::Record(_, time) | LogEntry::Map(MapEntry { time, .. })) => {
                    state.iter_mut().for_each(|state| drop(state.settle(time)));
                }
                Err(_) => {}
            }
        }
        state.iter_mut().for_each(|state| drop(state.settle(time)));
        state
    }

    /// The map over the first `size` entries, where the next one is from `time`.
    fn map_at(&self, size: u64, time: u64) -> (Hash, Pages) {
        let mut pages = Pages::new();
        let mut root = map::empty_map();
        for name in self.packages.keys() {
            let Some(state) = self.state_at(name, size, time) else { continue };
            let value = state.object().cid().expect("a state");
            root = map::set(&mut pages, MapLeaf { key: key(name), value }).expect("pages in memory");
        }
        (root, pages)
    }

    /// The sizes after which the log may sign: those of its maps.
    pub(crate) fn heads(&self) -> Vec<u64> {
        let is_map = |entry: &Vec<u8>| matches!(LogEntry::decode(entry), Ok(LogEntry::Map(_)));
        let maps = self.log.entries.iter().enumerate().filter(|(_, entry)| is_map(entry));
        maps.map(|(index, _)| index as u64 + 1).collect()
    }

    /// What the log says of a package under the head of this size, where its map is the right one.
    pub(crate) fn proof(&self, name: &str, size: u64) -> PackageProof {
        let entry = &self.log.entries[size as usize - 1];
        let MapEntry { time, .. } = MapEntry::decode(entry).expect("a map");
        let (root, pages) = self.map_at(size - 1, time);
        let mut path = ReadPath::new(key(name), root);
        let mut depth = 0;
        while path.wants().is_some() {
            let page =
                pages.page(&key(name).as_bytes()[..depth]).expect("pages in memory").expect("the page");
            path.take(&page.encode(depth as u8).expect("a page")).expect("the page that is wanted");
            depth += 1;
        }
        let state =
            self.state_at(name, size - 1, time).map(|state| state.object().encode().expect("a state"));
        let inclusion = self.log.inclusion(size - 1, size).into();
        PackageProof {
            format: PackageProofFormat::V1,
            checkpoint: ByteBuf::from(self.log.checkpoint(size).to_bytes()),
            map: Some(MapProof { entry: ByteBuf::from(entry.clone()), inclusion, path: path.finish().1 }),
            state: state.map(ByteBuf::from),
            since: None,
        }
    }

    /// Its entries as a tree.
    pub(crate) fn tree(&self) -> LogTree {
        let mut tree = LogTree::default();
        for entry in &self.log.entries {
            tree.push_entry(entry);
        }
        tree
    }
}

fn key(name: &str) -> MapKey {
    MapKey::of(&name.parse::<PackageName>().expect("a name"))
}

/// A checkpoint with the tree under it, as those hold them who accuse.
pub(crate) struct Head {
    pub(crate) key: PublicKey,
    pub(crate) note: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) tree: LogTree,
    log: Log,
}

impl Head {
    pub(crate) fn of(whole: &Whole, size: u64) -> Self {
        Head::signed(whole, size, &whole.log.checkpoint(size))
    }

    pub(crate) fn signed(whole: &Whole, size: u64, signed: &SignedCheckpoint) -> Self {
        Head { key: public(LOG), note: signed.to_bytes(), size, tree: whole.tree(), log: whole.log.clone() }
    }

    pub(crate) fn covered(&self) -> CoveredTree<'_> {
        CoveredTree {
            origin: &self.log.origin,
            log_key: &self.key,
            checkpoint: &self.note,
            size: self.size,
            tree: &self.tree,
        }
    }
}
