//! The JSON objects that people and tools find their way with (SPEC §11.1, §11.2): convenient and not signed.

use cidery_protocol::{
    Authority, ChannelName, ChannelState, Cid, Floors, Origin, PackageName, PackageState, Pending, PublicKey,
    Reason, Recovery, ReleaseState, Severity, Target, Version, Yanked,
};
use serde::{Deserialize, Serialize};

use crate::{Error, stored::StoredPackage};

/// The answer to `GET /v1/packages/{package}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackageIndex<'s> {
    package: &'s PackageName,
    origin: &'s Origin,
    sequence: u64,
    newest: TextCid,
    init: TextCid,
    authority: IndexAuthority<'s>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<IndexPending>,
    releases: Vec<IndexRelease<'s>>,
    channels: Vec<IndexChannel<'s>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexAuthority<'s> {
    record: TextCid,
    keys: Vec<TextKey>,
    threshold: u64,
    floors: &'s Floors,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery: Option<IndexRecovery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_version_floor: Option<&'s Version>,
}

#[derive(Serialize)]
struct IndexRecovery {
    keys: Vec<TextKey>,
    threshold: u64,
    delay: u64,
}

#[derive(Serialize)]
struct IndexPending {
    record: TextCid,
    from: u64,
}

#[derive(Serialize)]
struct IndexRelease<'s> {
    version: &'s Version,
    record: TextCid,
    manifest: TextCid,
    index: u64,
    sequence: u64,
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    void: Option<TextCid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yanked: Option<IndexYanked<'s>>,
}

#[derive(Serialize)]
struct IndexYanked<'s> {
    record: TextCid,
    severity: Severity,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<&'s Version>,
}

#[derive(Serialize)]
struct IndexChannel<'s> {
    name: &'s ChannelName,
    record: TextCid,
    sequence: u64,
    targets: Vec<IndexTarget<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    void: Option<TextCid>,
}

#[derive(Serialize)]
struct IndexTarget<'s> {
    version: &'s Version,
    record: TextCid,
    weight: u64,
}

impl<'s> PackageIndex<'s> {
    pub(crate) fn of(stored: &'s StoredPackage) -> Self {
        let PackageState { init, authority, pending, sequence, newest, releases, channels } = &stored.state;
        let place = |version| stored.places.get(version).copied().unwrap_or_default();
        let mut releases: Vec<_> = releases
            .iter()
            .map(|(version, state)| IndexRelease::of(version, state, place(version)))
            .collect();
        releases.sort_by_key(|release| release.sequence);
        PackageIndex {
            package: &authority.package,
            origin: &authority.origin,
            sequence: *sequence,
            newest: TextCid(*newest),
            init: TextCid(*init),
            authority: IndexAuthority::from(authority),
            pending: pending.as_ref().map(IndexPending::from),
            releases,
            channels: channels.iter().map(IndexChannel::from).collect(),
        }
    }
}

impl<'s> From<&'s Authority> for IndexAuthority<'s> {
    fn from(authority: &'s Authority) -> Self {
        let powers = &authority.powers;
        IndexAuthority {
            record: TextCid(authority.cid),
            keys: texts(&powers.keys),
            threshold: powers.threshold,
            floors: &powers.floors,
            recovery: powers.recovery.as_ref().map(IndexRecovery::from),
            next_version_floor: authority.version_floor.as_ref(),
        }
    }
}

impl From<&Recovery> for IndexRecovery {
    fn from(Recovery { keys, threshold, delay }: &Recovery) -> Self {
        IndexRecovery { keys: texts(keys), threshold: *threshold, delay: *delay }
    }
}

impl From<&Pending> for IndexPending {
    fn from(Pending { authority, from }: &Pending) -> Self {
        IndexPending { record: TextCid(authority.cid), from: *from }
    }
}

impl<'s> IndexRelease<'s> {
    fn of(version: &'s Version, state: &'s ReleaseState, index: u64) -> Self {
        IndexRelease {
            version,
            record: TextCid(state.record),
            manifest: TextCid(state.manifest),
            index,
            sequence: state.sequence,
            time: state.time,
            void: state.void.map(TextCid),
            yanked: state.yanked.as_ref().map(IndexYanked::from),
        }
    }
}

impl<'s> From<&'s Yanked> for IndexYanked<'s> {
    fn from(Yanked { record, yank }: &'s Yanked) -> Self {
        IndexYanked {
            record: TextCid(*record),
            severity: yank.severity,
            reason: yank.reason,
            text: yank.text.as_deref(),
            replacement: yank.replacement.as_ref(),
        }
    }
}

impl<'s> From<(&'s ChannelName, &'s ChannelState)> for IndexChannel<'s> {
    fn from((name, state): (&'s ChannelName, &'s ChannelState)) -> Self {
        let target = |target: &'s Target| IndexTarget {
            version: &target.release.version,
            record: TextCid(target.release.record),
            weight: target.weight,
        };
        IndexChannel {
            name,
            record: TextCid(state.record),
            sequence: state.sequence,
            targets: state.targets.iter().map(target).collect(),
            void: state.void.map(TextCid),
        }
    }
}

fn texts(keys: &[PublicKey]) -> Vec<TextKey> {
    keys.iter().copied().map(TextKey).collect()
}

/// `releases/<manifest cid>`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Carriers {
    pub(crate) manifest: TextCid,
    pub(crate) releases: Vec<Carrier>,
}

/// A release that carries a manifest.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Carrier {
    pub(crate) package: PackageName,
    pub(crate) version: Version,
}

/// `log/keys`: the answer to `GET /v1/log`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogKeys {
    pub(crate) origin: Origin,
    #[serde(rename = "logKeys")]
    pub(crate) log_keys: Vec<TextKey>,
    pub(crate) cosigner: TextKey,
}

pub(crate) fn write<T: Serialize>(index: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(index).map_err(|error| Error::internal(error.to_string()))
}

macro_rules! text_form {
    ($(#[$doc:meta] $type:ident($of:ty);)+) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub(crate) struct $type(pub(crate) $of);

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0.to_string()
            }
        }

        impl TryFrom<String> for $type {
            type Error = cidery_protocol::Error;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse().map($type)
            }
        }
    )+};
}

text_form! {
    /// A CID as text: by itself it becomes a link of DAG-CBOR.
    TextCid(Cid);
    /// A key as text: by itself it becomes 32 bytes.
    TextKey(PublicKey);
}
