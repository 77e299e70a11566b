//! Stolen keys, and packages that have gone back: step (11).

use cidery_protocol::Code;
use serde_bytes::ByteBuf;

use crate::support::{
    ipld::{powers, with_recovery},
    plan::{Built, NEXT, PUBLISHER, RECOVERY, SECOND, THIRD},
    steps::{channel, recover, rekey, release},
    vector::{Vector, refused, unchanged},
};

pub fn voids_and_memories() -> Vec<Vector> {
    [voids(), memories()].concat()
}

/// Step (11): what was signed by keys that are void.
fn voids() -> Vec<Vector> {
    vec![
        refused(
            "T07_release_void",
            Code::ReleaseVoid,
            "A rekey since made void what the key signed.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 0)])],
            unchanged,
        ),
        refused(
            "T07_void_from_the_release_on",
            Code::ReleaseVoid,
            "The key is void from exactly the release's sequence on.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 2)])],
            unchanged,
        ),
        refused(
            "T07_threshold_not_met_without_the_void_key",
            Code::ReleaseVoid,
            "Two keys signed where two are needed, and one of them is void.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND, THIRD], 2);
                plan.release.signers = vec![PUBLISHER, SECOND];
                let rekey = rekey(powers(&[SECOND, THIRD], 2)).by(&[SECOND, THIRD]);
                plan.after = vec![rekey.void(&[(PUBLISHER, 0)])];
            },
            unchanged,
        ),
        refused(
            "T07_two_void_keys",
            Code::ReleaseVoid,
            "Three keys signed where two are needed, and two of them are void.",
            |plan| {
                plan.keys(&[PUBLISHER, SECOND, THIRD], 2);
                let rekey = rekey(powers(&[THIRD, NEXT], 2)).by(&[SECOND, THIRD]);
                plan.after = vec![rekey.void(&[(SECOND, 1), (PUBLISHER, 2)])];
            },
            unchanged,
        ),
        refused(
            "T07_void_by_recovery",
            Code::ReleaseVoid,
            "The recovery keys made void what the stolen key signed.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 60));
                let to = with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 60);
                plan.after = vec![recover(to).void(&[(PUBLISHER, 2)])];
            },
            unchanged,
        ),
        refused(
            "T07_void_release_while_recovery_waited",
            Code::ReleaseVoid,
            "The stolen key signed once more while the recovery waited, which makes it void.",
            |plan| {
                plan.begin(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, 60));
                let to = with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, 60);
                plan.before = vec![recover(to).void(&[(PUBLISHER, 2)]).after(1)];
            },
            unchanged,
        ),
        refused(
            "T07_void_stays_void",
            Code::ReleaseVoid,
            "A later rekey does not bring back what an earlier one made void.",
            |plan| {
                let first = rekey(powers(&[SECOND], 1)).void(&[(PUBLISHER, 0)]);
                plan.after = vec![first, rekey(powers(&[PUBLISHER], 1)).by(&[SECOND])];
            },
            unchanged,
        ),
        refused(
            "T07_channel_void",
            Code::ReleaseVoid,
            "The release is older than the theft, and the channel that points to it is not.",
            |plan| {
                let rekey = rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 3)]);
                plan.after = vec![channel("stable", &[("1.2.0", 10_000)]), rekey];
            },
            |case, built| case.channel(built, "stable", 0),
        ),
    ]
}

/// Step (11): what was seen of the package.
fn memories() -> Vec<Vector> {
    vec![
        refused(
            "T04_standing_without_the_newest",
            Code::LogRollback,
            "A release was seen since, and is not shown any more.",
            |plan| plan.after = vec![release("1.3.0")],
            |case, built| {
                case.remember_package(built, 3);
                case.head.standing.newest = None;
            },
        ),
        refused(
            "T04_standing_of_yesterday",
            Code::LogRollback,
            "The standing shows an older record as the newest than was seen.",
            |plan| plan.after = vec![release("1.3.0"), release("1.4.0")],
            |case, built| {
                case.remember_package(built, 4);
                case.head.standing.newest = Some(signed(built, 3));
            },
        ),
        refused(
            "T04_rekey_withheld",
            Code::LogRollback,
            "A rekey that makes the release void was seen, and is withheld.",
            |plan| plan.after = vec![rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 0)])],
            |case, built| {
                case.remember_package(built, 3);
                case.head.standing.chain.clear();
            },
        ),
    ]
}

fn signed(built: &Built, place: usize) -> ByteBuf {
    ByteBuf::from(built.package.records[place].signed.clone())
}
