//! `cidery log monitor`: follows a log, keeps a copy of it, and replays what is new.

use std::fmt;
use std::time::Duration;

use cidery_protocol::{Action, Cid, PackageName, Record};
use cidery_verifier::{Evidence, EvidenceKind, LogTree, Logged, verify_head};
use serde::Serialize;

use super::open;
use crate::args;
use crate::client::Registry;
use crate::commands::{Context, Done};
use crate::failure::{Exit, Failure};
use crate::output::message;
use crate::release::now;
use crate::signals;
use crate::text::{Moment, Text};
use crate::trust::{KnownLog, Trust};
use crate::watch::accuse::{self, Accused, covered, signer};
use crate::watch::{Copy, Head, Pace, Report, Source, Watch, Wrong};

/// A log that is followed.
struct Monitor<'c> {
    context: &'c Context,
    trust: Trust,
    registry: Registry,
    log: KnownLog,
    copy: Copy,
    packages: &'c [PackageName],
    watch: Watch,
    /// The highest head, with its note.
    newest: Option<(Head, Vec<u8>)>,
}

/// What is wrong, and what shows it.
struct Found {
    head: Head,
    wrong: Wrong,
    evidence: Option<Evidence>,
}

/// What is told on the way.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Head {
        #[serde(flatten)]
        head: Head,
        new: u64,
    },
    Record {
        package: PackageName,
        sequence: u64,
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        record: Text<Cid>,
        index: u64,
    },
}

pub(super) async fn monitor(context: &Context, args: &args::Monitor) -> Result<Done, Failure> {
    let (trust, registry) = (open(context, &args.trust)?, context.registry()?);
    let copy = Copy::open(&args.dir)?;
    let every = Duration::from_secs(args.every.0.max(1));
    let following = async {
        let log = loop {
            match trust.log_served(&registry).await {
                Err(failure) if !args.once && is_passing(&failure) => wait(context, &failure, every).await,
                log => break log?,
            }
        };
        let watch = Watch::new(log.origin.clone());
        let packages = args.packages.as_slice();
        let mut monitor = Monitor { context, trust, registry, log, copy, packages, watch, newest: None };
        monitor.resume().await?;
        loop {
            match monitor.look().await {
                Ok(Some(found)) => return Ok(Done::Refused(monitor.accuse(found)?.into())),
                Ok(None) if args.once => return Ok(Done::Outcome(monitor.report()?.into())),
                Ok(None) => tokio::time::sleep(every).await,
                Err(failure) if !args.once && is_passing(&failure) => wait(context, &failure, every).await,
                Err(failure) => return Err(failure),
            }
        }
    };
    tokio::select! {
        done = following => done,
        stopped = signals::stopped() => {
            stopped.map_err(signals::unheard)?;
            Ok(Done::Outcome(Stopped {}.into()))
        }
    }
}

/// Whether it may be otherwise the next time: the registry cannot be reached, or does not answer as it should.
fn is_passing(failure: &Failure) -> bool {
    let of_registry = matches!(
        failure,
        Failure::Unreachable { .. } | Failure::NotARegistry { .. } | Failure::Registry { .. }
    );
    of_registry
        || matches!(failure, Failure::Verify(_) | Failure::Protocol(_))
            && failure.exit() == Exit::Refused
            && failure.code() != cidery_protocol::Code::LogFork
}

async fn wait(context: &Context, failure: &Failure, every: Duration) {
    context.output.warning("look at the log", failure);
    tokio::time::sleep(every).await;
}

