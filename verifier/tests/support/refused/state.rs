//! The map under the head, and the package's state in it: step (10).

use cidery_protocol::{Code, MapEntry, PendingAuthority, limits, log::Hash, map::MapLeaf};
use serde_bytes::ByteBuf;
use serde_json::json;

use crate::support::{
    ipld::{at, powers, text, with_recovery},
    package::Package,
    plan::{NEXT, OTHER, PACKAGE, PUBLISHER, Plan, RECOVERY, TIME},
    says::Says,
    steps::{self, recover, release},
    vector::{Vector, accepted, refused, same, unchanged},
    verified::{asked, stable},
};

pub fn states() -> Vec<Vector> {
    [standings(), maps(), paths(), objects(), delays()].concat()
}

/// Heads that show nothing.
fn standings() -> Vec<Vector> {
    vec![
        refused(
            "T04_head_without_standing",
            Code::LogUnproven,
            "The head does not show how the package stands.",
            same,
            |case, _| case.head.standing = None,
        ),
        refused(
            "T04_channel_without_standing",
            Code::LogUnproven,
            "The policy does without, and a channel was asked for, which nothing else shows.",
            stable(&[("1.2.0", 10_000)]),
            |case, built| {
                asked(0)(case, built);
                case.rule()["revocation"] = json!("unchecked");
                case.head.standing = None;
            },
        ),
    ]
}

/// The head's last entry.
fn maps() -> Vec<Vector> {
    vec![
        refused(
            "T23_head_that_ends_with_a_record",
            Code::CborMalformed,
            "The last entry of the head is a record.",
            |plan| {
                plan.map_entry = Some(|_| {
                    let init = steps::init(powers(&[NEXT], 1)).by(&[NEXT]);
                    Package::of("@other/last", &[init]).entries().remove(0)
                });
            },
            unchanged,
        ),
        refused(
            "T19_map_entry_with_another_field",
            Code::CborMalformed,
            "The map entry holds a field that nobody knows.",
            |plan| plan.map_entry = Some(with_a_field),
            unchanged,
        ),
        refused(
            "T19_map_entry_trailing_byte",
            Code::CborMalformed,
            "A byte follows the map entry.",
            |plan| plan.map_entry = Some(with_a_byte),
            unchanged,
        ),
        refused(
            "T19_map_entry_with_a_short_root",
            Code::CborMalformed,
            "The root of the map has 31 bytes.",
            |plan| {
                plan.map_entry = Some(|entry| {
                    change(entry, |entry| *at(entry, "root") = ipld_core::ipld::Ipld::Bytes(vec![7; 31]))
                });
            },
            unchanged,
        ),
        refused(
            "T04_map_of_before",
            Code::LogProof,
            "The map is in the log, and is not the last one.",
            same,
            |case, built| {
                let mut before = built.map_then.proof(&built.log, PACKAGE);
                before.inclusion = built.log.inclusion(built.first - 1, built.log.size()).into();
                case.standing().map = before;
                case.standing().state = ByteBuf::from(built.map_then.said.bytes.clone());
            },
        ),
        refused(
            "T23_map_that_is_not_in_the_log",
            Code::LogProof,
            "The map has another root than the one in the log.",
            same,
            |case, _| {
                let other = MapEntry::new(Hash::from_bytes([7; 32]), TIME).encode().expect("a map entry");
                case.standing().map.entry = ByteBuf::from(other);
            },
        ),
        refused(
            "T16_map_inclusion_too_long",
            Code::LogProof,
            "The inclusion of the map has 65 hashes.",
            same,
            |case, _| case.standing().map.inclusion = vec![Hash::from_bytes([0; 32]); 65].into(),
        ),
        refused(
            "T05_map_from_after_the_head",
            Code::LogFuture,
            "The map was logged a second after the head that covers it.",
            |plan| plan.mapped = TIME + 1,
            unchanged,
        ),
        accepted(
            "ok_map_of_the_heads_second",
            "The map was logged in the second of the head.",
            |plan| plan.mapped = TIME,
            unchanged,
        ),
    ]
}

