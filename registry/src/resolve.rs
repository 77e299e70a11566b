//! `GET /v1/packages/{package}/resolve` (SPEC §9, §11.1): from stored objects alone.

use std::collections::BTreeMap;

use bytes::Bytes;
use cidery_protocol::{
    Head, HeadFormat, Join, PackageName, Range, Receipt, Resolution, ResolutionFormat, Since, Version,
    limits,
    log::{Hash, Node, Note, Tile, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof},
};
use futures_util::future::try_join_all;
use serde_bytes::ByteBuf;

use crate::{
    Blobs, Error, Registry, Response, SequencerClient, StoreError,
    index::{self, INDEX_BYTES, IndexRelease, PackageIndex},
    layout,
    path::Query,
};

/// What a resolution is sent as.
const RESOLUTION: &str = "application/vnd.cidery.resolution+cbor";
/// Bytes of a full tile.
const TILE_BYTES: usize = 256 * 32;

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// The steps, in an order in which each object covers the one before:
    ///
    /// 1. The greatest release that satisfies the request, from the package's index.
    /// 2. Its receipt.
    /// 3. The newest checkpoint. Indexes are written after checkpoints, so it covers the release.
    /// 4. Its inclusion there, and consistency with the size that the client named, from tiles.
    pub(crate) async fn resolve(&self, name: &PackageName, query: &str) -> Result<Response<B::Body>, Error> {
        let query = Query::parse(query, &["range", "version", "since"])?;
        let (range, version) = (query.get::<Range>("range")?, query.get::<Version>("version")?);
        let since = query.number("since")?;
        if range.is_some() == version.is_some() {
            return Err(Error::request("wanted one of the parameters `range` and `version`"));
        }
        // (1)
        let key = layout::package(name);
        let object = self.blobs.get(&key, INDEX_BYTES).await?;
        let object = object.ok_or_else(|| Error::not_found(format!("package `{name}`")))?;
        let index: PackageIndex = index::read(&key, &object.bytes)?;
        let wanted = match &range {
            Some(range) => range.newest(index.releases.iter().map(|release| &release.version)).cloned(),
            None => version.clone(),
        };
        let release = index.releases.iter().find(|release| Some(&release.version) == wanted.as_ref());
        let release = release.ok_or_else(|| {
            let asked = range.map_or_else(|| version.map(|v| v.to_string()), |range| Some(range.to_string()));
            Error::not_found(format!("release of `{name}` that satisfies `{}`", asked.unwrap_or_default()))
        })?;
        // (2)
        let receipt = self.receipt(release).await?;
        // (3)
        let checkpoint = self.blobs.get(layout::CHECKPOINT, limits::CHECKPOINT_BYTES).await?;
        let checkpoint = checkpoint.ok_or_else(|| damaged(layout::CHECKPOINT, "it is not there"))?.bytes;
        let size = size_of(&checkpoint)?;
        if release.index >= size {
            return Err(damaged(&key, "it names a release that no checkpoint covers"));
        }
        // (4)
        let head = self.head(release.index, size, since, checkpoint).await?;
        let (receipt, head) = (ByteBuf::from(receipt.to_vec()), ByteBuf::from(head.encode()?));
        let resolution = Resolution { format: ResolutionFormat::V1, receipt, head }.encode()?;
        Ok(Response::fresh(200, RESOLUTION, resolution))
    }

    async fn receipt(&self, release: &IndexRelease) -> Result<Bytes, Error> {
        let key = layout::receipt(&release.record.0);
        let object = self.blobs.get(&key, limits::RECEIPT_BYTES).await?;
        let bytes = object.ok_or_else(|| damaged(&key, "it is not there"))?.bytes;
        let receipt = Receipt::decode(&bytes).map_err(|error| damaged(&key, error))?;
        if receipt.index != release.index {
            return Err(damaged(&key, "it is of another entry than the index says"));
        }
        Ok(bytes)
    }

    async fn head(
        &self,
        index: u64,
        size: u64,
        since: Option<u64>,
        checkpoint: Bytes,
    ) -> Result<Head, Error> {
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
            tile.node(bytes, node).map_err(|error| damaged(&layout::log(&tile.path()), error))
        };
        let since = since.map(|from| {
            Ok::<_, Error>(Since { size: from, consistency: consistency_proof(from, size, read)? })
        });
        Ok(Head {
            format: HeadFormat::V1,
            checkpoint: ByteBuf::from(checkpoint.to_vec()),
            join: Join::Inclusion(inclusion_proof(index, size, read)?),
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

/// The size in a stored checkpoint. Whoever is given it checks its signatures.
fn size_of(checkpoint: &[u8]) -> Result<u64, Error> {
    let note = Note::parse(checkpoint).map_err(|error| damaged(layout::CHECKPOINT, error))?;
    let size = note.text().lines().nth(1).and_then(|size| size.parse().ok());
    size.ok_or_else(|| damaged(layout::CHECKPOINT, "it is no checkpoint"))
}

/// What is stored is not what the sequencer wrote.
fn damaged(key: &str, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    StoreError::new(format!("read `{key}`"), reason).into()
}
