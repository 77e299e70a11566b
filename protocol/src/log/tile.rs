//! Where the tree and its entries are read (SPEC §8, C2SP tlog-tiles): tiles of up to 256 hashes of one level, and
//! bundles of up to 256 entries.

use std::fmt::Write as _;

use super::{
    merkle::{Hash, node_hash},
    proof::Node,
};
use crate::{Error, canonical::within, error::quote, limits};

/// Hashes of a full tile and entries of a full bundle: 2^8, a subtree of height 8.
const FULL: u64 = 256;
/// The height of a full tile.
const HEIGHT: u8 = 8;
/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Bytes of the longest path that is read: more than any tree of [`limits::TREE_SIZE`] has.
const PATH_BYTES: usize = 64;

/// A tile: `width` hashes of complete subtrees of height 8 · `level`, from position 256 · `index` of that height.
///
/// ```
/// use cidery_protocol::log::Tile;
/// let tile = Tile::new(0, 1_234_067, 112)?;
/// assert_eq!(tile.path(), "tile/0/x001/x234/067.p/112");
/// assert_eq!(Tile::parse("tile/0/x001/x234/067.p/112"), Ok(tile));
/// # Ok::<(), cidery_protocol::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    place: Place,
}

impl Tile {
    /// # Errors
    /// [`Error::Log`] where `width` is not from 1 to 256, or no tree of [`limits::TREE_SIZE`] entries has the tile.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, Error> {
        Ok(Tile { level, place: Place::new("tile", level, index, width)? })
    }

    /// The tile that holds the hashes under `node`, as wide as a tree of `size` entries has it.
    ///
    /// # Errors
    /// [`Error::Log`] where the tree does not have the node.
    pub fn holding(node: Node, size: u64) -> Result<Self, Error> {
        let absent = || Error::Log {
            what: "tile",
            reason: format!("a tree of {size} entries has no node {} at level {}", node.index, node.level),
        };
        let level = node.level / HEIGHT;
        // Past this, there is no such node in any tree, and the shifts below would overflow.
        let hashes = size.checked_shr(u32::from(level * HEIGHT)).ok_or_else(absent)?;
        if node.index >= size.checked_shr(u32::from(node.level)).unwrap_or(0) {
            return Err(absent());
        }
        let index = (node.index << (node.level % HEIGHT)) / FULL;
        Tile::new(level, index, (hashes - index * FULL).min(FULL) as u16)
    }

    /// The tile's level: its hashes are those of nodes at 8 times this level.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The tile's position on its level.
    pub fn index(&self) -> u64 {
        self.place.index
    }

    /// How many hashes it has: 256, or fewer where it is partial.
    pub fn width(&self) -> u16 {
        self.place.width
    }

    /// The nodes whose hashes it has, from the left.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        let (level, start) = (self.level * HEIGHT, self.place.index * FULL);
        (start..start + u64::from(self.place.width)).map(move |index| Node { level, index })
    }

    /// Where it is read: `tile/<level>/<index>`, with `.p/<width>` where it is partial.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, self.place.path())
    }

    /// Reads exactly what [`Tile::path`] writes.
    ///
    /// # Errors
    /// [`Error::Log`] where the text is not the path of a tile.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let parse = || {
            let (level, place) = bounded(path)?.strip_prefix("tile/")?.split_once('/')?;
            let (index, width) = parse_place(place)?;
            Tile::new(parse_number(level)?.try_into().ok()?, index, width).ok()
        };
        parse().filter(|tile| tile.path() == path).ok_or_else(|| no_path("tile", path))
    }

    /// The hash of a node at or above the tile's hashes, from the tile's bytes.
    ///
    /// # Errors
    /// [`Error::Log`] where the bytes are not `width` hashes, or the node does not lie in the tile.
    pub fn node(&self, bytes: &[u8], node: Node) -> Result<Hash, Error> {
        let refused = |reason: String| Error::Log { what: "tile", reason };
        let wanted = usize::from(self.place.width) * HASH_BYTES;
        if bytes.len() != wanted {
            return Err(refused(format!("{} bytes, wanted {wanted}", bytes.len())));
        }
        let outside = || refused(format!("node {} at level {} is not in it", node.index, node.level));
        let height = node.level.checked_sub(self.level * HEIGHT).filter(|height| *height <= HEIGHT);
        let height = height.ok_or_else(outside)?;
        // The node's leftmost hash, counted from the tile's start.
        let start = node
            .index
            .checked_mul(1 << height)
            .and_then(|start| start.checked_sub(self.place.index * FULL))
            .filter(|start| start + (1 << height) <= u64::from(self.place.width))
            .ok_or_else(outside)? as usize;
        let mut hashes: Vec<Hash> = bytes[start * HASH_BYTES..][..HASH_BYTES << height]
            .as_chunks()
            .0
            .iter()
            .map(|bytes| Hash::from_bytes(*bytes))
            .collect();
        while hashes.len() > 1 {
            hashes = hashes.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
        }
        Ok(hashes[0])
    }
}

