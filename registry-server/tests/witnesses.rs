//! Asking witnesses (SPEC §7.7): what comes onto the head, and what no witness can do to it or to a publish.

mod support;

use std::sync::atomic::Ordering;

use bytes::Bytes;
use cidery_keys::{SecretKey, Signer};
use cidery_protocol::{
    Powers, Recovery,
    log::{Checkpoint, KeyType, NoteSignature, SignedCheckpoint, key_id, verify_consistency},
};
use cidery_registry::{
    Error, LogConfig, ScopePolicy, Sequencer, Witness, WitnessAnswer, Witnesses, memory::Memory,
};
use cidery_registry_server::Sqlite;
use support::{
    Hand, NOW, Pack, TestRegistry,
    ask::{commit, refused},
    config, key, origin,
    pack::powers,
    witness::{Asked, NAMES, Scripted, ask, line, say, with_witnesses, witness, witness_key},
};

type Watched = (TestRegistry<Memory>, tempfile::TempDir);

/// A registry with the first `count` witnesses.
fn watched(count: usize) -> Watched {
    let folder = tempfile::tempdir().expect("a folder");
    let registry =
        TestRegistry::of(Memory::default(), &folder.path().join("ledger.db"), with_witnesses(count));
    (registry, folder)
}

async fn head(registry: &TestRegistry<Memory>) -> SignedCheckpoint {
    let answer = registry.call("GET", "/v1/checkpoint", b"").await;
    SignedCheckpoint::parse(&answer.bytes).expect("a note")
}

fn of_the_log(head: &SignedCheckpoint) -> Checkpoint {
    head.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log")
}

/// When each witness cosigned the head.
fn times(head: &SignedCheckpoint) -> [Option<u64>; 2] {
    [0, 1].map(|at| head.cosigned(NAMES[at], &witness_key(at).public_key()).expect("valid or absent"))
}

#[tokio::test]
async fn cosignatures_come_onto_the_head_and_stay_with_its_tree() {
    let (registry, folder) = watched(2);
    let first = Pack::new("@acme/hello", "export default 1;");
    commit(&registry, &first).await;
    let honest = Scripted::honest(NOW + 1);
    assert!(ask(&registry, &honest).await.is_empty());
    let asked = honest.asked();
    assert_eq!(asked.iter().map(|asked| (asked.old, asked.size())).collect::<Vec<_>>(), [(0, 3), (0, 3)]);
    assert!(asked.iter().all(|asked| asked.proof.is_empty()));
    assert_eq!(times(&head(&registry).await), [Some(NOW + 1); 2]);
    assert!(registry.sequencer.begin_asking().is_empty(), "there is nothing new");

    // The operator's new time keeps them, and asks for newer ones of the same tree.
    registry.clock.0.store(NOW + 240, Ordering::Relaxed);
    registry.sequencer.refresh_head().await.expect("a head");
    let refreshed = head(&registry).await;
    assert_eq!(refreshed.timestamp(&origin().cosigner(), &key(3).public_key()), Ok(NOW + 240));
    assert_eq!(times(&refreshed), [Some(NOW + 1); 2]);
    let later = Scripted::honest(NOW + 241);
    assert!(ask(&registry, &later).await.is_empty());
    assert!(later.asked().iter().all(|asked| (asked.old, asked.size(), asked.proof.len()) == (3, 3, 0)));
    assert_eq!(times(&head(&registry).await), [Some(NOW + 241); 2]);

    // An older one than is there changes nothing.
    registry.sequencer.refresh_head().await.expect("a head");
    assert!(ask(&registry, &Scripted::honest(NOW + 5)).await.is_empty());
    assert_eq!(times(&head(&registry).await), [Some(NOW + 241); 2]);

    // A new tree has none, until they have been shown that it continues the one they know.
    let before = of_the_log(&head(&registry).await);
    commit(&registry, &first.next("1.1.0", "export default 2;")).await;
    assert_eq!(times(&head(&registry).await), [None; 2]);
    assert!(ask(&registry, &later).await.is_empty());
    for asked in later.asked() {
        let now = asked.checkpoint();
        assert_eq!((asked.old, now.size), (3, 5));
        verify_consistency(3, 5, &before.root, &now.root, &asked.proof).expect("one log");
    }
    assert_eq!(times(&head(&registry).await), [Some(NOW + 241); 2]);

    // Another start has the lines, and knows where the witnesses are.
    let again = TestRegistry::of(registry.blobs.clone(), &folder.path().join("ledger.db"), with_witnesses(2));
    again.clock.0.store(NOW + 240, Ordering::Relaxed);
    again.sequencer.start().await.expect("it starts");
    assert_eq!(times(&head(&again).await), [Some(NOW + 241); 2]);
    assert!(ask(&again, &later).await.is_empty());
    assert!(later.asked().iter().all(|asked| (asked.old, asked.size()) == (5, 5)));
}

