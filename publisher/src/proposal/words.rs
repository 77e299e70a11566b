//! What a record will do, in words: said before anything is signed.

use std::collections::BTreeSet;
use std::fmt;

use cidery_protocol::manifest::Manifest;
use cidery_protocol::{
    Action, Authority, Channel, ChannelName, PackageState, Powers, PublicKey, RecordBody, Rekey, Release,
    Severity, Signatories, Version, Void, Yank, limits,
};
use serde::Serialize;

use crate::seconds::Seconds;
use crate::text::{self, count};

/// The name of a record's kind.
pub(crate) fn kind(action: &Action) -> &'static str {
    match action {
        Action::Init(_) => "init",
        Action::Rekey(_) => "rekey",
        Action::Transfer(_) => "transfer",
        Action::Release(_) => "release",
        Action::Yank(_) => "yank",
        Action::Channel(_) => "channel",
        Action::Attest(_) => "attest",
        // SPEC's next kind: its name is in the record, and what it does nobody here knows.
        _ => "unknown",
    }
}

/// What a record does, a sentence each; `before` is what holds until then.
pub(super) fn does(body: &RecordBody, before: Option<&Powers>, manifest: Option<&Manifest>) -> Vec<String> {
    match &body.action {
        Action::Init(powers) => {
            let mut says = vec![format!("begins `{}` in the log `{}`", body.package, body.origin)];
            says.extend(holds(powers));
            says
        }
        Action::Rekey(rekey) => self::rekey(rekey, before),
        Action::Transfer(transfer) => {
            let mut says =
                vec![format!("gives `{}` to others: the keys so far have no say any more", body.package)];
            says.extend(holds(&transfer.to));
            says.extend(transfer.next_version_floor.as_ref().map(floor));
            says
        }
        Action::Release(release) => self::release(release, manifest),
        Action::Yank(yank) => self::yank(yank),
        Action::Channel(channel) => vec![self::channel(channel)],
        Action::Attest(attest) => vec![format!(
            "states `{}` about {}, in {} bytes with the CID {}",
            attest.predicate, attest.release.version, attest.statement.size, attest.statement.cid
        )],
        _ => vec!["does what this version does not know".to_owned()],
    }
}

/// Something that becomes void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Voided {
    Release { version: Version, sequence: u64 },
    Channel { channel: ChannelName, sequence: u64 },
}

impl Voided {
    /// The place of its record in the package's log.
    pub(crate) fn sequence(&self) -> u64 {
        match self {
            Voided::Release { sequence, .. } | Voided::Channel { sequence, .. } => *sequence,
        }
    }
}

impl fmt::Display for Voided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Voided::Release { version, sequence } => write!(f, "{version} (record {sequence})"),
            Voided::Channel { channel, sequence } => write!(f, "the channel `{channel}` (record {sequence})"),
        }
    }
}

/// What a record makes void, in words; none where it is no `rekey`.
pub(super) fn voids(body: &RecordBody, voided: &[Voided]) -> Option<String> {
    let Action::Rekey(_) = &body.action else { return None };
    let names: Vec<String> = voided.iter().map(Voided::to_string).collect();
    Some(if names.is_empty() {
        "nothing of what was published becomes void".to_owned()
    } else {
        format!("void for ever: {}", names.join(", "))
    })
}

/// The releases and channels that become void by these keys.
pub(crate) fn voided(void: &[Void], state: &PackageState) -> Vec<Voided> {
    let next = Authority { void: void.to_vec(), ..state.authority.clone() };
    let releases = state.releases.iter().filter(|(_, release)| {
        release.void.is_none() && next.voids(release.sequence, &release.signers, release.threshold)
    });
    let releases = releases
        .map(|(version, release)| Voided::Release { version: version.clone(), sequence: release.sequence });
    let channels = state.channels.iter().filter(|(_, channel)| {
        channel.names() && next.voids(channel.sequence, &channel.signers, channel.threshold)
    });
    let channels =
        channels.map(|(name, channel)| Voided::Channel { channel: name.clone(), sequence: channel.sequence });
    releases.chain(channels).collect()
}

/// Who may do what from then on.
fn holds(powers: &Powers) -> Vec<String> {
    let Powers { keys, threshold, floors, recovery } = powers;
    let mut says =
        vec![format!("from then on, {} may sign for the package: {}", of(*threshold, keys), list(keys))];
    says.push(match recovery {
        Some(recovery) => {
            let who = of(recovery.threshold, &recovery.keys);
            let when = match recovery.delay {
                0 => "at once".to_owned(),
                delay => format!("after {} in which the keys above can say otherwise", Seconds(delay)),
            };
            format!("where they are lost or stolen, {who} can name others, {when}: {}", list(&recovery.keys))
        }
        None => "there are no recovery keys: where they are lost or stolen, so is the package".to_owned(),
    });
    if floors.provenance {
        says.push("every release must name provenance".to_owned());
    }
    if floors.witnesses > 0 {
        says.push(format!("{} witnesses must have cosigned the head that shows a release", floors.witnesses));
    }
    says
}

