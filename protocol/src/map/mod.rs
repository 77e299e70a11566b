//! The map from packages to their states (SPEC §8.5): the log's last entry holds its root, so that whoever has a head can be shown
//! the state of one package, or that there is none, without all others.
//!
//! It is the prefix tree of IETF's Key Transparency protocol (draft-ietf-keytrans-protocol) over SHA-256: a key's bits say where it
//! goes, left for 0, and a leaf stands as far up as it is alone. What is in the tree says how it looks, not in which order that came.
//!
//! | file | what |
//! |---|---|
//! | `tree` | keys, the hashes of leaves and nodes, what is signed |
//! | `path` | the proof of one key: [`MapPath`] |
//! | `page` | how a registry keeps the tree: [`MapPage`], eight levels of it |
//!
//! ```text
//!  PackageName ── MapKey ──▶ MapPage::set ──▶ root ──▶ MapEntry ──▶ the log's last leaf
//!                                │                         │
//!                            MapPath ────────────────▶ MapPath::leads
//! ```

mod page;
mod path;
mod tree;

pub use page::{MapPage, MapPages, ReadPath, set, set_all};
pub use path::MapPath;
pub use tree::{MapKey, MapLeaf, empty_map};
