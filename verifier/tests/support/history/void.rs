//! Histories of stolen keys: SPEC §6.7.

use super::{
    History, accepted, begun,
    recovery::{DELAY, recoverable, to_next},
    refused,
};
use crate::support::{
    ipld::{powers, with_recovery},
    plan::{LOGGED, NEXT, PUBLISHER, RECOVERY, SECOND, THIRD},
    steps::{Step, attest, channel, init, recover, rekey, release, yank},
};

pub(super) fn histories() -> Vec<History> {
    [voids(), about_void()].concat()
}

/// What a stolen key signed.
fn voids() -> Vec<History> {
    vec![
        accepted(
            "T07_void",
            "Releases and channels from a sequence on are void; the one before is not.",
            begun([
                release("1.1.0"),
                channel("stable", &[("1.0.0", 10_000)]),
                rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 2)]),
            ]),
        ),
        accepted(
            "T07_threshold_met_without_the_void_key",
            "Where the threshold is met without the void key, a release stays; where it is not, it is void.",
            vec![
                init(powers(&[PUBLISHER, SECOND, THIRD], 2)).by(&[PUBLISHER, SECOND]),
                release("1.0.0").by(&[PUBLISHER, SECOND, THIRD]),
                release("1.1.0").by(&[PUBLISHER, SECOND]),
                release("1.2.0").by(&[SECOND, THIRD]),
                rekey(powers(&[SECOND, THIRD], 2)).by(&[SECOND, THIRD]).void(&[(PUBLISHER, 0)]),
            ],
        ),
        accepted(
            "T07_void_keys_with_their_own_sequences",
            "Each void key has a sequence of its own.",
            vec![
                init(powers(&[PUBLISHER, SECOND], 1)),
                release("1.0.0"),
                release("1.1.0").by(&[SECOND]),
                release("1.2.0"),
                release("1.3.0").by(&[SECOND]),
                rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 3), (SECOND, 4)]),
            ],
        ),
        accepted(
            "T07_channel_set_again",
            "A channel that was void is set again by the new keys.",
            begun([
                channel("stable", &[("1.0.0", 10_000)]),
                rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 2)]),
                channel("stable", &[("1.0.0", 10_000)]).by(&[NEXT]),
            ]),
        ),
        accepted(
            "T07_void_when_the_delay_is_over",
            "What the stolen key signs while the recovery waits is void once it holds.",
            recoverable(
                DELAY,
                [
                    recover(to_next(DELAY)).void(&[(PUBLISHER, 2)]).after(1),
                    release("1.1.0").at(LOGGED + 1),
                    release("1.2.0").by(&[NEXT]).at(LOGGED + DELAY),
                ],
            ),
        ),
        accepted(
            "T07_veto_makes_nothing_void",
            "A recovery that was vetoed makes nothing void.",
            recoverable(
                DELAY,
                [
                    recover(to_next(DELAY)).void(&[(PUBLISHER, 0)]).never(),
                    rekey(with_recovery(powers(&[SECOND], 1), &[RECOVERY], 1, DELAY)),
                    release("1.1.0").by(&[SECOND]).at(LOGGED + DELAY),
                ],
            ),
        ),
        accepted(
            "T07_void_stays_void",
            "A later rekey, to the same key even, brings nothing back.",
            begun([
                rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 0)]),
                rekey(powers(&[PUBLISHER], 1)).by(&[NEXT]),
            ]),
        ),
    ]
}

/// What may be said about a release that is void.
fn about_void() -> Vec<History> {
    let void = |step: Step| begun([rekey(powers(&[NEXT], 1)).void(&[(PUBLISHER, 0)]), step.by(&[NEXT])]);
    vec![
        refused(
            "T07_yank_of_a_void_release",
            "release.void",
            "A void release is not yanked.",
            void(yank("1.0.0", "low")),
        ),
        refused(
            "T07_channel_of_a_void_release",
            "release.void",
            "A channel names no void release.",
            void(channel("stable", &[("1.0.0", 10_000)])),
        ),
        refused(
            "T07_statement_about_a_void_release",
            "release.void",
            "Nothing is attested of a void release.",
            void(attest("1.0.0")),
        ),
        refused(
            "T08_version_of_a_void_release",
            "record.version_taken",
            "The version of a void release stays taken.",
            void(release("1.0.0")),
        ),
    ]
}
