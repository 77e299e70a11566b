//! Proofs that must be refused: each is right in all but one thing.

use cidery_protocol::{
    Code, MapEntry, PendingAuthority, limits,
    log::{Hash, empty_root},
};
use serde_bytes::ByteBuf;
use serde_json::json;

use super::{PackageVector, absent, refused};
use crate::support::{
    case::{MAX_AGE, since},
    ipld::{powers, with_recovery},
    log::Log,
    plan::{NEXT, ORIGIN, OTHER, PACKAGE, PUBLISHER, RECOVERY, STRANGER, TIME, WITNESS},
    steps::{recover, release},
    vector::same,
};

pub fn vectors() -> Vec<PackageVector> {
    [forms(), heads(), memories(), maps(), states(), absences()].concat()
}

/// Steps (1) and (2).
fn forms() -> Vec<PackageVector> {
    vec![
        refused(
            "T01_package_outside_policy",
            Code::PolicyNoRule,
            "No rule of the policy is for the scope.",
            same,
            |asked, built| asked.none(built, "@acm/hello"),
        ),
        refused(
            "T19_proof_trailing_byte",
            Code::LogMalformed,
            "A byte follows the proof.",
            same,
            |asked, _| {
                asked.bytes = |bytes| [bytes, vec![0]].concat();
            },
        ),
        refused(
            "T20_head_for_a_proof",
            Code::LogMalformed,
            "The proof calls itself a head.",
            same,
            |asked, _| {
                asked.bytes = |bytes| replaced(bytes, b"cidery-package-proof-v1", b"cidery-package-headf-v1");
            },
        ),
        refused("T16_path_too_long", Code::LimitExceeded, "The path has 257 hashes.", same, |asked, _| {
            let map = asked.proof.map.as_mut().expect("a map");
            map.path.siblings = vec![Hash::from_bytes([0; 32]); 257].into();
        }),
        refused("T16_since_too_long", Code::LogProof, "A proof has 65 hashes.", same, |asked, built| {
            asked.proof.since = since(built, 3);
            let since = asked.proof.since.as_mut().expect("it is there");
            since.consistency = vec![Hash::from_bytes([0; 32]); 65].into();
        }),
    ]
}

/// Steps (3) and (4).
fn heads() -> Vec<PackageVector> {
    vec![
        refused(
            "T23_head_of_another_log",
            Code::LogOrigin,
            "The head is of another log.",
            same,
            |asked, built| {
                let mut other = built.log.clone();
                other.origin = "other.example".parse().expect("an origin");
                asked.proof.checkpoint = ByteBuf::from(other.cosigned(other.size(), TIME).to_bytes());
            },
        ),
        refused(
            "T23_head_by_another_key",
            Code::LogSignature,
            "Another key signs under the log's name.",
            same,
            |asked, built| {
                let other = Log { key: STRANGER, ..built.log.clone() };
                asked.proof.checkpoint = ByteBuf::from(other.cosigned(other.size(), TIME).to_bytes());
            },
        ),
        refused(
            "T05_head_without_timestamp",
            Code::LogTimestamp,
            "The head carries the log's signature alone.",
            same,
            |asked, built| {
                asked.proof.checkpoint = ByteBuf::from(built.log.checkpoint(built.log.size()).to_bytes());
            },
        ),
        refused("T05_stale_head", Code::LogStale, "The head is a second too old.", same, |asked, _| {
            asked.case.now = TIME + MAX_AGE + 1;
        }),
        refused("T05_future_head", Code::LogFuture, "The head is 61 seconds ahead.", same, |asked, _| {
            asked.case.now = TIME - 61;
        }),
        refused(
            "T23_too_few_witnesses",
            Code::LogWitnesses,
            "No witness cosigned, and the policy wants one.",
            same,
            |asked, _| asked.case.witnesses(&[WITNESS], 1),
        ),
    ]
}

