//! Proofs of several leaves of a small tree at once (SPEC §8.4): each hash that two leaves' proofs would share is there once,
//! or is computed.

use super::{Hash, empty_root, node_hash};
use crate::{Error, limits};

/// The root of a tree of these leaves, given by their hashes.
pub fn root_of_leaves(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len() as u64) as usize);
            node_hash(&root_of_leaves(left), &root_of_leaves(right))
        }
    }
}

/// The hashes that lead from the leaves at `indexes`, which are sorted, to the root: of each largest subtree without any of
/// them, from left to right.
pub fn prove_leaves(leaves: &[Hash], indexes: &[u64]) -> Vec<Hash> {
    let mut proof = Vec::new();
    prove(0, leaves, indexes, &mut proof);
    proof
}

fn prove(first: u64, leaves: &[Hash], indexes: &[u64], proof: &mut Vec<Hash>) {
    match leaves.len() as u64 {
        0 => {}
        _ if indexes.is_empty() => proof.push(root_of_leaves(leaves)),
        1 => {}
        size => {
            let half = half(size);
            let (left, right) = leaves.split_at(half as usize);
            let (before, after) = indexes.split_at(indexes.partition_point(|index| *index < first + half));
            prove(first, left, before, proof);
            prove(first + half, right, after, proof);
        }
    }
}

/// The root of the tree of `size` leaves that has these ones, each with its index, in their order.
///
/// ```
/// use cidery_protocol::log::{leaf_hash, prove_leaves, root_from_leaves, root_of_leaves};
/// let leaves = [b"a", b"b", b"c", b"d", b"e"].map(|leaf| leaf_hash(leaf));
/// let proof = prove_leaves(&leaves, &[1, 2]);
/// assert_eq!(proof, [leaves[0], leaves[3], leaves[4]]);
/// assert_eq!(root_from_leaves(5, &[(1, leaves[1]), (2, leaves[2])], &proof)?, root_of_leaves(&leaves));
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
///
/// # Errors
/// [`Error::Proof`] where there are no leaves, where they are not in their order or not in the tree, or where the proof has
/// another number of hashes than they ask for.
pub fn root_from_leaves(size: u64, leaves: &[(u64, Hash)], proof: &[Hash]) -> Result<Hash, Error> {
    let refused = |reason| Err(Error::Proof { what: "leaves", reason });
    if size > limits::TREE_SIZE || leaves.last().is_none_or(|(index, _)| *index >= size) {
        return refused("there are no leaves, or one lies outside of the tree");
    }
    if !leaves.is_sorted_by(|(a, _), (b, _)| a < b) {
        return refused("the leaves are not in their order, or one is there twice");
    }
    let mut hashes = proof.iter();
    let root = join(0, size, leaves, &mut hashes);
    match (root, hashes.next()) {
        (Some(root), None) => Ok(root),
        _ => refused("another number of hashes than the leaves ask for"),
    }
}

/// The depth is at most 53: that of a tree of the largest size.
fn join<'h>(
    first: u64,
    size: u64,
    leaves: &[(u64, Hash)],
    hashes: &mut impl Iterator<Item = &'h Hash>,
) -> Option<Hash> {
    match leaves {
        [] => hashes.next().copied(),
        [(_, leaf), ..] if size == 1 => Some(*leaf),
        _ => {
            let half = half(size);
            let (before, after) = leaves.split_at(leaves.partition_point(|(index, _)| *index < first + half));
            let left = join(first, half, before, hashes)?;
            let right = join(first + half, size - half, after, hashes)?;
            Some(node_hash(&left, &right))
        }
    }
}

/// The leaves of the left subtree of a tree of at least two: the largest power of two below the size.
fn half(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::{Node, inclusion_proof, leaf_hash};

    fn numbered(size: u64) -> Vec<Hash> {
        (0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()
    }

    #[test]
    fn every_pair_of_leaves_leads_to_the_root() {
        for size in 1..=33 {
            let leaves = numbered(size);
            let root = root_of_leaves(&leaves);
            for first in 0..size {
                for second in first..size {
                    let mut indexes = vec![first, second];
                    indexes.dedup();
                    let known: Vec<_> = indexes.iter().map(|at| (*at, leaves[*at as usize])).collect();
                    let proof = prove_leaves(&leaves, &indexes);
                    assert_eq!(root_from_leaves(size, &known, &proof), Ok(root), "{indexes:?} of {size}");
                    let longer = [&proof[..], &[root]].concat();
                    assert!(root_from_leaves(size, &known, &longer).is_err());
                    assert!(
                        proof.is_empty() || root_from_leaves(size, &known, &proof[1..]).is_err(),
                        "a hash less"
                    );
                }
            }
        }
    }

    #[test]
    fn one_leaf_has_the_hashes_of_its_inclusion() {
        for size in 1..=40 {
            let leaves = numbered(size);
            for index in 0..size {
                let read = |node: Node| {
                    let (first, width) = (node.index << node.level, 1 << node.level);
                    Ok::<_, Error>(root_of_leaves(&leaves[first as usize..][..width]))
                };
                let mut inclusion = inclusion_proof(index, size, read).expect("an index in the tree");
                let mut proof = prove_leaves(&leaves, &[index]);
                inclusion.sort_unstable();
                proof.sort_unstable();
                assert_eq!(proof, inclusion, "leaf {index} of {size}, whatever their order");
            }
        }
    }

    proptest! {
        #[test]
        fn an_altered_proof_is_refused(size in 1_u64..300, some: Vec<u16>, at: usize, bit in 0_usize..256) {
            let leaves = numbered(size);
            let mut indexes: Vec<u64> = some.iter().map(|index| u64::from(*index) % size).collect();
            indexes.push(size - 1);
            indexes.sort_unstable();
            indexes.dedup();
            let mut known: Vec<_> = indexes.iter().map(|at| (*at, leaves[*at as usize])).collect();
            let mut proof = prove_leaves(&leaves, &indexes);
            let root = root_of_leaves(&leaves);
            prop_assert_eq!(root_from_leaves(size, &known, &proof), Ok(root));
            prop_assert!(root_from_leaves(size + 1, &known, &proof) != Ok(root));
            let all = known.len() + proof.len();
            let flipped = match at % all {
                at if at < known.len() => &mut known[at].1,
                at => &mut proof[at - indexes.len()],
            };
            let mut bytes = *flipped.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            *flipped = Hash::from_bytes(bytes);
            prop_assert!(root_from_leaves(size, &known, &proof) != Ok(root));
        }

        #[test]
        fn nothing_is_read_outside_of_the_largest_trees(size: u64, index: u64, length in 0_usize..70) {
            let hash = Hash::from_bytes([7; 32]);
            let _ = root_from_leaves(size, &[(index, hash)], &vec![hash; length]);
        }
    }
}
