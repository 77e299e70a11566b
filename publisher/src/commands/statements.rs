//! `cidery yank`, `cidery channel` and `cidery attest`: what is said about releases that are there.

use std::collections::BTreeMap;
use std::fmt;

use cidery_protocol::manifest::Manifest;
use cidery_protocol::{
    Action, Attest, Channel, ChannelName, ChannelSummary, Error, PackageName, PackageState, Reason,
    ReleaseRef, ReleaseState, Severity, Target, Version, Yank, limits,
};
use serde::Serialize;

use super::{Context, authority, draft, info, publish};
use crate::args;
use crate::confirm::Confirm;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::history::History;
use crate::proposal::{self, Proposal, percent};
use crate::reference;
use crate::submit::{self, Submitted};
use crate::trust::Trust;

pub(super) async fn yank(context: &Context, args: &args::Yank) -> Result<Submitted, Failure> {
    let (package, version) = reference::version(&args.reference)?;
    let draft = |state: &PackageState| {
        let (release, there) = released(state, &version)?;
        if args.undo && there.yanked.is_none() {
            return Err(Failure::Unchanged { reason: format!("{version} is not yanked") });
        }
        Ok(Action::Yank(Yank {
            release,
            severity: args.severity.unwrap_or(Severity::None),
            reason: args.reason.unwrap_or(Reason::Restored),
            text: args.text.clone(),
            replacement: args.replacement.clone(),
        }))
    };
    authority::record(context, package.as_str(), &args.recording, Confirm::Unneeded, draft).await
}

pub(super) async fn set(
    context: &Context,
    channel: &str,
    targets: &[String],
    recording: &args::Recording,
) -> Result<Submitted, Failure> {
    let (package, name) = reference::channel(channel)?;
    let weights = weights(targets)?;
    let draft = |state: &PackageState| {
        let target = |(version, weight): &(Version, u64)| {
            Ok(Target { release: released(state, version)?.0, weight: *weight })
        };
        let targets = weights.iter().map(target).collect::<Result<Vec<_>, Failure>>()?;
        changed(state, &name, targets)
    };
    authority::record(context, package.as_str(), recording, Confirm::Unneeded, draft).await
}

pub(super) async fn clear(
    context: &Context,
    channel: &str,
    recording: &args::Recording,
) -> Result<Submitted, Failure> {
    let (package, name) = reference::channel(channel)?;
    let draft = |state: &PackageState| changed(state, &name, Vec::new());
    authority::record(context, package.as_str(), recording, Confirm::Unneeded, draft).await
}

pub(super) async fn attest(context: &Context, args: &args::Attest) -> Result<Submitted, Failure> {
    let (package, version) = reference::version(&args.reference)?;
    let bytes = draft::read_statement(&args.file)?;
    let keys = publish::read_keys(context, &args.recording)?;
    let trust = Trust::open(&args.recording.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let to = Destination::open(context, trust, &package).await?;
    let cid = released(&to.existing().await?.state, &version)?.1.manifest;
    // The statement names the code by its SHA-256, which is in no record.
    let manifest = Manifest::verify(cid, &to.registry.manifest(cid).await?)?;
    let statement = proposal::statement(&manifest, &bytes);
    let draft = |history: Option<&History>| {
        let history = history.ok_or_else(|| Failure::unknown_package(&package))?;
        let (release, _) = released(&history.state, &version)?;
        let predicate = args.predicate.clone();
        let attest = Action::Attest(Attest { release, predicate, statement: statement.clone() });
        let record = proposal::next(&history.state, attest)?;
        let blobs = BTreeMap::from([(statement.cid, bytes.clone())]);
        Proposal::new(Some(history), vec![record], None, blobs).map(Some)
    };
    let submitted = submit::submit(context, &to, &args.recording, &keys, Confirm::Unneeded, draft).await?;
    submitted.ok_or_else(|| Failure::Unchanged { reason: "nothing was drafted".to_owned() })
}

/// The channels of a package.
#[derive(Serialize)]
pub(super) struct Channels {
    package: PackageName,
    channels: Vec<ChannelSummary>,
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for channel in &self.channels {
            writeln!(f, "{}", info::Shown(channel))?;
        }
        if self.channels.is_empty() { write!(f, "{} has no channels", self.package) } else { Ok(()) }
    }
}

