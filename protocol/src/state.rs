//! A package's state as the map names it (SPEC §9.4): one small object that commits to everything, with trees over the versions and
//! the channels, of which single leaves can be shown.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    ChannelName, Cid, Codec, Error, PackageState, Range, Severity, Version, canonical, limits,
    log::{Hash, Hashes, leaf_hash, prove_leaves, root_from_leaves, root_of_leaves},
};

/// What [`PackageState`] comes to. Its CID is the package's value in the [map](crate::map).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateObject {
    /// The layout.
    pub format: StateFormat,
    /// The sequence of the newest record.
    pub sequence: u64,
    /// The newest record.
    pub newest: Cid,
    /// The record that says who has the say.
    pub authority: Cid,
    /// The one that will, where one waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingAuthority>,
    /// The tree of [`VersionLeaf`]s.
    pub versions: LeafTree,
    /// The tree of [`ChannelLeaf`]s.
    pub channels: LeafTree,
}

/// The layout of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateFormat {
    /// SPEC §9.4.
    #[serde(rename = "cidery-state-v1")]
    V1,
}

/// An authority that does not hold yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingAuthority {
    /// The record that makes it.
    pub record: Cid,
    /// From when it holds, seconds since 1970.
    pub from: u64,
}

/// A Merkle tree of RFC 6962 over leaves that are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafTree {
    /// How many there are.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// A version that is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionLeaf {
    /// The version.
    pub version: Version,
    /// The record of its release.
    pub record: Cid,
    /// The `yank` that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<YankLeaf>,
    /// The `rekey` that made it void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Cid>,
}

/// A `yank` in a [`VersionLeaf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YankLeaf {
    /// The record.
    pub record: Cid,
    /// How severe it is.
    pub severity: Severity,
}

/// A channel that was ever set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelLeaf {
    /// Its name.
    pub name: ChannelName,
    /// The newest record of it.
    pub record: Cid,
    /// The `rekey` that made it void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<Cid>,
}

/// Leaves of a [`LeafTree`], and what shows that they are its. Nothing in it is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownLeaves {
    /// The leaves, in their order.
    pub leaves: Vec<ShownLeaf>,
    /// The proof of all of them (SPEC §8.4).
    pub proof: Hashes,
}

/// A leaf and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownLeaf {
    /// Its index.
    pub index: u64,
    /// Its bytes.
    pub leaf: ByteBuf,
}

impl VersionLeaf {
    /// Whether a range or channel may name it, where yanks are tolerated as `tolerated` says.
    pub fn is_offered(&self, tolerated: impl Fn(Severity) -> bool) -> bool {
        self.void.is_none() && self.yanked.is_none_or(|yanked| tolerated(yanked.severity))
    }

    /// What leaves are sorted by: pre-releases come after all others, so that they are not in the way of ranges.
    fn order(&self) -> (bool, &Version) {
        (self.version.is_prerelease(), &self.version)
    }
}

impl PackageState {
    /// The object that the map names. What waits for a time is as it was when the state was made or [settled](Self::settle).
    pub fn object(&self) -> StateObject {
        let pending = self.pending.as_ref();
        StateObject {
            format: StateFormat::V1,
            sequence: self.sequence,
            newest: self.newest,
            authority: self.authority.cid,
            pending: pending
                .map(|pending| PendingAuthority { record: pending.authority.cid, from: pending.from }),
            versions: tree(&self.version_leaves()),
            channels: tree(&self.channel_leaves()),
        }
    }

    /// The leaves of the tree of versions, in their order.
    pub fn version_leaves(&self) -> Vec<VersionLeaf> {
        let leaves = self.releases.iter().map(|(version, release)| VersionLeaf {
            version: version.clone(),
            record: release.record,
            yanked: release
                .yanked
                .as_ref()
                .map(|yanked| YankLeaf { record: yanked.record, severity: yanked.yank.severity }),
            void: release.void,
        });
        let (pre, mut all): (Vec<_>, Vec<_>) = leaves.partition(|leaf| leaf.version.is_prerelease());
        all.extend(pre);
        all
    }

    /// The leaves of the tree of channels, in their order.
    pub fn channel_leaves(&self) -> Vec<ChannelLeaf> {
        let leaf = |(name, channel): (&ChannelName, &crate::ChannelState)| ChannelLeaf {
            name: name.clone(),
            record: channel.record,
            void: channel.void,
        };
        self.channels.iter().map(leaf).collect()
    }
}

