//! What readers of packages need under a checkpoint, written before it is signed: states, pages of the map, and the map entry. And
//! what they don't need any more, deleted.

use bytes::Bytes;
use futures_util::future::join;

use super::{Sequencer, finish::settled, group::AT_ONCE};
use crate::{Blobs, Clock, Error, Etag, Sql, layout, packages::Mapped, stored::StoredPackage};

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// Writes the states and pages of the ledger's map that a checkpoint of `from` entries had not, and the ledger's last entry:
    /// the map's. `published` is the tag of the checkpoint that is known.
    pub(super) async fn write_states(&self, from: u64, published: &Etag) -> Result<(), Error> {
        let (packages, map) =
            join(self.write_packages(from, published), self.write_map(from, published)).await;
        packages.and(map)
    }

    /// The pages and the map entry alone.
    pub(super) async fn write_map(&self, from: u64, published: &Etag) -> Result<(), Error> {
        let (pages, entry) = join(self.write_pages(from, published), self.write_map_entry(published)).await;
        pages.and(entry)
    }

    async fn write_packages(&self, from: u64, published: &Etag) -> Result<(), Error> {
        let mut after = (from + 1, String::new());
        while let states = self.ledger.mapped_after(&after)?
            && let Some(last) = states.last()
        {
            after = last.after.clone();
            for some in states.chunks(AT_ONCE) {
                settled(some.iter().map(|mapped| async {
                    let key = layout::package(&mapped.package, &mapped.value);
                    self.write_uncovered(&key, self.stored(mapped)?, published).await
                }))
                .await?;
            }
        }
        Ok(())
    }

    async fn write_pages(&self, from: u64, published: &Etag) -> Result<(), Error> {
        let mut after = (from + 1, Vec::new());
        while let pages = self.ledger.pages_after(&after)?
            && let Some(last) = pages.last()
        {
            after = last.after.clone();
            for some in pages.chunks(AT_ONCE) {
                settled(some.iter().map(|page| async {
                    let (key, bytes) = (layout::map_page(&page.hash), Bytes::copy_from_slice(&page.bytes));
                    self.write_uncovered(&key, bytes, published).await
                }))
                .await?;
            }
        }
        Ok(())
    }

    async fn write_map_entry(&self, published: &Etag) -> Result<(), Error> {
        let size = self.ledger.size()?;
        let Some(last) = size.checked_sub(1) else { return Ok(()) };
        let (entry, _) = self.ledger.entry(last)?;
        self.write_uncovered(&layout::map_entry(size), entry.into(), published).await
    }

    /// Deletes what no head of `size` entries or more needs. It is done when the head after that one is shown: whoever has just
    /// read the one before finds it still there, and begins again where not (see `standing`).
    pub(super) async fn sweep(&self, size: u64) -> Result<(), Error> {
        while let keys = self.ledger.replaced(size)?
            && !keys.is_empty()
        {
            for some in keys.chunks(AT_ONCE) {
                settled(some.iter().map(|key| self.blobs.delete(key))).await?;
            }
            self.ledger.forget_replaced(&keys)?;
        }
        Ok(())
    }

    /// All that reads need of a package.
    fn stored(&self, Mapped { package, object, .. }: &Mapped) -> Result<Bytes, Error> {
        let (state, places) = (self.ledger.state_of(package)?, self.ledger.places(package)?);
        Ok(StoredPackage::new(object.clone(), state, places).encode()?.into())
    }
}
