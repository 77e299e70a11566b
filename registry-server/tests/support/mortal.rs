//! A store that ends before or after a certain write.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use bytes::Bytes;
use cidery_registry::{
    Admission, BlobFacts, Blobs, Download, Error, Etag, Object, Put, StoreError, Upload, layout,
    memory::Memory,
};

/// A store that ends, with its process, at a certain write: before it, or after it and before anybody is told.
#[derive(Clone)]
pub(crate) struct Mortal {
    pub(crate) store: Memory,
    pub(crate) left: Arc<AtomicI64>,
    after: bool,
    /// The text of every checkpoint that was to be written, by its size.
    pub(crate) signed: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
}

impl Mortal {
    pub(crate) fn new(store: &Memory, writes: i64, after: bool) -> Self {
        let (left, signed) = (Arc::new(AtomicI64::new(writes)), Arc::default());
        Mortal { store: store.clone(), left, after, signed }
    }

    /// The same store for a process that does not end, and that signs into the same account.
    pub(crate) fn again(&self) -> Self {
        Mortal { left: Arc::new(AtomicI64::new(i64::MAX)), ..self.clone() }
    }

    /// # Panics
    /// Where two heads of one size were to be written.
    pub(crate) fn signed_one_head_of_each_size(&self, what: &str) {
        for (size, texts) in self.signed.lock().expect("no panic").iter() {
            assert_eq!(texts.len(), 1, "{what}: one root for the size {size}");
        }
    }

    fn dead() -> StoreError {
        StoreError::new("reach the store", "the process has ended")
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.left.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err(Mortal::dead()) }
    }

    async fn write<T, E: From<StoreError>>(&self, write: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            2.. => write.await,
            1 if self.after => {
                write.await?;
                Err(Mortal::dead().into())
            }
            _ => Err(Mortal::dead().into()),
        }
    }
}

impl Blobs for Mortal {
    type Body = Bytes;

    async fn get(&self, key: &str, limit: usize) -> Result<Option<Object>, StoreError> {
        self.alive()?;
        self.store.get(key, limit).await
    }

    async fn open(&self, key: &str) -> Result<Option<Download<Bytes>>, StoreError> {
        self.alive()?;
        self.store.open(key).await
    }

    async fn has(&self, key: &str) -> Result<bool, StoreError> {
        self.alive()?;
        self.store.has(key).await
    }

    async fn put_immutable(&self, key: &str, bytes: Bytes) -> Result<Put, StoreError> {
        self.write(self.store.put_immutable(key, bytes)).await
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.write(self.store.put(key, bytes)).await
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> Result<Option<Etag>, StoreError> {
        let text = String::from_utf8(bytes.to_vec()).expect("a note");
        let (text, _) = text.split_once("\n\n").expect("a note");
        let size = text.lines().nth(1).expect("a size").to_owned();
        self.signed.lock().expect("no panic").entry(size).or_default().insert(text.to_owned());
        assert!([layout::CHECKPOINT, layout::HEAD].contains(&key));
        self.write(self.store.replace(key, bytes, before)).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.write(self.store.delete(key)).await
    }

    async fn store_blob<U: Upload>(&self, upload: U, admission: Admission) -> Result<BlobFacts, Error> {
        self.write(self.store.store_blob(upload, admission)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.store.list(prefix).await
    }
}
