//! What the log's map says of a package: by itself the truth, until a test changes it.

use std::collections::BTreeMap;

use cidery_protocol::{
    ChannelLeaf, ChannelName, Cid, Codec, LeafTree, PendingAuthority, Range, Severity, ShownLeaf,
    ShownLeaves, StateFormat, StateObject, Version, VersionLeaf, YankLeaf,
    log::{Hash, leaf_hash, prove_leaves, root_of_leaves},
    places_for_newest,
};
use ipld_core::ipld::Ipld;
use serde::{Deserialize, de::IntoDeserializer};
use serde_bytes::ByteBuf;

use super::{
    ipld::{at, list, text},
    package::{Made, Package},
    plan::LOGGED,
};

/// The state of a package, before it is encoded.
pub struct Says {
    pub sequence: u64,
    pub newest: Cid,
    pub authority: Cid,
    pub pending: Option<PendingAuthority>,
    pub versions: Vec<VersionLeaf>,
    pub channels: Vec<ChannelLeaf>,
    /// Changes of the bytes of each leaf.
    pub leaf_bytes: fn(Vec<u8>) -> Vec<u8>,
    /// Changes of the bytes of the whole.
    pub bytes: fn(Vec<u8>) -> Vec<u8>,
}

/// The same as it is in the map.
#[derive(Clone)]
pub struct Said {
    pub bytes: Vec<u8>,
    pub versions: Vec<VersionLeaf>,
    pub channels: Vec<ChannelLeaf>,
    version_bytes: Vec<Vec<u8>>,
    channel_bytes: Vec<Vec<u8>>,
}

impl Says {
    /// The truth about a package.
    pub fn of(package: &Package) -> Self {
        let Package { records, authorities, .. } = package;
        let (authority, _) = authorities.last().expect("an init");
        Says {
            sequence: records.len() as u64 - 1,
            newest: records[records.len() - 1].cid,
            authority: records[*authority].cid,
            pending: pending(package),
            versions: versions(package),
            channels: channels(package),
            leaf_bytes: |bytes| bytes,
            bytes: |bytes| bytes,
        }
    }

    pub fn encode(self) -> Said {
        let version_bytes: Vec<_> =
            self.versions.iter().map(|leaf| (self.leaf_bytes)(encoded(leaf))).collect();
        let channel_bytes: Vec<_> =
            self.channels.iter().map(|leaf| (self.leaf_bytes)(encoded(leaf))).collect();
        let state = StateObject {
            format: StateFormat::V1,
            sequence: self.sequence,
            newest: self.newest,
            authority: self.authority,
            pending: self.pending,
            versions: tree(&version_bytes),
            channels: tree(&channel_bytes),
        };
        let bytes = (self.bytes)(encoded(&state));
        let (versions, channels) = (self.versions, self.channels);
        Said { bytes, versions, channels, version_bytes, channel_bytes }
    }
}

impl Said {
    pub fn cid(&self) -> Cid {
        Cid::of(Codec::DagCbor, &self.bytes)
    }

    /// The leaves that show that this version is the newest of a range, or that one alone.
    pub fn show(&self, version: &Version, range: Option<&Range>) -> ShownLeaves {
        let at = self.versions.iter().position(|leaf| leaf.version == *version);
        self.versions_at(&match range {
            Some(range) => places_for_newest(range, version, &self.versions),
            None => at.into_iter().map(|at| at as u64).collect(),
        })
    }

    pub fn versions_at(&self, indexes: &[u64]) -> ShownLeaves {
        leaves(&self.version_bytes, indexes)
    }

    pub fn channel(&self, name: &str) -> Option<ShownLeaves> {
        let at = self.channels.iter().position(|leaf| leaf.name.as_str() == name)?;
        Some(leaves(&self.channel_bytes, &[at as u64]))
    }
}

fn leaves(all: &[Vec<u8>], indexes: &[u64]) -> ShownLeaves {
    let shown = |index: &u64| ShownLeaf { index: *index, leaf: ByteBuf::from(all[*index as usize].clone()) };
    ShownLeaves {
        leaves: indexes.iter().map(shown).collect(),
        proof: prove_leaves(&hashes(all), indexes).into(),
    }
}

fn tree(leaves: &[Vec<u8>]) -> LeafTree {
    LeafTree { size: leaves.len() as u64, root: root_of_leaves(&hashes(leaves)) }
}

fn hashes(leaves: &[Vec<u8>]) -> Vec<Hash> {
    leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
}

fn encoded(value: &impl serde::Serialize) -> Vec<u8> {
    serde_ipld_dagcbor::to_vec(value).expect("it has a form")
}