/// A bundle: `width` entries from number 256 · `index` of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bundle {
    place: Place,
}

impl Bundle {
    /// # Errors
    /// [`Error::Log`] where `width` is not from 1 to 256, or no tree of [`limits::TREE_SIZE`] entries has the bundle.
    pub fn new(index: u64, width: u16) -> Result<Self, Error> {
        Ok(Bundle { place: Place::new("entry bundle", 0, index, width)? })
    }

    /// The bundle that holds entry `entry`, as wide as a tree of `size` entries has it.
    ///
    /// # Errors
    /// [`Error::Log`] where the tree does not have the entry.
    pub fn holding(entry: u64, size: u64) -> Result<Self, Error> {
        let Tile { place, .. } = Tile::holding(Node { level: 0, index: entry }, size)?;
        Ok(Bundle { place })
    }

    /// The bundle's position.
    pub fn index(&self) -> u64 {
        self.place.index
    }

    /// How many entries it has: 256, or fewer where it is partial.
    pub fn width(&self) -> u16 {
        self.place.width
    }

    /// The numbers of its entries in the log.
    pub fn entries(&self) -> std::ops::Range<u64> {
        let start = self.place.index * FULL;
        start..start + u64::from(self.place.width)
    }

    /// Where it is read: `tile/entries/<index>`, with `.p/<width>` where it is partial.
    pub fn path(&self) -> String {
        format!("tile/entries/{}", self.place.path())
    }

    /// Reads exactly what [`Bundle::path`] writes.
    ///
    /// # Errors
    /// [`Error::Log`] where the text is not the path of an entry bundle.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let parse = || {
            let (index, width) = parse_place(bounded(path)?.strip_prefix("tile/entries/")?)?;
            Bundle::new(index, width).ok()
        };
        parse().filter(|bundle| bundle.path() == path).ok_or_else(|| no_path("entry bundle", path))
    }
}

/// The tiles that are new or wider in a tree that grew from `old_size` to `new_size` entries: those to write.
/// Level by level, from the left; none where the tree did not grow.
pub fn written_tiles(old_size: u64, new_size: u64) -> impl Iterator<Item = Tile> {
    (0..=u64::BITS as u8 / HEIGHT - 1).flat_map(move |level| {
        let shift = level * HEIGHT;
        written(old_size >> shift, new_size >> shift).filter_map(move |(index, width)| {
            // No tree is larger than the limit: nothing is left out.
            Tile::new(level, index, width).ok()
        })
    })
}

/// As [`written_tiles`], the entry bundles.
pub fn written_bundles(old_size: u64, new_size: u64) -> impl Iterator<Item = Bundle> {
    written(old_size, new_size).filter_map(|(index, width)| Bundle::new(index, width).ok())
}

