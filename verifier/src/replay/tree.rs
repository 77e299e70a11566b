//! The tree over a log's entries, all of its leaves in memory.

use cidery_protocol::{
    Error,
    log::{Hash, Node, consistency_proof, inclusion_proof, leaf_hash, node_hash, root_of_leaves},
};

/// The hashes of a log's entries, and its root after each.
#[derive(Clone, Debug, Default)]
pub struct LogTree {
    leaves: Vec<Hash>,
    /// The hashes of the complete subtrees that make up the tree, from the left, each larger than the next.
    edge: Vec<Hash>,
}

impl LogTree {
    /// Takes the hash of the next entry, and gives its index.
    pub fn push(&mut self, leaf: Hash) -> u64 {
        let index = self.size();
        let closed = index.trailing_ones() as usize;
        let mut hash = leaf;
        for _ in 0..closed {
            hash = self.edge.pop().map_or(hash, |left| node_hash(&left, &hash));
        }
        self.edge.push(hash);
        self.leaves.push(leaf);
        index
    }

    /// Takes the next entry, and gives its index.
    pub fn push_entry(&mut self, entry: &[u8]) -> u64 {
        self.push(leaf_hash(entry))
    }

    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The root over all of them.
    pub fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev().copied();
        let last = edge.next().unwrap_or_else(|| root_of_leaves(&[]));
        edge.fold(last, |right, left| node_hash(&left, &right))
    }

    /// The hashes of the entries, in their order.
    pub fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// The root over the first `size` of them, if there are so many.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        if size == self.size() {
            return Some(self.root());
        }
        self.leaves.get(..usize::try_from(size).ok()?).map(root_of_leaves)
    }

    /// The proof that the tree of the first `size` entries holds the one at `index`.
    ///
    /// # Errors
    /// [`Error::Proof`] where the index lies outside of that tree, or the tree is larger than this one.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
        self.has(size, "inclusion")?;
        inclusion_proof(index, size, |node| Ok(self.node(node)))
    }

    /// The proof that the tree of the first `to` entries continues that of the first `from`.
    ///
    /// # Errors
    /// [`Error::Proof`] where `from` is larger than `to`, or that than this tree.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, Error> {
        self.has(to, "consistency")?;
        consistency_proof(from, to, |node| Ok(self.node(node)))
    }

    fn has(&self, size: u64, what: &'static str) -> Result<(), Error> {
        if size > self.size() {
            return Err(Error::Proof { what, reason: "the tree is larger than what is known of it" });
        }
        Ok(())
    }

    /// Of a node in the tree.
    fn node(&self, Node { level, index }: Node) -> Hash {
        let first = (index << level) as usize;
        root_of_leaves(&self.leaves[first..first + (1 << level)])
    }
}

#[cfg(test)]
mod tests {
    use cidery_protocol::log::{verify_consistency, verify_inclusion};

    use super::*;

    #[test]
    fn every_tree_to_130_entries_has_its_root_and_proofs() {
        let mut tree = LogTree::default();
        assert_eq!(tree.root(), root_of_leaves(&[]));
        for size in 1..=130_u64 {
            assert_eq!(tree.push_entry(&size.to_be_bytes()), size - 1);
            assert_eq!(tree.root(), root_of_leaves(tree.leaves()), "{size}");
            for index in (0..size).step_by(7) {
                let leaf = tree.leaves()[index as usize];
                let proof = tree.inclusion(index, size).expect("an index in the tree");
                assert_eq!(verify_inclusion(index, size, leaf, &proof, &tree.root()), Ok(()));
            }
            let from = size / 2;
            let proof = tree.consistency(from, size).expect("a smaller tree");
            let before = tree.root_at(from).expect("a smaller tree");
            assert_eq!(verify_consistency(from, size, &before, &tree.root(), &proof), Ok(()));
            assert!(tree.inclusion(0, size + 1).is_err() && tree.consistency(0, size + 1).is_err());
            assert_eq!(tree.root_at(size + 1), None);
            assert!(tree.inclusion(size, size).is_err());
        }
    }
}
