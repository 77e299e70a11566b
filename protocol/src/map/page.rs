//! How a registry keeps the map: in pages of eight levels, so that a change writes few and a proof reads few.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    MapKey, MapLeaf, MapPath,
    tree::{empty_map, node},
};
use crate::{
    Cid, Error, canonical,
    log::{Hash, Hashes},
};

/// Levels of a page: as many as a byte has bits.
const LEVELS: usize = 8;
/// Bytes of a page: 256 leaves of some 100 bytes.
pub(crate) const PAGE_BYTES: usize = 64 << 10;

/// Eight levels of the map below a prefix of whole bytes: the leaves that are alone there, and the pages below. Its name is the
/// hash of the node at its top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapPage(BTreeMap<u8, Slot>);

/// What is below one value of the byte that follows the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    /// One package.
    Leaf(MapLeaf),
    /// Two or more: the page below.
    Page(Hash),
}

/// A page as an object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    format: Format,
    /// Bytes of the prefix.
    depth: u8,
    leaves: Vec<MapLeaf>,
    pages: Vec<Below>,
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "cidery-map-page-v1")]
    V1,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Below {
    at: u8,
    page: Hash,
}

/// Where a map's pages are kept: those of the map as it is, by the bytes before them.
pub trait MapPages {
    /// What can go wrong.
    type Error: From<Error>;

    /// The page below a prefix.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn page(&self, prefix: &[u8]) -> Result<Option<MapPage>, Self::Error>;

    /// Takes the page below a prefix in the place of the one before. Its name is `hash`.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn put(&mut self, prefix: &[u8], hash: Hash, page: &MapPage) -> Result<(), Self::Error>;
}

/// Pages in memory, by their prefixes.
impl MapPages for BTreeMap<Vec<u8>, MapPage> {
    type Error = Error;

    fn page(&self, prefix: &[u8]) -> Result<Option<MapPage>, Error> {
        Ok(self.get(prefix).cloned())
    }

    fn put(&mut self, prefix: &[u8], _: Hash, page: &MapPage) -> Result<(), Error> {
        self.insert(prefix.to_vec(), page.clone());
        Ok(())
    }
}

/// Gives a package its value, in the place of the one before, and gives the map's root.
///
/// # Errors
/// Those of the pages.
pub fn set<P: MapPages>(pages: &mut P, leaf: MapLeaf) -> Result<Hash, P::Error> {
    set_below(pages, 0, &[leaf])
}

/// Gives packages their values, in the place of those before. Each page is hashed and written once, however many packages below it
/// change.
///
/// # Errors
/// Those of the pages.
pub fn set_all<P: MapPages>(pages: &mut P, values: &BTreeMap<MapKey, Cid>) -> Result<(), P::Error> {
    let leaves: Vec<_> = values.iter().map(|(key, value)| MapLeaf { key: *key, value: *value }).collect();
    if leaves.is_empty() { Ok(()) } else { set_below(pages, 0, &leaves).map(drop) }
}

/// Sets leaves that agree in the bytes before `depth`: at least one, sorted by their keys, which differ.
fn set_below<P: MapPages>(pages: &mut P, depth: usize, leaves: &[MapLeaf]) -> Result<Hash, P::Error> {
    let prefix = &leaves[0].key.as_bytes()[..depth];
    let byte = |leaf: &MapLeaf| leaf.key.as_bytes()[depth];
    let mut page = pages.page(prefix)?.unwrap_or_default();
    for some in leaves.chunk_by(|a, b| byte(a) == byte(b)) {
        let at = byte(&some[0]);
        let slot = match (page.0.get(&at), some) {
            (Some(Slot::Leaf(other)), _) if some.iter().all(|leaf| leaf.key != other.key) => {
                // Two keys differ somewhere: at the last byte, there are no two leaves in a slot.
                let mut some = [some, &[*other]].concat();
                some.sort_unstable_by_key(|leaf| leaf.key);
                Slot::Page(set_below(pages, depth + 1, &some)?)
            }
            (Some(Slot::Leaf(_)) | None, [leaf]) => Slot::Leaf(*leaf),
            _ => Slot::Page(set_below(pages, depth + 1, some)?),
        };
        page.0.insert(at, slot);
    }
    let hash = page.hash();
    pages.put(prefix, hash, &page)?;
    Ok(hash)
}

/// The path of a key, read from pages from the root's down: as long as it [wants](ReadPath::wants) one, it is
/// [given](ReadPath::take) that.
#[derive(Clone, Debug)]
pub struct ReadPath {
    key: MapKey,
    depth: u8,
    wanted: Option<Hash>,
    siblings: Vec<Hash>,
    end: Option<MapLeaf>,
}

