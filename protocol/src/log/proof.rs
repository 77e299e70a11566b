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
    subtree_hash(&(0..size), read)
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
        self.0.iter().map(|leaves| subtree_hash(leaves, &mut read)).collect()
    }
}

/// The hash of a subtree, from those of the complete ones that make it up.
fn subtree_hash<E>(leaves: &Range<u64>, read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let hashes = nodes(leaves).map(read).collect::<Result<Vec<Hash>, E>>()?;
    Ok(hashes.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::log::{leaf_hash, right_siblings, verify_consistency, verify_inclusion, with_right_siblings};

    /// The entries of the test tree that implementations of Certificate Transparency share.
    const ENTRIES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    /// Its roots, for 1 to 8 entries.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    fn hash(text: &str) -> Hash {
        Hash::from_bytes(unhex(text).try_into().expect("32 bytes"))
    }

    /// A ledger's nodes, made leaf by leaf.
    #[derive(Default)]
    struct Ledger(BTreeMap<Node, Hash>, Vec<Hash>);

    impl Ledger {
        fn of(leaves: impl IntoIterator<Item = Hash>) -> Self {
            let mut ledger = Ledger::default();
            for leaf in leaves {
                let size = ledger.1.len() as u64;
                let nodes = appended_nodes(size, leaf, ledger.reader()).expect("nodes of the tree before");
                for (node, hash) in nodes {
                    assert_eq!(ledger.0.insert(node, hash), None, "a node is complete once");
                }
                ledger.1.push(leaf);
            }
            ledger
        }

        fn numbered(size: u64) -> Self {
            Ledger::of((0..size).map(|number| leaf_hash(&number.to_be_bytes())))
        }

        fn reader(&self) -> impl FnMut(Node) -> Result<Hash, Error> {
            |node| Ok(*self.0.get(&node).expect("only complete nodes are read"))
        }

        fn root(&self, size: u64) -> Hash {
            root(size, self.reader()).expect("all nodes are there")
        }
    }

    /// RFC 6962 §2.1, word by word.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => empty_root(),
            1 => leaves[0],
            n => {
                let k = n.next_power_of_two() / 2;
                node_hash(&mth(&leaves[..k]), &mth(&leaves[k..]))
            }
        }
    }

    /// RFC 6962 §2.1.1, PATH(m, D[n]).
    fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        let n = leaves.len();
        if n <= 1 {
            return vec![];
        }
        let k = n.next_power_of_two() / 2;
        let (mut proof, sibling) = if m < k {
            (path(m, &leaves[..k]), mth(&leaves[k..]))
        } else {
            (path(m - k, &leaves[k..]), mth(&leaves[..k]))
        };
        proof.push(sibling);
        proof
    }

    /// RFC 6962 §2.1.2, SUBPROOF(m, D[n], b).
    fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        let n = leaves.len();
        if m == n {
            return if whole { vec![] } else { vec![mth(leaves)] };
        }
        let k = n.next_power_of_two() / 2;
        let (mut proof, sibling) = if m <= k {
            (subproof(m, &leaves[..k], whole), mth(&leaves[k..]))
        } else {
            (subproof(m - k, &leaves[k..], false), mth(&leaves[..k]))
        };
        proof.push(sibling);
        proof
    }

    #[test]
    fn the_known_tree_has_its_roots_and_proofs() {
        let ledger = Ledger::of(ENTRIES.map(|entry| leaf_hash(&unhex(entry))));
        assert_eq!(ledger.root(0), hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        for (size, root) in (1..).zip(ROOTS) {
            assert_eq!(ledger.root(size), hash(root), "size {size}");
        }
        let siblings = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(inclusion_proof(0, 8, ledger.reader()), Ok(siblings.map(hash).to_vec()));
        assert_eq!(consistency_proof(1, 8, ledger.reader()), Ok(siblings.map(hash).to_vec()));
        let six_to_eight = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            ROOTS[3],
        ];
        assert_eq!(consistency_proof(6, 8, ledger.reader()), Ok(six_to_eight.map(hash).to_vec()));
        let two_to_five = [siblings[1], "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"];
        assert_eq!(consistency_proof(2, 5, ledger.reader()), Ok(two_to_five.map(hash).to_vec()));
    }

    #[test]
    fn roots_and_proofs_are_those_of_rfc_6962() {
        let ledger = Ledger::numbered(64);
        let announced = |nodes: Vec<Node>| {
            let mut nodes = nodes.into_iter();
            let mut read = ledger.reader();
            move |node| {
                assert_eq!(nodes.next(), Some(node), "what is read was announced");
                read(node)
            }
        };
        for size in 0..=64_u64 {
            let leaves = &ledger.1[..size as usize];
            let root_hash = mth(leaves);
            assert_eq!(root(size, announced(root_nodes(size))), Ok(root_hash));
            for index in 0..size {
                let nodes = inclusion_nodes(index, size).expect("index in the tree");
                let proof = inclusion_proof(index, size, announced(nodes)).expect("all nodes are there");
                assert_eq!(proof, path(index as usize, leaves), "leaf {index} of {size}");
                let leaf = leaves[index as usize];
                assert_eq!(verify_inclusion(index, size, leaf, &proof, &root_hash), Ok(()));
            }
            assert!(inclusion_nodes(size, size).is_err());
            for from in 0..=size {
                let nodes = consistency_nodes(from, size).expect("from below to");
                let proof = consistency_proof(from, size, announced(nodes)).expect("all nodes are there");
                let wanted = if from == 0 { vec![] } else { subproof(from as usize, leaves, true) };
                assert_eq!(proof, wanted, "{from} to {size}");
                let from_root = mth(&leaves[..from as usize]);
                assert_eq!(verify_consistency(from, size, &from_root, &root_hash, &proof), Ok(()));
            }
            assert!(consistency_nodes(size + 1, size).is_err());
        }
    }

    #[test]
    fn a_later_proof_needs_the_hashes_to_the_right_alone() {
        let ledger = Ledger::numbered(70);
        for size in 1..=70_u64 {
            for index in 0..size {
                let proof = inclusion_proof(index, size, ledger.reader()).expect("all nodes are there");
                let right = right_siblings(index, size, &proof);
                for from in index + 1..=size {
                    let earlier = inclusion_proof(index, from, ledger.reader()).expect("all nodes are there");
                    let joined = with_right_siblings(index, from, &earlier, size, &right);
                    assert_eq!(joined.as_ref(), Ok(&proof), "{index} of {from}, then of {size}");
                    let more = [&right[..], &[empty_root()]].concat();
                    assert!(with_right_siblings(index, from, &earlier, size, &more).is_err());
                    if let [_, less @ ..] = &right[..] {
                        assert!(with_right_siblings(index, from, &earlier, size, less).is_err());
                    }
                    let longer = [&earlier[..], &[empty_root()]].concat();
                    assert!(with_right_siblings(index, from, &longer, size, &right).is_err());
                }
            }
        }
    }

    #[test]
    fn a_proof_holds_for_one_index_size_and_length() {
        let ledger = Ledger::numbered(33);
        for (index, size) in [(0, 33), (17, 33), (32, 33), (5, 8), (0, 1)] {
            let proof = inclusion_proof(index, size, ledger.reader()).expect("all nodes are there");
            let (leaf, root) = (ledger.1[index as usize], ledger.root(size));
            for (other_index, other_size) in (0..40).flat_map(|size| (0..40).map(move |index| (index, size)))
            {
                // The right edge looks the same from some other sizes; the root tells them apart.
                let other_root = if other_size <= 33 { ledger.root(other_size) } else { root };
                let verdict = verify_inclusion(other_index, other_size, leaf, &proof, &other_root);
                let same = (other_index, other_size) == (index, size);
                assert!(same || verdict.is_err() || other_size > 33, "{other_index} of {other_size}");
            }
            let longer = [&proof[..], &[leaf]].concat();
            assert!(verify_inclusion(index, size, leaf, &longer, &root).is_err());
            assert!(proof.is_empty() || verify_inclusion(index, size, leaf, &proof[1..], &root).is_err());
        }
    }

    #[test]
    fn nothing_overflows_at_the_largest_sizes() {
        let hashes = [empty_root(); 65];
        for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, (1 << 63) - 1, 1 << 53] {
            for other in [0, 1, 2, size / 2, size / 2 + 1, size - 2, size - 1, size] {
                for length in 0..=65 {
                    let _ = verify_inclusion(other, size, hashes[0], &hashes[..length], &hashes[0]);
                    let _ = verify_consistency(other, size, &hashes[0], &hashes[0], &hashes[..length]);
                    let _ = verify_consistency(size, other, &hashes[0], &hashes[0], &hashes[..length]);
                    let _ = with_right_siblings(other, size, &hashes[..length], u64::MAX, &hashes);
                    let _ = right_siblings(other, size, &hashes[..length]);
                }
                assert_eq!(inclusion_nodes(other, size).is_ok(), other < size);
                assert!(consistency_nodes(other, size).is_ok());
                let _ = appended_nodes::<Error>(other, hashes[0], |_| Ok(hashes[0]));
            }
            assert!(root_nodes(size).len() <= 64);
        }
        assert!(matches!(
            verify_inclusion(0, 1, hashes[0], &hashes, &hashes[0]),
            Err(Error::Limit { got: 65, .. })
        ));
    }

    proptest! {
        #[test]
        fn an_altered_inclusion_proof_is_refused(size in 2_u64..200, index: u64, at: usize, bit in 0_usize..256) {
            let (ledger, index) = (Ledger::numbered(size), index % size);
            let root = ledger.root(size);
            let mut proof = inclusion_proof(index, size, ledger.reader())?;
            let leaf = ledger.1[index as usize];
            verify_inclusion(index, size, leaf, &proof, &root)?;
            let at = at % proof.len();
            proof[at] = flipped(proof[at], bit);
            prop_assert!(verify_inclusion(index, size, leaf, &proof, &root).is_err());
            proof[at] = flipped(proof[at], bit);
            prop_assert!(verify_inclusion(index, size, flipped(leaf, bit), &proof, &root).is_err());
            prop_assert!(verify_inclusion(index, size, leaf, &proof, &flipped(root, bit)).is_err());
        }

        #[test]
        fn an_altered_consistency_proof_is_refused(to in 3_u64..200, from: u64, at: usize, bit in 0_usize..256) {
            let (ledger, from) = (Ledger::numbered(to), 1 + from % (to - 1));
            let (from_root, to_root) = (ledger.root(from), ledger.root(to));
            let mut proof = consistency_proof(from, to, ledger.reader())?;
            verify_consistency(from, to, &from_root, &to_root, &proof)?;
            prop_assert!(verify_consistency(from, to, &flipped(from_root, bit), &to_root, &proof).is_err());
            prop_assert!(verify_consistency(from, to, &from_root, &flipped(to_root, bit), &proof).is_err());
            proof.push(to_root);
            prop_assert!(verify_consistency(from, to, &from_root, &to_root, &proof).is_err());
            proof.pop();
            let at = at % proof.len();
            proof[at] = flipped(proof[at], bit);
            prop_assert!(verify_consistency(from, to, &from_root, &to_root, &proof).is_err());
        }
    }

    fn flipped(hash: Hash, bit: usize) -> Hash {
        let mut bytes = *hash.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Hash::from_bytes(bytes)
    }
}
