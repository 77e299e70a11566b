//! Stolen keys, and packages that have gone back: step (11).

use cidery_protocol::Code;

use crate::support::{
    ipld::{powers, with_recovery},
    plan::{NEXT, PUBLISHER, RECOVERY, SECOND, THIRD},
    steps::{channel, recover, rekey, release},
    vector::{Vector, refused, unchanged},
};

pub fn voids_and_memories() -> Vec<Vector> {
    [voids(), by_one(), memories()].concat()
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

/// Step (11): what only one of the two says, the state or the chain.
fn by_one() -> Vec<Vector> {
    let rekey = || rekey(powers(&[NEXT], 1));
    let stable = || channel("stable", &[("1.2.0", 10_000)]);
    vec![
        refused(
            "T07_release_void_by_the_state",
            Code::ReleaseVoid,
            "The release's leaf says that it is void, and none of the authorities does.",
            |plan| plan.says = Some(|says, package| says.versions[1].void = Some(package.records[0].cid)),
            unchanged,
        ),
        refused(
            "T07_release_void_by_the_chain",
            Code::ReleaseVoid,
            "An authority makes the release void, and its leaf does not say so.",
            move |plan| {
                plan.after = vec![rekey().void(&[(PUBLISHER, 0)])];
                plan.says = Some(|says, _| says.versions[1].void = None);
            },
            unchanged,
        ),
        refused(
            "T07_channel_void_by_the_state",
            Code::ReleaseVoid,
            "The channel's leaf says that it is void, and none of the authorities does.",
            move |plan| {
                plan.after = vec![stable()];
                plan.says = Some(|says, package| says.channels[0].void = Some(package.records[0].cid));
            },
            |case, built| case.channel(built, "stable", 0),
        ),
        refused(
            "T07_channel_void_by_the_chain",
            Code::ReleaseVoid,
            "An authority makes the channel void, and its leaf does not say so.",
            move |plan| {
                plan.after = vec![stable(), rekey().void(&[(PUBLISHER, 3)])];
                plan.says = Some(|says, _| says.channels[0].void = None);
            },
            |case, built| case.channel(built, "stable", 0),
        ),
    ]
}

/// Step (11): what was seen of the package.
fn memories() -> Vec<Vector> {
    vec![refused(
        "T04_state_of_yesterday",
        Code::LogRollback,
        "The newest map has an older state of the package than one that was seen.",
        |plan| {
            plan.after = vec![release("2.0.0")];
            plan.says = Some(|says, package| {
                (says.sequence, says.newest) = (2, package.records[2].cid);
                says.versions.truncate(2);
            });
        },
        |case, built| case.remember_package(built, 3),
    )]
}
