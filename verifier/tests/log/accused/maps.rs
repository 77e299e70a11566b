//! Maps over packages.

use super::*;

pub(super) fn vectors() -> Vec<Vector> {
    let whole = honest();
    let size = whole.log.size();
    // The same records, under a map as it was before the last of them.
    let relogged = |change: fn(&Whole) -> Whole| {
        let mut lies = change(&whole);
        let mut other = whole.clone();
        other.log.entries.truncate(size as usize - 1);
        let mapped = lies.map(LOGGED + 25 * HOUR);
        let entry = lies.log.entries[mapped as usize].clone();
        other.log.entries.push(entry);
        let mut proof = lies.proof("@acme/hello", lies.log.size());
        if let Some(map) = &mut proof.map {
            map.inclusion = other.log.inclusion(size - 1, size).into();
        }
        (other, proof)
    };
    let (stale, stale_proof) = relogged(|whole| {
        let mut lies = whole.clone();
        lies.log.entries.truncate(17);
        lies
    });
    let (without, mut absent) = relogged(|whole| {
        let mut lies = whole.clone();
        lies.packages.remove("@acme/hello");
        lies
    });
    absent.state = None;
    let (altered, other_state) = relogged(|whole| {
        // At the same record, and under the authority that has been replaced.
        let mut lies = whole.clone();
        lies.log.entries.truncate(12);
        lies.packages.get_mut("@acme/hello").expect("it is there").records.truncate(4);
        let step = release("2.0.0").by(&[PUBLISHER]).at(LOGGED + 30);
        lies.log_it("@acme/hello", step).expect("the old key signs");
        lies
    });
    let all = [0, 1, 9, 10, 17];
    vec![
        shows(
            "map_of_before",
            "log.map",
            "The map does not know the newest record.",
            map_of(&stale, &stale_proof, &all),
        ),
        shows(
            "map_without_the_package",
            "log.map",
            "The map does not know the package.",
            map_of(&without, &absent, &all),
        ),
        shows(
            "map_of_another_state",
            "log.map",
            "The map has another state at the newest record.",
            map_of(&altered, &other_state, &all),
        ),
        refused("map_path_elsewhere", "log.proof", "The path is that of another package.", {
            let (_, other) = (&whole, whole.proof("@other/tool", size));
            map_of(&whole, &other, &all)
        }),
        refused("map_state_of_another", "log.proof", "The state is not the one that the map names.", {
            let mut proof = stale_proof.clone();
            proof.state = whole.proof("@acme/hello", size).state;
            map_of(&stale, &proof, &all)
        }),
        refused("map_state_malformed", "cbor.malformed", "The state is none.", {
            let mut proof = stale_proof.clone();
            proof.state.as_mut().expect("a state").push(0);
            map_of(&stale, &proof, &all)
        }),
        refused("map_before_the_last", "log.proof", "The map is not the checkpoint's last entry.", {
            let mut kind = map_of(&whole, &whole.proof("@acme/hello", size), &all);
            if let EvidenceKind::Map { map, .. } = &mut kind {
                map.entry = whole.log.entries[size as usize - 3].clone();
                map.inclusion = whole.log.inclusion(size - 3, size);
            }
            kind
        }),
    ]
}

/// Honest maps, and accusers who leave something out.
pub(super) fn framed_by_maps() -> Vec<Vector> {
    let whole = honest();
    let size = whole.log.size();
    let proof = whole.proof("@acme/hello", size);
    let mut settled = waiting();
    settled
        .log_it("@other/tool", init(powers(&[STRANGER], 1)).by(&[STRANGER]).at(LOGGED + HOUR))
        .expect("it begins");
    settled.map(LOGGED + HOUR);
    settled.map(LOGGED + 10);
    assert_eq!(crate::replay(&settled).1, None, "it is honest");
    let settled_proof = settled.proof("@acme/hello", settled.log.size());
    let waits = waiting();
    let unproven = |name: &str, about: &str, kind| refused(name, "log.unproven", about, kind);
    vec![
        unproven("framed_by_an_honest_map", "The map is right.", map_of(&whole, &proof, &[0, 1, 9, 10, 17])),
        unproven(
            "framed_without_the_newest",
            "The newest record is left out.",
            map_of(&whole, &proof, &[0, 1, 9, 10]),
        ),
        unproven("framed_without_records", "All records are left out.", map_of(&whole, &proof, &[])),
        unproven(
            "framed_by_a_map_after_a_delay",
            "The entry of another package that ended the delay is left out.",
            map_of(&settled, &settled_proof, &[0, 1]),
        ),
        unproven(
            "framed_by_a_map_within_a_delay",
            "The map says that the authority waits, and it does.",
            map_of(&waits, &waits.proof("@acme/hello", 3), &[0, 1]),
        ),
        refused(
            "framed_by_a_map_with_a_wrong_path",
            "log.proof",
            "The path is shown as one where nothing is.",
            {
                let mut proof = proof.clone();
                proof.state = None;
                map_of(&whole, &proof, &[0, 1, 9, 10, 17])
            },
        ),
    ]
}

fn map_of(whole: &Whole, proof: &PackageProof, indexes: &[u64]) -> EvidenceKind {
    let (checkpoint, entries) = under(whole, whole.log.size(), indexes);
    let MapProof { entry, inclusion, path } = proof.map.clone().expect("a map");
    let map = ShownMap { entry: entry.into_vec(), inclusion: inclusion.0, path };
    EvidenceKind::Map {
        checkpoint,
        entries,
        map: Box::new(map),
        state: proof.state.clone().map(|s| s.into_vec()),
    }
}
