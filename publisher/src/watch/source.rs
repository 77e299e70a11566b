//! Where a log is read: the checkpoint, the tiles and the entry bundles of C2SP tlog-tiles, below an address or in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use cidery_protocol::limits;
use cidery_protocol::log::{Bundle, Hash, Tile, consistency_nodes, consistency_proof, decode_bundle};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::client::Registry;
use crate::failure::Failure;
use crate::release::CONCURRENCY;

/// Entries of a full bundle.
const FULL: u16 = 256;
/// Bytes of a full bundle of the largest entries, each after two bytes of length.
const BUNDLE_BYTES: u64 = FULL as u64 * (2 + limits::ENTRY_BYTES as u64);
/// Bytes of a full tile.
const TILE_BYTES: u64 = FULL as u64 * 32;

/// A place where a log is served. Nothing that comes from it is trusted.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Below an address.
    Served { at: Registry, prefix: &'static str },
    /// In a folder.
    Folder(PathBuf),
}

impl Source {
    /// The log of a registry.
    pub(crate) fn of(registry: &Registry) -> Self {
        Source::Served { at: registry.clone(), prefix: "v1/" }
    }

    /// An address or a folder.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub(crate) fn named(from: &str) -> Result<Self, Failure> {
        if from.starts_with("http://") || from.starts_with("https://") {
            return Ok(Source::Served { at: Registry::new(from)?, prefix: "" });
        }
        Ok(Source::Folder(PathBuf::from(from)))
    }

    /// The newest checkpoint, a signed note.
    pub(crate) async fn checkpoint(&self) -> Result<Vec<u8>, Failure> {
        self.read("checkpoint", limits::CHECKPOINT_BYTES as u64).await
    }

    /// The entries of a bundle.
    pub(crate) async fn bundle(&self, bundle: Bundle) -> Result<Vec<Vec<u8>>, Failure> {
        let (width, full) = (bundle.width(), Bundle::new(bundle.index(), FULL)?);
        let read = match self.read(&bundle.path(), BUNDLE_BYTES).await {
            Ok(bytes) => Ok((bytes, width)),
            // Where the log has grown, the partial one may be gone.
            Err(failure) if width < FULL => match self.read(&full.path(), BUNDLE_BYTES).await {
                Ok(bytes) => Ok((bytes, FULL)),
                Err(_) => Err(failure),
            },
            Err(failure) => Err(failure),
        };
        let (bytes, there) = read?;
        let entries = decode_bundle(&bytes, there)?;
        Ok(entries[..usize::from(width)].iter().map(|entry| entry.to_vec()).collect())
    }

    /// The bundles of a tree of `size` entries, from the one with entry `from` on, in their order; several are read at once.
    ///
    /// # Errors
    /// What `each` says, or the place.
    pub(crate) async fn bundles(
        &self,
        from: u64,
        size: u64,
        mut each: impl FnMut(Bundle, Vec<Vec<u8>>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let full = u64::from(FULL);
        let read = |index: u64| async move {
            let bundle = Bundle::holding(index * full, size)?;
            Ok::<_, Failure>((bundle, self.bundle(bundle).await?))
        };
        let mut bundles = stream::iter((from / full..size.div_ceil(full)).map(read)).buffered(CONCURRENCY);
        while let Some((bundle, entries)) = bundles.try_next().await? {
            each(bundle, entries)?;
            // A folder never waits, and whoever wants to stop must be heard.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Some entries of a tree of `size`, by their indexes.
    pub(crate) async fn entries(
        &self,
        indexes: &[u64],
        size: u64,
    ) -> Result<BTreeMap<u64, Vec<u8>>, Failure> {
        let mut by_bundle: BTreeMap<Bundle, Vec<u64>> = BTreeMap::new();
        for index in indexes {
            by_bundle.entry(Bundle::holding(*index, size)?).or_default().push(*index);
        }
        let read = |(bundle, indexes): (Bundle, Vec<u64>)| async move {
            let mut entries = self.bundle(bundle).await?;
            let wanted = indexes.into_iter().map(|index| {
                let at = (index - bundle.entries().start) as usize;
                (index, std::mem::take(&mut entries[at]))
            });
            Ok::<_, Failure>(wanted.collect::<Vec<_>>())
        };
        let read = stream::iter(by_bundle.into_iter().map(read)).buffer_unordered(CONCURRENCY);
        Ok(read.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }

    /// The proof that the tree of `to` entries continues that of `from`, made from tiles.
    pub(crate) async fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, Failure> {
        let tiles = consistency_nodes(from, to)?.into_iter().map(|node| Tile::holding(node, to));
        let tiles = tiles.collect::<Result<std::collections::BTreeSet<_>, _>>()?;
        let read = |tile: Tile| async move {
            let bytes = self.read(&tile.path(), TILE_BYTES).await?;
            Ok::<_, Failure>((tile, bytes))
        };
        let read = stream::iter(tiles.into_iter().map(read)).buffer_unordered(CONCURRENCY);
        let tiles: BTreeMap<Tile, Vec<u8>> = read.try_collect().await?;
        consistency_proof(from, to, |node| {
            let tile = Tile::holding(node, to)?;
            Ok(tile.node(tiles.get(&tile).map_or(&[][..], Vec::as_slice), node)?)
        })
    }

    async fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Failure> {
        match self {
            Source::Served { at, prefix } => at.file(&format!("{prefix}{path}"), limit).await,
            Source::Folder(folder) => {
                let file = folder.join(path);
                let failed = |error| Failure::file("read", &file)(error);
                let got = fs::metadata(&file).map_err(failed)?.len();
                if got > limit {
                    let what = "bytes of a file of a log";
                    return Err(cidery_protocol::Error::Limit { what, got, limit }.into());
                }
                fs::read(&file).map_err(failed)
            }
        }
    }
}