impl Monitor<'_> {
    /// Goes on from what the folder holds.
    async fn resume(&mut self) -> Result<(), Failure> {
        let Some(note) = self.copy.head()? else { return Ok(()) };
        let head = Head::of_any_age(&self.log.origin, &self.log.trust, &note)
            .map_err(|failure| self.damaged(message(&failure)))?;
        let mut watch = Watch::new(self.log.origin.clone());
        let mut pace = Pace::new(&self.context.output, "replayed", head.size);
        let copy = self.copy.source();
        let read = copy.bundles(0, head.size, |_, entries| {
            for entry in entries {
                watch.tree.push_entry(&entry);
                watch.replay(&entry);
            }
            pace.at(watch.tree.size());
            Ok(())
        });
        read.await.map_err(|failure| self.damaged(message(&failure)))?;
        if watch.tree.root() != *head.root {
            return Err(self.damaged("its entries are not those of its head".to_owned()));
        }
        watch.judge(&head);
        if let Some(fault) = &watch.fault {
            return Err(self.damaged(message(&**fault)));
        }
        (self.watch, self.newest) = (watch, Some((head, note)));
        Ok(())
    }

    /// Looks at the log once.
    async fn look(&mut self) -> Result<Option<Found>, Failure> {
        let source = Source::of(&self.registry);
        let note = source.checkpoint().await?;
        let head =
            Head::proven(&self.log.origin, &verify_head(&self.log.origin, &self.log.trust, &note, now())?);
        let known = self.watch.tree.size();
        if head.size <= known && self.watch.tree.root_at(head.size) != Some(*head.root) {
            let evidence = self.fork(&source, &head, &note).await?;
            return Ok(Some(Found::fork(head, evidence)));
        }
        if head.size < known {
            return self.smaller(head, note).map(Some);
        }
        if head.size == known && self.newest.is_some() {
            return Ok(None);
        }
        let Some(tree) = self.fetch(&source, &head).await? else {
            let evidence = self.fork(&source, &head, &note).await?;
            return Ok(Some(Found::fork(head, evidence)));
        };
        self.advance(head, note, tree).await
    }

    /// Fetches what is new into the folder. None where it does not continue what is there.
    async fn fetch(&self, source: &Source, head: &Head) -> Result<Option<LogTree>, Failure> {
        let known = self.watch.tree.size();
        let (mut tree, mut continues) = (self.watch.tree.clone(), true);
        let mut pace = Pace::new(&self.context.output, "fetched", head.size);
        let fetched = source.bundles(known, head.size, |bundle, entries| {
            for (index, entry) in bundle.entries().zip(&entries) {
                if index < known {
                    let leaf = cidery_protocol::log::leaf_hash(entry);
                    continues &= tree.leaves().get(index as usize) == Some(&leaf);
                } else {
                    tree.push_entry(entry);
                }
            }
            pace.at(tree.size());
            self.copy.keep(bundle, &entries)
        });
        fetched.await?;
        Ok((continues && tree.root() == *head.root).then_some(tree))
    }

    /// Replays what is new, which is in the folder, and takes the head.
    async fn advance(&mut self, head: Head, note: Vec<u8>, tree: LogTree) -> Result<Option<Found>, Failure> {
        let known = self.watch.tree.size();
        let consistency = |from| Ok(tree.consistency(from, head.size)?);
        let notes = self.trust.settle_log(&self.log, &head.to_proven(), consistency)?;
        notes.into_iter().for_each(|note| self.context.output.note(note));

        let (copy, mut told) = (self.copy.source(), Vec::new());
        let (watch, packages) = (&mut self.watch, self.packages);
        let mut pace = Pace::new(&self.context.output, "replayed", head.size);
        let replayed = copy.bundles(known, head.size, |bundle, entries| {
            for (index, entry) in bundle.entries().zip(entries).filter(|(index, _)| *index >= known) {
                if let Some(Logged::Record(record)) = watch.replay(&entry)
                    && packages.contains(&record.body().package)
                {
                    told.push(Event::of(&record, index));
                }
                pace.at(index);
            }
            Ok(())
        });
        // What was just written can be read, or the folder is of no use.
        replayed.await.map_err(|failure| self.damaged(message(&failure)))?;
        self.watch.tree = tree;
        self.watch.judge(&head);
        if let Some(fault) = self.watch.fault.take() {
            let (log, size, registry) = (&self.log, head.size, Some(&self.registry));
            let accused = Accused { log, source: &copy, registry, note: &note, size, watch: &self.watch };
            let evidence =
                accused.evidence(&fault).await.map_err(|failure| self.damaged(message(&failure)))?;
            return Ok(Some(Found { head, wrong: (&*fault).into(), evidence }));
        }
        self.copy.advance(&note, known, head.size)?;
        let new = head.size - known;
        self.tell(Event::Head { head: head.clone(), new });
        told.into_iter().for_each(|event| self.tell(event));
        self.newest = Some((head, note));
        Ok(None)
    }

    /// A head that is smaller, and otherwise as it was.
    fn smaller(&self, head: Head, note: Vec<u8>) -> Result<Found, Failure> {
        let (origin, got) = (head.origin.clone(), head.size);
        let older = || cidery_verifier::VerifyError::Rollback { origin, got, seen: self.watch.tree.size() };
        let (Some((_, before)), Some(log_key)) = (&self.newest, signer(&self.log, &note)?) else {
            return Err(older().into());
        };
        let cosigner = *self.log.trust.cosigner();
        let kind = EvidenceKind::Rollback { cosigner, a: before.clone(), b: note };
        let evidence = Evidence { origin: self.log.origin.clone(), log_key, kind };
        match accuse::shows(&self.log, &evidence) {
            Some(shown) => Ok(Found { head, wrong: (&shown).into(), evidence: Some(evidence) }),
            // It may be an old answer that something on the way has kept.
            None => Err(older().into()),
        }
    }

    /// What shows that a head contradicts the highest one. Where the entries that it covers are not served, nothing does.
    async fn fork(&self, source: &Source, head: &Head, note: &[u8]) -> Result<Evidence, Failure> {
        let unshown = || accuse::not_of_the_root();
        let (newest, before) = self.newest.as_ref().ok_or_else(unshown)?;
        let keys = signer(&self.log, before)?.zip(signer(&self.log, note)?);
        let (ours_key, their_key) = keys.ok_or_else(unshown)?;
        let mut theirs = LogTree::default();
        if head.size != newest.size {
            let taken = |_, entries: Vec<Vec<u8>>| {
                for entry in &entries {
                    theirs.push_entry(entry);
                }
                Ok(())
            };
            source.bundles(0, head.size, taken).await?;
            if theirs.root() != *head.root {
                return Err(unshown());
            }
        }
        let (before, note) = (accuse::of_log(&self.log, before)?, accuse::of_log(&self.log, note)?);
        let ours = covered(&self.log, &ours_key, &before, newest.size, &self.watch.tree);
        let theirs = covered(&self.log, &their_key, &note, head.size, &theirs);
        let evidence = ours.fork(&theirs)?.ok_or_else(unshown)?;
        accuse::shows(&self.log, &evidence).map(|_| evidence).ok_or_else(unshown)
    }

    fn damaged(&self, reason: String) -> Failure {
        Failure::State { file: self.copy.dir().to_owned(), holds: "the log as far as it was seen", reason }
    }

    fn accuse(&self, Found { head, wrong, evidence }: Found) -> Result<Report, Failure> {
        let file = evidence.map(|evidence| accuse::write(self.copy.dir(), &evidence)).transpose()?;
        Ok(Report::new(head, &self.watch, Some(wrong), file))
    }

    fn report(&self) -> Result<Report, Failure> {
        let (head, _) = self.newest.as_ref().ok_or_else(accuse::not_of_the_root)?;
        Ok(Report::new(head.clone(), &self.watch, None, None))
    }

    fn tell(&self, event: Event) {
        self.context.output.outcome(&event.into());
    }
}