/// The way in the map.
fn paths() -> Vec<Vector> {
    vec![
        refused(
            "T06_state_of_another_package",
            Code::LogProof,
            "State and path are another package's, under the same map.",
            same,
            |case, built| {
                case.standing().map.path = built.map.path(OTHER);
                case.standing().state = ByteBuf::from(built.map.other.bytes.clone());
            },
        ),
        refused(
            "T04_state_of_before",
            Code::LogProof,
            "The state is the one under an earlier map.",
            |plan| plan.after = vec![release("2.0.0")],
            |case, built| case.standing().state = ByteBuf::from(built.map_then.said.bytes.clone()),
        ),
        refused(
            "T04_path_of_before",
            Code::LogProof,
            "State and path are those under an earlier map.",
            |plan| plan.after = vec![release("2.0.0")],
            |case, built| {
                case.standing().map.path = built.map_then.path(PACKAGE);
                case.standing().state = ByteBuf::from(built.map_then.said.bytes.clone());
            },
        ),
        refused(
            "T13_path_altered",
            Code::LogProof,
            "A bit of a hash beside the way is another one.",
            same,
            |case, _| {
                let hash = &mut case.standing().map.path.siblings.0[0];
                let mut bytes = *hash.as_bytes();
                bytes[31] ^= 1;
                *hash = Hash::from_bytes(bytes);
            },
        ),
        refused(
            "T13_path_cut",
            Code::LogProof,
            "The last hash beside the way is missing.",
            same,
            |case, _| {
                case.standing().map.path.siblings.0.pop();
            },
        ),
        refused(
            "T06_path_to_another_key",
            Code::LogProof,
            "The way ends at the leaf of another key.",
            same,
            |case, built| {
                let leaf = MapLeaf {
                    key: cidery_protocol::map::MapKey::of(&PACKAGE.parse().expect("a name")),
                    value: built.map.said.cid(),
                };
                case.standing().map.path.other = Some(leaf);
            },
        ),
        refused("T16_path_too_long", Code::LimitExceeded, "The path has 257 hashes.", same, |case, _| {
            case.standing().map.path.siblings = vec![Hash::from_bytes([0; 32]); 257].into()
        }),
    ]
}

/// What the map names as the package's state.
fn objects() -> Vec<Vector> {
    let says = |change: fn(&mut Says, &Package)| move |plan: &mut Plan| plan.says = Some(change);
    vec![
        refused(
            "T19_state_with_another_field",
            Code::CborMalformed,
            "The state holds a field that nobody knows.",
            says(|says, _| says.bytes = with_a_field),
            unchanged,
        ),
        refused(
            "T19_state_trailing_byte",
            Code::CborMalformed,
            "A byte follows the state.",
            says(|says, _| says.bytes = with_a_byte),
            unchanged,
        ),
        refused(
            "T19_state_of_a_later_format",
            Code::CborMalformed,
            "The state is of a format that nobody knows.",
            says(|says, _| {
                says.bytes = |bytes| change(bytes, |state| *at(state, "format") = text("cidery-state-v2"));
            }),
            unchanged,
        ),
        refused(
            "T19_state_sequence_past_2_to_the_53",
            Code::CborMalformed,
            "The state's sequence is one that not every language can hold.",
            says(|says, _| says.sequence = limits::TREE_SIZE + 1),
            unchanged,
        ),
        refused(
            "T16_state_too_large",
            Code::LimitExceeded,
            "The state has more than 1 KiB.",
            says(|says, _| {
                says.bytes = |bytes| change(bytes, |state| *at(state, "more") = text(&"x".repeat(1_024)))
            }),
            unchanged,
        ),
    ]
}

/// What waits longer than it may.
fn delays() -> Vec<Vector> {
    let waits = |change: fn(&mut Says, &Package)| {
        move |plan: &mut Plan| {
            plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 86_400));
            let to = with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 86_400);
            plan.after = vec![recover(to).never()];
            plan.says = Some(change);
        }
    };
    vec![
        refused(
            "T07_recovery_overdue",
            Code::LogStale,
            "A recovery was due 601 seconds before the head, and does not hold by the state.",
            waits(|says, _| due(says, TIME - limits::SETTLE_SECONDS - 1)),
            unchanged,
        ),
        accepted(
            "ok_recovery_due",
            "A recovery was due 600 seconds before the head: the log has as long to take it over.",
            waits(|says, _| due(says, TIME - limits::SETTLE_SECONDS)),
            unchanged,
        ),
    ]
}

fn due(says: &mut Says, from: u64) {
    let waits = says.pending.as_mut().expect("a recovery waits");
    *waits = PendingAuthority { from, ..*waits };
}

pub fn with_a_field(bytes: Vec<u8>) -> Vec<u8> {
    change(bytes, |object| *at(object, "else") = text("x"))
}

pub fn with_a_byte(bytes: Vec<u8>) -> Vec<u8> {
    [bytes, vec![0]].concat()
}

fn change(bytes: Vec<u8>, change: impl FnOnce(&mut ipld_core::ipld::Ipld)) -> Vec<u8> {
    let mut object = serde_ipld_dagcbor::from_slice(&bytes).expect("an object");
    change(&mut object);
    crate::support::ipld::cbor(&object)
}