impl ReadPath {
    /// The path of a key in the map with a root, of which nothing is read yet.
    pub fn new(key: MapKey, root: Hash) -> Self {
        let wanted = (root != empty_map()).then_some(root);
        ReadPath { key, depth: 0, wanted, siblings: Vec::new(), end: None }
    }

    /// The page that is wanted next, until there is none.
    pub fn wants(&self) -> Option<Hash> {
        self.wanted
    }

    /// Takes the bytes of the page that was wanted.
    ///
    /// # Errors
    /// [`Error::Log`] where it is another one or none.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let page = MapPage::decode(self.depth, bytes)?;
        let byte = self.key.as_bytes()[usize::from(self.depth)];
        let goes_right = |level: usize| byte >> (7 - level) & 1 == 1;
        let slots: Vec<_> = page.0.iter().collect();
        let (mut below, mut siblings) = (&slots[..], Vec::with_capacity(LEVELS));
        while siblings.len() < LEVELS && !matches!(below, [] | [(_, Slot::Leaf(_))]) {
            let (left, right) = halves(below, siblings.len());
            let (on, beside) = if goes_right(siblings.len()) { (right, left) } else { (left, right) };
            siblings.push(subtree(beside, siblings.len() + 1));
            below = on;
        }
        // The page's own hash, by way of what was hashed already.
        let up = siblings.iter().enumerate().rev();
        let hash =
            up.fold(subtree(below, siblings.len()), |hash, (level, sibling)| match goes_right(level) {
                false => node(&hash, sibling),
                true => node(sibling, &hash),
            });
        if self.wanted != Some(hash) {
            return Err(malformed("its hash is another one"));
        }
        self.siblings.append(&mut siblings);
        self.wanted = None;
        match below {
            [(_, Slot::Leaf(leaf))] => self.end = Some(*leaf),
            [(_, Slot::Page(page))] => self.wanted = Some(*page),
            _ => {}
        }
        self.depth = self.depth.saturating_add(1);
        if self.wanted.is_some() && usize::from(self.depth) >= MapKey::BITS / LEVELS {
            return Err(malformed("there is nothing below the last byte"));
        }
        Ok(())
    }

    /// The value of the key, if it has one, and the path that shows it.
    pub fn finish(self) -> (Option<Cid>, MapPath) {
        let siblings = Hashes(self.siblings);
        match self.end {
            Some(leaf) if leaf.key == self.key => (Some(leaf.value), MapPath { siblings, other: None }),
            other => (None, MapPath { siblings, other }),
        }
    }
}

impl MapPage {
    /// The hash of the node at its top, which is its name.
    pub fn hash(&self) -> Hash {
        subtree(&self.0.iter().collect::<Vec<_>>(), 0)
    }

    /// The canonical bytes of the page below a prefix of `depth` bytes.
    ///
    /// # Errors
    /// None for a page that [`set`] or [`MapPage::decode`] made.
    pub fn encode(&self, depth: u8) -> Result<Vec<u8>, Error> {
        let mut object = Object { format: Format::V1, depth, leaves: Vec::new(), pages: Vec::new() };
        for (at, slot) in &self.0 {
            match slot {
                Slot::Leaf(leaf) => object.leaves.push(*leaf),
                Slot::Page(page) => object.pages.push(Below { at: *at, page: *page }),
            }
        }
        canonical::encode("page of the map", &object)
    }

    /// Reads the page below a prefix of `depth` bytes. Whether it is the one that was wanted, its hash says.
    ///
    /// # Errors
    /// [`Error::Log`] where the bytes are no page at that depth, [`Error::Limit`].
    pub fn decode(depth: u8, bytes: &[u8]) -> Result<Self, Error> {
        let object: Object =
            canonical::decode("page of the map", PAGE_BYTES, bytes).map_err(|error| match error {
                Error::Cbor { what, reason } => Error::Log { what, reason },
                other => other,
            })?;
        if object.depth != depth {
            return Err(malformed("it is of another depth"));
        }
        let byte = |leaf: &MapLeaf| leaf.key.as_bytes().get(usize::from(depth)).copied();
        // Lists that are not in their order would be a second form of the page.
        if !object.leaves.is_sorted_by(|a, b| byte(a) < byte(b))
            || !object.pages.is_sorted_by(|a, b| a.at < b.at)
        {
            return Err(malformed("its lists are not in their order"));
        }
        let leaves = object.leaves.iter().map(|leaf| (byte(leaf), Slot::Leaf(*leaf)));
        let below = object.pages.iter().map(|below| (Some(below.at), Slot::Page(below.page)));
        let mut slots = BTreeMap::new();
        for (at, slot) in leaves.chain(below) {
            let at = at.ok_or_else(|| malformed("it is below the last byte"))?;
            if slots.insert(at, slot).is_some() {
                return Err(malformed("two things stand in one place"));
            }
        }
        Ok(MapPage(slots))
    }
}