pub(super) async fn list(context: &Context, package: &str, trust: &args::Trust) -> Result<Channels, Failure> {
    let package = reference::package(package)?;
    let trust = Trust::open(trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let history = info::history(context, &package, &trust).await?;
    let channels = history.state.channels.iter().map(ChannelSummary::from).collect();
    Ok(Channels { package, channels })
}

/// A release of the package that is not void, as records name it.
fn released<'s>(
    state: &'s PackageState,
    version: &Version,
) -> Result<(ReleaseRef, &'s ReleaseState), Failure> {
    let Some(release) = state.releases.get(version) else {
        return Err(Failure::NoVersion {
            package: state.authority.package.clone(),
            version: version.to_string(),
        });
    };
    if let Some(by) = release.void {
        return Err(Error::Void { version: version.to_string(), by }.into());
    }
    Ok((ReleaseRef { version: version.clone(), record: release.record }, release))
}

fn changed(state: &PackageState, name: &ChannelName, targets: Vec<Target>) -> Result<Action, Failure> {
    let before = state.channels.get(name).filter(|channel| channel.void.is_none());
    let before = before.map(|channel| channel.targets.as_slice()).unwrap_or_default();
    if before == targets {
        return Err(Failure::Unchanged { reason: format!("`{name}` names just that") });
    }
    Ok(Action::Channel(Channel { name: name.clone(), targets }))
}

/// Reads `VERSION` or `VERSION=PERCENT%`, with at most two digits after the point. One without takes what the others leave.
fn weights(targets: &[String]) -> Result<Vec<(Version, u64)>, Failure> {
    let wrong = |reason: String| Failure::Usage {
        reason,
        hint: Some("wanted `1.0.0`, or parts of 100 % such as `1.0.0=90% 1.1.0=10%`".to_owned()),
    };
    let read = |text: &String| -> Result<(Version, Option<u64>), Failure> {
        let (version, weight) = text.split_once('=').map_or((text.as_str(), None), |(v, w)| (v, Some(w)));
        let malformed = |source| Failure::Argument { what: "the version", hint: "wanted `1.2.3`", source };
        let weight =
            weight.map(|text| hundredths(text).ok_or_else(|| wrong(format!("`{text}` is no percentage"))));
        Ok((version.parse().map_err(malformed)?, weight.transpose()?))
    };
    let read = targets.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let named: u64 = read.iter().filter_map(|(_, weight)| *weight).sum();
    let open = read.iter().filter(|(_, weight)| weight.is_none()).count();
    let rest = limits::BUCKETS.saturating_sub(named);
    let fits = if open == 0 { named == limits::BUCKETS } else { open == 1 && rest > 0 };
    if !fits {
        return Err(wrong(format!(
            "{open} versions without a percentage, and {} for the others",
            percent(named)
        )));
    }
    Ok(read.into_iter().map(|(version, weight)| (version, weight.unwrap_or(rest))).collect())
}

/// Hundredths of a percent: a bucket each.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.strip_suffix('%')?.split_once('.').unwrap_or((text.strip_suffix('%')?, ""));
    let digits = |text: &str, most| text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole, 3) || !digits(part, 2) {
        return None;
    }
    let hundredths = whole.parse::<u64>().ok()? * 100 + format!("{part:0<2}").parse::<u64>().ok()?;
    (1..=limits::BUCKETS).contains(&hundredths).then_some(hundredths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(targets: &[&str]) -> Option<Vec<(String, u64)>> {
        let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
        let read = weights(&targets).ok()?;
        Some(read.into_iter().map(|(version, weight)| (version.to_string(), weight)).collect())
    }

    #[test]
    fn weights_are_parts_of_a_whole() {
        let parts = |list: &[(&str, u64)]| {
            Some(list.iter().map(|(version, weight)| (version.to_string(), *weight)).collect::<Vec<_>>())
        };
        assert_eq!(read(&["1.0.0"]), parts(&[("1.0.0", 10_000)]));
        assert_eq!(read(&["1.0.0", "1.1.0=12.5%"]), parts(&[("1.0.0", 8_750), ("1.1.0", 1_250)]));
        assert_eq!(read(&["1.0.0=99.99%", "1.1.0=0.01%"]), parts(&[("1.0.0", 9_999), ("1.1.0", 1)]));
        for wrong in [
            &["1.0.0", "1.1.0"][..],
            &["1.0.0=50%"],
            &["1.0.0=100%", "1.1.0"],
            &["1.0.0=60%", "1.1.0=60%"],
            &["1.0.0=0%", "1.1.0=100%"],
            &["1.0.0=50", "1.1.0=50%"],
            &["1.0.0=-1%", "1.1.0"],
            &["1.0.0=1.234%", "1.1.0"],
            &["1.0"],
            &["^1"],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