/// Steps (5) and (11).
fn memories() -> Vec<PackageVector> {
    vec![
        refused(
            "T04_head_rolled_back",
            Code::LogRollback,
            "A larger tree was seen.",
            same,
            |asked, built| {
                asked.case.remember(built.log.size() + 1, Hash::from_bytes([7; 32]));
            },
        ),
        refused(
            "T04_empty_log_after_another",
            Code::LogRollback,
            "The log is empty, and a tree of it was seen.",
            same,
            |asked, built| {
                asked.empty();
                asked.case.remember(3, built.log.root(3));
            },
        ),
        refused(
            "T23_fork_of_the_same_size",
            Code::LogFork,
            "A tree of the same size and another root was seen.",
            same,
            |asked, built| asked.case.remember(built.log.size(), Hash::from_bytes([7; 32])),
        ),
        refused(
            "T23_fork_of_a_smaller_tree",
            Code::LogProof,
            "The head does not continue the tree that was seen.",
            same,
            |asked, built| {
                asked.case.remember(3, Hash::from_bytes([7; 32]));
                asked.proof.since = since(built, 3);
            },
        ),
        refused(
            "T04_since_missing",
            Code::LogUnproven,
            "Nothing joins the head to the tree that was seen.",
            same,
            |asked, built| asked.case.remember(3, built.log.root(3)),
        ),
        refused(
            "T04_package_rolled_back",
            Code::LogRollback,
            "A state of a later record was seen.",
            same,
            |asked, built| asked.case.remember_package(built, 3),
        ),
        refused(
            "T04_package_gone",
            Code::LogRollback,
            "The map has no such package, and a state of it was seen.",
            same,
            |asked, built| {
                let name = absent(built, true);
                asked.none(built, &name);
                asked.case.remember(built.log.size(), built.log.root(built.log.size()));
                asked.case.seen["logs"][ORIGIN]["packages"] = json!({ name: 0 });
            },
        ),
    ]
}

/// The map of step (10).
fn maps() -> Vec<PackageVector> {
    vec![
        refused("T04_no_map", Code::LogMalformed, "No map of the log is shown.", same, |asked, _| {
            (asked.proof.map, asked.proof.state) = (None, None);
        }),
        refused(
            "state_without_a_map",
            Code::LogMalformed,
            "A state is shown, and no map.",
            same,
            |asked, _| {
                asked.proof.map = None;
            },
        ),
        refused(
            "map_of_the_empty_log",
            Code::LogMalformed,
            "The log is empty, and a map is shown.",
            same,
            |asked, built| {
                asked.empty();
                asked.proof.map = Some(built.map.proof(&built.log, &absent(built, true)));
            },
        ),
        refused(
            "state_in_the_empty_log",
            Code::LogMalformed,
            "The log is empty, and a state is shown.",
            same,
            |asked, built| {
                asked.empty();
                asked.proof.state = Some(ByteBuf::from(built.map.said.bytes.clone()));
            },
        ),
        refused(
            "T04_map_of_before",
            Code::LogProof,
            "The map is in the log, and is not the last one.",
            same,
            |asked, built| {
                let mut before = built.map_then.proof(&built.log, PACKAGE);
                before.inclusion = built.log.inclusion(built.first - 1, built.log.size()).into();
                asked.proof.map = Some(before);
                asked.proof.state = Some(ByteBuf::from(built.map_then.said.bytes.clone()));
            },
        ),
        refused(
            "T23_map_that_is_not_in_the_log",
            Code::LogProof,
            "The map is empty, and not the one in the log.",
            same,
            |asked, built| {
                asked.none(built, PACKAGE);
                let map = asked.proof.map.as_mut().expect("a map");
                let empty = MapEntry::new(cidery_protocol::map::empty_map(), TIME);
                map.entry = ByteBuf::from(empty.encode().expect("a map entry"));
                map.path = Default::default();
            },
        ),
        refused(
            "T23_head_that_ends_with_something_else",
            Code::CborMalformed,
            "The last entry of the head is no map entry.",
            |plan| plan.map_entry = Some(|_| b"\xa0".to_vec()),
            |_, _| {},
        ),
        refused(
            "T05_map_from_after_the_head",
            Code::LogFuture,
            "The map was logged a second after the head.",
            |plan| plan.mapped = TIME + 1,
            |_, _| {},
        ),
    ]
}