impl StateObject {
    /// The canonical bytes.
    ///
    /// # Errors
    /// None for a state that [`PackageState::object`] made.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        canonical::encode("state of a package", self)
    }

    /// Its CID: the value in the map.
    ///
    /// # Errors
    /// As [`StateObject::encode`].
    pub fn cid(&self) -> Result<Cid, Error> {
        Ok(Cid::of(Codec::DagCbor, &self.encode()?))
    }

    /// Reads the canonical bytes.
    ///
    /// # Errors
    /// [`Error::Cbor`], [`Error::Limit`], or [`Error::Cid`] where one is not a record's.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let state: Self = canonical::decode("state of a package", limits::STATE_BYTES, bytes)?;
        let numbers = [state.sequence, state.versions.size, state.channels.size];
        if numbers.iter().any(|number| *number > limits::TREE_SIZE) {
            let reason = "a number is over 2^53 - 1".to_owned();
            return Err(Error::Cbor { what: "state of a package", reason });
        }
        let pending = state.pending.map(|pending| pending.record);
        [Some(state.newest), Some(state.authority), pending].into_iter().flatten().try_for_each(is_record)?;
        Ok(state)
    }
}

impl ShownLeaves {
    /// The leaves at `indexes`, which are sorted, of all these.
    ///
    /// # Errors
    /// None for leaves of a package's state.
    pub fn of<L: Serialize>(all: &[L], indexes: &[u64]) -> Result<Self, Error> {
        let bytes = all.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        let hashes: Vec<Hash> = bytes.iter().map(|leaf| leaf_hash(leaf)).collect();
        let shown = indexes.iter().filter_map(|index| {
            let leaf = bytes.get(usize::try_from(*index).ok()?)?;
            Some(ShownLeaf { index: *index, leaf: ByteBuf::from(leaf.as_slice()) })
        });
        Ok(ShownLeaves { leaves: shown.collect(), proof: prove_leaves(&hashes, indexes).into() })
    }

    /// The versions, with their places, once they are shown to be in the tree.
    ///
    /// # Errors
    /// [`Error::Proof`] where they are not, or not in their order; [`Error::Cbor`] or [`Error::Cid`] where one is malformed.
    pub fn versions(&self, tree: &LeafTree) -> Result<Vec<(u64, VersionLeaf)>, Error> {
        let leaves: Vec<(u64, VersionLeaf)> = self.open(tree)?;
        for (_, VersionLeaf { record, yanked, void, .. }) in &leaves {
            let yank = yanked.map(|yanked| yanked.record);
            [Some(*record), yank, *void].into_iter().flatten().try_for_each(is_record)?;
        }
        let is_none = |yanked: YankLeaf| yanked.severity == Severity::None;
        if leaves.iter().any(|(_, leaf)| leaf.yanked.is_some_and(is_none)) {
            let reason = "a yank of the severity `none` is none".to_owned();
            return Err(Error::Cbor { what: "leaf of a package's state", reason });
        }
        if !leaves.is_sorted_by(|(_, a), (_, b)| a.order() < b.order()) {
            return Err(Error::Proof { what: "leaves", reason: "the versions are not in their order" });
        }
        Ok(leaves)
    }

    /// The channels, with their places, once they are shown to be in the tree.
    ///
    /// # Errors
    /// [`Error::Proof`] where they are not, or not in their order; [`Error::Cbor`] or [`Error::Cid`] where one is malformed.
    pub fn channels(&self, tree: &LeafTree) -> Result<Vec<(u64, ChannelLeaf)>, Error> {
        let leaves: Vec<(u64, ChannelLeaf)> = self.open(tree)?;
        let records = leaves.iter().flat_map(|(_, leaf)| [Some(leaf.record), leaf.void]);
        records.flatten().try_for_each(is_record)?;
        if !leaves.is_sorted_by(|(_, a), (_, b)| a.name < b.name) {
            return Err(Error::Proof { what: "leaves", reason: "the channels are not in their order" });
        }
        Ok(leaves)
    }

