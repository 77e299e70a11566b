//! Workers KV in front of R2, for small objects that never change: near to every reader, and sixty seconds behind. Being
//! behind shows only as a miss, which R2 answers; KV is written when R2 has answered, and its failures are misses, too.

use std::future::Future;

use bytes::Bytes;
use cidery_protocol::limits;
use cidery_registry::{
    Admission, BlobFacts, Blobs, Download, Error, Etag, Object, Put, StoreError, Upload, layout,
};
use worker::{
    Context, KvStore, ResponseBody, console_warn,
    send::{SendFuture, SendWrapper},
};

use crate::r2::R2;

/// How long KV keeps an object: what was stored wrongly is repaired in R2 and forgotten here. Seconds.
const KEPT: u64 = 24 * 60 * 60;

/// The most bytes that an object has which is kept in KV (SPEC §12).
const LARGEST: usize = if limits::MANIFEST_BYTES > limits::RECEIPT_BYTES {
    limits::MANIFEST_BYTES
} else {
    limits::RECEIPT_BYTES
};

/// R2, and KV in front of it.
pub(crate) struct Cached {
    r2: R2,
    kv: KvStore,
    context: Context,
}

impl Cached {
    /// What is written to KV is written in `context`, after the answer.
    pub(crate) fn new(r2: R2, kv: KvStore, context: Context) -> Self {
        Cached { r2, kv, context }
    }

    async fn cached(&self, key: &str) -> Result<Option<Object>, StoreError> {
        if let Ok(Some(bytes)) = self.kv.get(key).cache_ttl(KEPT).bytes().await {
            // No tag of R2: a replacement of what never changes is refused.
            return Ok(Some(Object { bytes: bytes.into(), etag: Etag(String::new()) }));
        }
        let object = self.r2.get(key, LARGEST).await?;
        if let Some(Object { bytes, .. }) = &object {
            self.keep(key, bytes);
        }
        Ok(object)
    }

    fn keep(&self, key: &str, bytes: &[u8]) {
        let (key, put) = (key.to_owned(), self.kv.put_bytes(key, bytes));
        self.context.wait_until(async move {
            let kept = match put {
                Ok(put) => put.expiration_ttl(KEPT).execute().await,
                Err(error) => Err(error),
            };
            if let Err(error) = kept {
                console_warn!("cannot keep `{key}` in KV: {error}");
            }
        });
    }
}

impl Blobs for Cached {
    type Body = SendWrapper<ResponseBody>;

    fn get(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Object>, StoreError>> + Send {
        SendFuture::new(async move {
            if layout::is_small_and_final(key) {
                self.cached(key).await
            } else {
                self.r2.get(key, limit).await
            }
        })
    }

    fn open(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Download<Self::Body>>, StoreError>> + Send {
        SendFuture::new(async move {
            if !layout::is_small_and_final(key) {
                return self.r2.open(key).await;
            }
            Ok(self.cached(key).await?.map(|Object { bytes, .. }| Download {
                length: bytes.len() as u64,
                body: SendWrapper(ResponseBody::Body(bytes.into())),
            }))
        })
    }

    fn put_immutable(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<Put, StoreError>> + Send {
        self.r2.put_immutable(key, bytes)
    }

    fn put(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.r2.put(key, bytes)
    }

    fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> impl Future<Output = Result<Option<Etag>, StoreError>> + Send {
        self.r2.replace(key, bytes, before)
    }

    fn store_blob<U: Upload>(
        &self,
        upload: U,
        admission: Admission,
    ) -> impl Future<Output = Result<BlobFacts, Error>> + Send {
        self.r2.store_blob(upload, admission)
    }

    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send {
        self.r2.list(prefix)
    }
}
