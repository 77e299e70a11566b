//! The seams to a host: objects, SQL, a request's body, and the time. Everything that a registry needs of its surroundings is
//! here.

use std::future::Future;

use bytes::Bytes;

use crate::{Admission, BlobFacts, Error};

/// A store of objects under keys (see [`layout`](crate::layout)), strongly consistent: what was written is read from then on.
pub trait Blobs: Send + Sync {
    /// What the host sends to a client: an object's bytes that have not been read yet.
    type Body: Send + 'static;

    /// The object, if it is there. At most `limit` bytes are read; a larger object is an error.
    fn get(&self, key: &str, limit: usize)
    -> impl Future<Output = Result<Option<Object>, StoreError>> + Send;

    /// The object as a body that the host can pass on without touching its bytes, with its length.
    fn open(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Download<Self::Body>>, StoreError>> + Send;

    /// Whether an object is there.
    fn has(&self, key: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes an object that never changes. Where the key is taken, nothing is written.
    fn put_immutable(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<Put, StoreError>> + Send;

    /// Writes an object whatever was there. A reader sees the old one or the new one, never a part of either.
    fn put(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes an object in the place of the one with the tag `before`, or of none. `None` where something else is there now,
    /// and then nothing is written. Check and write are one step.
    fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        before: Option<&Etag>,
    ) -> impl Future<Output = Result<Option<Etag>, StoreError>> + Send;

    /// Removes an object. Where there is none, nothing happens.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Streams a blob to its key. The bytes go through [`Admission::push`], and they are under the key only after
    /// [`Admission::finish`] has agreed: until then, and after any refusal or abort, the store is what it was. A blob that is
    /// there already is read and judged all the same, and left as it is.
    ///
    /// # Errors
    /// What the admission or the upload says, and [`Error::Store`].
    fn store_blob<U: Upload>(
        &self,
        upload: U,
        admission: Admission,
    ) -> impl Future<Output = Result<BlobFacts, Error>> + Send;

    /// All keys that begin with `prefix`, sorted. For tests and for people; no request needs it.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;
}

/// The body of a request, as its host reads it.
pub trait Upload: Send + 'static {
    /// The next bytes; `None` at the end. Chunks have a size that the host can hold in memory.
    ///
    /// # Errors
    /// [`Error::Request`] where the client's body breaks off, is of another length than was announced, or comes too slowly.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send;
}

/// An object that was read, with the tag for [`Blobs::replace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Bytes,
    /// The tag of exactly this content under this key.
    pub etag: Etag,
}

/// An object that the host sends by itself.
#[derive(Debug)]
pub struct Download<B> {
    /// Its bytes' number.
    pub length: u64,
    /// The host's stream of them.
    pub body: B,
}

/// The tag of an object's content. Only its store gives it a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(pub String);

/// What became of an object that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written.
    Stored,
    /// The same bytes were there.
    Same,
    /// Other bytes were there, and still are.
    Different,
}

/// A SQLite database that only the sequencer writes. Calls do not wait: a Durable Object's SQL and an embedded SQLite are both
/// synchronous. Statements keep to what both take: one statement a call, `?1` parameters, at most 100 of them, STRICT tables.
pub trait Sql: Send + Sync {
    /// Runs one statement and gives its rows.
    ///
    /// # Errors
    /// What the database says.
    fn exec(&self, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, StoreError>;

    /// Runs `work`, whose statements are kept together or, where it fails, not at all. Transactions are not nested.
    ///
    /// # Errors
    /// Those of `work`, and what the database says.
    fn transaction<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error>;
}

/// A value in a row. Integers stay within ±2^53, so that every host keeps them exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

/// The time.
pub trait Clock: Send + Sync {
    /// Seconds since 1970.
    fn now(&self) -> u64;
}

/// A storage that failed: what was tried, and what it said.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct StoreError {
    action: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// That `action`, such as "write `log/checkpoint`", failed because of `source`.
    pub fn new(
        action: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        StoreError { action: action.into(), source: source.into() }
    }
}
