//! The newest of a range (SPEC §9.5): what is shown suffices, and less never convinces anybody of less than the truth.
mod support;

use cidery_protocol::*;
use proptest::prelude::*;

const RANGES: [&str; 12] = [
    "*",
    "^1",
    "^1.2.0",
    "~1.2",
    "1 || 3",
    ">=1.0.0 <2.0.0",
    "1.2.3",
    ">1.1.0",
    "^1.2.0-beta.1",
    ">=2.0.0-alpha",
    "0.x || >=2.0.0-rc.1 <3.0.0",
    "1.0.0 - 2.1.0",
];

fn version() -> impl Strategy<Value = Version> {
    let pre = prop::sample::select(vec!["", "", "", "-alpha", "-beta.1", "-beta.2", "-rc.1"]);
    (0..4_u8, 0..3_u8, 0..3_u8, pre).prop_map(|(major, minor, patch, pre)| {
        format!("{major}.{minor}.{patch}{pre}").parse().expect("a version")
    })
}

fn leaves() -> impl Strategy<Value = Vec<VersionLeaf>> {
    let flags = (0..8_u8, 0..8_u8);
    prop::collection::btree_map(version(), flags, 1..40).prop_map(|versions| {
        let cid = Cid::of(Codec::DagCbor, b"a record");
        let leaf = |(version, (void, yank)): (Version, (u8, u8))| VersionLeaf {
            version,
            record: cid,
            yanked: (yank < 2).then_some(YankLeaf {
                record: cid,
                severity: if yank == 0 { Severity::Low } else { Severity::High },
            }),
            void: (void == 0).then_some(cid),
        };
        let (pre, mut all): (Vec<_>, Vec<_>) =
            versions.into_iter().map(leaf).partition(|leaf| leaf.version.is_prerelease());
        all.extend(pre);
        all
    })
}

fn tolerated(severity: Severity) -> bool {
    severity == Severity::Low
}

/// What a client should be given: by looking at all.
fn newest<'l>(range: &Range, all: &'l [VersionLeaf]) -> Option<&'l Version> {
    let offered = all.iter().filter(|leaf| leaf.is_offered(tolerated) && range.contains(&leaf.version));
    offered.map(|leaf| &leaf.version).max()
}

fn tree(all: &[VersionLeaf]) -> LeafTree {
    let shown = ShownLeaves::of(all, &(0..all.len() as u64).collect::<Vec<_>>()).expect("leaves");
    let hashes: Vec<_> = shown.leaves.iter().map(|leaf| log::leaf_hash(&leaf.leaf)).collect();
    LeafTree { size: all.len() as u64, root: log::root_of_leaves(&hashes) }
}

#[test]
fn a_yank_that_was_taken_back_is_in_no_leaf() {
    let record = Cid::of(Codec::DagCbor, b"a record");
    let yanked = Some(YankLeaf { record, severity: Severity::None });
    let all = [VersionLeaf { version: "1.0.0".parse().expect("a version"), record, yanked, void: None }];
    let shown = ShownLeaves::of(&all, &[0]).expect("leaves").versions(&tree(&all));
    assert_eq!(shown.map_err(|error| error.code()), Err(Code::CborMalformed));
}

#[test]
fn t20_a_leaf_names_records_and_no_blobs() {
    let (record, blob) = (Cid::of(Codec::DagCbor, b"a record"), Cid::of(Codec::Raw, b"a record"));
    let leaf = |record, void| VersionLeaf {
        version: "1.0.0".parse().expect("a version"),
        record,
        yanked: None,
        void,
    };
    for all in [[leaf(blob, None)], [leaf(record, Some(blob))]] {
        let shown = ShownLeaves::of(&all, &[0]).expect("leaves").versions(&tree(&all));
        assert_eq!(shown.map_err(|error| error.code()), Err(Code::CidMalformed));
    }
    let state = support::begin(&[&support::key(1)], 1).object();
    for altered in [StateObject { newest: blob, ..state.clone() }, StateObject { authority: blob, ..state }] {
        let read = StateObject::decode(&altered.encode().expect("bytes"));
        assert_eq!(read.map_err(|error| error.code()), Err(Code::CidMalformed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_shown_suffices(all in leaves(), range in prop::sample::select(RANGES.to_vec())) {
        let range: Range = range.parse()?;
        let Some(chosen) = newest(&range, &all) else { return Ok(()) };
        let places = places_for_newest(&range, chosen, &all);
        let shown = ShownLeaves::of(&all, &places)?.versions(&tree(&all))?;
        prop_assert!(shown.iter().any(|(_, leaf)| leaf.version == *chosen));
        prop_assert_eq!(check_newest(&range, chosen, &tree(&all), &shown, tolerated), Ok(()));
    }

    /// Whatever is shown and whatever is left out, nobody takes a release for the newest that is not.
    #[test]
    fn nobody_is_convinced_of_an_older_one(
        all in leaves(),
        range in prop::sample::select(RANGES.to_vec()),
        chosen: prop::sample::Index,
        shown in prop::collection::vec(0..4_u8, 40),
    ) {
        let range: Range = range.parse()?;
        let chosen = &chosen.get(&all).version;
        let tree = tree(&all);
        let some: Vec<u64> = (0..tree.size).filter(|at| shown[*at as usize % 40] > 0).collect();
        let mut shown: Vec<(u64, VersionLeaf)> =
            some.iter().map(|at| (*at, all[*at as usize].clone())).collect();
        if range.contains(chosen) && check_newest(&range, chosen, &tree, &shown, tolerated).is_ok() {
            let newest = newest(&range, &all);
            prop_assert!(newest <= Some(chosen), "{:?} is above {}", newest, chosen);
        }
        // Nor does one who is shown everything take it for missing.
        shown = (0..).zip(all.clone()).collect();
        let verdict = check_newest(&range, chosen, &tree, &shown, tolerated);
        prop_assert_eq!(verdict.is_ok(), newest(&range, &all) <= Some(chosen));
    }

    #[test]
    fn a_range_that_names_no_prerelease_contains_none(version in version(), range in prop::sample::select(RANGES.to_vec())) {
        let range: Range = range.parse()?;
        prop_assert!(!version.is_prerelease() || range.names_prerelease() || !range.contains(&version));
    }

    #[test]
    fn nothing_is_contained_above_the_end(
        below in version(),
        version in version(),
        range in prop::sample::select(RANGES.to_vec()),
    ) {
        let range: Range = range.parse()?;
        prop_assert!(!(range.ends_below(&below) && below <= version && range.contains(&version)));
    }
}
