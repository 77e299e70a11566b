//! The first half of a publish: what can be refused is refused, what lacks blobs waits for them, and the rest goes to the queue
//! (SPEC §11.3, §11.4).

use std::collections::BTreeMap;

use cidery_protocol::{Cid, limits};
use futures_channel::oneshot;
use serde_bytes::ByteBuf;

use super::{GROUP, GROUP_BYTES, Received, Sequencer, Ticket, Waiting};
use crate::{
    Blobs, Clock, Committed, CommittedRelease, Error, Expected, Published, Reply, Sql, layout,
    ledger::Logged,
    pending::Pending,
    publication::{Publication, is_about},
};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// The steps are those of SPEC §11.3.
    pub(super) async fn publish(&self, body: &[u8]) -> Result<Received, Error> {
        // (1) what can be judged without knowing the package
        let publication = Publication::parse(body)?;
        self.ensure_started().await?;
        let (cid, name) = (publication.cid(), publication.package());
        // (2) the same records again are the same answer
        let passed = publication.passed(|cid| Ok(self.ledger.record(cid)?.is_some()))?;
        if passed == publication.len()
            && let Some(logged) = self.ledger.record(&cid)?
        {
            if logged.index < self.ledger.finished()? {
                return Ok(self.committed(&publication, logged, true).await?.into());
            }
            return self.enqueue(publication);
        }
        // (3) signatures and state, and what is said of releases that are there
        let package = self.ledger.package(name)?;
        let time = self.time_after(self.ledger.newest_time()?);
        publication.follow(passed, package, time, &self.house)?;
        self.check_statements(&publication).await?;
        // (4) blobs: those that are there must be what this manifest says of them
        let mut missing = BTreeMap::new();
        for (blob, expected) in &publication.blobs {
            let Some(facts) = self.ledger.blob(blob)? else {
                missing.insert(*blob, expected);
                continue;
            };
            if let Err(refusal) = expected.met_by(blob, &facts) {
                self.ledger.forget_pending(&cid)?;
                return Err(refusal.into());
            }
        }
        if missing.is_empty() {
            return self.enqueue(publication);
        }
        // (5) the rest is waited for
        let now = self.clock.now();
        if self.ledger.rivals_of(name, &cid, now)? >= limits::PENDING_PUBLISHES {
            return Err(Error::UploadPending { package: name.clone(), limit: limits::PENDING_PUBLISHES });
        }
        let (sequence, expires) = (publication.sequence(passed), now + limits::PENDING_SECONDS);
        let pending = Pending { record: cid, package: name, sequence, missing: &missing, expires };
        self.ledger.add_pending(&pending, now)?;
        let blobs = missing.into_iter().map(|(blob, expected)| (blob, expected.size)).collect();
        Ok(Published::Missing { record: cid, blobs, expires }.into())
    }

    pub(super) async fn expects(&self, record: Cid, blob: Cid) -> Result<Reply, Error> {
        self.ensure_started().await?;
        let expectation = self.ledger.expectation(&record, &blob, self.clock.now())?;
        let expectation = expectation.ok_or(Error::UploadUnexpected { blob, record })?;
        Ok(Reply::Expected(Expected { expectation, stored: self.ledger.blob(&blob)?.is_some() }))
    }

    pub(super) async fn committed(
        &self,
        publication: &Publication,
        logged: Logged,
        again: bool,
    ) -> Result<Published, Error> {
        let Logged { record, package, sequence, index, .. } = logged;
        let receipt = self.blobs.get(&layout::receipt(&record), limits::RECEIPT_BYTES).await?;
        let receipt =
            receipt.ok_or_else(|| Error::internal(format!("the receipt of {record} is not stored")))?;
        let receipt = ByteBuf::from(receipt.bytes.to_vec());
        let release = publication.release().map(|(record, release)| CommittedRelease {
            record,
            version: release.version.clone(),
            manifest: release.manifest,
        });
        let committed = Committed { again, package, record, sequence, index, receipt, release };
        Ok(Published::Committed(Box::new(committed)))
    }

    fn enqueue(&self, publication: Publication) -> Result<Received, Error> {
        let (answer, ticket) = oneshot::channel();
        let mut queue = self.queued();
        if queue.len() >= GROUP {
            return Err(Error::Busy { what: "publishes", limit: GROUP });
        }
        let bytes = |publication: &Publication| {
            publication.manifest.as_ref().map_or(0, |manifest| manifest.bytes().len())
        };
        let waiting: usize = queue.iter().map(|waiting| bytes(&waiting.publication)).sum();
        if waiting + bytes(&publication) > GROUP_BYTES {
            return Err(Error::Busy { what: "bytes of manifests", limit: GROUP_BYTES });
        }
        queue.push(Waiting { publication, answer });
        Ok(Received::Queued(Ticket(ticket)))
    }

    /// Whether statements about releases that are in the log are about their manifests.
    async fn check_statements(&self, publication: &Publication) -> Result<(), Error> {
        for attest in publication.attests_of_others() {
            if let Some(release) = self.ledger.release(&attest.release.record)? {
                is_about(&self.manifest(release.manifest).await?, &*attest.statement.subject)?;
            }
        }
        Ok(())
    }
}

impl From<Reply> for Received {
    fn from(reply: Reply) -> Self {
        Received::Reply(reply)
    }
}

impl From<Published> for Received {
    fn from(published: Published) -> Self {
        Received::Reply(Reply::Published(published))
    }
}
