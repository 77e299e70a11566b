//! `POST /v1/publish` (SPEC §11.3) and `PUT /v1/blobs/{cid}` (SPEC §11.4).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_protocol::{Cid, Codec, Error as Refusal, limits};
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::{
    Admission, Blobs, Call, CommittedRelease, Error, Expected, Published, Registry, Reply, Request, Response,
    SequencerClient, Upload, layout,
    path::Query,
    publication::Publication,
    registry::{PUBLISH_BYTES, read_all},
};

impl<B: Blobs, L: SequencerClient> Registry<B, L> {
    /// What can be refused without knowing the package is refused here, and costs the sequencer nothing.
    pub(crate) async fn publish<U: Upload>(
        &self,
        length: Option<u64>,
        body: U,
    ) -> Result<Response<B::Body>, Error> {
        let body = read_all(length, body, PUBLISH_BYTES).await?;
        let publication = Publication::parse(&body)?;
        self.check_scope(&publication).await?;
        publication.check_beginning()?;
        match self.ask(Call::Publish(ByteBuf::from(body.to_vec()))).await? {
            Reply::Published(published) => Ok(answer(&published)),
            other => Err(unasked(&other)),
        }
    }

    /// Whoever may not begin a package costs no signature. One that has begun is there, whoever may begin one now.
    async fn check_scope(&self, publication: &Publication) -> Result<(), Error> {
        let Some(init) = publication.beginning() else { return Ok(()) };
        match self.scopes.check(init) {
            Err(_)
                if self.blobs.get(&layout::receipt(&init.cid()), limits::RECEIPT_BYTES).await?.is_some() =>
            {
                Ok(())
            }
            checked => checked,
        }
    }

    /// The steps:
    ///
    /// 1. A CID, a record, and an announced length.
    /// 2. The publish waits for the blob, and for a body of this length.
    /// 3. The body is hashed while it is stored, and shows only once all of it has agreed.
    /// 4. The sequencer is told what was found: also that the bytes are the right ones, and the manifest is wrong about them.
    pub(crate) async fn upload<U: Upload>(
        &self,
        blob: Cid,
        request: Request<U>,
    ) -> Result<Response<B::Body>, Error> {
        // (1)
        let query = Query::parse(&request.query, &["record"])?;
        let record =
            query.get::<Cid>("record")?.ok_or_else(|| Error::request("wanted the parameter `record`"))?;
        let record = record.expect(Codec::DagCbor)?;
        let length = request.content_length.ok_or_else(|| Error::request("wanted a content-length"))?;
        // (2)
        let Expected { expectation, stored } = match self.ask(Call::Expects { record, blob }).await? {
            Reply::Expected(expected) => expected,
            other => return Err(unasked(&other)),
        };
        if length != expectation.size {
            let wanted = expectation.size;
            return Err(Refusal::ModuleSize { path: blob.to_string(), got: length, wanted }.into());
        }
        // (3)
        let stored_now = self.blobs.store_blob(request.body, Admission::new(blob, expectation)).await;
        // (4)
        if let Err(Error::Refused(Refusal::ModuleEncoding { .. } | Refusal::ModuleSha256 { .. })) =
            &stored_now
        {
            // The answer is the refusal, whether its place is free again or only later.
            let _ = self.ask(Call::Unfit { record }).await;
        }
        let facts = stored_now?;
        match self.ask(Call::Uploaded { blob, facts }).await? {
            Reply::Recorded => {
                let status = if stored { 200 } else { 201 };
                Ok(Response::json(status, &json!({ "cid": blob.to_string(), "size": facts.size })))
            }
            other => Err(unasked(&other)),
        }
    }

    async fn ask(&self, call: Call) -> Result<Reply, Error> {
        match self.sequencer.call(call).await? {
            Reply::Refused(body) => Err(Error::Relayed(body)),
            reply => Ok(reply),
        }
    }
}

fn unasked(reply: &Reply) -> Error {
    let kind = match reply {
        Reply::Published(_) => "published",
        Reply::Expected(_) => "expected",
        Reply::Recorded => "recorded",
        Reply::Refused(_) => "refused",
    };
    Error::internal(format!("the sequencer answered another question: `{kind}`"))
}

fn answer<B>(published: &Published) -> Response<B> {
    match published {
        Published::Missing { record, blobs, expires } => {
            let blob = |(cid, size): &(Cid, u64)| json!({ "cid": cid.to_string(), "size": size });
            let blobs: Vec<_> = blobs.iter().map(blob).collect();
            let body = json!({
                "status": "missing", "record": record.to_string(), "blobs": blobs, "expires": expires,
            });
            Response::json(202, &body)
        }
        Published::Committed(committed) => {
            let mut body = json!({
                "status": "committed",
                "package": committed.package,
                "record": committed.record.to_string(),
                "sequence": committed.sequence,
                "index": committed.index,
                "receipt": STANDARD.encode(&committed.receipt),
            });
            if let Some(CommittedRelease { record, version, manifest }) = &committed.release {
                let (record, manifest) = (record.to_string(), manifest.to_string());
                body["release"] = json!({ "record": record, "version": version, "manifest": manifest });
            }
            Response::json(if committed.again { 200 } else { 201 }, &body)
        }
    }
}
