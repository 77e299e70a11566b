//! Proofs in trees that nobody could build: of up to 2^40 entries, all alike but one, so that every node is known by a formula.
mod support;

use cidery_protocol::{
    Error,
    log::*,
    map::{MapKey, MapPath},
};
use proptest::prelude::*;

const LARGEST: u64 = 1 << 40;

/// A tree whose entry at one index differs from all others.
#[derive(Clone)]
struct Tree {
    special: u64,
    /// The root of a complete subtree of each height, without the special entry and with it on its left edge.
    alike: Vec<Hash>,
}

impl Tree {
    fn new(special: u64) -> Self {
        let mut alike = vec![leaf_hash(b"alike")];
        for height in 0..40 {
            alike.push(node_hash(&alike[height], &alike[height]));
        }
        Tree { special, alike }
    }

    fn leaf(&self, index: u64) -> Hash {
        leaf_hash(if index == self.special { b"special" } else { b"alike" })
    }

    fn node(&self, node: Node) -> Result<Hash, Error> {
        let height = usize::from(node.level);
        if self.special >> height != node.index {
            return Ok(self.alike[height]);
        }
        // The way up from the special entry.
        let up = (0..height).fold(self.leaf(self.special), |hash, level| match self.special >> level & 1 {
            0 => node_hash(&hash, &self.alike[level]),
            _ => node_hash(&self.alike[level], &hash),
        });
        Ok(up)
    }

    fn root(&self, size: u64) -> Hash {
        root(size, |node| self.node(node)).expect("every node is known")
    }

    fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion_proof(index, size, |node| self.node(node)).expect("every node is known")
    }
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn inclusion_holds_for_one_leaf_and_no_other(size in 2..LARGEST, index: u64, special: u64, at: usize, bit in 0_usize..256) {
        let (index, special) = (index % size, special % size);
        let tree = Tree::new(special);
        let (leaf, root) = (tree.leaf(index), tree.root(size));
        let mut proof = tree.inclusion(index, size);
        prop_assert_eq!(verify_inclusion(index, size, leaf, &proof, &root), Ok(()));
        let other = leaf_hash(if index == special { b"alike" } else { b"special" });
        prop_assert!(verify_inclusion(index, size, other, &proof, &root).is_err());
        prop_assert!(verify_inclusion(index, size, leaf, &proof[1..], &root).is_err());
        let at = at % proof.len();
        proof[at] = flipped(proof[at], bit);
        prop_assert!(verify_inclusion(index, size, leaf, &proof, &root).is_err());
    }

    #[test]
    fn consistency_holds_for_two_trees_of_one_log(to in 3..LARGEST, from: u64, special: u64, at: usize, bit in 0_usize..256) {
        let (from, special) = (1 + from % (to - 1), special % to);
        let tree = Tree::new(special);
        let (before, after) = (tree.root(from), tree.root(to));
        let mut proof = consistency_proof(from, to, |node| tree.node(node))?;
        prop_assert_eq!(verify_consistency(from, to, &before, &after, &proof), Ok(()));
        // Another log, whose special entry is elsewhere below the earlier size.
        let forked = Tree::new(if special == 0 { from - 1 } else { 0 });
        let other = forked.root(from);
        prop_assert!(other == before || verify_consistency(from, to, &other, &after, &proof).is_err());
        let at = at % proof.len();
        proof[at] = flipped(proof[at], bit);
        prop_assert!(verify_consistency(from, to, &before, &after, &proof).is_err());
    }

    #[test]
    fn a_later_proof_is_made_of_an_earlier_one(to in 2..LARGEST, from: u64, index: u64, special: u64) {
        let from = 1 + from % to;
        let (index, tree) = (index % from, Tree::new(special % to));
        let (earlier, later) = (tree.inclusion(index, from), tree.inclusion(index, to));
        let right = right_siblings(index, to, &later);
        prop_assert_eq!(with_right_siblings(index, from, &earlier, to, &right), Ok(later));
    }

    #[test]
    fn the_last_leaf_is_in_its_place_alone(size in 2..LARGEST, special: u64) {
        let tree = Tree::new(special % size);
        let (last, root) = (tree.leaf(size - 1), tree.root(size));
        let proof = tree.inclusion(size - 1, size);
        prop_assert_eq!(verify_inclusion(size - 1, size, last, &proof, &root), Ok(()));
        // An entry that is alike may stand in its place; and the proof is of this size alone, whose root is signed with it.
        let before = verify_inclusion(size - 2, size, last, &proof, &root);
        prop_assert!(before.is_err() || tree.leaf(size - 2) == last);
        let next = tree.root(size + 1);
        prop_assert!(verify_inclusion(size, size + 1, last, &proof, &next).is_err());
        prop_assert!(verify_inclusion(size - 1, size + 1, last, &proof, &next).is_err());
    }

    /// Any way in a map that leads to a root does so for one value, one key and one root.
    #[test]
    fn a_way_in_the_map_leads_to_one_root(
        key: [u8; 32],
        siblings in prop::collection::vec(any::<[u8; 32]>(), 1..=256),
        at: usize,
        bit in 0_usize..256,
    ) {
        let key = MapKey::from_bytes(key);
        let value = cidery_protocol::Cid::of(cidery_protocol::Codec::DagCbor, b"a state");
        let siblings: Vec<Hash> = siblings.into_iter().map(Hash::from_bytes).collect();
        let path = MapPath { siblings: siblings.clone().into(), other: None };
        let root = path.root(&key, Some(value))?;
        prop_assert_eq!(path.leads(&key, Some(value), &root), Ok(()));
        prop_assert!(path.leads(&key, None, &root).is_err());
        let mut altered = siblings.clone();
        let at = at % altered.len();
        altered[at] = flipped(altered[at], bit);
        let altered = MapPath { siblings: altered.into(), other: None };
        prop_assert!(altered.leads(&key, Some(value), &root).is_err());
        // A bit of the key on the way turns it; another one names another leaf.
        let mut other = *key.as_bytes();
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(path.leads(&MapKey::from_bytes(other), Some(value), &root).is_err());
    }
}
