//! Keys and hashes of the tree.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Cid, PackageName, log::Hash};

/// Where a package stands: the SHA-256 of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MapKey(Hash);

impl MapKey {
    /// Bits of a key, and the depth of the deepest leaf.
    pub const BITS: usize = 256;

    /// The key of a package.
    pub fn of(package: &PackageName) -> Self {
        MapKey(Hash::from_bytes(Sha256::digest(package.to_string()).into()))
    }

    /// Takes any 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        MapKey(Hash::from_bytes(bytes))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The bit that says where the key goes at a depth, from 0 at the root: `true` is right.
    pub(super) fn bit(&self, depth: usize) -> bool {
        self.as_bytes().get(depth / 8).is_some_and(|byte| byte >> (7 - depth % 8) & 1 == 1)
    }

    /// Whether the two go the same way down to a depth.
    pub(super) fn agrees(&self, other: &MapKey, depth: usize) -> bool {
        (0..depth.min(Self::BITS)).all(|at| self.bit(at) == other.bit(at))
    }
}

/// A package in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapLeaf {
    /// Where it stands.
    pub key: MapKey,
    /// The CID of its [`StateObject`](crate::StateObject).
    pub value: Cid,
}

impl MapLeaf {
    /// SHA-256 of `02`, the key and the 36 bytes of the CID.
    pub(super) fn hash(&self) -> Hash {
        let hasher = Sha256::new().chain_update([2]).chain_update(self.key.as_bytes());
        Hash::from_bytes(hasher.chain_update(self.value.to_bytes()).finalize().into())
    }
}

/// The hash of a node: SHA-256 of `03` and the hashes of its children.
pub(super) fn node(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new().chain_update([3]).chain_update(left.as_bytes());
    Hash::from_bytes(hasher.chain_update(right.as_bytes()).finalize().into())
}

/// The hash of a place where nothing is, and the root of the map without packages: 32 bytes of zero.
pub const fn empty_map() -> Hash {
    Hash::from_bytes([0; 32])
}