fn rekey(rekey: &Rekey, before: Option<&Powers>) -> Vec<String> {
    let Rekey { by, to, void, next_version_floor } = rekey;
    let mut says = Vec::new();
    if *by == Signatories::Recovery {
        let delay = before.and_then(|powers| powers.recovery.as_ref()).map_or(0, |recovery| recovery.delay);
        says.push(match delay {
            0 => "the recovery keys say so, and it takes effect at once".to_owned(),
            delay => format!(
                "the recovery keys say so: it takes effect {} after it is logged, unless the keys of the package say \
                 otherwise before",
                Seconds(delay)
            ),
        });
    }
    if let Some(before) = before {
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (before.keys.iter().collect(), to.keys.iter().collect());
        says.extend(new.difference(&old).map(|key| format!("{key} may sign, which could not before")));
        says.extend(old.difference(&new).map(|key| format!("{key} may not sign any more")));
        if before.threshold != to.threshold {
            says.push(format!("{} must sign where it was {}", count(to.threshold, "key"), before.threshold));
        }
        if before.recovery != to.recovery {
            says.push("the recovery keys, how many of them sign, or their delay change".to_owned());
        }
        if before.floors.provenance && !to.floors.provenance {
            says.push("releases need not name provenance any more".to_owned());
        }
        if before.floors.witnesses > to.floors.witnesses {
            says.push(format!(
                "{} witnesses are enough where it was {}",
                to.floors.witnesses, before.floors.witnesses
            ));
        }
    }
    says.extend(holds(to));
    says.extend(void.iter().map(|Void { key, from_sequence }| {
        format!("what {key} signed counts for nothing from the record {from_sequence} on")
    }));
    says.extend(next_version_floor.as_ref().map(floor));
    says
}

fn release(release: &Release, manifest: Option<&Manifest>) -> Vec<String> {
    let mut says = vec![format!("releases {} with the code {}", release.version, release.manifest)];
    if let Some(body) = manifest.map(Manifest::body) {
        let bytes: u64 = body.modules.iter().map(|module| module.size).sum();
        says.push(format!(
            "the code: {} of {bytes} bytes, {} in it",
            count(body.modules.len() as u64, "module"),
            count(body.bundled.len() as u64, "npm package")
        ));
        if !body.needs.egress.is_empty() {
            says.push(format!("it asks for the network: {}", body.needs.egress.join(", ")));
        }
    }
    says.extend(
        release
            .provenance
            .iter()
            .map(|statement| format!("names an attestation of {} bytes, {}", statement.size, statement.cid)),
    );
    says
}

fn yank(yank: &Yank) -> Vec<String> {
    let version = &yank.release.version;
    let (severity, reason) = (text::word(&yank.severity), text::word(&yank.reason));
    let mut says = vec![match yank.severity {
        Severity::None => format!("brings {version} back to ranges and channels"),
        _ => format!("takes {version} out of ranges and channels: severity {severity}, reason {reason}"),
    }];
    says.extend(yank.text.iter().map(|text| format!("says to people: {text}")));
    says.extend(yank.replacement.iter().map(|version| format!("names {version} to use instead")));
    says
}

fn channel(channel: &Channel) -> String {
    let name = &channel.name;
    match channel.targets.as_slice() {
        [] => format!("lets `{name}` name nothing any more"),
        [only] => format!("lets `{name}` name {}", only.release.version),
        several => {
            let parts =
                several.iter().map(|part| format!("{} for {}", part.release.version, percent(part.weight)));
            format!("lets `{name}` name {}", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A part of the buckets, in percent.
pub(crate) fn percent(weight: u64) -> String {
    const PERCENT: u64 = limits::BUCKETS / 100;
    match weight % PERCENT {
        0 => format!("{} %", weight / PERCENT),
        rest => format!("{}.{rest:02} %", weight / PERCENT),
    }
}

fn floor(version: &Version) -> String {
    format!("later releases have at least the version {version}")
}

/// How many of the keys, as the subject of what they do.
fn of(threshold: u64, keys: &[PublicKey]) -> String {
    match (threshold, keys.len()) {
        (1, 1) => "this key".to_owned(),
        (all, number) if all == number as u64 => format!("all of these {number} keys"),
        (some, number) => format!("{some} of these {number} keys"),
    }
}

fn list(keys: &[PublicKey]) -> String {
    keys.iter().map(PublicKey::to_string).collect::<Vec<_>>().join(", ")
}
