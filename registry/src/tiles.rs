//! The tree's tiles and the entries, as C2SP tlog-tiles serves them (SPEC §11.7).

use cidery_protocol::log::{Bundle, Tile};

use crate::{Blobs, Error, Registry, Response, SequencerClient, layout, registry::BYTES};

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    pub(crate) async fn tile(&self, tile: &Tile) -> Result<Response<B::Body>, Error> {
        let size = self.tip(layout::CHECKPOINT).await?.size;
        let is_covered = tile.nodes().last().is_some_and(|last| Tile::holding(last, size).is_ok());
        self.covered(&tile.path(), is_covered).await
    }

    pub(crate) async fn bundle(&self, bundle: &Bundle) -> Result<Response<B::Body>, Error> {
        let size = self.tip(layout::CHECKPOINT).await?.size;
        self.covered(&bundle.path(), bundle.entries().end <= size).await
    }

    /// An object of the log, which is final once the published checkpoint covers it. Those of a group that is being written are
    /// there before its checkpoint, and are replaced where that group is lost: whoever kept one of these for a year would see
    /// another log. So the checkpoint is read first, and the object after it.
    async fn covered(&self, path: &str, is_covered: bool) -> Result<Response<B::Body>, Error> {
        let what = format!("`{path}` in the published log");
        if !is_covered {
            return Err(Error::not_found(what));
        }
        self.object(&layout::log(path), BYTES, &what).await
    }
}
