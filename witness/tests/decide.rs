//! What is cosigned after what, without a disk or a network: the texts of C2SP, each refusal, and what holds for any of them.

mod support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_keys::Signer;
use cidery_protocol::{
    PublicKey, limits,
    log::{Hash, KeyType, NoteSignature, key_id},
};
use cidery_witness::{BODY_BYTES, Latest, Logs, Request, Submission, WitnessError, decide};
use proptest::prelude::*;
use support::{Log, NOW, ORIGIN, body, key};

fn logs() -> Logs {
    [(support::origin(), vec![Log::new(0).public_key()])].into()
}

fn submitted(body: &[u8]) -> Result<Submission, WitnessError> {
    Request::parse(body)?.verify(&logs())
}

/// What is remembered once a submission was cosigned.
fn latest(submission: &Submission, time: u64) -> Latest {
    let (checkpoint, note) = (submission.checkpoint(), submission.signed().to_bytes());
    Latest { size: checkpoint.size, root: checkpoint.root, time, note }
}

/// The body after this much was cosigned.
fn after(seen: Option<&Latest>, body: &[u8]) -> Result<u64, WitnessError> {
    decide(&submitted(body)?, seen, NOW)
}

fn seen(log: &Log, size: u64) -> Latest {
    latest(&submitted(&log.body(0, size)).expect("a submission"), NOW - 100)
}

/// The example in the text of C2SP tlog-witness.
const EXAMPLE: &str = "old 20852014\n\
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
    jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
    5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
    /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
    \n\
    example.com/behind-the-sofa\n\
    20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
    \n\
    \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
    \u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";

/// A checkpoint that a public log served, with the cosignatures of public witnesses, and the log's key.
const SERVED: &str = "arche2025h1.staging.ct.transparency.dev\n\
    1432088532\n\
    U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\
    \n\
    \u{2014} arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n\
    \u{2014} arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n\
    \u{2014} remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n";
/// Its type byte and key, as in its verifier key.
const SERVED_BY: &str = "AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";

#[test]
fn the_example_of_the_specification_is_read() {
    let request = Request::parse(EXAMPLE.as_bytes()).expect("a request");
    assert!(matches!(request.clone().verify(&logs()), Err(WitnessError::UnknownLog)));
    let of_example =
        [("example.com/behind-the-sofa".parse().expect("an origin"), vec![Log::new(0).public_key()])];
    assert!(matches!(request.verify(&of_example.into()), Err(WitnessError::Unsigned { .. })));
}

#[test]
fn a_checkpoint_of_another_programs_log_is_one() {
    let key = STANDARD.decode(SERVED_BY).expect("base64");
    let key = PublicKey::from_bytes(key[1..].try_into().expect("32 bytes")).expect("a key");
    let logs: Logs =
        [("arche2025h1.staging.ct.transparency.dev".parse().expect("an origin"), vec![key])].into();
    let request = Request::parse(&body(0, &[], SERVED)).expect("a request");
    let submission = request.verify(&logs).expect("signed by its log");
    assert_eq!(submission.checkpoint().size, 1_432_088_532);
    let lines = String::from_utf8(submission.signed().to_bytes()).expect("a note");
    assert_eq!(lines.matches('\u{2014}').count(), 1, "only the line that was verified is left: {lines}");
    assert_eq!(decide(&submission, None, NOW).expect("the first"), NOW);
}

#[test]
fn a_log_is_cosigned_as_it_grows() {
    let log = Log::new(40);
    let mut seen = None;
    for (old, size) in [(0, 0), (0, 1), (1, 1), (1, 2), (2, 7), (7, 8), (8, 33), (33, 40), (40, 40)] {
        let submission = submitted(&log.body(old, size)).expect("a submission");
        assert_eq!(decide(&submission, seen.as_ref(), NOW).expect("it grows"), NOW, "{old} to {size}");
        seen = Some(latest(&submission, NOW));
    }
}