    fn open<L: Serialize + serde::de::DeserializeOwned>(
        &self,
        tree: &LeafTree,
    ) -> Result<Vec<(u64, L)>, Error> {
        let hashes = self.leaves.iter().map(|shown| (shown.index, leaf_hash(&shown.leaf)));
        if root_from_leaves(tree.size, &hashes.collect::<Vec<_>>(), &self.proof)? != tree.root {
            return Err(Error::Proof { what: "leaves", reason: "it leads to another root" });
        }
        let leaf = |shown: &ShownLeaf| {
            let leaf = canonical::decode("leaf of a package's state", limits::STATE_BYTES, &shown.leaf)?;
            Ok((shown.index, leaf))
        };
        self.leaves.iter().map(leaf).collect()
    }
}

/// The places of the leaves that show that nothing greater than `chosen` satisfies the range, sorted, and with its own: what
/// [`check_newest`] wants (SPEC §9.5).
pub fn places_for_newest(range: &Range, chosen: &Version, all: &[VersionLeaf]) -> Vec<u64> {
    let pre_from = all.partition_point(|leaf| !leaf.version.is_prerelease());
    let mut places: Vec<usize> = all.iter().position(|leaf| leaf.version == *chosen).into_iter().collect();
    let mut show = |from: usize, to: usize| {
        let part = &all[from..to];
        let above = from + part.partition_point(|leaf| leaf.version <= *chosen);
        let beyond = part.iter().position(|leaf| range.ends_below(&leaf.version)).map(|at| from + at);
        // The one before the first, and the one after the last.
        places.extend(above.saturating_sub(1)..=beyond.unwrap_or(to).max(above));
    };
    show(0, pre_from);
    if range.names_prerelease() {
        show(pre_from, all.len());
    }
    places.retain(|place| *place < all.len());
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| place as u64).collect()
}

/// Checks that leaves that were [shown](ShownLeaves::versions) leave no room for a version that is greater than `chosen`,
/// satisfies the range, and is offered (SPEC §9.5).
///
/// # Errors
/// [`Error::Withheld`].
pub fn check_newest(
    range: &Range,
    chosen: &Version,
    tree: &LeafTree,
    shown: &[(u64, VersionLeaf)],
    tolerated: impl Fn(Severity) -> bool,
) -> Result<(), Error> {
    let withheld = |found: Option<&Version>| Error::Withheld {
        chosen: chosen.to_string(),
        range: range.as_str().to_owned(),
        found: found.map_or("none is shown to be absent".to_owned(), |found| format!("{found} is there")),
    };
    for pre in [false, true] {
        if pre && !range.names_prerelease() {
            break;
        }
        // The first place after what is not greater: of this part, or of the one before it.
        let not_greater = |leaf: &VersionLeaf| {
            leaf.version.is_prerelease() == pre && leaf.version <= *chosen
                || pre && !leaf.version.is_prerelease()
        };
        let before = shown.iter().rev().find(|(_, leaf)| not_greater(leaf));
        let mut place = before.map_or(0, |(index, _)| index + 1);
        let mut later = &shown[shown.partition_point(|(index, _)| *index < place)..];
        while place < tree.size {
            let Some(((_, leaf), rest)) = later.split_first().filter(|((index, _), _)| *index == place)
            else {
                return Err(withheld(None));
            };
            later = rest;
            match leaf.version.is_prerelease() {
                // The part ends here.
                true if !pre => break,
                // A later part has none of the earlier.
                false if pre => return Err(withheld(None)),
                _ if range.ends_below(&leaf.version) => break,
                _ if range.contains(&leaf.version) && leaf.is_offered(&tolerated) => {
                    return Err(withheld(Some(&leaf.version)));
                }
                _ => place += 1,
            }
        }
    }
    Ok(())
}

/// # Errors
/// [`Error::Cid`] where the CID is a blob's.
fn is_record(cid: Cid) -> Result<(), Error> {
    cid.expect(Codec::DagCbor).map(drop)
}

fn tree<L: Serialize>(leaves: &[L]) -> LeafTree {
    // A leaf is a few short fields, which always have an encoding.
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(&encode(leaf).unwrap_or_default())).collect();
    LeafTree { size: leaves.len() as u64, root: root_of_leaves(&hashes) }
}

fn encode<L: Serialize>(leaf: &L) -> Result<Vec<u8>, Error> {
    canonical::encode("leaf of a package's state", leaf)
}
