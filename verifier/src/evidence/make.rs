//! An evidence: of a fault that a replay has found, or of two heads.

use std::{collections::BTreeMap, ops::Range};

use cidery_protocol::{Error, MapProof, Origin, PackageProof, PublicKey};

use super::{Evidence, EvidenceKind, ShownEntry, ShownHash, ShownMap};
use crate::{Fault, LogTree};

/// A checkpoint of a log, and the tree under it.
#[derive(Clone, Copy, Debug)]
pub struct CoveredTree<'t> {
    /// The log.
    pub origin: &'t Origin,
    /// Its key, which signed the checkpoint.
    pub log_key: &'t PublicKey,
    /// The checkpoint's bytes.
    pub checkpoint: &'t [u8],
    /// How many entries it covers.
    pub size: u64,
    /// These entries, and maybe more.
    pub tree: &'t LogTree,
}

impl Fault {
    /// The indexes of the entries that show it; none where it cannot be shown to others.
    pub fn shown_by(&self) -> Vec<u64> {
        match self {
            Fault::Entry { index, .. } => vec![*index],
            Fault::Head { size } => size.checked_sub(1).into_iter().collect(),
            Fault::Transition { index, entries, .. } => entries.iter().chain([index]).copied().collect(),
            _ => Vec::new(),
        }
    }

    /// The indexes of other entries, of which all may be needed, too: they show that nothing was left out.
    pub fn shown_whole_by(&self) -> Range<u64> {
        match self {
            Fault::Transition { between, .. } => between.clone(),
            _ => 0..0,
        }
    }
}

impl CoveredTree<'_> {
    /// What shows a fault, by entries that are under the checkpoint; none where it cannot be shown to others, or no map proof
    /// was asked for. Whether it does show it, [`Evidence::check`] says.
    ///
    /// # Errors
    /// [`Error::Proof`] where an entry is not under it.
    pub fn evidence(
        &self,
        fault: &Fault,
        entries: &BTreeMap<u64, Vec<u8>>,
    ) -> Result<Option<Evidence>, Error> {
        let checkpoint = self.checkpoint.to_vec();
        let mut shown = self.shown(entries)?;
        let kind = match fault {
            Fault::Entry { .. } => shown.pop().map(|entry| EvidenceKind::Entry { checkpoint, entry }),
            Fault::Head { .. } => shown.pop().map(|entry| EvidenceKind::Head { checkpoint, entry }),
            Fault::Transition { .. } => Some(EvidenceKind::Transition { checkpoint, entries: shown }),
            _ => None,
        };
        Ok(kind.map(|kind| self.accuse(kind)))
    }

    /// What shows that the map is wrong about a package, by the package's entries and by what the log says of it under this
    /// checkpoint.
    ///
    /// # Errors
    /// [`Error::Proof`] where an entry is not under it.
    pub fn map_evidence(
        &self,
        entries: &BTreeMap<u64, Vec<u8>>,
        proof: &PackageProof,
    ) -> Result<Option<Evidence>, Error> {
        let Some(MapProof { entry, inclusion, path }) = &proof.map else { return Ok(None) };
        let map = ShownMap { entry: entry.to_vec(), inclusion: inclusion.to_vec(), path: path.clone() };
        let (checkpoint, entries) = (proof.checkpoint.to_vec(), self.shown(entries)?);
        let state = proof.state.as_ref().map(|state| state.to_vec());
        Ok(Some(self.accuse(EvidenceKind::Map { checkpoint, entries, map: Box::new(map), state })))
    }

    /// What shows that another checkpoint of the log contradicts this one: two roots of one size, or the first entry in which
    /// the two trees differ. None where nothing does.
    ///
    /// # Errors
    /// [`Error::Proof`] where a tree is not known as far as its checkpoint goes.
    pub fn fork(&self, other: &CoveredTree<'_>) -> Result<Option<Evidence>, Error> {
        if self.size == other.size {
            let roots = EvidenceKind::Roots { a: self.checkpoint.to_vec(), b: other.checkpoint.to_vec() };
            return Ok(Some(self.accuse(roots)));
        }
        let mut pairs = self.tree.leaves().iter().zip(other.tree.leaves());
        let index = pairs.position(|(a, b)| a != b).map(|index| index as u64);
        let Some(index) = index.filter(|index| *index < self.size.min(other.size)) else { return Ok(None) };
        let (a, b) = (self.shown_hash(index)?, other.shown_hash(index)?);
        Ok(Some(self.accuse(EvidenceKind::Leaves { index, a, b })))
    }

    fn shown(&self, entries: &BTreeMap<u64, Vec<u8>>) -> Result<Vec<ShownEntry>, Error> {
        let shown = entries.iter().map(|(index, entry)| {
            let inclusion = self.tree.inclusion(*index, self.size)?;
            Ok(ShownEntry { index: *index, entry: entry.clone(), inclusion })
        });
        shown.collect()
    }

    fn shown_hash(&self, index: u64) -> Result<ShownHash, Error> {
        let outside = Error::Proof { what: "inclusion", reason: "the index lies outside of the tree" };
        let leaf = self.tree.leaves().get(index as usize).copied().ok_or(outside)?;
        let inclusion = self.tree.inclusion(index, self.size)?;
        Ok(ShownHash { checkpoint: self.checkpoint.to_vec(), leaf, inclusion })
    }

    fn accuse(&self, kind: EvidenceKind) -> Evidence {
        Evidence { origin: self.origin.clone(), log_key: *self.log_key, kind }
    }
}
