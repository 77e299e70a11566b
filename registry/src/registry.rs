//! The handlers: which request is answered by what.

use bytes::{Bytes, BytesMut};
use cidery_protocol::{Error as Refusal, PackageName, limits};

use crate::{
    Blobs, Body, Error, Request, Response, ScopePolicy, SequencerClient, Upload, index, layout,
    path::{Query, Route},
    stored::INDEX_BYTES,
};

/// What indexes are sent as.
const JSON: &str = "application/json";

/// What a manifest is sent as.
const MANIFEST: &str = "application/vnd.cidery.manifest+cbor";
/// What a receipt is sent as.
const RECEIPT: &str = "application/vnd.cidery.receipt+cbor";
/// What bytes are sent as that only their path explains: blobs, tiles and entry bundles.
pub(crate) const BYTES: &str = "application/octet-stream";
/// What a checkpoint is sent as.
const NOTE: &str = "text/plain; charset=utf-8";

/// A registry over a store of objects and the way to its sequencer. Reads are answered from the store alone.
#[derive(Clone, Debug)]
pub struct Registry<B, L> {
    pub(crate) blobs: B,
    pub(crate) sequencer: L,
    pub(crate) scopes: ScopePolicy,
}

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// The registry of the log whose objects are in `blobs`, and which `sequencer` writes. `scopes` are the sequencer's own,
    /// who has the say: here they keep work from it.
    pub fn new(blobs: B, sequencer: L, scopes: ScopePolicy) -> Self {
        Registry { blobs, sequencer, scopes }
    }

    /// Answers a request. Refusals and failures are answers, too.
    pub async fn handle<U: Upload>(&self, mut request: Request<U>) -> Response<B::Body> {
        let is_head = request.method == "HEAD";
        if is_head {
            request.method = "GET".to_owned();
        }
        let response = self.route(request).await.unwrap_or_else(|error| Response::from(&error));
        if is_head { response.without_body() } else { response }
    }

    /// The table of SPEC §11.1.
    async fn route<U: Upload>(&self, request: Request<U>) -> Result<Response<B::Body>, Error> {
        let route = Route::parse(&request.path)?;
        match (request.method.as_str(), route) {
            ("GET", Route::Resolve(name)) => self.resolve(&name, &request.query).await,
            ("GET", Route::Proof(name)) => self.proof(&name, &request.query).await,
            ("GET", Route::PackageLog(name)) => self.package_log(&name, &request.query).await,
            ("PUT", Route::Blob(cid)) => self.upload(cid, request).await,
            (method, route) => {
                Query::parse(&request.query, &[])?;
                match (method, route) {
                    ("GET", Route::Log) => self.document(layout::KEYS, JSON, "log").await,
                    ("GET", Route::Checkpoint) => self.document(layout::CHECKPOINT, NOTE, "checkpoint").await,
                    ("GET", Route::Tile(tile)) => self.tile(&tile).await,
                    ("GET", Route::Bundle(bundle)) => self.bundle(&bundle).await,
                    ("GET", Route::Package(name)) => self.package(&name).await,
                    ("GET", Route::Carriers(cid)) => {
                        let what = format!("release with the manifest {cid}");
                        self.document(&layout::releases(&cid), JSON, &what).await
                    }
                    ("GET", Route::Manifest(cid)) => {
                        self.object(&layout::manifest(&cid), MANIFEST, &format!("manifest {cid}")).await
                    }
                    ("GET", Route::Receipt(cid)) => {
                        self.object(&layout::receipt(&cid), RECEIPT, &format!("receipt of {cid}")).await
                    }
                    ("GET", Route::Blob(cid)) => {
                        self.object(&layout::blob(&cid), BYTES, &format!("blob {cid}")).await
                    }
                    ("POST", Route::Publish) => self.publish(request.content_length, request.body).await,
                    (got, route) => Err(Error::Method {
                        path: request.path.chars().take(100).collect(),
                        got: got.chars().take(20).collect(),
                        allowed: route.methods(),
                    }),
                }
            }
        }
    }

    /// The package as it stands under the newest head.
    async fn package(&self, name: &PackageName) -> Result<Response<B::Body>, Error> {
        let stored = self.locate(name).await?.package(name)?;
        Ok(Response::fresh(200, JSON, index::write(&stored.summary())?))
    }

    /// An object that changes.
    async fn document(&self, key: &str, content_type: &str, what: &str) -> Result<Response<B::Body>, Error> {
        let object = self.blobs.get(key, INDEX_BYTES).await?.ok_or_else(|| Error::not_found(what))?;
        Ok(Response::fresh(200, content_type, object.bytes))
    }

    /// An object that never changes, passed on as it is.
    pub(crate) async fn object(
        &self,
        key: &str,
        content_type: &str,
        what: &str,
    ) -> Result<Response<B::Body>, Error> {
        let download = self.blobs.open(key).await?.ok_or_else(|| Error::not_found(what))?;
        Ok(Response::immutable(content_type, Body::Stream(download)))
    }
}

/// Reads a whole body, unless it is longer than `limit`: that is known from its announced length, or one chunk later.
pub(crate) async fn read_all<U: Upload>(
    length: Option<u64>,
    mut body: U,
    limit: usize,
) -> Result<Bytes, Error> {
    let over =
        |got| Error::from(Refusal::Limit { what: "bytes of a publish request", got, limit: limit as u64 });
    if let Some(length) = length.filter(|length| *length > limit as u64) {
        return Err(over(length));
    }
    let mut bytes = BytesMut::with_capacity(length.unwrap_or_default() as usize);
    while let Some(chunk) = body.next().await? {
        if chunk.len() > limit - bytes.len() {
            return Err(over((bytes.len() + chunk.len()) as u64));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The bound on what is read of a publish request.
pub(crate) const PUBLISH_BYTES: usize = limits::PUBLISH_BYTES;
