//! Records of a package.

use super::*;

/// A record under the authority that waits, by its key.
fn early(whole: &Whole, step: Step) -> Step {
    let waits = whole.state("@acme/hello", 0).and_then(|state| state.pending).expect("one waits");
    step.by(&[NEXT]).change(move |record| {
        *at(record, "authority") = crate::support::ipld::link(waits.authority.cid);
    })
}

pub(super) fn vectors() -> Vec<Vector> {
    let mut taken = honest();
    let again = taken.force(
        "@acme/hello",
        &release("1.0.0").by(&[NEXT]).at(LOGGED + 26 * HOUR).change(under_next(&honest())),
    );
    taken.map(LOGGED + 26 * HOUR);
    let mut below = Whole::default();
    below.force("@acme/hello", &init(powers(&[PUBLISHER, SECOND], 2)).by(&[PUBLISHER]));
    below.map(LOGGED);
    let mut elsewhere = Whole::default();
    elsewhere.force(
        "@acme/hello",
        &init(powers(&[PUBLISHER], 1)).change(|record| *at(record, "origin") = text("other.example")),
    );
    elsewhere.map(LOGGED);
    let mut stranger = honest();
    let stolen = stranger.force(
        "@acme/hello",
        &release("3.0.0").by(&[STRANGER]).at(LOGGED + 26 * HOUR).change(under_next(&honest())),
    );
    stranger.map(LOGGED + 26 * HOUR);
    let mut hasty = waiting();
    let step = early(&hasty, release("1.0.0").at(LOGGED + 10));
    let too_soon = hasty.force("@acme/hello", &step);
    hasty.map(LOGGED + 10);
    let mut gap = honest();
    gap.packages.get_mut("@other/tool").expect("it is there").push(&release("9.9.9").by(&[STRANGER]));
    let jumped = gap.force("@other/tool", &release("0.3.0").by(&[STRANGER]).at(LOGGED + 26 * HOUR));
    gap.map(LOGGED + 26 * HOUR);
    let of = |whole: &Whole, name: &str, last| -> Vec<u64> {
        let entries = crate::replay(whole).0.entries_of(&name.parse().expect("a name")).to_vec();
        entries.into_iter().chain([last]).collect()
    };
    let whole_gap: Vec<u64> =
        of(&gap, "@other/tool", jumped).into_iter().filter(|i| *i < 14).chain(14..=jumped).collect();
    vec![
        shows(
            "T08_transition",
            "record.version_taken",
            "A version is logged a second time.",
            transition(&taken, &of(&taken, "@acme/hello", again)),
        ),
        shows(
            "T11_transition_of_an_init",
            "record.threshold",
            "A package begins below its threshold.",
            transition(&below, &[0]),
        ),
        shows(
            "T21_transition_of_an_init",
            "record.origin",
            "A package begins in another log.",
            transition(&elsewhere, &[0]),
        ),
        shows(
            "T11_transition_by_a_stranger",
            "record.threshold",
            "A key without any say signs a release.",
            transition(&stranger, &of(&stranger, "@acme/hello", stolen)),
        ),
        shows(
            "T11_transition_before_its_delay",
            "record.authority",
            "A recovery holds too early, and no entry is left out that may have ended its delay.",
            transition(&hasty, &[0, 1, 2, too_soon]),
        ),
        shows(
            "T21_transition_over_a_gap",
            "record.sequence",
            "A record is missing, and no entry is left out in which it may be.",
            transition(&gap, &whole_gap),
        ),
        refused(
            "transition_without_its_init",
            "log.unproven",
            "The package's records before the last one are left out.",
            transition(&stranger, &[stolen]),
        ),
        refused("transition_out_of_order", "log.unproven", "The entries are not in their order.", {
            let mut indexes = of(&taken, "@acme/hello", again);
            indexes.swap(1, 2);
            transition(&taken, &indexes)
        }),
        refused("transition_twice", "log.unproven", "An entry is there twice.", {
            transition(&honest(), &[0, 1, 1])
        }),
        refused("transition_not_included", "log.proof", "The last entry is under no checkpoint.", {
            let mut kind = transition(&taken, &of(&taken, "@acme/hello", again));
            if let EvidenceKind::Transition { entries, .. } = &mut kind {
                entries.last_mut().expect("an entry").inclusion.pop();
            }
            kind
        }),
        refused(
            "transition_to_a_map",
            "log.unproven",
            "The last entry is a map.",
            transition(&honest(), &[0, 1, 2]),
        ),
        refused("transition_of_nothing", "log.unproven", "There are no entries.", transition(&honest(), &[])),
    ]
}

/// Puts a record under the authority that holds at the end of a log.
fn under_next(whole: &Whole) -> impl Fn(&mut ipld_core::ipld::Ipld) + 'static {
    let holds = whole.state("@acme/hello", LOGGED + 26 * HOUR).expect("it is there").authority.cid;
    move |record| *at(record, "authority") = crate::support::ipld::link(holds)
}

/// Honest logs, and accusers who leave something out.
pub(super) fn framed() -> Vec<Vector> {
    let whole = honest();
    let mut settled = waiting();
    // A clock that was an hour ahead has ended the delay, and the package goes on under its new authority.
    settled
        .log_it("@other/tool", init(powers(&[STRANGER], 1)).by(&[STRANGER]).at(LOGGED + HOUR))
        .expect("it begins");
    settled.map(LOGGED + HOUR);
    let step = release("1.0.0").by(&[NEXT]).at(LOGGED + 10);
    let after = settled.log_it("@acme/hello", step).expect("it may follow");
    settled.map(LOGGED + 10);
    assert_eq!(crate::replay(&settled).1, None, "it is honest");
    let unproven = |name: &str, about: &str, kind| refused(name, "log.unproven", about, kind);
    vec![
        unproven(
            "framed_by_nothing",
            "All of the package is there, and may follow.",
            transition(&whole, &[0, 1, 9, 10, 17]),
        ),
        unproven(
            "framed_without_a_record",
            "A record in the middle is left out.",
            transition(&whole, &[0, 1, 10]),
        ),
        unproven(
            "framed_without_a_rekey",
            "The record that made the authority is left out.",
            transition(&whole, &[0, 1, 17]),
        ),
        unproven(
            "framed_without_another_package",
            "The entry of another package that ended the delay is left out.",
            transition(&settled, &[0, 1, after]),
        ),
        unproven(
            "framed_with_a_part_of_the_others",
            "Of the entries in between, the one that ended the delay is left out.",
            transition(&settled, &[0, 1, 2, 4, after]),
        ),
        unproven(
            "framed_with_all_others",
            "All entries are there, and one of them ended the delay.",
            transition(&settled, &[0, 1, 2, 3, 4, after]),
        ),
    ]
}

fn transition(whole: &Whole, indexes: &[u64]) -> EvidenceKind {
    let (checkpoint, entries) = under(whole, whole.log.size(), indexes);
    EvidenceKind::Transition { checkpoint, entries }
}
