//! `GET /v1/packages/{package}/proof` (SPEC §9.6): the state of a package, or that there is none.

use cidery_protocol::{PackageName, PackageProof, PackageProofFormat};
use serde_bytes::ByteBuf;

use crate::{Blobs, Error, Registry, Response, SequencerClient, path::Query};

/// What it is sent as.
const PACKAGE_PROOF: &str = "application/vnd.cidery.package-proof+cbor";

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    pub(crate) async fn proof(&self, name: &PackageName, query: &str) -> Result<Response<B::Body>, Error> {
        let since = Query::parse(query, &["since"])?.number("since")?;
        let located = self.locate(name).await?;
        let (size, last) = (located.tip.size, located.last());
        // Of a tree that is larger than this one, nothing can be shown: the client sees that it went back.
        let since = since.filter(|since| *since <= size);
        let tiles = self.tiles(size, last.as_slice(), since).await?;
        let map = located.mapped.zip(last).map(|(mapped, last)| mapped.proof(last, &tiles)).transpose()?;
        let proof = PackageProof {
            format: PackageProofFormat::V1,
            checkpoint: ByteBuf::from(located.tip.note.to_vec()),
            map,
            state: located.stored.map(|stored| stored.object),
            since: tiles.since(since)?,
        };
        Ok(Response::fresh(200, PACKAGE_PROOF, proof.encode()?))
    }
}
