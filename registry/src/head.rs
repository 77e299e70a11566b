//! The newest checkpoint, and what is proven under it from tiles (SPEC §9.2).

use std::collections::BTreeMap;

use bytes::Bytes;
use cidery_protocol::{
    Head, HeadFormat, Join, Since, Standing, limits,
    log::{Hash, Node, Note, Tile, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof},
};
use futures_util::future::try_join_all;
use serde_bytes::ByteBuf;

use crate::{Blobs, Error, Registry, SequencerClient, layout, stored::damaged};

/// Bytes of a full tile.
const TILE_BYTES: usize = 256 * 32;

/// The newest checkpoint. Whoever is given it checks its signatures.
pub(crate) struct Tip {
    note: Bytes,
    pub(crate) size: u64,
    /// When the cosigner signed it, seconds since 1970.
    pub(crate) time: u64,
}

impl Tip {
    fn parse(bytes: Bytes) -> Option<Self> {
        let note = Note::parse(&bytes).ok()?;
        let mut lines = note.text().lines();
        let (origin, size) = (lines.next()?, lines.next()?.parse().ok()?);
        let cosigner = format!("{origin}/cosigner");
        let times = note.signatures().iter().filter(|line| line.name() == cosigner);
        let times = times.filter_map(|line| Some(u64::from_be_bytes(*line.bytes().first_chunk()?)));
        Some(Tip { size, time: times.max()?, note: bytes })
    }
}

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    pub(crate) async fn tip(&self) -> Result<Tip, Error> {
        let key = layout::CHECKPOINT;
        let object = self.blobs.get(key, limits::CHECKPOINT_BYTES).await?;
        let bytes = object.ok_or_else(|| damaged(key, "it is not there"))?.bytes;
        Ok(Tip::parse(bytes).ok_or_else(|| damaged(key, "it is no checkpoint with a time"))?)
    }

    /// The head of the entry at `index`, with proofs of its inclusion, and of consistency with a tree of `since` entries.
    pub(crate) async fn head(
        &self,
        tip: Tip,
        index: u64,
        since: Option<u64>,
        standing: Standing,
    ) -> Result<Head, Error> {
        let size = tip.size;
        // Of a tree that is larger than this one, nothing can be shown: the client sees that it went back.
        let since = since.filter(|since| *since <= size);
        let mut nodes = inclusion_nodes(index, size)?;
        if let Some(since) = since {
            nodes.extend(consistency_nodes(since, size)?);
        }
        let tiles = self.tiles(&nodes, size).await?;
        let read = |node| -> Result<Hash, Error> {
            let tile = Tile::holding(node, size)?;
            let bytes = tiles.get(&tile).ok_or_else(|| Error::internal("a tile that was not gathered"))?;
            Ok(tile.node(bytes, node).map_err(|error| damaged(&layout::log(&tile.path()), error))?)
        };
        let since = since.map(|from| {
            Ok::<_, Error>(Since { size: from, consistency: consistency_proof(from, size, read)? })
        });
        Ok(Head {
            format: HeadFormat::V1,
            checkpoint: ByteBuf::from(tip.note.to_vec()),
            join: Join::Inclusion(inclusion_proof(index, size, read)?),
            standing,
            since: since.transpose()?,
        })
    }

    /// The tiles that hold these nodes, each read once, all at once: there are at most two for every 8 levels of the tree.
    async fn tiles(&self, nodes: &[Node], size: u64) -> Result<BTreeMap<Tile, Bytes>, Error> {
        let tiles = nodes.iter().map(|node| Ok((Tile::holding(*node, size)?, Bytes::new())));
        let mut tiles = tiles.collect::<Result<BTreeMap<_, _>, Error>>()?;
        try_join_all(tiles.iter_mut().map(|(tile, bytes)| async {
            let key = layout::log(&tile.path());
            let object = self.blobs.get(&key, TILE_BYTES).await?;
            *bytes = object.ok_or_else(|| damaged(&key, "it is not there"))?.bytes;
            Ok::<(), Error>(())
        }))
        .await?;
        Ok(tiles)
    }
}
