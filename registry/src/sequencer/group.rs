//! Closing a group: everything that is queued becomes one checkpoint.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cidery_protocol::{Cid, PackageName, PackageState};
use futures_util::future::try_join_all;

use super::{GROUP, Sequencer, Tip, Waiting, finish::settled, publish::shown_size};
use crate::{Blobs, Clock, Error, Put, Reply, Sql, layout, ledger::Step, publication::Publication};

/// Objects that are written at once.
pub(super) const AT_ONCE: usize = 16;

/// What a group does with one publish.
enum Verdict {
    /// Its records are appended.
    Appended(Vec<Step>),
    /// It is in the log already, or in this group.
    Again,
    Refused(Error),
}

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Closes a group of what is queued, answers each publish in it, and deletes what the head before had replaced. Nothing happens
    /// where nothing waits.
    ///
    /// # Errors
    /// Where the group failed as a whole: then whoever waited has been told the same. Or where something could not be deleted.
    pub async fn close_group(&self) -> Result<(), Error> {
        let mut head = self.head.lock().await;
        let group: Vec<Waiting> = {
            let mut queue = self.queued();
            let end = queue.len().min(GROUP);
            queue.drain(..end).collect()
        };
        if group.is_empty() {
            return Ok(());
        }
        let shown = shown_size(&head);
        let (mut replies, failed) = match self.close(&mut head, &group).await {
            Ok(replies) => (replies.into_iter(), None),
            Err(error) => (Vec::new().into_iter(), Some(error)),
        };
        for waiting in group {
            let reply = match &failed {
                Some(error) => Some(Reply::Refused(error.body())),
                None => replies.next(),
            };
            if let Some(reply) = reply {
                // Nobody may be listening any more: what was logged stays logged.
                let _ = waiting.answer.send(reply);
            }
        }
        match failed {
            Some(error) => Err(error),
            // Nobody waits for what nobody needs.
            None => self.sweep(shown).await,
        }
    }

    async fn close(&self, head: &mut Option<Tip>, group: &[Waiting]) -> Result<Vec<Reply>, Error> {
        self.published(head).await?;
        // A group that was logged and not published comes first: receipts name the first checkpoint that covers them.
        self.publish_log(head).await?;
        // 1. who wins
        let time = self.group_time(head)?;
        let verdicts = self.judge(group.iter().map(|waiting| &waiting.publication), time)?;
        let appended = || {
            group.iter().zip(&verdicts).filter_map(|(waiting, verdict)| match verdict {
                Verdict::Appended(steps) => Some((&waiting.publication, steps)),
                _ => None,
            })
        };
        // 2. manifests
        for some in appended().collect::<Vec<_>>().chunks(AT_ONCE) {
            settled(some.iter().map(|(publication, _)| self.store_manifest(publication))).await?;
        }
        // 3. the ledger
        let steps: Vec<&Step> = appended().flat_map(|(_, steps)| steps).collect();
        self.ledger.append_group(&steps, time)?;
        // 4. to 7. the log
        self.publish_log(head).await?;
        // 8. answers
        let answers = group.iter().zip(verdicts).map(|(waiting, verdict)| async {
            let again = match verdict {
                Verdict::Refused(error) => return Ok(Reply::Refused(error.body())),
                Verdict::Again => true,
                Verdict::Appended(_) => false,
            };
            let publication = &waiting.publication;
            let logged = self.ledger.record(&publication.cid())?;
            let logged = logged.ok_or_else(|| Error::internal("a record was logged and is not there"))?;
            Ok(Reply::Published(self.committed(publication, logged, again).await?))
        });
        try_join_all(answers).await
    }

    /// The time of what is logged now: not before any entry, nor before the head, which readers believe.
    pub(super) fn group_time(&self, head: &Option<Tip>) -> Result<u64, Error> {
        let shown = head.as_ref().map_or(0, |tip| tip.cosigned.time);
        Ok(self.time_after(self.ledger.newest_time()?).max(self.time_after(shown)))
    }

    /// Applies each publication on top of those before it, at one time.
    fn judge<'p>(
        &self,
        publications: impl Iterator<Item = &'p Publication>,
        time: u64,
    ) -> Result<Vec<Verdict>, Error> {
        let mut packages = BTreeMap::<PackageName, Option<PackageState>>::new();
        let mut appended = BTreeSet::new();
        let mut verdicts = Vec::new();
        for publication in publications {
            let known = |cid: &Cid| Ok(appended.contains(cid) || self.ledger.record(cid)?.is_some());
            let passed = publication.passed(known)?;
            if passed == publication.len() {
                verdicts.push(Verdict::Again);
                continue;
            }
            let name = publication.package();
            let before = match packages.remove(name) {
                Some(state) => state,
                None => self.ledger.package(name)?,
            };
            let (verdict, state) = match publication.follow(passed, before.clone(), time, &self.house) {
                Err(error) => (Verdict::Refused(error), before),
                Ok((steps, after)) => {
                    appended.extend(steps.iter().map(|step| step.record.record().cid()));
                    (Verdict::Appended(steps), after)
                }
            };
            packages.insert(name.clone(), state);
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    async fn store_manifest(&self, publication: &Publication) -> Result<(), Error> {
        let Some(manifest) = &publication.manifest else { return Ok(()) };
        let (key, bytes) = (layout::manifest(&manifest.cid()), Bytes::copy_from_slice(manifest.bytes()));
        match self.blobs.put_immutable(&key, bytes.clone()).await? {
            Put::Stored | Put::Same => Ok(()),
            // It would not be what its CID says. A second writing repairs what a disk has spoiled.
            Put::Different => Ok(self.blobs.put(&key, bytes).await?),
        }
    }
}
