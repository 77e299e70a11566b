//! The Merkle tree of RFC 6962 §2.1 over SHA-256, and the check of its proofs (SPEC §8).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, canonical::within, limits};

/// A SHA-256 hash: of a leaf, a node or a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "serde_bytes::ByteArray<32>", from = "serde_bytes::ByteArray<32>")]
pub struct Hash([u8; 32]);

impl Hash {
    /// Takes any 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Hash(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    /// Lower-case hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl From<Hash> for serde_bytes::ByteArray<32> {
    fn from(hash: Hash) -> Self {
        serde_bytes::ByteArray::new(hash.0)
    }
}

impl From<serde_bytes::ByteArray<32>> for Hash {
    fn from(bytes: serde_bytes::ByteArray<32>) -> Self {
        Hash(bytes.into_array())
    }
}

/// The hash of a leaf: SHA-256 of `00` and the entry's bytes.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// The hash of an inner node: SHA-256 of `01` and the hashes of its children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of the tree without entries: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The root of the tree of `size` entries in which `proof` places `leaf` at `index`.
///
/// A proof has exactly one length for each index and size, so no bytes of it are left unread.
///
/// # Errors
/// [`Error::Proof`] where the index lies outside of the tree or the proof has another length;
/// [`Error::Limit`] where it has more than [`limits::PROOF_HASHES`] hashes.
pub fn root_from_inclusion(index: u64, size: u64, leaf: Hash, proof: &[Hash]) -> Result<Hash, Error> {
    let refused = |reason| Error::Proof { what: "inclusion", reason };
    check_length(proof)?;
    if index >= size {
        return Err(refused("the index lies outside of the tree"));
    }
    let path = Path::new(index, size);
    if proof.len() != path.inner + path.border {
        return Err(refused("another number of hashes than index and size ask for"));
    }
    let (inner, border) = proof.split_at(path.inner);
    Ok(join_left(join_inner(leaf, inner, index), border))
}

/// Checks that the tree of `size` entries with `root` holds `leaf` at `index`.
///
/// ```
/// use cidery_protocol::log::{leaf_hash, node_hash, verify_inclusion};
/// let (left, right) = (leaf_hash(b"first"), leaf_hash(b"second"));
/// let root = node_hash(&left, &right);
/// assert!(verify_inclusion(1, 2, right, &[left], &root).is_ok());
/// assert!(verify_inclusion(0, 2, right, &[left], &root).is_err());
/// ```
///
/// # Errors
/// As [`root_from_inclusion`], and [`Error::Proof`] where the proof leads to another root.
pub fn verify_inclusion(index: u64, size: u64, leaf: Hash, proof: &[Hash], root: &Hash) -> Result<(), Error> {
    if root_from_inclusion(index, size, leaf, proof)? == *root {
        Ok(())
    } else {
        Err(Error::Proof { what: "inclusion", reason: "it leads to another root" })
    }
}

/// Of a proof of inclusion, the hashes that stand to the right of the way from the leaf: those to the left are the same in
/// every tree that holds the leaf (SPEC §9.2).
pub fn right_siblings(index: u64, size: u64, proof: &[Hash]) -> Vec<Hash> {
    let inner = if index < size { Path::new(index, size).inner } else { 0 };
    let right = proof.iter().take(inner).enumerate().filter(|(level, _)| index >> level & 1 == 0);
    right.map(|(_, hash)| *hash).collect()
}

/// The proof of inclusion at `index` in a tree of `size` entries, of its hashes to the right and of a proof in an earlier tree,
/// of `from` entries, which has those to the left.
///
/// ```
/// use cidery_protocol::log::{leaf_hash, with_right_siblings};
/// let [zero, two] = [b"0", b"2"].map(|entry| leaf_hash(entry));
/// // Entry 1 of 2 has entry 0 to its left; of 3, it has entry 2 to its right, too.
/// assert_eq!(with_right_siblings(1, 2, &[zero], 3, &[two])?, [zero, two]);
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
///
/// # Errors
/// [`Error::Proof`] where the index lies outside of one of the trees, or the numbers of hashes are others than it asks for.
pub fn with_right_siblings(
    index: u64,
    from: u64,
    proof: &[Hash],
    size: u64,
    right: &[Hash],
) -> Result<Vec<Hash>, Error> {
    let refused = |reason| Error::Proof { what: "inclusion", reason };
    if index >= from || index >= size {
        return Err(refused("the index lies outside of the tree"));
    }
    let (before, after) = (Path::new(index, from), Path::new(index, size));
    if proof.len() != before.inner + before.border {
        return Err(refused("another number of hashes than index and size ask for"));
    }
    let (inner, border) = proof.split_at(before.inner);
    let inner = inner.iter().enumerate().filter(|(level, _)| index >> level & 1 == 1).map(|(_, hash)| hash);
    let (mut left, mut right) = (inner.chain(border), right.iter());
    let mut joined = Vec::with_capacity(after.inner + after.border);
    for level in 0..after.inner {
        let sibling = if index >> level & 1 == 1 { left.next() } else { right.next() };
        joined.push(*sibling.ok_or_else(|| refused("another number of hashes than index and size ask for"))?);
    }
    joined.extend(left);
    match right.next() {
        None => Ok(joined),
        Some(_) => Err(refused("another number of hashes than index and size ask for")),
    }
}

