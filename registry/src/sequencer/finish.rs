//! What follows a checkpoint: receipts, and the indexes that make releases visible.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use bytes::Bytes;
use cidery_protocol::{Cid, PackageName, Receipt, ReceiptFormat, log::inclusion_proof};
use futures_util::future::join_all;
use serde_bytes::ByteBuf;

use super::{Cosigned, Sequencer, group::AT_ONCE};
use crate::{
    Blobs, Clock, Error, Sql,
    index::{self, Carrier, Carriers, IndexRelease, PackageIndex, TextCid, TextKey},
    layout,
    ledger::Logged,
};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Writes receipts and then indexes of everything in the published checkpoint that has none yet.
    pub(super) async fn finish(&self, published: &Cosigned) -> Result<(), Error> {
        let size = published.size;
        let mut from = self.ledger.finished()?;
        while from < size {
            let releases: Vec<Logged> = self.ledger.releases_from(from)?;
            let receipts = self.receipts(&releases, published)?;
            for some in receipts.chunks(AT_ONCE) {
                // A receipt that is there already stays: it is one of the same release.
                settled(some.iter().map(|(key, bytes)| async {
                    self.blobs.put_immutable(key, bytes.clone()).await.map(drop)
                }))
                .await?;
            }
            let packages: BTreeSet<&PackageName> = releases.iter().map(|release| &release.package).collect();
            let manifests: BTreeSet<&Cid> = releases.iter().map(|release| &release.manifest).collect();
            let mut indexes = Vec::new();
            for manifest in manifests {
                indexes.push((layout::releases(manifest), self.carriers(manifest)?));
            }
            for name in packages {
                indexes.push((layout::package(name), self.package_index(name)?));
            }
            for some in indexes.chunks(AT_ONCE) {
                settled(some.iter().map(|(key, bytes)| self.blobs.put(key, bytes.clone()))).await?;
            }
            from = releases.last().map_or(size, |release| release.index + 1);
            self.ledger.set_finished(from)?;
        }
        Ok(())
    }

    /// Each under the first checkpoint that covers it: as it was published, with its time, or, where a later one was published
    /// since, signed by the log alone. An old checkpoint never gets a new time.
    fn receipts(&self, releases: &[Logged], published: &Cosigned) -> Result<Vec<(String, Bytes)>, Error> {
        let mut checkpoints = BTreeMap::from([(published.size, published.note.to_bytes())]);
        let mut receipts = Vec::with_capacity(releases.len());
        for release in releases {
            let (entry, covered) = self.ledger.entry(release.index)?;
            let checkpoint = match checkpoints.entry(covered) {
                Entry::Occupied(note) => note.into_mut(),
                Entry::Vacant(none) => {
                    none.insert(self.sign(covered, self.ledger.root(covered)?)?.to_bytes())
                }
            };
            let receipt = Receipt {
                format: ReceiptFormat::V1,
                chain: vec![ByteBuf::from(self.ledger.authority_of(&release.package)?)],
                release: ByteBuf::from(entry),
                index: release.index,
                checkpoint: ByteBuf::from(checkpoint.as_slice()),
                inclusion: inclusion_proof(release.index, covered, |node| self.ledger.node(node))?,
            };
            receipts.push((layout::receipt(&release.record), Bytes::from(receipt.encode()?)));
        }
        Ok(receipts)
    }

    /// The index of SPEC §11.2.
    fn package_index(&self, name: &PackageName) -> Result<Bytes, Error> {
        let package = self.package(name)?;
        let state = package.state;
        let releases = self.ledger.releases_of(name)?.into_iter().map(|release| IndexRelease {
            version: release.version,
            record: TextCid(release.record),
            manifest: TextCid(release.manifest),
            index: release.index,
            sequence: release.sequence,
        });
        let index = PackageIndex {
            package: name.clone(),
            origin: self.house.origin.clone(),
            sequence: state.sequence,
            newest: TextCid(state.newest),
            authority: TextCid(state.authority.cid),
            init: TextCid(package.init),
            keys: state.authority.keys.into_iter().map(TextKey).collect(),
            threshold: state.authority.threshold,
            releases: releases.collect(),
        };
        Ok(index::write(&index)?.into())
    }

    fn carriers(&self, manifest: &Cid) -> Result<Bytes, Error> {
        let releases = self.ledger.releases_with(manifest)?.into_iter();
        let releases = releases.map(|release| Carrier { package: release.package, version: release.version });
        let carriers = Carriers { manifest: TextCid(*manifest), releases: releases.collect() };
        Ok(index::write(&carriers)?.into())
    }

    fn package(&self, name: &PackageName) -> Result<crate::ledger::Package, Error> {
        let package = self.ledger.package(name)?;
        package.ok_or_else(|| Error::internal(format!("`{name}` has releases and no state")))
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