/// The hash of what these slots hold, `level` levels below the top of their page. They agree in the bits above.
fn subtree(slots: &[(&u8, &Slot)], level: usize) -> Hash {
    match slots {
        [] => empty_map(),
        [(_, Slot::Leaf(leaf))] => leaf.hash(),
        [(_, Slot::Page(page))] if level == LEVELS => *page,
        _ => {
            let (left, right) = halves(slots, level);
            node(&subtree(left, level + 1), &subtree(right, level + 1))
        }
    }
}

type Slots<'s> = [(&'s u8, &'s Slot)];

/// Those to the left and to the right of a node. At the last level, a slot is by itself.
fn halves<'a, 's>(slots: &'a Slots<'s>, level: usize) -> (&'a Slots<'s>, &'a Slots<'s>) {
    let bit = 7_usize.saturating_sub(level);
    slots.split_at(slots.partition_point(|(at, _)| **at >> bit & 1 == 0))
}

fn malformed(reason: &str) -> Error {
    Error::Log { what: "page of the map", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Codec;

    type Pages = BTreeMap<Vec<u8>, MapPage>;

    /// The tree by its definition, without pages.
    fn root_of(leaves: &[MapLeaf], depth: usize) -> Hash {
        match leaves {
            [] => empty_map(),
            [leaf] => leaf.hash(),
            _ => {
                let (right, left): (Vec<MapLeaf>, _) = leaves.iter().partition(|leaf| leaf.key.bit(depth));
                node(&root_of(&left, depth + 1), &root_of(&right, depth + 1))
            }
        }
    }

    fn value(number: u64) -> Cid {
        Cid::of(Codec::DagCbor, &number.to_be_bytes())
    }

    fn numbered(number: u64) -> MapLeaf {
        let key = MapKey::from_bytes(*value(number ^ 0xabcd).digest());
        MapLeaf { key, value: value(number) }
    }

    /// The path as a registry finds it: by hashes, from the root down.
    fn path(pages: &Pages, key: MapKey, root: Hash) -> (Option<Cid>, MapPath) {
        let by_hash: BTreeMap<Hash, (u8, &MapPage)> =
            pages.iter().map(|(prefix, page)| (page.hash(), (prefix.len() as u8, page))).collect();
        let mut path = ReadPath::new(key, root);
        while let Some(wanted) = path.wants() {
            let (depth, page) = by_hash[&wanted];
            path.take(&page.encode(depth).expect("a page")).expect("the page that was wanted");
        }
        path.finish()
    }

    #[test]
    fn every_map_to_300_packages_proves_what_is_in_it_and_what_is_not() {
        let (mut pages, mut leaves) = (Pages::new(), Vec::new());
        assert_eq!(path(&pages, numbered(0).key, empty_map()), (None, MapPath::default()));
        assert_eq!(MapPath::default().leads(&numbered(0).key, None, &empty_map()), Ok(()));
        for number in 0..300 {
            leaves.push(numbered(number));
            let root = set(&mut pages, numbered(number)).expect("pages in memory");
            assert_eq!(root, root_of(&leaves, 0), "{number}");
            for wanted in (0..number + 8).step_by(1 + number as usize / 25) {
                let leaf = numbered(wanted);
                let there = (wanted <= number).then_some(leaf.value);
                let (value, path) = path(&pages, leaf.key, root);
                assert_eq!(value, there);
                assert_eq!(path.leads(&leaf.key, there, &root), Ok(()));
                let other = if there.is_some() { None } else { Some(leaf.value) };
                assert!(path.leads(&leaf.key, other, &root).is_err(), "and not the contrary");
            }
        }
    }

    #[test]
    fn keys_that_agree_to_their_last_bit_have_the_longest_path() {
        let mut pages = Pages::new();
        let key = |last: u8| MapKey::from_bytes(std::array::from_fn(|at| if at == 31 { last } else { 9 }));
        let leaves = [key(0), key(1), key(128)].map(|key| MapLeaf { key, value: value(1) });
        let mut root = empty_map();
        for leaf in leaves {
            root = set(&mut pages, leaf).expect("pages in memory");
        }
        assert_eq!(root, root_of(&leaves, 0));
        let mut at_once = Pages::new();
        set_all(&mut at_once, &leaves.map(|leaf| (leaf.key, leaf.value)).into()).expect("pages in memory");
        assert_eq!(at_once, pages);
        let (found, longest) = path(&pages, key(1), root);
        assert_eq!((found, longest.siblings.len()), (Some(value(1)), 256));
        assert_eq!(longest.leads(&key(1), found, &root), Ok(()));
        let (none, absent) = path(&pages, key(2), root);
        assert_eq!((none, absent.leads(&key(2), None, &root)), (None, Ok(())));
        let longer = MapPath { siblings: Hashes(vec![root; 257]), other: None };
        assert!(matches!(longer.leads(&key(1), None, &root), Err(Error::Limit { got: 257, .. })));
    }

    #[test]
    fn another_leaf_shows_absence_only_where_the_key_would_stand() {
        let mut pages = Pages::new();
        let (one, two) = (numbered(1), numbered(2));
        set(&mut pages, one).expect("pages in memory");
        let root = set(&mut pages, two).expect("pages in memory");
        let (_, to_one) = path(&pages, one.key, root);
        let framed = MapPath { other: Some(one), ..to_one };
        // The way to one's place does not lead to two's.
        assert!(framed.leads(&two.key, None, &root).is_err());
        assert!(framed.leads(&one.key, None, &root).is_err());
    }

    #[test]
    fn a_page_has_one_form() {
        let mut pages = Pages::new();
        for number in 0..600 {
            set(&mut pages, numbered(number)).expect("pages in memory");
        }
        assert!(pages.len() > 100);
        for (prefix, page) in &pages {
            let depth = prefix.len() as u8;
            let bytes = page.encode(depth).expect("a page");
            assert!(bytes.len() < PAGE_BYTES);
            assert_eq!(MapPage::decode(depth, &bytes).as_ref(), Ok(page));
            assert!(MapPage::decode(depth + 1, &bytes).is_err());
        }
        let leaf = numbered(1);
        let twice = Object { format: Format::V1, depth: 0, leaves: vec![leaf, leaf], pages: vec![] };
        let twice = canonical::encode("page", &twice).expect("an object");
        assert!(MapPage::decode(0, &twice).is_err());
    }

    proptest! {
        #[test]
        fn the_order_of_packages_does_not_matter(numbers in prop::collection::vec(0_u64..5_000, 1..60)) {
            let (mut there, mut back) = (Pages::new(), Pages::new());
            for number in &numbers {
                set(&mut there, numbered(*number))?;
            }
            for number in numbers.iter().rev() {
                set(&mut back, numbered(*number))?;
            }
            prop_assert_eq!(there, back);
        }

        #[test]
        fn packages_at_once_are_packages_one_by_one(
            before in prop::collection::vec(0_u64..5_000, 0..60),
            numbers in prop::collection::vec(0_u64..5_000, 0..60),
        ) {
            let mut single = Pages::new();
            for number in &before {
                set(&mut single, numbered(*number))?;
            }
            let mut at_once = single.clone();
            // Those that were there get another value.
            let leaf = |number: &u64| (numbered(*number).key, value(number + 1));
            let values: BTreeMap<MapKey, Cid> = numbers.iter().map(leaf).collect();
            set_all(&mut at_once, &values)?;
            for (key, value) in values {
                set(&mut single, MapLeaf { key, value })?;
            }
            prop_assert_eq!(at_once, single);
        }

        #[test]
        fn an_altered_path_is_refused(count in 2_u64..200, wanted in 0_u64..260, at: usize, bit in 0_usize..256) {
            let mut pages = Pages::new();
            let mut root = empty_map();
            for number in 0..count {
                root = set(&mut pages, numbered(number))?;
            }
            let key = numbered(wanted).key;
            let (value, path) = path(&pages, key, root);
            prop_assert_eq!(path.leads(&key, value, &root), Ok(()));
            let flip = |hash: &mut Hash| {
                let mut bytes = *hash.as_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                *hash = Hash::from_bytes(bytes);
            };
            let mut altered = path.clone();
            let at = at % altered.siblings.len();
            flip(&mut altered.siblings.0[at]);
            prop_assert!(altered.leads(&key, value, &root).is_err());
            let mut shorter = path.clone();
            shorter.siblings.0.remove(at);
            prop_assert!(shorter.leads(&key, value, &root).is_err());
            let mut longer = path.clone();
            longer.siblings.0.push(empty_map());
            prop_assert!(longer.leads(&key, value, &root).is_err());
            let mut other_root = root;
            flip(&mut other_root);
            prop_assert!(path.leads(&key, value, &other_root).is_err());
            prop_assert!(path.leads(&key, Some(numbered(count + 1).value), &root).is_err());
        }
    }
}