#[test]
fn t19_bodies_that_are_none_are_refused() {
    let note = Log::new(3).note(3);
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";
    let lines = |head: &str| format!("{head}\n{note}").into_bytes();
    assert!(Request::parse(&lines(&format!("old 3\n{hash}\n"))).is_ok());
    for head in [
        "",
        "\n",
        "old\n",
        "old \n",
        "old  3\n",
        "old 03\n",
        "old 00\n",
        "old +3\n",
        "old -3\n",
        "old 3 \n",
        "old 3\r\n",
        "old 0x3\n",
        "Old 3\n",
        "size 3\n",
        " old 3\n",
        "old 18446744073709551616\n",
        "old \u{661}\n",
        &format!("{hash}\nold 3\n"),
        &format!("old 3\nold 3\n{hash}\n"),
        &format!("old 3\n{hash}\r\n"),
        &format!("old 3\n {hash}\n"),
        &format!("old 3\n{hash}{hash}\n"),
        &format!("old 3\n{}\n", &hash[..43]),
        "old 3\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkax=\n",
        "old 3\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpka_=\n",
        "old 3\nAAAA\n",
        "old 3\n\u{2014} a AAAAAQEC\n",
    ] {
        let refused = Request::parse(&lines(head));
        assert!(
            matches!(refused, Err(WitnessError::Request { .. } | WitnessError::Checkpoint(_))),
            "{head:?}"
        );
    }
    let proof = |lines: usize| body(3, &vec![Hash::from_bytes([1; 32]); lines], &note);
    assert!(Request::parse(&proof(63)).is_ok());
    assert!(matches!(Request::parse(&proof(64)), Err(WitnessError::Request { .. })));
    for body in [&b"old 3\n\n"[..], b"old 3\n\n\n", b"old 3", b"\n\n", b"", b"old 3\n\xff\n\nlog.example\n"] {
        assert!(Request::parse(body).is_err(), "{body:?}");
    }
}

#[test]
fn t16_the_largest_body_is_read_and_no_larger_one() {
    // A line of a note takes 3 + 1 + name + 1 + base64 + 1 bytes; the text takes what is left.
    let most = |letters: usize| {
        let text = format!("{}\n\n\u{2014} a AAAAAQEC\n", "a".repeat(letters));
        body(limits::TREE_SIZE, &[Hash::from_bytes([1; 32]); 63], &text)
    };
    let letters = limits::CHECKPOINT_BYTES - 17;
    assert_eq!(most(letters).len(), BODY_BYTES);
    assert!(Request::parse(&most(letters)).is_ok());
    assert!(matches!(Request::parse(&most(letters + 1)), Err(WitnessError::Large { .. })));
}

#[test]
fn what_no_trusted_key_signed_is_not_looked_at() {
    let log = Log::new(5);
    let unknown = Log::of("other.example", 1, 5);
    assert!(matches!(submitted(&unknown.body(0, 5)), Err(WitnessError::UnknownLog)));
    // The key of another log, under this log's name.
    assert!(matches!(submitted(&log.by(2).body(0, 5)), Err(WitnessError::Unsigned { .. })));
    // T18: this log's key, under the name of its cosigner, and as a cosignature.
    let signature = |name: &str, key_type| {
        let id = key_id(name, key_type, &log.public_key());
        let signature = key(1).sign(log.checkpoint(5).text().as_bytes()).expect("a signature");
        NoteSignature::new(name, id, signature.as_bytes().to_vec()).expect("a line")
    };
    for line in [signature(&log.origin.cosigner(), KeyType::Ed25519), signature(ORIGIN, KeyType::Cosignature)]
    {
        let note = format!("{}\n{line}\n", log.checkpoint(5).text());
        assert!(matches!(submitted(&body(0, &[], &note)), Err(WitnessError::Unsigned { .. })), "{line}");
    }
    // A valid line, and one under the same name and id that is not.
    let id = key_id(ORIGIN, KeyType::Ed25519, &log.public_key());
    let invalid = NoteSignature::new(ORIGIN, id, vec![7; 64]).expect("a line");
    let spoiled = format!("{}{invalid}\n", log.note(5));
    assert!(matches!(submitted(&body(0, &[], &spoiled)), Err(WitnessError::Unsigned { .. })));
    // Signed by the log, and no checkpoint of SPEC §7.
    for text in [
        "log.example\n5\n",
        "log.example\nfive\nAAAA\n",
        "log.example\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "log.example\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nextension\n",
        "log.example\n9007199254740992\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ] {
        let line = key(1).sign(text.as_bytes()).expect("a signature").as_bytes().to_vec();
        let line = NoteSignature::new(ORIGIN, id, line).expect("a line");
        let refused = submitted(&body(0, &[], &format!("{text}\n{line}\n")));
        assert!(matches!(refused, Err(WitnessError::Checkpoint(_))), "{text}: {refused:?}");
    }
}

