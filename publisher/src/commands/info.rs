//! `cidery info`: a package by its signed records. Each signature is checked, and their order; not that they are in the log, nor
//! that none of the newest is withheld.

use std::fmt;

use cidery_protocol::{
    AuthoritySummary, ChannelSummary, PackageName, PackageSummary, PublicKey, RecoverySummary,
    ReleaseSummary, Version, YankSummary,
};
use cidery_verifier::{Request, Wanted};
use serde::Serialize;

use super::Context;
use crate::args;
use crate::failure::Failure;
use crate::history::History;
use crate::proposal::percent;
use crate::reference;
use crate::release;
use crate::seconds::Seconds;
use crate::text::word;
use crate::trust::Trust;

/// The package, in the words of SPEC §11.2.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Info(PackageSummary);

impl Info {
    /// All of it, or what is asked for.
    fn new(history: &History, asked: &Request) -> Self {
        let mut summary = PackageSummary::from(&history.state);
        let named = |version: &Version| match &asked.wanted {
            Wanted::Range(range) => range.as_str() == "*" || range.contains(version),
            Wanted::Version(wanted) | Wanted::Locked { version: wanted, .. } => wanted == version,
            Wanted::Channel { channel, .. } => history.state.channels.get(channel).is_some_and(|channel| {
                channel.targets.iter().any(|target| target.release.version == *version)
            }),
        };
        summary.releases.retain(|release| named(&release.version));
        summary.channels.retain(|channel| asked.channel().is_none_or(|asked| *asked == channel.name));
        Info(summary)
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Info(PackageSummary {
            package,
            origin,
            sequence,
            init,
            authority,
            pending,
            releases,
            channels,
            ..
        }) = self;
        writeln!(f, "{package}")?;
        writeln!(f, "  log        {origin}, {} records of the package", sequence + 1)?;
        writeln!(f, "  begins     {init}")?;
        show_authority(f, authority)?;
        if let Some(pending) = pending {
            let left = Seconds(pending.from.saturating_sub(release::now()));
            writeln!(f, "  waits      the rekey {}, for {} more", pending.record, left.about())?;
        }
        write!(f, "  releases   {}", releases.len())?;
        releases.iter().try_for_each(|release| show_release(f, release))?;
        if !channels.is_empty() {
            write!(f, "\n  channels   {}", channels.len())?;
        }
        channels.iter().try_for_each(|channel| write!(f, "\n    {}", Shown(channel)))
    }
}

fn show_authority(f: &mut fmt::Formatter<'_>, authority: &AuthoritySummary) -> fmt::Result {
    let AuthoritySummary { keys, threshold, floors, recovery, next_version_floor, .. } = authority;
    writeln!(f, "  keys       {threshold} of {}", list(keys))?;
    if let Some(RecoverySummary { keys, threshold, delay }) = recovery {
        let when = if *delay == 0 { "at once".to_owned() } else { format!("after {}", Seconds(*delay)) };
        writeln!(f, "  recovery   {threshold} of {}, {when}", list(keys))?;
    }
    if let Some(floor) = next_version_floor {
        writeln!(f, "  floor      versions from {floor} on")?;
    }
    if floors.provenance {
        writeln!(f, "  floor      releases name provenance")?;
    }
    if floors.witnesses > 0 {
        writeln!(f, "  floor      {} witnesses", floors.witnesses)?;
    }
    Ok(())
}

fn show_release(f: &mut fmt::Formatter<'_>, release: &ReleaseSummary) -> fmt::Result {
    let ReleaseSummary { version, manifest, sequence, void, yanked, .. } = release;
    write!(f, "\n    {:<10} {manifest}, record {sequence}", version.to_string())?;
    if let Some(by) = void {
        write!(f, "\n      void by {by}")?;
    }
    let Some(YankSummary { severity, reason, text, replacement, .. }) = yanked else { return Ok(()) };
    write!(f, "\n      yanked: {}, {}", word(severity), word(reason))?;
    if let Some(text) = text {
        write!(f, ": {text}")?;
    }
    replacement.as_ref().map_or(Ok(()), |version| write!(f, "; use {version}"))
}

/// A channel in one line.
pub(super) struct Shown<'c>(pub(super) &'c ChannelSummary);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ChannelSummary { name, targets, void, .. } = self.0;
        let targets = match (void, targets.as_slice()) {
            (Some(by), _) => format!("void by {by}"),
            (None, []) => "nothing".to_owned(),
            (None, [only]) => only.version.to_string(),
            (None, several) => {
                let parts =
                    several.iter().map(|part| format!("{} for {}", part.version, percent(part.weight)));
                parts.collect::<Vec<_>>().join(", ")
            }
        };
        write!(f, "{:<10} {targets}", name.to_string())
    }
}

pub(super) async fn info(context: &Context, args: &args::Info) -> Result<Info, Failure> {
    let asked = reference::named(&args.reference)?;
    let trust = Trust::open(&args.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let history = history(context, &asked.package, &trust).await?;
    context.output.progress(
        "these are the signed records that the registry gives; `cidery verify` checks a release and its place in the log",
    );
    Ok(Info::new(&history, &asked))
}

/// A package's records. They begin as they are known to, where they are, and are not older than what was seen.
pub(super) async fn history(
    context: &Context,
    package: &PackageName,
    trust: &Trust,
) -> Result<History, Failure> {
    let registry = context.registry()?;
    let history = History::read(&registry, package).await?;
    let history = history.ok_or_else(|| Failure::unknown_package(package))?;
    let (got, origin) = (history.state.init, &history.state.authority.origin);
    if let Some(wanted) = trust.origin(package)?.filter(|wanted| wanted != origin) {
        return Err(Failure::OtherOrigin { got: origin.clone(), wanted: Some(wanted) });
    }
    if let Some(wanted) = trust.init(package)?.filter(|wanted| *wanted != got) {
        return Err(Failure::OtherInit { package: package.clone(), got, wanted });
    }
    trust.not_older(origin, package, history.state.sequence)?;
    Ok(history)
}

fn list(keys: &[PublicKey]) -> String {
    keys.iter().map(PublicKey::to_string).collect::<Vec<_>>().join(", ")
}