/// Checks that the tree of `to` entries with `to_root` continues the one of `from` entries with `from_root`.
///
/// Two trees of one size are consistent where their roots are equal, and every tree continues the empty one; the
/// proof is empty then.
///
/// # Errors
/// [`Error::Proof`] where `from` is larger than `to`, the proof has another length than the sizes ask for, or it
/// leads to another root on either side; [`Error::Limit`] where it has more than [`limits::PROOF_HASHES`] hashes.
pub fn verify_consistency(
    from: u64,
    to: u64,
    from_root: &Hash,
    to_root: &Hash,
    proof: &[Hash],
) -> Result<(), Error> {
    let refused = |reason| Err(Error::Proof { what: "consistency", reason });
    check_length(proof)?;
    if from > to {
        return refused("the earlier tree is the larger one");
    }
    if from == 0 || from == to {
        let wanted = if from == to { *to_root } else { empty_root() };
        return match proof.is_empty() {
            false => refused("hashes where none are needed"),
            true if *from_root != wanted => refused("one size has two roots"),
            true => Ok(()),
        };
    }

    // The last leaf of the earlier tree, and the largest complete subtree that it closes there: from this
    // subtree's hash, both roots are computed. Where it is the whole earlier tree, the proof leaves it out.
    let path = Path::new(from - 1, to);
    let height = from.trailing_zeros();
    let (seed, rest) = match proof.split_first() {
        _ if from.is_power_of_two() => (*from_root, proof),
        Some((seed, rest)) => (*seed, rest),
        None => return refused("no hashes where some are needed"),
    };
    let inner = path.inner - height as usize;
    if rest.len() != inner + path.border {
        return refused("another number of hashes than the sizes ask for");
    }
    let (inner, border) = rest.split_at(inner);
    let position = (from - 1) >> height;
    if join_left(join_inner_left(seed, inner, position), border) != *from_root {
        return refused("it leads to another root of the earlier tree");
    }
    if join_left(join_inner(seed, inner, position), border) != *to_root {
        return refused("it leads to another root of the later tree");
    }
    Ok(())
}

/// The siblings on the way from a leaf to the root, by kind.
struct Path {
    /// Levels on which the way has not yet met the tree's right edge: the sibling may lie on either side.
    inner: usize,
    /// Siblings above them. There the way runs along the right edge, so all of them lie to the left.
    border: usize,
}

impl Path {
    /// `index` lies below `size`.
    fn new(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        Path { inner: inner as usize, border: border as usize }
    }
}

/// Climbs with one sibling a level, whose side the bits of `position` say. At most 64 siblings.
fn join_inner(seed: Hash, siblings: &[Hash], position: u64) -> Hash {
    siblings.iter().enumerate().fold(seed, |hash, (level, sibling)| match position >> level & 1 {
        0 => node_hash(&hash, sibling),
        _ => node_hash(sibling, &hash),
    })
}

/// As [`join_inner`], only with the siblings to the left: those to the right are not in the earlier tree.
fn join_inner_left(seed: Hash, siblings: &[Hash], position: u64) -> Hash {
    siblings.iter().enumerate().fold(seed, |hash, (level, sibling)| match position >> level & 1 {
        0 => hash,
        _ => node_hash(sibling, &hash),
    })
}

/// Climbs with siblings that all lie to the left.
fn join_left(seed: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(seed, |hash, sibling| node_hash(sibling, &hash))
}

fn check_length(proof: &[Hash]) -> Result<(), Error> {
    within("hashes of a proof", limits::PROOF_HASHES, proof.len())
}