/// An answer, and what the operator is told of it.
type Wrong = (&'static str, fn(&Asked) -> Option<WitnessAnswer>);

/// A line that claims the first witness's key.
fn claiming(bytes: Vec<u8>) -> String {
    let id = key_id(NAMES[0], KeyType::Cosignature, &witness_key(0).public_key());
    NoteSignature::new(NAMES[0], id, bytes).expect("a line").to_string()
}

fn lines(lines: &[String]) -> Option<WitnessAnswer> {
    Some(say(200, lines.iter().map(|line| format!("{line}\n")).collect::<String>()))
}

const WRONG: &[Wrong] = &[
    ("it does not answer", |_| None),
    ("no list of signature lines", |_| Some(say(200, ""))),
    ("no list of signature lines", |_| Some(say(200, "cosigned"))),
    ("no list of signature lines", |_| Some(say(200, Bytes::from_static(b"\xff\xfe\n")))),
    ("no list of signature lines", |asked| Some(say(200, line(&asked.note, NAMES[0], &witness_key(0), NOW)))),
    ("a blank line", |asked| {
        Some(say(200, format!("more text\n\n{}\n", line(&asked.note, NAMES[0], &witness_key(0), NOW))))
    }),
    // More lines than a note may have.
    ("no list of signature lines", |asked| {
        lines(&vec![line(&asked.note, NAMES[0], &witness_key(0), NOW); 65])
    }),
    // Its name with another's key, another's name with its key.
    ("without a cosignature", |asked| lines(&[line(&asked.note, NAMES[0], &key(99), NOW)])),
    ("without a cosignature", |asked| lines(&[line(&asked.note, NAMES[1], &witness_key(0), NOW)])),
    // A time that was not signed; no time; nothing.
    ("not signed by its key", |asked| {
        let signature = witness_key(0).sign(&asked.note.cosignature_message(NOW)).expect("a signature");
        lines(&[claiming([&(NOW + 1).to_be_bytes()[..], signature.as_bytes()].concat())])
    }),
    ("not signed by its key", |asked| {
        let signature = witness_key(0).sign(&asked.note.cosignature_message(NOW)).expect("a signature");
        lines(&[claiming(signature.as_bytes().to_vec())])
    }),
    ("not signed by its key", |_| lines(&[claiming(vec![0; 72])])),
    ("not signed by its key", |_| lines(&[claiming(vec![0; 3])])),
    // A right line does not make up for a wrong one.
    ("not signed by its key", |asked| {
        lines(&[line(&asked.note, NAMES[0], &witness_key(0), NOW), claiming(vec![0; 72])])
    }),
    // T18: the type of a log's signature, by the witness's key.
    ("without a cosignature", |asked| {
        let key = witness_key(0);
        let signature = key.sign(asked.checkpoint().text().as_bytes()).expect("a signature");
        let id = key_id(NAMES[0], KeyType::Ed25519, &key.public_key());
        let line = NoteSignature::new(NAMES[0], id, signature.as_bytes().to_vec()).expect("a line");
        lines(&[line.to_string()])
    }),
    // T23: what it has signed is another tree of this size.
    ("not signed by its key", |asked| lines(&[line(&other_tree(asked), NAMES[0], &witness_key(0), NOW)])),
    ("from the future", |asked| lines(&[line(&asked.note, NAMES[0], &witness_key(0), NOW + 61)])),
    ("it answered 500", |_| Some(say(500, ""))),
    ("it answered 404: unknown log", |_| Some(say(404, "unknown log\n"))),
    ("it answered 403", |_| Some(say(403, ""))),
    ("it answered 422", |_| Some(say(422, ""))),
    ("it answered 302", |_| Some(say(302, ""))),
    ("it answered 409", |_| Some(say(409, ""))),
    ("it answered 409: 0x2", |_| Some(say(409, "0x2\n"))),
    ("it has cosigned 4 entries, and the log has 3", |_| Some(say(409, "4\n"))),
    ("says that it has cosigned 0", |_| Some(say(409, "0\n"))),
];

fn other_tree(asked: &Asked) -> SignedCheckpoint {
    let root = cidery_protocol::log::Hash::from_bytes([7; 32]);
    let other = Checkpoint { origin: origin(), size: asked.size(), root };
    cidery_keys::sign_checkpoint(&other, &key(2)).expect("a checkpoint")
}

#[tokio::test]
async fn t33_whatever_else_a_witness_answers_changes_nothing() {
    for (at, (wanted, answer)) in WRONG.iter().enumerate() {
        let (registry, _folder) = watched(2);
        let package = Pack::new("@acme/hello", "export default 1;");
        commit(&registry, &package).await;
        // The other one is honest, and counts all the same.
        let client = Scripted::new(move |asked| {
            if asked.url == witness(0).url() { answer(asked) } else { Some(asked.cosigned(1, NOW)) }
        });
        let told = ask(&registry, &client).await;
        assert_eq!(told.len(), 1, "{at} {wanted}: {told:?}");
        assert!(told[0].contains(wanted) && told[0].contains(NAMES[0]), "{at} {wanted}: {told:?}");
        assert_eq!(times(&head(&registry).await), [None, Some(NOW)], "{at} {wanted}");
        // Told once; and once it is honest, all is well.
        registry.clock.0.store(NOW + 240, Ordering::Relaxed);
        registry.sequencer.refresh_head().await.expect("a head");
        let again = ask(&registry, &client).await;
        assert!(again.is_empty() || *wanted == "from the future", "{at} {wanted}: {again:?}");
        registry.clock.0.store(NOW + 480, Ordering::Relaxed);
        registry.sequencer.refresh_head().await.expect("a head");
        assert!(ask(&registry, &Scripted::honest(NOW + 480)).await.is_empty());
        assert_eq!(times(&head(&registry).await), [Some(NOW + 480); 2], "{at} {wanted}");
        assert_eq!(registry.resolve(&package).await.size, 3);
    }
}

#[tokio::test]
async fn foreign_lines_in_an_answer_are_passed_over() {
    let (registry, _folder) = watched(1);
    commit(&registry, &Pack::new("@acme/hello", "export default 1;")).await;
    let client = Scripted::new(|asked| {
        let own = |time| line(&asked.note, NAMES[0], &witness_key(0), time);
        lines(&[
            line(&asked.note, "stranger.example", &key(98), NOW),
            own(NOW - 5),
            own(NOW),
            // As the operator's cosigner, in a year.
            line(&asked.note, &origin().cosigner(), &key(99), NOW + 31_536_000),
            own(NOW - 9),
        ])
    });
    let before = head(&registry).await;
    assert!(ask(&registry, &client).await.is_empty());
    let text = String::from_utf8(head(&registry).await.to_bytes()).expect("text");
    let added = text.strip_prefix(str::from_utf8(&before.to_bytes()).expect("text")).expect("what was there");
    assert_eq!(added, format!("{}\n", line(&before, NAMES[0], &witness_key(0), NOW)), "one line, the newest");
}

#[tokio::test]
async fn a_witness_that_is_elsewhere_is_asked_once_more_from_there() {
    let (registry, _folder) = watched(1);
    let mut package = Pack::new("@acme/hello", "export default 0;");
    let mut roots = Vec::new();
    commit(&registry, &package).await;
    roots.push(of_the_log(&head(&registry).await));
    for number in 1..=5 {
        package = package.next(&format!("1.{number}.0"), "export default 0;");
        commit(&registry, &package).await;
        roots.push(of_the_log(&head(&registry).await));
    }
    // It has cosigned 7 entries, which this ledger does not know.
    let client =
        Scripted::new(|asked| Some(if asked.old == 7 { asked.cosigned(0, NOW) } else { say(409, "7\n") }));
    assert!(ask(&registry, &client).await.is_empty());
    let asked = client.asked();
    assert_eq!(asked.iter().map(|asked| asked.old).collect::<Vec<_>>(), [0, 7]);
    let (old, new) = (&roots[2], asked[1].checkpoint());
    verify_consistency(7, 13, &old.root, &new.root, &asked[1].proof).expect("one log");
    assert_eq!(times(&head(&registry).await), [Some(NOW), None]);

    // One that is somewhere else each time is left alone after the second.
    registry.clock.0.store(NOW + 1, Ordering::Relaxed);
    for (says, told) in [
        ("0", "was asked from 0 entries on, and says that it has cosigned 0"),
        ("6", "was asked from 6 entries on, and says that it has cosigned 6"),
        ("13", "it has cosigned another tree of 13 entries"),
        ("14", "it has cosigned 14 entries, and the log has 13"),
    ] {
        registry.clock.0.fetch_add(1, Ordering::Relaxed);
        registry.sequencer.refresh_head().await.expect("a head");
        let stubborn = Scripted::new(move |_| Some(say(409, format!("{says}\n"))));
        let reasons = ask(&registry, &stubborn).await;
        assert!(reasons.len() == 1 && reasons[0].contains(told), "{says}: {reasons:?}");
        assert!(stubborn.asked().len() <= 2, "{says}");
    }
    // One that was made anew begins at 0.
    registry.clock.0.fetch_add(1, Ordering::Relaxed);
    registry.sequencer.refresh_head().await.expect("a head");
    let fresh = Scripted::new(|asked| {
        Some(if asked.old == 0 { asked.cosigned(0, NOW + 9) } else { say(409, "0\n") })
    });
    assert!(ask(&registry, &fresh).await.is_empty());
    assert_eq!(fresh.asked().iter().map(|asked| asked.old).collect::<Vec<_>>(), [13, 0]);
    assert_eq!(times(&head(&registry).await), [Some(NOW + 9), None]);
}

#[tokio::test]
async fn a_witness_that_says_nothing_delays_nobody() {
    let (registry, _folder) = watched(2);
    let first = Pack::new("@acme/hello", "export default 1;");
    commit(&registry, &first).await;
    let silent = Scripted::honest(NOW);
    silent.hangs.store(true, Ordering::SeqCst);
    let mut turns = registry.sequencer.begin_asking();
    assert_eq!(turns.len(), 2);
    let (second, slow) = (turns.pop().expect("a turn"), turns.pop().expect("a turn"));
    let asking = async {
        let mut answers = 0;
        while let Some(asked) = registry.sequencer.ask_witness(&slow, &silent).await {
            asked.expect("it signs in the end");
            answers += 1;
        }
        answers
    };
    let others = async {
        let honest = Scripted::honest(NOW);
        let merge = async || registry.sequencer.merge_cosignatures().await.expect("it is merged");
        while registry.sequencer.ask_witness(&second, &honest).await.is_some() {}
        merge().await;
        assert_eq!(times(&head(&registry).await), [None, Some(NOW)], "the other one's is there");
        let mut package = first.next("1.1.0", "export default 2;");
        for number in 2..5 {
            commit(&registry, &package).await;
            let turns = registry.sequencer.begin_asking();
            assert_eq!(turns.len(), 1, "who is being asked is not asked a second time");
            for turn in turns {
                while registry.sequencer.ask_witness(&turn, &honest).await.is_some() {}
                merge().await;
            }
            assert_eq!(times(&head(&registry).await), [None, Some(NOW)]);
            package = package.next(&format!("1.{number}.0"), "export default 2;");
        }
        silent.hangs.store(false, Ordering::SeqCst);
    };
    let (answers, ()) = tokio::join!(asking, others);
    assert_eq!(answers, 2, "the head that it was asked about, and the newest: none between");
    assert_eq!(silent.asked().iter().map(Asked::size).collect::<Vec<_>>(), [3, 9]);
    registry.sequencer.merge_cosignatures().await.expect("it is merged");
    assert_eq!(times(&head(&registry).await), [Some(NOW); 2]);
}

#[tokio::test]
async fn a_cosignature_of_a_tree_that_has_grown_is_dropped() {
    let (registry, _folder) = watched(1);
    let first = Pack::new("@acme/hello", "export default 1;");
    commit(&registry, &first).await;
    let honest = Scripted::honest(NOW);
    let turns = registry.sequencer.begin_asking();
    assert!(matches!(registry.sequencer.ask_witness(&turns[0], &honest).await, Some(Ok(()))));
    commit(&registry, &first.next("1.1.0", "export default 2;")).await;
    let before = head(&registry).await;
    assert!(registry.sequencer.has_cosignatures());
    registry.sequencer.merge_cosignatures().await.expect("nothing to merge");
    assert_eq!(head(&registry).await, before);
    assert!(!registry.sequencer.has_cosignatures());
    // The turn is not over: there is a newer head.
    assert!(matches!(registry.sequencer.ask_witness(&turns[0], &honest).await, Some(Ok(()))));
    registry.sequencer.merge_cosignatures().await.expect("it is merged");
    assert_eq!(times(&head(&registry).await), [Some(NOW), None]);
    assert!(registry.sequencer.ask_witness(&turns[0], &honest).await.is_none());
}

#[tokio::test]
async fn t25_a_cosignature_goes_onto_no_head_that_somebody_else_wrote() {
    let (registry, folder) = watched(1);
    let first = Pack::new("@acme/hello", "export default 1;");
    commit(&registry, &first).await;
    // Another process with the same store and the same ledger.
    let other =
        TestRegistry::new(registry.blobs.clone(), &folder.path().join("ledger.db"), ScopePolicy::Open);
    other.clock.0.store(NOW + 7, Ordering::Relaxed);
    other.sequencer.start().await.expect("it starts");
    let theirs = head(&registry).await;
    let turns = registry.sequencer.begin_asking();
    let honest = Scripted::honest(NOW);
    assert!(matches!(registry.sequencer.ask_witness(&turns[0], &honest).await, Some(Ok(()))));
    let merged = registry.sequencer.merge_cosignatures().await;
    assert!(matches!(merged, Err(Error::Diverged { .. })), "{merged:?}");
    assert_eq!(head(&registry).await, theirs);
    // It compares again, and goes on from what is there.
    registry.sequencer.refresh_head().await.expect("it is the same log");
    assert!(ask(&registry, &honest).await.is_empty());
    while registry.sequencer.ask_witness(&turns[0], &honest).await.is_some() {}
    registry.sequencer.merge_cosignatures().await.expect("it is merged");
    assert_eq!(times(&head(&registry).await), [Some(NOW), None]);
}

#[tokio::test]
async fn t18_a_key_has_one_role() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = |named: Vec<Witness>| {
        let witnesses = Witnesses::new(named).expect("witnesses");
        let config = LogConfig { witnesses, ..config(ScopePolicy::Open) };
        let sql = Sqlite::open(&folder.path().join("ledger.db")).expect("a ledger");
        Sequencer::new(Memory::default(), sql, Hand(Default::default()), config)
    };
    let named = |name: &str, key: &SecretKey| {
        Witness::new(name, "https://witness.example", key.public_key()).expect("a witness")
    };
    for (seed, holder) in [(2, "the log"), (3, "its cosigner")] {
        match new(vec![witness(0), named("w", &key(seed))]) {
            Err(Error::OneKey { holders, .. }) => {
                assert_eq!(holders, [holder.to_owned(), "the witness `w`".to_owned()]);
            }
            other => panic!("{holder}: {:?}", other.err()),
        }
    }
    for name in [origin().to_string(), origin().cosigner()] {
        assert!(matches!(new(vec![named(&name, &key(20))]), Err(Error::Witnesses { .. })), "{name}");
    }
    assert!(new(vec![witness(0), witness(1)]).is_ok());

    let (registry, _folder) = watched(2);
    registry.sequencer.start().await.expect("a log");
    let witness = witness_key(1);
    refused(&registry, &Pack::by("@acme/hello", "1", &witness, support::ORIGIN), "record.invalid").await;
    // Nor is it one of several, or one of those for recovery.
    let both = Pack::begin("@acme/hello", "1", powers(&[&key(1), &witness], 1), &[&key(1)], support::ORIGIN);
    refused(&registry, &both, "record.invalid").await;
    let recovery = Recovery { keys: vec![witness.public_key()], threshold: 1, delay: 0 };
    let recovering = Powers { recovery: Some(recovery), ..powers(&[&key(1)], 1) };
    let recovering = Pack::begin("@acme/hello", "1", recovering, &[&key(1)], support::ORIGIN);
    refused(&registry, &recovering, "record.invalid").await;
}