impl Found {
    fn fork(head: Head, evidence: Evidence) -> Self {
        let message = format!("two heads of `{}` contradict each other", head.origin);
        Found { head, wrong: Wrong::new(cidery_protocol::Code::LogFork, message), evidence: Some(evidence) }
    }
}

impl Event {
    fn of(record: &Record, index: u64) -> Self {
        let body = record.body();
        let (kind, version) = match &body.action {
            Action::Init(_) => ("init", None),
            Action::Rekey(_) => ("rekey", None),
            Action::Transfer(_) => ("transfer", None),
            Action::Release(release) => ("release", Some(&release.version)),
            Action::Yank(yank) => ("yank", Some(&yank.release.version)),
            Action::Attest(attest) => ("attest", Some(&attest.release.version)),
            _ => ("channel", None),
        };
        Event::Record {
            package: body.package.clone(),
            sequence: body.sequence,
            kind,
            version: version.map(ToString::to_string),
            record: Text(record.cid()),
            index,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Head { head, new } => {
                let time = Moment(head.time);
                write!(f, "{} has {} entries, {new} of them new, {time}", head.origin, head.size)
            }
            Event::Record { package, sequence, kind, version, index, .. } => {
                write!(f, "{package}: record {sequence}, {kind}")?;
                version.as_ref().map_or(Ok(()), |version| write!(f, " {version}"))?;
                write!(f, ", entry {index}")
            }
        }
    }
}

/// The end of what goes on until it is stopped.
#[derive(Serialize)]
struct Stopped {}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}
