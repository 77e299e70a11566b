//! The newest head, and what is proven under it from tiles (SPEC §9.2).

use std::collections::BTreeMap;

use bytes::Bytes;
use cidery_protocol::{
    Since, limits,
    log::{
        Hash, Hashes, Node, Note, Tile, consistency_nodes, consistency_proof, inclusion_nodes,
        inclusion_proof,
    },
};
use futures_util::future::try_join_all;

use crate::{Blobs, Error, Registry, SequencerClient, layout, stored::damaged};

/// Bytes of a full tile.
const TILE_BYTES: usize = 256 * 32;

/// A checkpoint. Whoever is given it checks its signatures.
pub(crate) struct Tip {
    pub(crate) note: Bytes,
    pub(crate) size: u64,
}

/// The tiles of a tree that some proofs are made from.
pub(crate) struct Tiles {
    size: u64,
    tiles: BTreeMap<Tile, Bytes>,
}

impl Tip {
    fn parse(bytes: Bytes) -> Option<Self> {
        let size = Note::parse(&bytes).ok()?.text().lines().nth(1)?.parse().ok()?;
        Some(Tip { note: bytes, size })
    }
}

impl Tiles {
    /// The proof that the tree has the entry at an index.
    pub(crate) fn inclusion(&self, index: u64) -> Result<Vec<Hash>, Error> {
        inclusion_proof(index, self.size, |node| self.node(node))
    }

    /// That the tree continues one of `since` entries.
    pub(crate) fn since(&self, since: Option<u64>) -> Result<Option<Since>, Error> {
        let Some(size) = since else { return Ok(None) };
        let consistency = Hashes(consistency_proof(size, self.size, |node| self.node(node))?);
        Ok(Some(Since { size, consistency }))
    }

    fn node(&self, node: Node) -> Result<Hash, Error> {
        let tile = Tile::holding(node, self.size)?;
        let bytes = self.tiles.get(&tile);
        let bytes = bytes.ok_or_else(|| Error::internal("a tile that was not gathered"))?;
        Ok(tile.node(bytes, node).map_err(|error| damaged(&layout::log(&tile.path()), error))?)
    }
}

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// A published checkpoint: [`layout::CHECKPOINT`] or [`layout::HEAD`].
    pub(crate) async fn tip(&self, key: &str) -> Result<Tip, Error> {
        let object = self.blobs.get(key, limits::CHECKPOINT_BYTES).await?;
        let bytes = object.ok_or_else(|| damaged(key, "it is not there"))?.bytes;
        Ok(Tip::parse(bytes).ok_or_else(|| damaged(key, "it is no checkpoint"))?)
    }

    /// The tiles from which the inclusion of these entries in a tree is proven, and its consistency with one of `since`: each is
    /// read once, all at once. There are at most two for every 8 levels of the tree and each proof.
    pub(crate) async fn tiles(&self, size: u64, indexes: &[u64], since: Option<u64>) -> Result<Tiles, Error> {
        let mut nodes = Vec::new();
        for index in indexes {
            nodes.extend(inclusion_nodes(*index, size)?);
        }
        if let Some(since) = since {
            nodes.extend(consistency_nodes(since, size)?);
        }
        let tiles = nodes.into_iter().map(|node| Ok((Tile::holding(node, size)?, Bytes::new())));
        let mut tiles = tiles.collect::<Result<BTreeMap<_, _>, Error>>()?;
        try_join_all(tiles.iter_mut().map(|(tile, bytes)| async {
            let key = layout::log(&tile.path());
            let object = self.blobs.get(&key, TILE_BYTES).await?;
            *bytes = object.ok_or_else(|| damaged(&key, "it is not there"))?.bytes;
            Ok::<(), Error>(())
        }))
        .await?;
        Ok(Tiles { size, tiles })
    }
}
