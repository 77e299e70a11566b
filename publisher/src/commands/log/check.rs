//! `cidery log check`: a whole log, replayed; or a file of evidence.

use std::fmt;
use std::fs;
use std::path::Path;

use cidery_protocol::Origin;
use cidery_protocol::log::Note;
use cidery_verifier::{Evidence, verify_head};
use serde::Serialize;

use super::open;
use crate::args;
use crate::commands::{Context, Done};
use crate::failure::Failure;
use crate::output::Outcome;
use crate::release::now;
use crate::trust::{KnownLog, Trust};
use crate::watch::accuse::{self, Accused};
use crate::watch::{Head, Pace, Report, Source, Watch};

/// What a file shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Convicted {
    origin: Origin,
    log_key: String,
    kind: &'static str,
    /// The code under which a log that does so is refused.
    code: &'static str,
    says: String,
}

pub(super) async fn check(context: &Context, args: &args::Check) -> Result<Done, Failure> {
    let trust = open(context, &args.trust)?;
    if let Some(file) = &args.evidence {
        return Ok(Outcome::from(convict(&trust, file)?).into());
    }
    let registry = match &args.from {
        None => Some(context.registry()?),
        Some(_) => None,
    };
    let source = match (&registry, &args.from) {
        (Some(registry), _) => Source::of(registry),
        (None, from) => Source::named(from.as_deref().unwrap_or("."))?,
    };
    let log = match &registry {
        Some(registry) => trust.log_served(registry).await?,
        None => trust.log_known(&origin_of(&source.checkpoint().await?)?)?,
    };
    let note = source.checkpoint().await?;
    let head = match registry {
        Some(_) => Head::proven(&log.origin, &verify_head(&log.origin, &log.trust, &note, now())?),
        // A copy says what it is a copy of, and not that this is the newest.
        None => Head::of_any_age(&log.origin, &log.trust, &note)?,
    };
    let mut watch = replay(context, &source, &log, &head).await?;
    watch.judge(&head);
    let fault = watch.fault.take();
    let mut evidence = None;
    if let Some(fault) = &fault {
        let registry = registry.as_ref();
        let accused =
            Accused { log: &log, source: &source, registry, note: &note, size: head.size, watch: &watch };
        let shown = accused.evidence(fault).await?;
        evidence = shown.map(|shown| accuse::write(&args.out, &shown)).transpose()?;
    } else {
        remember(context, &trust, &log, &head, &watch)?;
    }
    let sound = fault.is_none();
    let report = Report::new(head, &watch, fault.as_deref().map(Into::into), evidence);
    Ok(if sound { Done::Outcome(report.into()) } else { Done::Refused(report.into()) })
}

/// Reads all entries under a head, and replays them up to the first fault.
async fn replay(context: &Context, source: &Source, log: &KnownLog, head: &Head) -> Result<Watch, Failure> {
    let mut watch = Watch::new(log.origin.clone());
    let mut pace = Pace::new(&context.output, "checked", head.size);
    let taken = |_, entries: Vec<Vec<u8>>| {
        for entry in entries {
            watch.tree.push_entry(&entry);
            watch.replay(&entry);
        }
        pace.at(watch.tree.size());
        Ok(())
    };
    source.bundles(0, head.size, taken).await?;
    // Nothing of it is the log's before its signature covers it.
    if watch.tree.root() != *head.root {
        return Err(accuse::not_of_the_root());
    }
    Ok(watch)
}

/// The log goes on from what was seen of it; an older copy of it does not, and need not.
fn remember(
    context: &Context,
    trust: &Trust,
    log: &KnownLog,
    head: &Head,
    watch: &Watch,
) -> Result<(), Failure> {
    let seen = trust.seen_size(&log.origin)?;
    if seen > head.size {
        context.output.note(format_args!("this is not the newest head: one of {seen} entries was seen"));
        return Ok(());
    }
    let proof = |from| Ok(watch.tree.consistency(from, head.size)?);
    let notes = trust.settle_log(log, &head.to_proven(), proof)?;
    notes.into_iter().for_each(|note| context.output.note(note));
    Ok(())
}

/// The log that a checkpoint claims to be of.
fn origin_of(note: &[u8]) -> Result<Origin, Failure> {
    let note = Note::parse(note)?;
    Ok(note.text().lines().next().unwrap_or_default().parse()?)
}

fn convict(trust: &Trust, file: &Path) -> Result<Convicted, Failure> {
    let json = fs::read(file).map_err(Failure::file("read", file))?;
    let evidence = Evidence::from_json(&json)?;
    let log = trust.log_known(&evidence.origin)?;
    let shown = accuse::check(&log, &evidence)?;
    Ok(Convicted {
        origin: evidence.origin,
        log_key: evidence.log_key.to_string(),
        kind: evidence.kind.word(),
        code: shown.code.as_str(),
        says: shown.says,
    })
}

impl fmt::Display for Convicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Convicted { origin, log_key, code, says, .. } = self;
        writeln!(f, "convicts {origin}")?;
        writeln!(f, "  key        {log_key}")?;
        write!(f, "  of         {says} ({code})")
    }
}
