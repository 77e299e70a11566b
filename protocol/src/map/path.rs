//! The proof of one key.

use serde::{Deserialize, Serialize};

use super::{
    MapKey, MapLeaf,
    tree::{empty_map, node},
};
use crate::{
    Cid, Codec, Error,
    log::{Hash, Hashes},
};

/// The way from the map's root to where a key stands or would stand (SPEC §8.5). Nothing in it is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapPath {
    /// The hashes beside the way, from the root down.
    pub siblings: Hashes,
    /// The leaf of another key, where one stands at the end: it is alone there, so the key is not in the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<MapLeaf>,
}

impl MapPath {
    /// Checks that the map with `root` has this value for the key, or, where that is none, that it does not have the key.
    ///
    /// # Errors
    /// As [`MapPath::root`], and [`Error::Proof`] where the root is another one.
    pub fn leads(&self, key: &MapKey, value: Option<Cid>, root: &Hash) -> Result<(), Error> {
        let reason = "it leads to another root";
        if self.root(key, value)? == *root { Ok(()) } else { Err(Error::Proof { what: "map", reason }) }
    }

    /// The root of the maps in which the key has this value, or, where that is none, in which it is not, and all else is as the
    /// path says.
    ///
    /// # Errors
    /// [`Error::Proof`] where the path is of another key or shows the contrary; [`Error::Limit`] where it has more than 256
    /// hashes; [`Error::Cid`] where the other leaf's value is no object's.
    pub fn root(&self, key: &MapKey, value: Option<Cid>) -> Result<Hash, Error> {
        let refused = |reason| Error::Proof { what: "map", reason };
        let depth = self.siblings.len();
        crate::canonical::within("hashes of a path in the map", MapKey::BITS, depth)?;
        let end = match (value, &self.other) {
            (Some(_), Some(_)) => return Err(refused("it ends at another key's leaf")),
            (Some(value), None) => MapLeaf { key: *key, value }.hash(),
            (None, Some(other)) if other.key == *key => {
                return Err(refused("the key is in the map"));
            }
            (None, Some(other)) if !other.key.agrees(key, depth) => {
                return Err(refused("the other leaf stands elsewhere"));
            }
            (None, Some(other)) => {
                other.value.expect(Codec::DagCbor)?;
                other.hash()
            }
            (None, None) => empty_map(),
        };
        let up = self.siblings.iter().enumerate().rev();
        Ok(up.fold(end, |hash, (depth, sibling)| match key.bit(depth) {
            false => node(&hash, sibling),
            true => node(sibling, &hash),
        }))
    }
}