#[test]
fn t23_two_trees_of_one_size_are_a_contradiction() {
    let (log, other) = (Log::new(9), Log::new(9).forked(4, 9));
    let seen = seen(&log, 7);
    for old in [0, 3, 7] {
        match after(Some(&seen), &other.body(old, 7)) {
            Err(WitnessError::Fork { contradiction, old: got, .. }) => {
                assert_eq!((contradiction.size, got), (7, old));
                assert_eq!(contradiction.ours, log.note(7).as_bytes());
                assert_eq!(contradiction.theirs, other.note(7).as_bytes());
            }
            other => panic!("{other:?}"),
        }
    }
    // A tree that is larger and another: no proof leads there, and no proof of the other history's is one.
    assert!(matches!(after(Some(&seen), &other.body(7, 9)), Err(WitnessError::Proof(_))));
    assert!(matches!(
        after(Some(&seen), &body(7, &log.proof(7, 9), &other.note(9))),
        Err(WitnessError::Proof(_))
    ));
    // What both histories share is none.
    assert!(matches!(
        after(Some(&seen), &other.body(4, 4)),
        Err(WitnessError::Conflict { got: 4, wanted: 7 })
    ));
}

#[test]
fn t24_nothing_but_the_size_that_was_cosigned_last_leads_on() {
    let log = Log::new(9);
    for (old, size) in [(0, 7), (0, 9), (6, 7), (6, 9), (0, 6), (6, 6), (8, 9), (9, 9)] {
        let refused = after(Some(&seen(&log, 7)), &log.body(old, size));
        assert!(
            matches!(refused, Err(WitnessError::Conflict { wanted: 7, .. })),
            "{old} to {size}: {refused:?}"
        );
    }
    let first = after(None, &log.body(1, 9));
    assert!(matches!(first, Err(WitnessError::Conflict { got: 1, wanted: 0 })), "{first:?}");
    let backwards = after(Some(&seen(&log, 7)), &body(7, &[], &log.note(6)));
    assert!(matches!(backwards, Err(WitnessError::OldSize { old: 7, size: 6 })), "{backwards:?}");
}

#[test]
fn a_proof_is_exactly_what_leads_from_tree_to_tree() {
    let log = Log::new(9);
    let seven = seen(&log, 7);
    let hash = Hash::from_bytes([1; 32]);
    let refused = |seen: Option<&Latest>, old, proof: &[Hash], size| {
        let refused = after(seen, &body(old, proof, &log.note(size)));
        assert!(matches!(refused, Err(WitnessError::Proof(_))), "{refused:?}");
    };
    refused(None, 0, &[hash], 9);
    refused(Some(&seven), 7, &[hash], 7);
    refused(Some(&seven), 7, &[], 9);
    let proof = log.proof(7, 9);
    for at in 0..proof.len() {
        let mut altered = proof.clone();
        altered[at] = hash;
        refused(Some(&seven), 7, &altered, 9);
        altered.remove(at);
        refused(Some(&seven), 7, &altered, 9);
    }
    refused(Some(&seven), 7, &[&proof[..], &[hash]].concat(), 9);
}

#[test]
fn time_does_not_go_back() {
    let log = Log::new(9);
    let at = |last: u64, now: u64| {
        let submission = submitted(&log.body(7, 9)).expect("a submission");
        decide(&submission, Some(&Latest { time: last, ..seen(&log, 7) }), now)
    };
    assert_eq!(at(NOW, NOW + 5).expect("later"), NOW + 5);
    assert_eq!(at(NOW, NOW).expect("in the same second"), NOW);
    assert_eq!(at(NOW, NOW - limits::CLOCK_AHEAD_SECONDS).expect("a little behind"), NOW);
    let behind = at(NOW, NOW - limits::CLOCK_AHEAD_SECONDS - 1);
    assert!(matches!(behind, Err(WitnessError::Clock { .. })), "{behind:?}");
    let submission = submitted(&log.body(0, 9)).expect("a submission");
    assert!(
        matches!(decide(&submission, None, 0), Err(WitnessError::Clock { .. })),
        "a clock without a time"
    );
}