/// The state of step (10).
fn states() -> Vec<PackageVector> {
    vec![
        refused(
            "T06_state_of_another_package",
            Code::LogProof,
            "The state is another package's.",
            same,
            |asked, built| asked.proof.state = Some(ByteBuf::from(built.map.other.bytes.clone())),
        ),
        refused(
            "T06_state_and_path_of_another_package",
            Code::LogProof,
            "State and path are another package's.",
            same,
            |asked, built| {
                asked.proof.map = Some(built.map.proof(&built.log, OTHER));
                asked.proof.state = Some(ByteBuf::from(built.map.other.bytes.clone()));
            },
        ),
        refused(
            "T04_state_of_before",
            Code::LogProof,
            "The state is the one under an earlier map.",
            |plan| plan.after = vec![release("2.0.0")],
            |asked, built| asked.proof.state = Some(ByteBuf::from(built.map_then.said.bytes.clone())),
        ),
        refused(
            "T13_path_altered",
            Code::LogProof,
            "A hash beside the way is another one.",
            same,
            |asked, _| {
                asked.proof.map.as_mut().expect("a map").path.siblings.0[0] = empty_root();
            },
        ),
        refused(
            "T19_state_trailing_byte",
            Code::CborMalformed,
            "A byte follows the state.",
            |plan| plan.says = Some(|says, _| says.bytes = |bytes| [bytes, vec![0]].concat()),
            |_, _| {},
        ),
        refused(
            "T16_state_too_large",
            Code::LimitExceeded,
            "The state has more than 1 KiB.",
            |plan| plan.says = Some(|says, _| says.bytes = |bytes| [bytes, vec![0; 1_024]].concat()),
            |_, _| {},
        ),
        refused(
            "T07_recovery_overdue",
            Code::LogStale,
            "A recovery was due 601 seconds before the head, and does not hold by the state.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 86_400));
                plan.after = vec![recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 86_400)).never()];
                plan.says = Some(|says, _| {
                    let pending = says.pending.as_mut().expect("a recovery waits");
                    *pending = PendingAuthority { from: TIME - limits::SETTLE_SECONDS - 1, ..*pending };
                });
            },
            |_, _| {},
        ),
    ]
}

/// Packages that are there.
fn absences() -> Vec<PackageVector> {
    vec![
        refused(
            "T23_package_that_is_there",
            Code::LogProof,
            "The package's own path is shown, and no state.",
            same,
            |asked, _| asked.proof.state = None,
        ),
        refused(
            "T23_package_hidden_by_its_own_leaf",
            Code::LogProof,
            "The package's own leaf is shown as another's.",
            same,
            |asked, built| {
                let key = cidery_protocol::map::MapKey::of(&PACKAGE.parse().expect("a name"));
                let leaf = cidery_protocol::map::MapLeaf { key, value: built.map.said.cid() };
                asked.proof.map.as_mut().expect("a map").path.other = Some(leaf);
                asked.proof.state = None;
            },
        ),
        refused(
            "T23_package_hidden_by_another",
            Code::LogProof,
            "Another package's leaf and path are shown, which is not on the package's way.",
            same,
            |asked, built| {
                let key = cidery_protocol::map::MapKey::of(&OTHER.parse().expect("a name"));
                let leaf = cidery_protocol::map::MapLeaf { key, value: built.map.other.cid() };
                let map = asked.proof.map.as_mut().expect("a map");
                map.path = built.map.path(OTHER);
                map.path.other = Some(leaf);
                asked.proof.state = None;
            },
        ),
        refused(
            "T23_state_of_an_absent_package",
            Code::LogProof,
            "A state is shown beside the proof that there is none.",
            same,
            |asked, built| {
                asked.none(built, &absent(built, false));
                asked.proof.state = Some(ByteBuf::from(built.map.said.bytes.clone()));
            },
        ),
    ]
}

fn replaced(bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|part| part == from).expect("it is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
