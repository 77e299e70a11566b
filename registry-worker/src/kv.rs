//! Workers KV beside R2, for small objects that never change: near to every reader, and up to a minute behind. The sequencer
//! copies what it has stored, handlers ask KV first. Being behind or failing shows only as a miss, which R2 answers. What is
//! taken out of R2 by hand has to be taken out of KV, too.

use std::future::Future;

use bytes::Bytes;
use cidery_registry::{
    Admission, BlobFacts, Blobs, Download, Error, Etag, Object, Put, StoreError, Upload, layout,
};
use worker::{
    Env, KvStore, ResponseBody, console_warn,
    send::{SendFuture, SendWrapper},
    wasm_bindgen_futures::spawn_local,
};

use crate::{config::ConfigError, http::ObjectBody, r2::R2};

/// The KV namespace's binding.
const BINDING: &str = "CACHE";

/// R2, and copies in KV.
pub(crate) struct Objects {
    r2: R2,
    kv: KvStore,
    reader: Reader,
}

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A handler, of anything at any time: KV is asked first.
    Handler,
    /// The sequencer, of what it has just written: R2 alone is asked. KV would remember that it had nothing yet.
    Sequencer,
}

impl Objects {
    /// The bucket and the namespace that the Worker is bound to.
    pub(crate) fn new(env: &Env, reader: Reader) -> Result<Self, ConfigError> {
        let kv = env.kv(BINDING).map_err(ConfigError::unbound(BINDING))?;
        Ok(Objects { r2: R2::new(env)?, kv, reader })
    }

    /// The copy, if there is one that may be read.
    async fn copy(&self, key: &str) -> Option<Bytes> {
        if self.reader == Reader::Sequencer || !layout::is_small_and_final(key) {
            return None;
        }
        self.kv.get(key).bytes().await.unwrap_or_else(|error| missed("read", key, &error)).map(Bytes::from)
    }

    /// Copies an object without waiting for it.
    fn keep(&self, key: &str, bytes: &[u8]) {
        if !layout::is_small_and_final(key) {
            return;
        }
        let (key, put) = (key.to_owned(), self.kv.put_bytes(key, bytes));
        spawn_local(async move {
            let kept = match put {
                Ok(put) => put.execute().await.map(Some),
                Err(error) => Err(error),
            };
            kept.unwrap_or_else(|error| missed("write", &key, &error));
        });
    }
}

fn missed<T>(action: &str, key: &str, error: &worker::KvError) -> Option<T> {
    console_warn!("cannot {action} `{key}` in KV: {error}");
    None
}

impl Blobs for Objects {
    type Body = ObjectBody;

    fn get(
        &self,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Object>, StoreError>> + Send {
        SendFuture::new(async move {
            match self.copy(key).await.filter(|bytes| bytes.len() <= limit) {
                // It has no tag of R2's: what never changes is never replaced.
                Some(bytes) => Ok(Some(Object { bytes, etag: Etag(String::new()) })),
                None => self.r2.get(key, limit).await,
            }
        })
    }

    fn open(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Download<Self::Body>>, StoreError>> + Send {
        SendFuture::new(async move {
            let Some(bytes) = self.copy(key).await else { return self.r2.open(key).await };
            let length = bytes.len() as u64;
            Ok(Some(Download { length, body: SendWrapper(ResponseBody::Body(bytes.into())) }))
        })
    }

    fn has(&self, key: &str) -> impl Future<Output = Result<bool, StoreError>> + Send {
        self.r2.has(key)
    }

    fn put_immutable(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<Put, StoreError>> + Send {
        SendFuture::new(async move {
            let put = self.r2.put_immutable(key, bytes.clone()).await?;
            if put != Put::Different {
                self.keep(key, &bytes);
            }
            Ok(put)
        })
    }

    fn put(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send {
        SendFuture::new(async move {
            self.r2.put(key, bytes.clone()).await?;
            self.keep(key, &bytes);
            Ok(())
        })
    }

    fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> impl Future<Output = Result<Option<Etag>, StoreError>> + Send {
        self.r2.replace(key, bytes, before)
    }

    /// What has copies in KV is final, and nobody deletes it.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.r2.delete(key)
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