/// Lines that a witness does not know: of other names, of the log's name with other ids, of any length.
fn unknown_line() -> impl Strategy<Value = NoteSignature> {
    let name = prop_oneof![Just(ORIGIN.to_owned()), Just(support::NAME.to_owned()), "[a-zA-Z0-9./-]{1,20}"];
    (name, any::<[u8; 4]>(), proptest::collection::vec(any::<u8>(), 1..200))
        .prop_filter("a line of the log's key must verify", |(name, id, _)| {
            (name.as_str(), *id) != (ORIGIN, key_id(ORIGIN, KeyType::Ed25519, &Log::new(0).public_key()))
        })
        .prop_map(|(name, id, bytes)| NoteSignature::new(&name, id, bytes).expect("a line"))
}

fn word(verdict: Result<u64, WitnessError>) -> String {
    verdict.map_or_else(|error| error.to_string(), |time| format!("cosigned at {time}"))
}

proptest! {
    #[test]
    fn t33_lines_of_unknown_keys_do_not_change_the_verdict(
        lines in proptest::collection::vec((any::<prop::sample::Index>(), unknown_line()), 0..60),
        case in 0_usize..6,
    ) {
        let log = Log::new(9);
        let (old, proof, note) = [
            (7, log.proof(7, 9), log.note(9)),
            (7, log.proof(6, 9), log.note(9)),
            (6, log.proof(6, 9), log.note(9)),
            (7, vec![], log.forked(4, 9).note(7)),
            (0, vec![], log.by(2).note(9)),
            (0, vec![], Log::of("other.example", 1, 9).note(9)),
        ][case].clone();
        let (text, first) = note.split_once("\n\n").expect("a note");
        let mut all = vec![first.trim_end().to_owned()];
        for (at, line) in lines {
            all.insert(at.index(all.len() + 1), line.to_string());
        }
        let with = format!("{text}\n\n{}\n", all.join("\n"));
        let seven = seen(&log, 7);
        let verdict = |note: &str| after(Some(&seven), &body(old, &proof, note));
        let kept = |note: &str| submitted(&body(old, &proof, note)).map(|one| one.signed().to_bytes()).ok();
        prop_assert_eq!(word(verdict(&with)), word(verdict(&note)));
        prop_assert_eq!(kept(&with), kept(&note), "what is kept and signed is the same, too");
    }

    /// Against the plainest model there is: a size that only grows, in one history.
    #[test]
    fn t24_whatever_is_asked_in_whatever_order_the_tree_only_grows(
        asked in proptest::collection::vec((0_u64..12, 0_u64..12, any::<bool>()), 1..40),
    ) {
        let (log, other) = (Log::new(12), Log::new(12).forked(0, 12));
        let mut seen: Option<Latest> = None;
        let mut history = None;
        for (old, size, is_other) in asked {
            let (old, size) = (old.min(size), old.max(size));
            let from = if is_other { &other } else { &log };
            let submission = submitted(&from.body(old, size)).expect("a submission");
            let before = seen.as_ref().map_or(0, |seen| seen.size);
            let allowed = old == before && (size == 0 || history.is_none_or(|history| history == is_other));
            let verdict = decide(&submission, seen.as_ref(), NOW);
            prop_assert_eq!(verdict.is_ok(), allowed, "{} to {} after {}: {:?}", old, size, before, verdict);
            if let Ok(time) = verdict {
                seen = Some(latest(&submission, time));
                history = history.or((size > 0).then_some(is_other));
            }
        }
    }

    #[test]
    fn t13_a_body_with_any_bit_flipped_is_refused(at: prop::sample::Index, bit in 0_u8..8) {
        let log = Log::new(9);
        let mut body = log.body(7, 9);
        let seven = seen(&log, 7);
        prop_assert!(after(Some(&seven), &body).is_ok());
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        prop_assert!(after(Some(&seven), &body).is_err(), "byte {at}, bit {bit}");
    }

    #[test]
    fn t19_any_bytes_are_answered(bytes: Vec<u8>, text in "(old [0-9]{0,3}\n|[A-Za-z0-9+/=]{44}\n|\n|log\\.example\n|\u{2014} a AAAAAQEC\n){0,9}") {
        for body in [&bytes[..], text.as_bytes()] {
            if let Ok(request) = Request::parse(body) {
                let _ = request.verify(&logs());
            }
        }
    }
}