/// The newest authority, where it is one by recovery keys whose delay is not over and which nothing has replaced.
fn pending(package: &Package) -> Option<PendingAuthority> {
    let kinds = ["init", "rekey", "transfer"];
    let place = package.records.iter().rposition(|made| kinds.contains(&made.kind))?;
    let made = &package.records[place];
    let recovers = *at(&mut made.body.clone(), "by") == text("recovery");
    if !recovers || package.authorities.iter().any(|(authority, _)| *authority == place) {
        return None;
    }
    let delay = match at(&mut package.authority_of(place)?, "recovery") {
        Ipld::Map(recovery) => recovery["delay"].clone(),
        _ => return None,
    };
    let Ipld::Integer(delay) = delay else { return None };
    Some(PendingAuthority { record: made.cid, from: LOGGED + u64::try_from(delay).expect("a delay") })
}

fn versions(package: &Package) -> Vec<VersionLeaf> {
    let releases = package.records.iter().enumerate().filter(|(_, made)| made.kind == "release");
    let leaves = releases.filter_map(|(place, made)| {
        let version = string(made, "version")?.parse::<Version>().ok()?;
        Some(VersionLeaf {
            version,
            record: made.cid,
            yanked: yanked(package, made.cid),
            void: package.void_by(place),
        })
    });
    let mut leaves: Vec<_> = leaves.collect();
    leaves.sort_by_key(|leaf| (leaf.version.is_prerelease(), leaf.version.clone()));
    leaves
}

fn yanked(package: &Package, release: Cid) -> Option<YankLeaf> {
    let link = super::ipld::link(release);
    let newest = package.newest("yank", |body| *at(body, "release.record") == link)?;
    let made = &package.records[newest];
    let word: serde::de::value::StringDeserializer<serde::de::value::Error> =
        string(made, "severity")?.into_deserializer();
    let severity = Severity::deserialize(word).ok()?;
    (severity > Severity::None).then_some(YankLeaf { record: made.cid, severity })
}

fn channels(package: &Package) -> Vec<ChannelLeaf> {
    let mut leaves = BTreeMap::<ChannelName, ChannelLeaf>::new();
    for (place, made) in package.records.iter().enumerate().filter(|(_, made)| made.kind == "channel") {
        let Some(name) = string(made, "name").and_then(|name| name.parse::<ChannelName>().ok()) else {
            continue;
        };
        let leaf = ChannelLeaf { name: name.clone(), record: made.cid, void: package.void_by(place) };
        leaves.insert(name, leaf);
    }
    leaves.into_values().collect()
}

fn string(made: &Made, field: &str) -> Option<String> {
    match at(&mut made.body.clone(), field) {
        Ipld::String(text) => Some(text.clone()),
        _ => None,
    }
}

impl Package {
    /// The powers of the authority that held when the record at a place was made.
    fn authority_of(&self, place: usize) -> Option<Ipld> {
        let held = self.authorities.iter().rev().find(|(made, since)| *since <= place && *made != place);
        let (place, _) = held?;
        let mut body = self.records[*place].body.clone();
        Some(match self.records[*place].kind {
            "init" => body,
            _ => at(&mut body, "to").clone(),
        })
    }

    /// What made the record at a place void (SPEC §6.7).
    fn void_by(&self, place: usize) -> Option<Cid> {
        let mut powers = self.authority_of(place)?;
        let Ipld::Integer(threshold) = *at(&mut powers, "threshold") else { return None };
        let signers = self.records[place].signers();
        let signers: Vec<_> =
            list(&mut powers, "keys").iter().filter(|key| signers.contains(key)).cloned().collect();
        let later = self.authorities.iter().filter(|(_, since)| *since > place);
        let voids = |authority: &&(usize, usize)| {
            let mut body = self.records[authority.0].body.clone();
            let Ipld::List(void) = at(&mut body, "void").clone() else { return false };
            let revoked = |key: &&Ipld| {
                void.clone().iter_mut().any(|void| {
                    let Ipld::Integer(from) = *at(void, "fromSequence") else { return false };
                    *at(void, "key") == **key && from <= place as i128
                })
            };
            let left = signers.iter().filter(|key| !revoked(key)).count();
            left < signers.len() && (left as i128) < threshold
        };
        later.clone().find(voids).map(|(authority, _)| self.records[*authority].cid)
    }
}

impl Made {
    /// The keys under it.
    fn signers(&self) -> Vec<Ipld> {
        let mut signed: Ipld = serde_ipld_dagcbor::from_slice(&self.signed).expect("a signed record");
        list(&mut signed, "signatures").iter_mut().map(|signature| at(signature, "key").clone()).collect()
    }
}
