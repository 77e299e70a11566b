//! What a policy says about packages (SPEC §10.1).

use std::collections::{BTreeMap, BTreeSet};

use cidery_protocol::{ChannelName, Cid, Codec, NpmSource, Origin, PublicKey, Severity, limits, manifest};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IntoDeserializer, value},
};

use super::{LogTrust, RuleDocument, invalid, keys, parse};
use crate::{Request, VerifyError};

/// Whom to believe about a package, and what is asked of its releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pattern: String,
    origin: Origin,
    log: LogTrust,
    keys: Option<Quorum>,
    init: Option<Cid>,
    recovery: Option<Quorum>,
    channels: BTreeSet<ChannelName>,
    min_age: u32,
    yanked: BTreeSet<Severity>,
    provenance: bool,
    npm: BTreeSet<String>,
    egress: BTreeSet<String>,
    revocation: Revocation,
}

/// Whether it is shown what became of a release since it was logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Revocation {
    /// The head shows the package's state: newer keys, yanks, and whether there is a newer release.
    #[default]
    Proven,
    /// Nothing is shown, and nothing is asked for.
    Unchecked,
}

/// Keys of which so many distinct ones must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The keys, each once.
    pub keys: Vec<PublicKey>,
    /// How many; at least one and at most all of them.
    pub threshold: u64,
}

impl Rule {
    pub(super) fn new(
        pattern: &str,
        document: &RuleDocument,
        logs: &BTreeMap<Origin, LogTrust>,
    ) -> Result<Self, VerifyError> {
        let at = &format!("packages.{pattern}");
        let origin: Origin = parse(&format!("{at}.origin"), &document.origin)?;
        let unknown = || invalid(at, format!("its origin `{origin}` is not among the origins"));
        let log = logs.get(&origin).ok_or_else(unknown)?.clone();
        let pinned = match (&document.keys, document.threshold) {
            (None, Some(_)) => return Err(invalid(at, "a threshold without keys")),
            (None, None) => None,
            (Some(list), threshold) => Some(Quorum::new(&format!("{at}.keys"), list, threshold)?),
        };
        let init = document.init.as_deref().map(|cid| {
            let at = format!("{at}.init");
            parse::<Cid>(&at, cid)?.expect(Codec::DagCbor).map_err(|error| invalid(at, error))
        });
        let recovery = document
            .recovery
            .as_ref()
            .map(|recovery| Quorum::new(&format!("{at}.recovery"), &recovery.keys, recovery.threshold));
        let (init, recovery) = (init.transpose()?, recovery.transpose()?);
        if pinned.is_none() && init.is_none() && recovery.is_none() {
            return Err(invalid(at, "neither keys, nor init, nor recovery keys are pinned"));
        }
        let hosts = document.egress.as_deref().unwrap_or_default();
        if let Some(host) = hosts.iter().find(|host| !manifest::is_host(host)) {
            return Err(invalid(format!("{at}.egress"), format!("{host:?} is not a host")));
        }
        Ok(Rule {
            pattern: pattern.to_owned(),
            origin,
            log,
            keys: pinned,
            init,
            recovery,
            channels: set(&format!("{at}.channels"), document.channels.as_deref(), parse)?,
            min_age: document.min_age.unwrap_or(0),
            yanked: set(&format!("{at}.yanked"), document.yanked.as_deref(), severity)?,
            provenance: document.provenance.unwrap_or(false),
            npm: npm(&format!("{at}.npm"), document.npm.as_deref().unwrap_or_default())?,
            egress: hosts.iter().cloned().collect(),
            revocation: revocation(&format!("{at}.revocation"), document.revocation.as_deref())?,
        })
    }

    /// The pattern that it stands under in the policy.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The log that the package is in.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whom to believe about that log.
    pub fn log(&self) -> &LogTrust {
        &self.log
    }

    /// The publisher keys that must have signed a release, where some are pinned.
    pub fn keys(&self) -> Option<&Quorum> {
        self.keys.as_ref()
    }

    /// The package's first record, where it is pinned.
    pub fn init(&self) -> Option<Cid> {
        self.init
    }

    /// The recovery keys that the package's authority comes from, where some are pinned.
    pub fn recovery(&self) -> Option<&Quorum> {
        self.recovery.as_ref()
    }

