//! What follows a checkpoint: receipts, pages of package logs, and who carries the manifests of releases.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use bytes::Bytes;
use cidery_protocol::{
    Cid, PackageLog, PackageLogFormat, PackageName, Receipt, ReceiptFormat, log::inclusion_proof,
};
use futures_util::future::{join, join_all};
use serde_bytes::ByteBuf;

use super::{Cosigned, Sequencer, group::AT_ONCE};
use crate::{
    Blobs, Clock, Error, Sql,
    index::{self, Carrier, Carriers, TextCid},
    layout,
    ledger::{Logged, RECORDS_AT_ONCE},
};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Writes receipts, pages and carriers of everything in the published checkpoint that has none yet.
    pub(super) async fn finish(&self, published: &Cosigned) -> Result<(), Error> {
        let size = published.size;
        let mut from = self.ledger.finished()?;
        while from < size {
            let records: Vec<Logged> = self.ledger.records_from(from)?;
            self.finish_records(&records, published).await?;
            from = match records.last() {
                Some(last) if records.len() >= RECORDS_AT_ONCE => last.index + 1,
                _ => size,
            };
            self.ledger.set_finished(from)?;
        }
        Ok(())
    }

    /// Does so for some records.
    pub(super) async fn finish_records(&self, records: &[Logged], published: &Cosigned) -> Result<(), Error> {
        let (receipts, pages) =
            join(self.write_receipts(records, published), self.write_pages_of(records)).await;
        receipts.and(pages)?;
        self.write_carriers(records).await
    }

    async fn write_receipts(&self, records: &[Logged], published: &Cosigned) -> Result<(), Error> {
        for some in records.chunks(AT_ONCE) {
            let receipts = self.receipts(some, published)?;
            // A receipt that is there already stays: it is one of the same record.
            settled(
                receipts.iter().map(|(key, bytes)| async {
                    self.blobs.put_immutable(key, bytes.clone()).await.map(drop)
                }),
            )
            .await?;
        }
        Ok(())
    }

    /// The pages of package logs that these records are on.
    async fn write_pages_of(&self, records: &[Logged]) -> Result<(), Error> {
        let pages = records.iter().map(|record| (&record.package, record.sequence / layout::PAGE));
        let pages: Vec<_> = pages.collect::<BTreeSet<_>>().into_iter().collect();
        for some in pages.chunks(AT_ONCE) {
            settled(some.iter().map(|(name, number)| async {
                self.blobs.put(&layout::page(name, *number), self.page(name, *number)?).await?;
                Ok::<(), Error>(())
            }))
            .await?;
        }
        Ok(())
    }

    /// Each under the first checkpoint that covers it: as it was published, with its time, or, where a later one was published
    /// since, signed by the log alone. An old checkpoint never gets a new time.
    fn receipts(&self, records: &[Logged], published: &Cosigned) -> Result<Vec<(String, Bytes)>, Error> {
        let mut checkpoints = BTreeMap::from([(published.size, published.note.to_bytes())]);
        let mut receipts = Vec::with_capacity(records.len());
        for Logged { record, authority, index, .. } in records {
            let (entry, covered) = self.ledger.entry(*index)?;
            let checkpoint = match checkpoints.entry(covered) {
                Entry::Occupied(note) => note.into_mut(),
                Entry::Vacant(none) => {
                    none.insert(self.sign(covered, self.ledger.root(covered)?)?.to_bytes())
                }
            };
            let receipt = Receipt {
                format: ReceiptFormat::V1,
                chain: self.ledger.chain(*authority)?,
                record: ByteBuf::from(entry),
                index: *index,
                checkpoint: ByteBuf::from(checkpoint.as_slice()),
                inclusion: inclusion_proof(*index, covered, |node| self.ledger.node(node))?.into(),
            };
            receipts.push((layout::receipt(record), Bytes::from(receipt.encode()?)));
        }
        Ok(receipts)
    }

    /// A page of a package's log, as far as it goes.
    fn page(&self, name: &PackageName, number: u64) -> Result<Bytes, Error> {
        let from = number * layout::PAGE;
        let records = self.ledger.records_of(name, from, layout::PAGE)?;
        let entries = records.iter().map(|record| Ok(ByteBuf::from(self.ledger.entry(record.index)?.0)));
        let entries = entries.collect::<Result<Vec<_>, Error>>()?;
        let size = from + entries.len() as u64;
        Ok(PackageLog { format: PackageLogFormat::V1, from, size, entries }.encode()?.into())
    }

    /// Says who carries the manifests of these records' releases.
    async fn write_carriers(&self, records: &[Logged]) -> Result<(), Error> {
        let mut manifests = BTreeSet::new();
        for record in records {
            manifests.extend(self.ledger.release(&record.record)?.map(|release| release.manifest));
        }
        for some in manifests.iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            settled(some.iter().map(|manifest| async {
                Ok::<(), Error>(self.blobs.put(&layout::releases(manifest), self.carriers(manifest)?).await?)
            }))
            .await?;
        }
        Ok(())
    }

    fn carriers(&self, manifest: &Cid) -> Result<Bytes, Error> {
        let releases = self.ledger.releases_with(manifest)?.into_iter();
        let releases = releases.map(|release| Carrier { package: release.package, version: release.version });
        let carriers = Carriers { manifest: TextCid(*manifest), releases: releases.collect() };
        Ok(index::write(&carriers)?.into())
    }
}

/// Waits for every write, and then gives the first error: one that was let go could still land, on top of a later one.
pub(super) async fn settled<E>(
    writes: impl IntoIterator<Item = impl Future<Output = Result<(), E>>>,
) -> Result<(), E> {
    join_all(writes).await.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        future::{poll_fn, ready},
        pin::pin,
        task::Poll,
    };

    use futures_util::{FutureExt, future::Either};

    use super::settled;

    #[test]
    fn the_other_writes_have_ended_when_one_has_failed() {
        let polls = Cell::new(0);
        let late = poll_fn(|context| {
            polls.set(polls.get() + 1);
            context.waker().wake_by_ref();
            if polls.get() < 3 { Poll::Pending } else { Poll::Ready(Ok(())) }
        });
        let mut writes = pin!(settled([Either::Left(ready(Err("refused"))), Either::Right(late)]));
        let mut done = None;
        while done.is_none() {
            done = writes.as_mut().now_or_never();
        }
        assert_eq!((done, polls.get()), (Some(Err("refused")), 3));
    }
}
