//! Serves packages. (The map of the crate follows with its handlers.)

mod admission;
mod error;
mod http;
pub mod layout;
mod store;
mod wire;

pub use admission::{Admission, BlobFacts, Expectation};
pub use error::{Error, ErrorBody, status};
pub use http::{Body, Request, Response};
pub use store::{Blobs, Clock, Download, Etag, Object, Put, Sql, StoreError, Upload, Value};
pub use wire::{Call, Committed, Expected, Ledger, MESSAGE_BYTES, Published, Reply};
