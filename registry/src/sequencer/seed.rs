//! Many packages at once: a log of a size that single publishes would take days to reach, to measure how a registry grows.

use bytes::Bytes;
use cidery_protocol::{Cid, Codec, PackageName, SignedRecord};

use super::{Sequencer, finish::settled, group::AT_ONCE, publish::known};
use crate::{Blobs, Clock, Error, Etag, Sql, layout, ledger::Step, stored::StoredPackage};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Logs `count` records as one group of a log that has none, and publishes it. The records of a package follow one another.
    ///
    /// All of it is what publishes come to, and is made by the same code: the ledger, the entries and tiles, the map, the
    /// signatures. Left out are small objects of which there would be millions: only the packages that are `shown` have their states,
    /// receipts, carriers and pages of records in the store, and can be read. Manifests and blobs are for the caller to store. Who may
    /// begin a package is not asked.
    ///
    /// # Errors
    /// As [`Sequencer::start`]; `record.…` where a record may not follow; [`Error::Internal`] where the log is not empty or
    /// `count` is not the number of records. Nothing is logged then.
    pub async fn seed(
        &self,
        count: u64,
        records: impl IntoIterator<Item = SignedRecord>,
        shown: &[PackageName],
    ) -> Result<(), Error> {
        let mut head = self.head.lock().await;
        self.published(&mut head).await?;
        // 1. the ledger
        let time = self.group_time(&head)?;
        self.log_seed(count, records, time)?;
        // 2. what is read under a checkpoint
        let (size, published) = (count + 1, &known(&head)?.etag);
        self.write_tiles(0, size, published).await?;
        self.write_map(0, published).await?;
        for some in shown.chunks(AT_ONCE) {
            settled(some.iter().map(|name| self.write_state(name, published))).await?;
        }
        // 3. the checkpoint
        let cosigned = self.cosign(self.sign(size, self.ledger.root(size)?)?, size, time)?;
        self.replace(&mut head, cosigned).await?;
        // 4. what follows it
        let published = &known(&head)?.cosigned;
        for some in shown.chunks(AT_ONCE) {
            let records = some.iter().map(|name| self.ledger.records_of(name, 0, layout::PAGE));
            let records = records.collect::<Result<Vec<_>, _>>()?.concat();
            self.finish_records(&records, published).await?;
        }
        self.ledger.set_finished(size)?;
        self.show(&mut head).await
    }

    fn log_seed(
        &self,
        count: u64,
        records: impl IntoIterator<Item = SignedRecord>,
        time: u64,
    ) -> Result<(), Error> {
        let wrong = |what: &str, got| Err(Error::internal(format!("a seed with {got} {what}")));
        self.ledger.transaction(|| {
            if let before @ 1.. = self.ledger.size()? {
                return wrong("entries before it", before);
            }
            let (mut state, covered) = (None, count + 1);
            for record in records {
                if record.record().body().sequence == 0 {
                    state = None;
                }
                self.ledger.append(&Step::apply(&mut state, record, time)?, covered)?;
            }
            match self.ledger.size()? {
                size if size == count => self.ledger.append_map(time, covered).map(drop),
                size => wrong("other records than announced", size),
            }
        })
    }

    async fn write_state(&self, name: &PackageName, published: &Etag) -> Result<(), Error> {
        let (state, places) = (self.ledger.state_of(name)?, self.ledger.places(name)?);
        let object = state.object().encode()?;
        let key = layout::package(name, &Cid::of(Codec::DagCbor, &object));
        let stored = StoredPackage::new(object, state, places).encode()?;
        self.write_uncovered(&key, Bytes::from(stored), published).await
    }
}
