//! Histories of packages with recovery keys: SPEC §6.6.

use ipld_core::ipld::Ipld;

use super::{History, accepted, begun, refused};
use crate::support::{
    ipld::{powers, with_recovery},
    plan::{LOGGED, NEXT, PUBLISHER, RECOVERY, RECOVERY_TOO, SECOND, THIRD},
    steps::{Step, init, recover, rekey, release},
};

/// How long a recovery waits.
pub(super) const DELAY: u64 = 600;

pub(super) fn histories() -> Vec<History> {
    [recoveries(), delays()].concat()
}

/// A package with a recovery key, and a release.
pub(super) fn recoverable(delay: u64, steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let first = [init(with_recovery(powers(&[PUBLISHER], 1), &[RECOVERY], 1, delay)), release("1.0.0")];
    first.into_iter().chain(steps).collect()
}

pub(super) fn to_next(delay: u64) -> Ipld {
    with_recovery(powers(&[NEXT], 1), &[RECOVERY], 1, delay)
}

fn recoveries() -> Vec<History> {
    vec![
        accepted(
            "ok_recovery",
            "The recovery key replaces the keys, at once.",
            recoverable(0, [recover(to_next(0)), release("1.1.0").by(&[NEXT])]),
        ),
        accepted(
            "ok_recovery_keys_replaced",
            "The recovery key replaces itself, too.",
            recoverable(
                0,
                [
                    recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY_TOO], 1, 0)),
                    recover(with_recovery(powers(&[THIRD], 1), &[RECOVERY_TOO], 1, 0)).by(&[RECOVERY_TOO]),
                ],
            ),
        ),
        refused(
            "T11_recovery_signed_by_publishers",
            "record.threshold",
            "A publisher key signed in the place of the recovery key.",
            recoverable(0, [recover(to_next(0)).by(&[PUBLISHER])]),
        ),
        refused(
            "T11_release_by_recovery_keys",
            "record.threshold",
            "The recovery key signed a release.",
            recoverable(0, [release("1.1.0").by(&[RECOVERY])]),
        ),
        refused(
            "T11_recovery_where_there_is_none",
            "record.recovery",
            "The package has no recovery keys.",
            begun([recover(powers(&[NEXT], 1))]),
        ),
        refused(
            "T11_replaced_recovery_key",
            "record.threshold",
            "The recovery key that was replaced signs once more.",
            recoverable(
                0,
                [recover(with_recovery(powers(&[NEXT], 1), &[RECOVERY_TOO], 1, 0)), recover(to_next(0))],
            ),
        ),
        refused(
            "T07_recovery_keys_dropped_by_publishers",
            "record.recovery",
            "A rekey by publisher keys drops the recovery keys.",
            recoverable(0, [rekey(powers(&[NEXT], 1))]),
        ),
        refused(
            "T07_recovery_delayed_by_publishers",
            "record.recovery",
            "A rekey by publisher keys makes the recovery's delay longer.",
            recoverable(0, [rekey(to_next(1))]),
        ),
        refused(
            "T12_threshold_lowered_by_recovery",
            "record.floor",
            "The recovery key asks for fewer publisher keys than before.",
            vec![
                init(with_recovery(powers(&[PUBLISHER, SECOND], 2), &[RECOVERY], 1, 0))
                    .by(&[PUBLISHER, SECOND]),
                recover(to_next(0)),
            ],
        ),
    ]
}

/// A recovery that waits.
fn delays() -> Vec<History> {
    let waiting = |steps: Vec<Step>| recoverable(DELAY, steps);
    vec![
        accepted(
            "ok_recovery_waits",
            "Until the delay is over, the old key has the say.",
            waiting(vec![recover(to_next(DELAY)).after(1), release("1.1.0").at(LOGGED + DELAY - 1)]),
        ),
        accepted(
            "ok_recovery_after_its_delay",
            "The delay is over in the second in which it ends.",
            waiting(vec![recover(to_next(DELAY)), release("1.1.0").by(&[NEXT]).at(LOGGED + DELAY)]),
        ),
        accepted(
            "ok_recovery_vetoed",
            "The old threshold made another successor while the recovery waited, which is void then.",
            waiting(vec![
                recover(to_next(DELAY)).never(),
                rekey(with_recovery(powers(&[SECOND], 1), &[RECOVERY], 1, DELAY)).at(LOGGED + 1),
                release("1.1.0").by(&[SECOND]).at(LOGGED + DELAY),
            ]),
        ),
        accepted(
            "ok_recovery_replaced_by_recovery",
            "The recovery key signs another recovery while the first one waits; the delay begins anew.",
            waiting(vec![
                recover(to_next(DELAY)).never(),
                recover(with_recovery(powers(&[THIRD], 1), &[RECOVERY], 1, DELAY)).at(LOGGED + 1).after(1),
                release("1.1.0").at(LOGGED + DELAY),
                release("1.2.0").by(&[THIRD]).at(LOGGED + DELAY + 1),
            ]),
        ),
        refused(
            "T11_release_before_the_delay_is_over",
            "record.authority",
            "The new key releases a second too early.",
            waiting(vec![recover(to_next(DELAY)), release("1.1.0").by(&[NEXT]).at(LOGGED + DELAY - 1)]),
        ),
        refused(
            "T11_release_after_the_delay_is_over",
            "record.authority",
            "The old key releases in the second in which the delay ends.",
            waiting(vec![recover(to_next(DELAY)).after(1), release("1.1.0").at(LOGGED + DELAY)]),
        ),
        refused(
            "T11_veto_too_late",
            "record.authority",
            "The old threshold makes another successor after the delay is over.",
            waiting(vec![
                recover(to_next(DELAY)).never(),
                rekey(with_recovery(powers(&[SECOND], 1), &[RECOVERY], 1, DELAY)).at(LOGGED + DELAY),
            ]),
        ),
    ]
}
