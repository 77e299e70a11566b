//! T24: many at once, over TCP and on many threads.

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use cidery_keys::Signer;
use cidery_protocol::log::{NoteSignature, SignedCheckpoint};
use cidery_witness::{Config, Report, Server, Witness, WitnessError};
use support::http::add;
use support::{Log, NAME, NOW, key};

fn witness(folder: &std::path::Path, log: &Log) -> Witness {
    let logs = [(log.origin.clone(), vec![log.public_key()])].into();
    let name = Some(NAME.parse().expect("a name"));
    Witness::open(folder, name, Some(Box::new(key(9))), logs).expect("a witness")
}

fn time_of(log: &Log, size: u64, line: &NoteSignature) -> u64 {
    let note = format!("{}{line}\n", log.note(size));
    let signed = SignedCheckpoint::parse(note.as_bytes()).expect("a note");
    signed.timestamp(NAME, &key(9).public_key()).expect("a cosignature")
}

/// Both are consistent with what was cosigned last; whichever comes second is told so.
#[test]
fn t24_n_and_n_plus_k_at_once_never_roll_back() {
    let log = Log::new(64);
    let folder = tempfile::tempdir().expect("a folder");
    let witness = witness(folder.path(), &log);
    let mut size = 0;
    for round in 0..28 {
        let (less, more) = (size + 1, size + 2);
        let barrier = Barrier::new(8);
        let answers = thread::scope(|scope| {
            let one = |number: usize| {
                // In both orders: who is started first differs from round to round.
                let to = if (number + round).is_multiple_of(2) { less } else { more };
                let (witness, log, barrier) = (&witness, &log, &barrier);
                scope.spawn(move || {
                    let body = log.body(size, to);
                    barrier.wait();
                    (to, witness.add_checkpoint(&body, NOW))
                })
            };
            let threads: Vec<_> = (0..8).map(one).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
        });
        let latest = Report::read(folder.path()).expect("a report").logs[0].latest.size;
        assert!([less, more].contains(&latest));
        for (to, answer) in answers {
            match answer {
                Ok(line) => assert_eq!((to, time_of(&log, to, &line)), (latest, NOW), "one of them won"),
                Err(WitnessError::Conflict { wanted, .. }) => assert_eq!(wanted, latest),
                Err(other) => panic!("{other}"),
            }
        }
        size = latest;
    }
}

/// Two histories at once: one of them is cosigned, ever.
#[test]
fn t23_two_histories_at_once_are_never_both_cosigned() {
    let log = Log::new(3);
    for round in 0..10 {
        let folder = tempfile::tempdir().expect("a folder");
        let witness = witness(folder.path(), &log);
        let histories = [log.clone(), log.forked(0, 3)];
        let barrier = Barrier::new(4);
        let won = AtomicU64::new(0);
        thread::scope(|scope| {
            for number in 0..4 {
                let history = &histories[(number + round) % 2];
                let (witness, barrier, won) = (&witness, &barrier, &won);
                scope.spawn(move || {
                    let body = history.body(0, 3);
                    barrier.wait();
                    match witness.add_checkpoint(&body, NOW) {
                        Ok(_) => won.fetch_add(1, Ordering::SeqCst),
                        Err(WitnessError::Fork { .. } | WitnessError::Conflict { wanted: 3, .. }) => 0,
                        Err(other) => panic!("{other}"),
                    }
                });
            }
        });
        assert_eq!(won.load(Ordering::SeqCst), 1, "one request of one history");
        assert_eq!(Report::read(folder.path()).expect("a report").contradictions.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t24_logs_that_all_grow_at_once_are_each_cosigned_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(folder.path(), ([127, 0, 0, 1], 0).into());
    config.name = Some(NAME.parse().expect("a name"));
    let logs: Vec<Log> = (1..=4).map(|seed| Log::of(&format!("log-{seed}.example"), seed, 12)).collect();
    config.logs = logs.iter().map(|log| (log.origin.clone(), vec![log.public_key()])).collect();
    let server = Server::start(config).await.expect("a witness");
    let to = server.local_addr();
    let mut clients = tokio::task::JoinSet::new();
    // Each log is pushed by three that know nothing of one another, as after a restart that overlaps.
    for log in logs.iter().flat_map(|log| [log.clone(), log.clone(), log.clone()]) {
        clients.spawn(async move {
            let (mut old, mut cosigned) = (0, Vec::new());
            while old < 12 {
                let answer = add(to, &log.body(old, old + 1)).await;
                match answer.status {
                    200 => cosigned.push(old + 1),
                    409 => {}
                    _ => panic!("{answer:?}"),
                }
                let known = || answer.body.trim().parse::<u64>().expect("a size");
                let next = if answer.status == 200 { old + 1 } else { known() };
                assert!(next >= old, "{old}, then {next}");
                old = next;
            }
            (log.origin, cosigned)
        });
    }
    let mut all = BTreeMap::<_, Vec<u64>>::new();
    while let Some(client) = clients.join_next().await {
        let (origin, cosigned) = client.expect("no panic");
        all.entry(origin).or_default().extend(cosigned);
    }
    for (origin, mut sizes) in all {
        sizes.sort_unstable();
        assert_eq!(sizes, (1..=12).collect::<Vec<_>>(), "{origin}: each size was cosigned once");
    }
    server.stop().await.expect("it stops");
}