/// The bytes of a bundle: each entry after its length, in two bytes, the higher first.
///
/// # Errors
/// [`Error::Limit`] where there are more than 256 entries, or one is longer than [`limits::ENTRY_BYTES`].
pub fn encode_bundle<T: AsRef<[u8]>>(entries: &[T]) -> Result<Vec<u8>, Error> {
    within("entries of a bundle", FULL as usize, entries.len())?;
    let mut bundle = Vec::new();
    for entry in entries.iter().map(AsRef::as_ref) {
        within("bytes of a log entry", limits::ENTRY_BYTES, entry.len())?;
        let length = entry.len() as u16;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle of this `width`: exactly so many, and nothing after them.
///
/// # Errors
/// [`Error::Log`] where the bytes hold fewer or more.
pub fn decode_bundle(mut bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, Error> {
    let refused = |reason: String| Error::Log { what: "entry bundle", reason };
    let mut entries = Vec::new();
    for number in 0..width {
        let entry;
        (entry, bytes) = bytes
            .split_first_chunk()
            .and_then(|(length, rest)| rest.split_at_checked(usize::from(u16::from_be_bytes(*length))))
            .ok_or_else(|| refused(format!("it ends inside of entry {number} of {width}")))?;
        entries.push(entry);
    }
    if bytes.is_empty() {
        Ok(entries)
    } else {
        Err(refused(format!("{} bytes after its {width} entries", bytes.len())))
    }
}

/// What paths of tiles and bundles share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    index: u64,
    width: u16,
}

impl Place {
    fn new(what: &'static str, level: u8, index: u64, width: u16) -> Result<Self, Error> {
        let exists = (1..=FULL).contains(&u64::from(width))
            && index
                .checked_mul(FULL)
                .and_then(|start| start.checked_add(u64::from(width)))
                .zip(limits::TREE_SIZE.checked_shr(u32::from(level) * u32::from(HEIGHT)))
                .is_some_and(|(end, hashes)| end <= hashes);
        if exists {
            return Ok(Place { index, width });
        }
        Err(Error::Log { what, reason: format!("no tree has number {index} of level {level}, {width} wide") })
    }

    fn path(&self) -> String {
        let mut path = format!("{:03}", self.index % 1_000);
        let mut higher = self.index / 1_000;
        while higher > 0 {
            path.insert_str(0, &format!("x{:03}/", higher % 1_000));
            higher /= 1_000;
        }
        if u64::from(self.width) < FULL {
            write!(path, ".p/{}", self.width).expect("a string takes any text");
        }
        path
    }
}

/// Index and width, from a path whose canonical form the caller compares.
fn parse_place(text: &str) -> Option<(u64, u16)> {
    let (groups, width) = match text.split_once(".p/") {
        Some((groups, width)) => (groups, parse_number(width)?.try_into().ok()?),
        None => (text, FULL as u16),
    };
    let index = groups.split('/').try_fold(0_u64, |index, group| {
        index.checked_mul(1_000)?.checked_add(parse_number(group.strip_prefix('x').unwrap_or(group))?)
    })?;
    Some((index, width))
}

fn parse_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn bounded(path: &str) -> Option<&str> {
    (path.len() <= PATH_BYTES).then_some(path)
}

fn no_path(what: &'static str, path: &str) -> Error {
    Error::Log { what, reason: format!("`{}` is no path of one", quote(path)) }
}

/// The tiles of one level that are new or wider after its hashes grew from `old` to `new`, as index and width.
fn written(old: u64, new: u64) -> impl Iterator<Item = (u64, u16)> {
    let range = if old < new { old / FULL..new.div_ceil(FULL) } else { 0..0 };
    range.map(move |index| (index, (new - index * FULL).min(FULL) as u16))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::log::{appended_nodes, leaf_hash};

    /// The examples in the text of C2SP tlog-tiles.
    #[test]
    fn a_tree_of_70000_entries_has_these_tiles() {
        let mut widths = BTreeMap::<(u8, u16), u64>::new();
        for tile in written_tiles(0, 70_000) {
            *widths.entry((tile.level(), tile.width())).or_default() += 1;
        }
        let wanted = [((0, 112), 1), ((0, 256), 273), ((1, 17), 1), ((1, 256), 1), ((2, 1), 1)];
        assert_eq!(widths, wanted.into());
        assert_eq!(
            written_tiles(0, 256).map(|tile| tile.path()).collect::<Vec<_>>(),
            ["tile/0/000", "tile/1/000.p/1"]
        );
        assert_eq!(Tile::new(3, 1_234_067, 256).map(|tile| tile.path()), Ok("tile/3/x001/x234/067".into()));
    }

    #[test]
    fn growth_writes_what_is_new_or_wider() {
        let paths = |old, new| written_tiles(old, new).map(|tile| tile.path()).collect::<Vec<_>>();
        assert_eq!(paths(5, 5), Vec::<String>::new());
        assert_eq!(paths(5, 4), Vec::<String>::new());
        assert_eq!(paths(255, 256), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(paths(256, 257), ["tile/0/001.p/1"]);
        assert_eq!(paths(300, 520), ["tile/0/001", "tile/0/002.p/8", "tile/1/000.p/2"]);
        assert_eq!(paths(65_535, 65_536), ["tile/0/255", "tile/1/000", "tile/2/000.p/1"]);
        let bundles: Vec<_> = written_bundles(300, 520).map(|bundle| bundle.path()).collect();
        assert_eq!(bundles, ["tile/entries/001", "tile/entries/002.p/8"]);
        assert_eq!(Bundle::holding(511, 520).map(|bundle| bundle.entries()), Ok(256..512));
    }

    #[test]
    fn other_paths_are_refused() {
        for path in [
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/x001/",
            "tile/00/000",
            "tile/+1/000",
            "tile/0/+01",
            "tile/7/000.p/1",
            "tile/64/000",
            "tile/256/000",
            "tile/-1/000",
            "tile/8/0/000",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/000.p/1.p/1",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/x18446744073709551615/x18446744073709551615/000",
            "tile/entries",
            "tile/",
            "",
        ] {
            assert!(Tile::parse(path).is_err(), "{path} passed");
        }
        assert!(Tile::parse("tile/entries/000").is_err());
        assert!(Bundle::parse("tile/0/000").is_err());
        assert!(Bundle::parse(&format!("tile/entries/{}000", "x000/".repeat(100_000))).is_err());
    }

    #[test]
    fn every_node_is_read_from_the_tile_that_holds_it() {
        const SIZE: u64 = 600;
        let mut nodes = BTreeMap::<Node, Hash>::new();
        for number in 0..SIZE {
            let leaf = leaf_hash(&number.to_be_bytes());
            let added =
                appended_nodes(number, leaf, |node| Ok::<_, Error>(nodes[&node])).expect("they are there");
            nodes.extend(added);
        }
        for size in [1, 2, 255, 256, 257, 511, 512, SIZE] {
            let tiles: BTreeMap<String, Vec<u8>> = written_tiles(0, size)
                .map(|tile| (tile.path(), tile.nodes().flat_map(|node| *nodes[&node].as_bytes()).collect()))
                .collect();
            for (node, hash) in &nodes {
                let complete = (node.index + 1) << node.level <= size;
                let tile = Tile::holding(*node, size);
                assert_eq!(tile.is_ok(), complete, "{node:?} of {size}");
                if let Ok(tile) = tile {
                    assert_eq!(
                        tile.node(&tiles[&tile.path()], *node).as_ref(),
                        Ok(hash),
                        "{node:?} of {size}"
                    );
                }
            }
        }
        // A full tile also has the hash of the node above it.
        let tile = Tile::new(0, 1, 256).expect("a tile");
        let bytes: Vec<u8> = tile.nodes().flat_map(|node| *nodes[&node].as_bytes()).collect();
        let above = Node { level: 8, index: 1 };
        assert_eq!(tile.node(&bytes, above), Ok(nodes[&above]));
        assert!(tile.node(&bytes, Node { level: 8, index: 0 }).is_err());
        assert!(tile.node(&bytes, Node { level: 9, index: 0 }).is_err());
        assert!(tile.node(&bytes[1..], above).is_err());
        assert!(Tile::new(1, 0, 1).expect("a tile").node(&bytes[..32], Node { level: 7, index: 0 }).is_err());
    }

    #[test]
    fn bundles_have_their_entries_and_no_more() {
        let entries: [&[u8]; 3] = [b"", b"a", &[7; 65_535]];
        let bundle = encode_bundle(&entries).expect("entries fit");
        assert_eq!(bundle[..5], [0, 0, 0, 1, b'a']);
        assert_eq!(decode_bundle(&bundle, 3).as_deref(), Ok(&entries[..]));
        assert!(decode_bundle(&bundle, 2).is_err());
        assert!(decode_bundle(&bundle, 4).is_err());
        assert!(decode_bundle(&bundle[..bundle.len() - 1], 3).is_err());
        assert!(matches!(encode_bundle(&[vec![0; 65_536]]), Err(Error::Limit { got: 65_536, .. })));
        assert!(matches!(encode_bundle(&[b""; 257]), Err(Error::Limit { got: 257, .. })));
    }

    proptest! {
        #[test]
        fn t19_a_path_is_refused_or_the_one_of_its_tile(path in "tile/([0-9]{1,3}|entries)(/x[0-9]{2,4}){0,3}/[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
            if let Ok(tile) = Tile::parse(&path) {
                prop_assert_eq!(tile.path(), path.clone());
            }
            if let Ok(bundle) = Bundle::parse(&path) {
                prop_assert_eq!(bundle.path(), path);
            }
        }

        #[test]
        fn paths_are_read_back(level in 0_u8..6, index in 0_u64..1 << 13, width in 1_u16..=256) {
            let tile = Tile::new(level, index, width).or_else(|_| Tile::new(level, 0, 1))?;
            prop_assert_eq!(Tile::parse(&tile.path()), Ok(tile));
            let bundle = Bundle::new(index * 1_000_003, width)?;
            prop_assert_eq!(Bundle::parse(&bundle.path()), Ok(bundle));
        }

        #[test]
        fn arbitrary_nodes_and_sizes_are_answered(level: u8, index: u64, size: u64, tile_level: u8, width: u16) {
            let node = Node { level, index };
            let _ = Tile::holding(node, size);
            if let Ok(tile) = Tile::new(tile_level % 8, index >> 20, width % 300) {
                let _ = tile.node(&vec![0; usize::from(tile.width()) * 32], node);
            }
        }

        #[test]
        fn t19_a_bundle_is_refused_or_the_one_of_its_entries(bytes: Vec<u8>, width in 0_u16..8) {
            if let Ok(entries) = decode_bundle(&bytes, width) {
                prop_assert_eq!(encode_bundle(&entries)?, bytes);
            }
        }
    }
}
