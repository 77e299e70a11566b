//! A store in memory: for tests, and the model of what the others must do.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Bytes, BytesMut};

use crate::{Admission, BlobFacts, Blobs, Download, Error, Etag, Object, Put, StoreError, Upload, layout};

/// Objects in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
}

impl Memory {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same content has the same tag, as in stores that hash.
fn etag(bytes: &[u8]) -> Etag {
    Etag(blake3::hash(bytes).to_string())
}

impl Blobs for Memory {
    type Body = Bytes;

    async fn get(&self, key: &str, limit: usize) -> Result<Option<Object>, StoreError> {
        let Some(bytes) = self.objects().get(key).cloned() else { return Ok(None) };
        if bytes.len() > limit {
            let reason = format!("it has {} bytes, at most {limit} are read", bytes.len());
            return Err(StoreError::new(format!("read `{key}`"), reason));
        }
        Ok(Some(Object { etag: etag(&bytes), bytes }))
    }

    async fn open(&self, key: &str) -> Result<Option<Download<Bytes>>, StoreError> {
        let body = self.objects().get(key).cloned();
        Ok(body.map(|body| Download { length: body.len() as u64, body }))
    }

    async fn has(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.objects().contains_key(key))
    }

    async fn put_immutable(&self, key: &str, bytes: Bytes) -> Result<Put, StoreError> {
        let mut objects = self.objects();
        match objects.get(key) {
            Some(stored) if *stored == bytes => Ok(Put::Same),
            Some(_) => Ok(Put::Different),
            None => {
                objects.insert(key.to_owned(), bytes);
                Ok(Put::Stored)
            }
        }
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.objects().insert(key.to_owned(), bytes);
        Ok(())
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> Result<Option<Etag>, StoreError> {
        let mut objects = self.objects();
        if objects.get(key).map(|stored| etag(stored)).as_ref() != before {
            return Ok(None);
        }
        let after = etag(&bytes);
        objects.insert(key.to_owned(), bytes);
        Ok(Some(after))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.objects().remove(key);
        Ok(())
    }

    async fn store_blob<U: Upload>(
        &self,
        mut upload: U,
        mut admission: Admission,
    ) -> Result<BlobFacts, Error> {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = upload.next().await? {
            admission.push(&chunk)?;
            bytes.extend_from_slice(&chunk);
        }
        let facts = admission.finish()?;
        self.put(&layout::blob(&admission.cid()), bytes.freeze()).await?;
        Ok(facts)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.objects().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

/// A body in memory, in the chunks in which it is handed out.
#[derive(Clone, Debug)]
pub struct Chunks(std::vec::IntoIter<Result<Bytes, String>>);

impl Chunks {
    /// A body of these bytes, `size` at a time.
    pub fn of(bytes: &[u8], size: usize) -> Self {
        let chunks = bytes.chunks(size.max(1)).map(|chunk| Ok(Bytes::copy_from_slice(chunk)));
        Chunks(chunks.collect::<Vec<_>>().into_iter())
    }

    /// The same body, breaking off where it would have ended.
    pub fn broken(self) -> Self {
        let aborted = Err("the body broke off".to_owned());
        Chunks(self.0.chain([aborted]).collect::<Vec<_>>().into_iter())
    }
}

impl Upload for Chunks {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.next().transpose().map_err(Error::request)
    }
}
