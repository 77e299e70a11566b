//! The hashes of a proof as objects hold them: one after another in one byte string (SPEC §8.2).

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::Hash;

/// Bytes of a hash.
const BYTES: usize = 32;

/// Hashes, in an object one byte string of 32 bytes for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "ByteBuf", try_from = "ByteBuf")]
pub struct Hashes(pub Vec<Hash>);

impl Deref for Hashes {
    type Target = [Hash];

    fn deref(&self) -> &[Hash] {
        &self.0
    }
}

impl From<Vec<Hash>> for Hashes {
    fn from(hashes: Vec<Hash>) -> Self {
        Hashes(hashes)
    }
}

impl From<Hashes> for ByteBuf {
    fn from(hashes: Hashes) -> Self {
        ByteBuf::from(hashes.0.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>())
    }
}

impl TryFrom<ByteBuf> for Hashes {
    type Error = String;

    fn try_from(bytes: ByteBuf) -> Result<Self, String> {
        let (hashes, rest) = bytes.as_chunks::<BYTES>();
        if !rest.is_empty() {
            return Err(format!("hashes of {} bytes, wanted a multiple of 32", bytes.len()));
        }
        Ok(Hashes(hashes.iter().copied().map(Hash::from_bytes).collect()))
    }
}
