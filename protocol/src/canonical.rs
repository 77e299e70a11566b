//! The only place that encodes and decodes objects: strict canonical DAG-CBOR (SPEC §1.3).

use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// Encodes `object`. Map keys are sorted, integers and lengths are minimal, and CIDs are tag 42.
///
/// # Errors
/// [`Error::Cbor`] where the object has no DAG-CBOR form; none of this crate's types is such an object.
pub(crate) fn encode<T: Serialize>(what: &'static str, object: &T) -> Result<Vec<u8>, Error> {
    serde_ipld_dagcbor::to_vec(object).map_err(|error| Error::Cbor { what, reason: error.to_string() })
}

/// Decodes `bytes`, which may be at most `limit` long, and refuses every form but the one that [`encode`] gives:
/// so two byte strings never mean the same object.
///
/// # Errors
/// [`Error::Limit`] or [`Error::Cbor`].
pub(crate) fn decode<T: Serialize + DeserializeOwned>(
    what: &'static str,
    limit: usize,
    bytes: &[u8],
) -> Result<T, Error> {
    within(what, limit, bytes.len())?;
    let object: T = serde_ipld_dagcbor::from_slice(bytes)
        .map_err(|error| Error::Cbor { what, reason: error.to_string() })?;
    if encode(what, &object)? != bytes {
        return Err(Error::Cbor { what, reason: "the encoding is not the canonical one".to_owned() });
    }
    Ok(object)
}

/// # Errors
/// [`Error::Limit`] where `got` is over `limit`.
pub(crate) fn within(what: &'static str, limit: usize, got: usize) -> Result<(), Error> {
    if got > limit { Err(Error::Limit { what, got: got as u64, limit: limit as u64 }) } else { Ok(()) }
}
