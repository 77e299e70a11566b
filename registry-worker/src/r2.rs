//! [`Blobs`] over an R2 bucket.

use std::future::Future;

use bytes::Bytes;
use cidery_registry::{
    Admission, BlobFacts, Blobs, Download, Error, Etag, Object, Put, StoreError, Upload, layout,
};
use futures_util::future::join;
use wasm_bindgen::JsValue;
use worker::{
    Bucket, Conditional, Data, Env,
    js_sys::{BigInt, Promise, Uint8Array},
    send::{SendFuture, SendWrapper},
    wasm_bindgen_futures::JsFuture,
    web_sys::WritableStreamDefaultWriter,
    worker_sys::FixedLengthStream,
};

use crate::{config::ConfigError, failure::cannot, http::ObjectBody};

/// The bucket's binding.
const BINDING: &str = "OBJECTS";

/// The bucket.
pub(crate) struct R2(SendWrapper<Bucket>);

impl Blobs for R2 {
    type Body = ObjectBody;

    fn get(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Object>, StoreError>> + Send {
        SendFuture::new(async move {
            self.read(key, limit).await.map_err(|error| cannot(format!("read `{key}`"), &error))
        })
    }

    fn open(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Download<Self::Body>>, StoreError>> + Send {
        SendFuture::new(async move {
            self.stream(key).await.map_err(|error| cannot(format!("read `{key}`"), &error))
        })
    }

    fn has(&self, key: &str) -> impl Future<Output = Result<bool, StoreError>> + Send {
        SendFuture::new(async move {
            let head = self.0.head(key).await;
            Ok(head.map_err(|error| cannot(format!("read `{key}`"), &error))?.is_some())
        })
    }

    fn put_immutable(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<Put, StoreError>> + Send {
        SendFuture::new(async move {
            let failed = |error| cannot(format!("write `{key}`"), &error);
            if self.write(key, bytes.to_vec(), Some(absent())).await.map_err(failed)?.is_some() {
                return Ok(Put::Stored);
            }
            let same = self.holds(key, &bytes).await.map_err(failed)?;
            Ok(if same { Put::Same } else { Put::Different })
        })
    }

    fn put(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send {
        SendFuture::new(async move {
            let written = self.write(key, bytes.to_vec(), None).await;
            written.map(drop).map_err(|error| cannot(format!("write `{key}`"), &error))
        })
    }

    fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> impl Future<Output = Result<Option<Etag>, StoreError>> + Send {
        let condition = match before {
            None => absent(),
            Some(Etag(tag)) => Conditional { etag_matches: Some(tag.clone()), ..Conditional::default() },
        };
        SendFuture::new(async move {
            let written = self.write(key, bytes.to_vec(), Some(condition)).await;
            written.map_err(|error| cannot(format!("write `{key}`"), &error))
        })
    }

    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        SendFuture::new(async move {
            self.0.delete(key).await.map_err(|error| cannot(format!("delete `{key}`"), &error))
        })
    }

    /// R2 stores a body of announced length when its last byte has come, and nothing of one that breaks off. So the bytes are
    /// passed on as they come, and those that complete the blob only after the verdict.
    fn store_blob<U: Upload>(
        &self,
        mut upload: U,
        mut admission: Admission,
    ) -> impl Future<Output = Result<BlobFacts, Error>> + Send {
        SendFuture::new(async move {
            let key = layout::blob(&admission.cid());
            let failed = |error| cannot(format!("write `{key}`"), &error);
            let there = self.has(&key).await?;
            // Nothing of an empty blob could be held back.
            if there || admission.size() == 0 {
                let (facts, _) = judge(&mut upload, &mut admission, async |_| ()).await?;
                if !there {
                    self.put_immutable(&key, Bytes::new()).await?;
                }
                return Ok(facts);
            }
            let (pipe, body) = Pipe::new(admission.size()).map_err(failed)?;
            let put = async {
                let put = self.write(&key, body, Some(absent())).await;
                pipe.abort().await; // R2 need not read to the end of what it doesn't take
                put
            };
            let passed_on = async {
                let judged = judge(&mut upload, &mut admission, async |bytes| pipe.write(&bytes).await).await;
                match &judged {
                    Ok((_, last)) => pipe.close(last).await,
                    Err(_) => pipe.abort().await,
                }
                judged
            };
            let (put, judged) = join(put, passed_on).await;
            let (facts, _) = judged?;
            put.map_err(failed)?;
            Ok(facts)
        })
    }

    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send {
        SendFuture::new(async move {
            self.keys(prefix).await.map_err(|error| cannot(format!("list `{prefix}`"), &error))
        })
    }
}

impl R2 {
    /// The bucket that the Worker is bound to.
    pub(crate) fn new(env: &Env) -> Result<Self, ConfigError> {
        env.bucket(BINDING).map(|bucket| R2(SendWrapper(bucket))).map_err(ConfigError::unbound(BINDING))
    }

    async fn read(&self, key: &str, limit: usize) -> Result<Option<Object>, worker::Error> {
        let Some(object) = self.0.get(key).execute().await? else { return Ok(None) };
        if object.size() > limit as u64 {
            return Err(format!("it has {} bytes, wanted at most {limit}", object.size()).into());
        }
        let body = object.body().ok_or("R2 gave no body")?;
        Ok(Some(Object { bytes: body.bytes().await?.into(), etag: Etag(object.etag()) }))
    }

    async fn stream(&self, key: &str) -> Result<Option<Download<ObjectBody>>, worker::Error> {
        let Some(object) = self.0.get(key).execute().await? else { return Ok(None) };
        let body = object.body().ok_or("R2 gave no body")?.response_body()?;
        Ok(Some(Download { length: object.size(), body: SendWrapper(body) }))
    }

    async fn holds(&self, key: &str, bytes: &[u8]) -> Result<bool, worker::Error> {
        let size = self.0.head(key).await?.map(|object| object.size());
        if size != Some(bytes.len() as u64) {
            return Ok(false);
        }
        Ok(self.read(key, bytes.len()).await?.is_some_and(|object| object.bytes == bytes))
    }

    /// Writes an object and gives its tag; `None` where the condition does not hold.
    async fn write(
        &self,
        key: &str,
        data: impl Into<Data>,
        condition: Option<Conditional>,
    ) -> Result<Option<Etag>, worker::Error> {
        let mut put = self.0.put(key, data);
        if let Some(condition) = condition {
            put = put.only_if(condition);
        }
        Ok(put.execute().await?.map(|object| Etag(object.etag())))
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, worker::Error> {
        let (mut keys, mut cursor) = (Vec::new(), None);
        loop {
            let mut page = self.0.list().prefix(prefix);
            if let Some(cursor) = cursor {
                page = page.cursor(cursor);
            }
            let page = page.execute().await?;
            keys.extend(page.objects().iter().map(worker::Object::key));
            cursor = page.cursor();
            if cursor.is_none() {
                keys.sort();
                return Ok(keys);
            }
        }
    }
}

/// The condition that there is no object yet.
fn absent() -> Conditional {
    Conditional { etag_does_not_match: Some("*".to_owned()), ..Conditional::default() }
}

/// Reads a body to its end and judges it. `pass` gets all of it but the bytes that complete the blob, which come with the
/// verdict.
async fn judge<U: Upload>(
    upload: &mut U,
    admission: &mut Admission,
    mut pass: impl AsyncFnMut(Bytes),
) -> Result<(BlobFacts, Bytes), Error> {
    let mut last = Bytes::new();
    while let Some(bytes) = upload.next().await? {
        admission.push(&bytes)?;
        if admission.missing() > 0 {
            pass(bytes).await;
        } else if !bytes.is_empty() {
            last = bytes;
        }
    }
    Ok((admission.finish()?, last))
}

/// The writing end of a body that R2 reads while it is written. Whether the object was stored is what the put says, so nothing
/// here fails.
struct Pipe(WritableStreamDefaultWriter);

impl Pipe {
    /// A body of `length` bytes, and the end that they are written to.
    fn new(length: u64) -> Result<(Self, Data), worker::Error> {
        let stream = FixedLengthStream::new_big_int(BigInt::from(length))?;
        Ok((Pipe(stream.writable().get_writer()?), stream.readable().into()))
    }

    async fn write(&self, bytes: &[u8]) {
        settled(self.0.write_with_chunk(&Uint8Array::from(bytes))).await;
    }

    async fn close(&self, last: &[u8]) {
        self.write(last).await;
        settled(self.0.close()).await;
    }

    async fn abort(&self) {
        settled(self.0.abort_with_reason(&JsValue::from_str("refused"))).await;
    }
}

async fn settled(promise: Promise) {
    let _ = JsFuture::from(promise).await;
}
