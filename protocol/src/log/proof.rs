//! Making what [`merkle`](super::merkle) checks: roots and proofs from stored hashes of complete subtrees (SPEC §8).
//!
//! Each maker takes a reader of [`Node`]s. One that must wait for its storage asks the function of the same
//! subject that ends in `_nodes` first, which says exactly what will be read and in which order, gathers those
//! hashes, and then hands over a reader that cannot fail for want of them.

use std::ops::Range;

use super::merkle::{Hash, empty_root, node_hash};
use crate::Error;

/// A complete subtree: the 2^`level` leaves from `index` · 2^`level`.
///
/// Its hash never changes once the tree has grown past it, which is why nodes are what ledgers and tiles store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// The height: 0 for leaves.
    pub level: u8,
    /// The position on its level, from the left, from 0.
    pub index: u64,
}

/// The nodes that complete when `leaf` is appended to a tree of `old_size` entries: the leaf itself, and each
/// subtree that it closes, lowest first. These are what a ledger stores.
///
/// `read` is asked for nodes of the tree before; there is at most one a level.
///
/// # Errors
/// Those of `read`.
pub fn appended_nodes<E>(
    old_size: u64,
    leaf: Hash,
    mut read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<(Node, Hash)>, E> {
    let mut node = Node { level: 0, index: old_size };
    let mut hash = leaf;
    let mut nodes = vec![(node, hash)];
    while node.index & 1 == 1 {
        hash = node_hash(&read(Node { level: node.level, index: node.index - 1 })?, &hash);
        node = Node { level: node.level + 1, index: node.index >> 1 };
        nodes.push((node, hash));
    }
    Ok(nodes)
}

/// What [`root`] reads.
pub fn root_nodes(size: u64) -> Vec<Node> {
    nodes(&(0..size)).collect()
}

/// The root of the tree of `size` entries.
///
/// # Errors
/// Those of `read`.
pub fn root<E>(size: u64, read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    Ok(Plan(vec![0..size]).hashes(read)?.pop().unwrap_or_else(empty_root))
}

/// What [`inclusion_proof`] reads.
///
/// # Errors
/// [`Error::Proof`] where the index lies outside of the tree.
pub fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<Node>, Error> {
    Ok(Plan::inclusion(index, size)?.nodes())
}

/// The proof that the tree of `size` entries holds the leaf at `index`: the siblings on its way to the root,
/// lowest first (RFC 6962 §2.1.1).
///
/// # Errors
/// [`Error::Proof`] where the index lies outside of the tree, and those of `read`.
pub fn inclusion_proof<E: From<Error>>(
    index: u64,
    size: u64,
    read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    Plan::inclusion(index, size)?.hashes(read)
}

/// What [`consistency_proof`] reads.
///
/// # Errors
/// [`Error::Proof`] where `from` is larger than `to`.
pub fn consistency_nodes(from: u64, to: u64) -> Result<Vec<Node>, Error> {
    Ok(Plan::consistency(from, to)?.nodes())
}

/// The proof that the tree of `to` entries continues the one of `from` entries (RFC 6962 §2.1.2).
///
/// # Errors
/// [`Error::Proof`] where `from` is larger than `to`, and those of `read`.
pub fn consistency_proof<E: From<Error>>(
    from: u64,
    to: u64,
    read: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    Plan::consistency(from, to)?.hashes(read)
}

/// The subtrees whose hashes a proof lists, in its order. Each is a range of leaves that RFC 6962 would split off.
struct Plan(Vec<Range<u64>>);

impl Plan {
    fn inclusion(index: u64, size: u64) -> Result<Self, Error> {
        if index >= size {
            return Err(Error::Proof { what: "inclusion", reason: "the index lies outside of the tree" });
        }
        let mut siblings = Vec::new();
        let mut subtree = 0..size;
        while let Some(split) = split(&subtree) {
            siblings.push(descend(&mut subtree, split, index));
        }
        siblings.reverse();
        Ok(Plan(siblings))
    }

    fn consistency(from: u64, to: u64) -> Result<Self, Error> {
        if from > to {
            return Err(Error::Proof { what: "consistency", reason: "the earlier tree is the larger one" });
        }
        let mut subtrees = Vec::new();
        if from == 0 || from == to {
            return Ok(Plan(subtrees));
        }
        let mut subtree = 0..to;
        while subtree.end != from
            && let Some(split) = split(&subtree)
        {
            subtrees.push(descend(&mut subtree, split, from - 1));
        }
        // The whole earlier tree is left out: whoever checks the proof has its root.
        if subtree.start != 0 {
            subtrees.push(subtree);
        }
        subtrees.reverse();
        Ok(Plan(subtrees))
    }

    fn nodes(&self) -> Vec<Node> {
        self.0.iter().flat_map(nodes).collect()
    }

    fn hashes<E>(&self, mut read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
        let subtree_hash = |leaves: &Range<u64>| {
            let hashes = nodes(leaves).map(&mut read).collect::<Result<Vec<Hash>, E>>()?;
            Ok(hashes
                .into_iter()
                .rev()
                .reduce(|right, left| node_hash(&left, &right))
                .unwrap_or_else(empty_root))
        };
        self.0.iter().map(subtree_hash).collect()
    }
}

/// Where RFC 6962 splits a subtree in two: after the largest power of two below its number of leaves.
fn split(subtree: &Range<u64>) -> Option<u64> {
    let last = (subtree.end - subtree.start).checked_sub(1).filter(|last| *last > 0)?;
    Some(subtree.start + (1 << last.ilog2()))
}

/// Narrows `subtree` to the side of `split` on which `leaf` lies, and gives the other side.
fn descend(subtree: &mut Range<u64>, split: u64, leaf: u64) -> Range<u64> {
    let (left, right) = (subtree.start..split, split..subtree.end);
    let (inside, sibling) = if leaf < split { (left, right) } else { (right, left) };
    *subtree = inside;
    sibling
}

/// The complete subtrees that make up a subtree, from the left: each as large as fits.
fn nodes(subtree: &Range<u64>) -> impl Iterator<Item = Node> + use<> {
    let Range { mut start, end } = *subtree;
    std::iter::from_fn(move || {
        let level = (end - start).checked_ilog2()?;
        let node = Node { level: level as u8, index: start >> level };
        start += 1 << level;
        Some(node)
    })
}
