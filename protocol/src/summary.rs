//! What a package is, in JSON (SPEC §11.2): convenient, and not signed. CIDs and keys are text.

use serde::{Deserialize, Serialize};

use crate::{
    Authority, ChannelName, ChannelState, Cid, Floors, Origin, PackageName, PackageState, Pending, PublicKey,
    Reason, Recovery, ReleaseState, Severity, Target, Version, Yanked,
};

/// A package's state in the words of its JSON form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageSummary {
    /// The package.
    pub package: PackageName,
    /// Its log.
    pub origin: Origin,
    /// The sequence of its newest record.
    pub sequence: u64,
    /// Its newest record.
    #[serde(with = "text")]
    pub newest: Cid,
    /// Its first record.
    #[serde(with = "text")]
    pub init: Cid,
    /// Who has the say.
    pub authority: AuthoritySummary,
    /// Who will have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingSummary>,
    /// Its releases, in the order of the log.
    pub releases: Vec<ReleaseSummary>,
    /// Its channels, by name.
    pub channels: Vec<ChannelSummary>,
}

/// Who has the say over a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthoritySummary {
    /// The record that says so.
    #[serde(with = "text")]
    pub record: Cid,
    /// The publisher keys.
    #[serde(with = "texts")]
    pub keys: Vec<PublicKey>,
    /// How many distinct ones must sign.
    pub threshold: u64,
    /// What every release must meet.
    pub floors: Floors,
    /// The recovery keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoverySummary>,
    /// The least version of later releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_version_floor: Option<Version>,
}

/// Recovery keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverySummary {
    /// The keys.
    #[serde(with = "texts")]
    pub keys: Vec<PublicKey>,
    /// How many distinct ones must sign.
    pub threshold: u64,
    /// Seconds until what they sign takes effect.
    pub delay: u64,
}

/// An authority that does not hold yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSummary {
    /// The record.
    #[serde(with = "text")]
    pub record: Cid,
    /// From when it holds, seconds since 1970.
    pub from: u64,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseSummary {
    /// Its version.
    pub version: Version,
    /// The record.
    #[serde(with = "text")]
    pub record: Cid,
    /// The code.
    #[serde(with = "text")]
    pub manifest: Cid,
    /// Its place in the log, where whoever says this knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Its place in the package's log.
    pub sequence: u64,
    /// When it was logged, seconds since 1970.
    pub time: u64,
    /// The record that made it void.
    #[serde(default, with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub void: Option<Cid>,
    /// What took it out of ranges and channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<YankSummary>,
}

/// The yank that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct YankSummary {
    /// The record.
    #[serde(with = "text")]
    pub record: Cid,
    /// How bad it is.
    pub severity: Severity,
    /// Why, for machines.
    pub reason: Reason,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Version>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelSummary {
    /// Its name.
    pub name: ChannelName,
    /// The record.
    #[serde(with = "text")]
    pub record: Cid,
    /// Its place in the package's log.
    pub sequence: u64,
    /// The releases that it names.
    pub targets: Vec<TargetSummary>,
    /// The record that made it void.
    #[serde(default, with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub void: Option<Cid>,
}

/// A release that a channel names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSummary {
    /// The version.
    pub version: Version,
    /// The release's record.
    #[serde(with = "text")]
    pub record: Cid,
    /// Its part of the 10,000 buckets.
    pub weight: u64,
}

impl From<&PackageState> for PackageSummary {
    /// The state without the places of its releases in the log, which it does not know.
    fn from(state: &PackageState) -> Self {
        let PackageState { init, authority, pending, sequence, newest, releases, channels } = state;
        let mut releases: Vec<_> = releases.iter().map(ReleaseSummary::from).collect();
        releases.sort_by_key(|release| release.sequence);
        PackageSummary {
            package: authority.package.clone(),
            origin: authority.origin.clone(),
            sequence: *sequence,
            newest: *newest,
            init: *init,
            authority: AuthoritySummary::from(authority),
            pending: pending.as_ref().map(PendingSummary::from),
            releases,
            channels: channels.iter().map(ChannelSummary::from).collect(),
        }
    }
}

impl From<&Authority> for AuthoritySummary {
    fn from(authority: &Authority) -> Self {
        let powers = &authority.powers;
        AuthoritySummary {
            record: authority.cid,
            keys: powers.keys.clone(),
            threshold: powers.threshold,
            floors: powers.floors,
            recovery: powers.recovery.as_ref().map(RecoverySummary::from),
            next_version_floor: authority.version_floor.clone(),
        }
    }
}

impl From<&Recovery> for RecoverySummary {
    fn from(Recovery { keys, threshold, delay }: &Recovery) -> Self {
        RecoverySummary { keys: keys.clone(), threshold: *threshold, delay: *delay }
    }
}

impl From<&Pending> for PendingSummary {
    fn from(Pending { authority, from }: &Pending) -> Self {
        PendingSummary { record: authority.cid, from: *from }
    }
}

impl From<(&Version, &ReleaseState)> for ReleaseSummary {
    fn from((version, state): (&Version, &ReleaseState)) -> Self {
        ReleaseSummary {
            version: version.clone(),
            record: state.record,
            manifest: state.manifest,
            index: None,
            sequence: state.sequence,
            time: state.time,
            void: state.void,
            yanked: state.yanked.as_ref().map(YankSummary::from),
        }
    }
}

impl From<&Yanked> for YankSummary {
    fn from(Yanked { record, yank }: &Yanked) -> Self {
        YankSummary {
            record: *record,
            severity: yank.severity,
            reason: yank.reason,
            text: yank.text.clone(),
            replacement: yank.replacement.clone(),
        }
    }
}

impl From<(&ChannelName, &ChannelState)> for ChannelSummary {
    fn from((name, state): (&ChannelName, &ChannelState)) -> Self {
        ChannelSummary {
            name: name.clone(),
            record: state.record,
            sequence: state.sequence,
            targets: state.targets.iter().map(TargetSummary::from).collect(),
            void: state.void,
        }
    }
}

impl From<&Target> for TargetSummary {
    fn from(Target { release, weight }: &Target) -> Self {
        TargetSummary { version: release.version.clone(), record: release.record, weight: *weight }
    }
}

/// A CID as its text.
mod text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The same where it may be absent.
mod text_or_none {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(T::to_string).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        super::text::deserialize(deserializer).map(Some)
    }
}

/// The same for a list.
mod texts {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<T: Display, S: Serializer>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(T::to_string))
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
    }
}
