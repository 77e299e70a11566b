//! What is said about releases after they are there (SPEC §6.2): `yank`, `channel` and `attest`.

use serde::{Deserialize, Serialize};

use super::{Provenance, printable, refused};
use crate::{ChannelName, Cid, Codec, Error, Version, canonical, limits};

/// A release of the same package: its version, and the record that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRef {
    /// The version.
    pub version: Version,
    /// The CID of the release's record.
    pub record: Cid,
}

/// Takes a release out of what ranges and channels find; by its CID it stays. The newest `yank` of a release counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yank {
    /// The release.
    pub release: ReleaseRef,
    /// How bad it is; `none` takes an earlier yank back.
    pub severity: Severity,
    /// Why, for machines.
    pub reason: Reason,
    /// Why, for people: 1 to 512 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Version>,
}

/// How bad a yanked release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not at all: an earlier yank is taken back.
    None,
    /// Better not begin to use it.
    Low,
    /// Replace it when there is time.
    Medium,
    /// Replace it.
    High,
    /// Replace it now.
    Critical,
}

/// Why a release is yanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// It does not work.
    Broken,
    /// Somebody else made it, or put something in.
    Compromised,
    /// Nobody looks after it any more.
    Deprecated,
    /// It may not be distributed.
    Legal,
    /// It has a vulnerability.
    Security,
    /// Something else: see the text.
    Other,
    /// An earlier yank was wrong, or is over.
    Restored,
}

/// A name for the releases that are meant at the time. No targets: it names nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// The channel.
    pub name: ChannelName,
    /// The releases, each once, in the order in which buckets are dealt out.
    pub targets: Vec<Target>,
}

/// A release that a channel names, for a part of those who ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The release.
    pub release: ReleaseRef,
    /// Its part of the 10,000 buckets.
    pub weight: u64,
}

/// A signed statement about a release; the statement is a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// The release.
    pub release: ReleaseRef,
    /// What kind of statement it is: 1 to 256 printable ASCII characters, such as in-toto's URI of a predicate.
    pub predicate: String,
    /// The statement.
    pub statement: Provenance,
}

impl ReleaseRef {
    fn validate(&self) -> Result<(), Error> {
        self.record.expect(Codec::DagCbor).map(drop)
    }
}

impl Yank {
    pub(super) fn validate(&self) -> Result<(), Error> {
        self.release.validate()?;
        // (8) a yank is taken back by a word of its own
        if (self.severity == Severity::None) != (self.reason == Reason::Restored) {
            return refused("the severity `none` goes with the reason `restored`, and nothing else does");
        }
        self.text.as_deref().map_or(Ok(()), legible)?;
        if self.replacement.as_ref() == Some(&self.release.version) {
            return refused("the replacement of a version is the version itself");
        }
        Ok(())
    }
}

impl Channel {
    /// The release for a bucket, from 0 to 9,999: targets take theirs in order, each as many as its weight.
    pub fn target(&self, bucket: u64) -> Option<&ReleaseRef> {
        let mut end = 0;
        let target = self.targets.iter().find(|target| {
            end += target.weight;
            bucket < end
        })?;
        Some(&target.release)
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        // (9) every bucket has one release
        canonical::within("targets of a channel", limits::CHANNEL_TARGETS, self.targets.len())?;
        let mut sum = 0_u64;
        for (at, Target { release, weight }) in self.targets.iter().enumerate() {
            release.validate()?;
            if self.targets[..at].iter().any(|other| other.release.version == release.version) {
                return refused("a channel names a version twice");
            }
            if *weight == 0 {
                return refused("a target of a channel has no weight");
            }
            sum = sum.saturating_add(*weight);
        }
        if !self.targets.is_empty() && sum != limits::BUCKETS {
            return refused(format!("the weights of a channel sum to {sum}, wanted 10000"));
        }
        Ok(())
    }
}

impl Attest {
    pub(super) fn validate(&self) -> Result<(), Error> {
        self.release.validate()?;
        // (4), (5) as a release's
        printable("predicate", &self.predicate, 256)?;
        self.statement.validate()
    }
}

/// Text for people that no terminal obeys and that cannot turn other text around.
fn legible(text: &str) -> Result<(), Error> {
    let hidden = |char: char| {
        char.is_control()
            || matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if text.is_empty() || text.len() > limits::TEXT_BYTES || text.chars().any(hidden) {
        return refused("the text is not 1 to 512 bytes of visible characters");
    }
    Ok(())
}