    /// Whether the channel may be asked for.
    pub fn allows_channel(&self, channel: &ChannelName) -> bool {
        self.channels.contains(channel)
    }

    /// Whether what is asked for may be: any version, and a channel that the rule names.
    ///
    /// # Errors
    /// [`VerifyError::Channel`].
    pub fn allow(&self, request: &Request) -> Result<(), VerifyError> {
        match request.channel() {
            Some(channel) if !self.allows_channel(channel) => {
                let (pattern, channel) = (self.pattern.clone(), channel.clone());
                Err(VerifyError::Channel { pattern, channel })
            }
            _ => Ok(()),
        }
    }

    /// How old a release must be, seconds.
    pub fn min_age(&self) -> u64 {
        self.min_age.into()
    }

    /// Whether a release that is yanked this severely may be found by a range or a channel.
    pub fn tolerates(&self, severity: Severity) -> bool {
        severity == Severity::None || self.yanked.contains(&severity)
    }

    /// The severities of a yank that are tolerated, the least first.
    pub fn yanked(&self) -> impl Iterator<Item = Severity> {
        self.yanked.iter().copied()
    }

    /// Whether a release must name provenance.
    pub fn provenance(&self) -> bool {
        self.provenance
    }

    /// What of an npm package must have been verified when it was imported, in words of the release's `npm.checked`.
    pub fn npm(&self) -> impl Iterator<Item = &str> {
        self.npm.iter().map(String::as_str)
    }

    /// Whether a head must show what became of the release.
    pub fn revocation(&self) -> Revocation {
        self.revocation
    }

    /// Which of the hosts that a manifest asks for are granted, in its order.
    pub fn grant<'h>(&self, needs: &'h [String]) -> impl Iterator<Item = &'h String> {
        needs.iter().filter(|host| self.egress.contains(*host))
    }
}

impl Quorum {
    fn new(at: &str, list: &[String], threshold: Option<u32>) -> Result<Self, VerifyError> {
        let keys = keys(at, list)?;
        let threshold = u64::from(threshold.unwrap_or(1));
        if threshold == 0 || threshold > keys.len() as u64 {
            let reason = format!("a threshold of {threshold} does not go with {} keys", keys.len());
            return Err(invalid(at, reason));
        }
        Ok(Quorum { keys, threshold })
    }

    /// How many of the keys are among `signers`, whose keys are distinct.
    pub fn count(&self, signers: &[PublicKey]) -> u64 {
        signers.iter().filter(|key| self.keys.contains(key)).count() as u64
    }
}

fn set<T: Ord>(
    at: &str,
    list: Option<&[String]>,
    read: impl Fn(&str, &str) -> Result<T, VerifyError>,
) -> Result<BTreeSet<T>, VerifyError> {
    list.unwrap_or_default().iter().map(|word| read(at, word)).collect()
}

/// A severity that a yank can have and be one.
fn severity(at: &str, text: &str) -> Result<Severity, VerifyError> {
    match word(text) {
        Some(severity) if severity > Severity::None => Ok(severity),
        _ => Err(invalid(at, format!("{text:?} is none of low, medium, high and critical"))),
    }
}

/// Words that a release's `npm.checked` may hold (SPEC §6.3 (5)).
fn npm(at: &str, words: &[String]) -> Result<BTreeSet<String>, VerifyError> {
    let (got, most) = (words.len(), limits::ATTESTATIONS);
    if got > most {
        return Err(invalid(at, format!("{got} words, at most {most} allowed")));
    }
    match words.iter().find(|word| !NpmSource::is_check(word)) {
        Some(word) => Err(invalid(at, format!("{word:?} is not 1 to 64 characters of a-z, 0-9 and -"))),
        None => Ok(words.iter().cloned().collect()),
    }
}

fn revocation(at: &str, text: Option<&str>) -> Result<Revocation, VerifyError> {
    let Some(text) = text else { return Ok(Revocation::default()) };
    word(text).ok_or_else(|| invalid(at, format!("{text:?} is neither proven nor unchecked")))
}

/// One of a few words.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    let read: Result<T, value::Error> = T::deserialize(text.into_deserializer());
    read.ok()
}
