//! What a witness must still know after it was stopped, and what it refuses to do without.

mod support;

use std::{fs, path::Path};

use cidery_keys::{KeyError, SecretKey, Signer};
use cidery_protocol::{PublicKey, Signature};
use cidery_witness::{Logs, Report, Witness, WitnessError};
use support::{Log, NAME, NOW, key};

fn logs() -> Logs {
    [(support::origin(), vec![Log::new(0).public_key()])].into()
}

fn named(folder: &Path, name: &str, signer: SecretKey) -> Result<Witness, WitnessError> {
    Witness::open(folder, Some(name.parse().expect("a name")), Some(Box::new(signer)), logs())
}

fn open(folder: &Path) -> Result<Witness, WitnessError> {
    named(folder, NAME, key(9))
}

#[test]
fn t24_what_was_cosigned_is_known_after_a_restart() {
    let (log, folder) = (Log::new(9), tempfile::tempdir().expect("a folder"));
    let other = log.forked(3, 9);
    let first = open(folder.path()).expect("a witness");
    let line = first.add_checkpoint(&log.body(0, 5), NOW).expect("a cosignature");
    assert!(matches!(open(folder.path()), Err(WitnessError::Locked { .. })), "a folder has one witness");
    drop(first);
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        3,
        "the lock, the state in one file, and the verifier key"
    );

    let again = open(folder.path()).expect("the same witness");
    assert!(matches!(
        again.add_checkpoint(&log.body(0, 6), NOW),
        Err(WitnessError::Conflict { wanted: 5, .. })
    ));
    assert!(matches!(again.add_checkpoint(&other.body(0, 5), NOW), Err(WitnessError::Fork { .. })));
    let behind = again.add_checkpoint(&log.body(5, 5), NOW - 30).expect("a cosignature");
    assert_eq!(behind, line, "the clock is a little behind: no earlier time is signed");
    let wrong = again.add_checkpoint(&log.body(5, 6), NOW - 3600);
    assert!(matches!(wrong, Err(WitnessError::Clock { .. })), "{wrong:?}");
    again.add_checkpoint(&log.body(5, 9), NOW + 1).expect("it goes on");
    drop(again);
    let report = Report::read(folder.path()).expect("a report");
    let latest = &report.logs[0].latest;
    assert_eq!((latest.size, latest.root, latest.time), (9, log.checkpoint(9).root, NOW + 1));
    assert_eq!((report.name.as_str(), report.key), (NAME, key(9).public_key()));
}

#[test]
fn t24_a_witness_that_forgot_does_not_begin_anew() {
    let (log, folder) = (Log::new(9), tempfile::tempdir().expect("a folder"));
    assert!(matches!(Report::read(folder.path()), Err(WitnessError::NoWitness { .. })));
    let witness = open(folder.path()).expect("a witness");
    witness.add_checkpoint(&log.body(0, 5), NOW).expect("a cosignature");
    drop(witness);
    let state = folder.path().join("state.db");
    let kept = fs::read(&state).expect("the state");
    for lost in ["gone", "empty"] {
        match lost {
            "gone" => fs::remove_file(&state).expect("it was there"),
            _ => fs::write(&state, b"").expect("a file"),
        }
        match open(folder.path()) {
            Err(error @ WitnessError::StateLost { .. }) => assert!(error.hint().is_some()),
            other => panic!("{lost}: {other:?}"),
        }
    }
    fs::write(&state, &kept[..kept.len() / 2]).expect("a file");
    assert!(open(folder.path()).is_err(), "damaged");
    fs::write(&state, kept).expect("a file");
    open(folder.path()).expect("put back");
}

#[test]
fn a_folder_is_of_one_name_and_one_key() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(folder.path()).expect("a witness"));
    for (name, signer) in [("other.example/w1", key(9)), (NAME, key(8))] {
        let refused = named(folder.path(), name, signer);
        assert!(matches!(refused, Err(WitnessError::OtherWitness { .. })), "{refused:?}");
    }
    let unnamed =
        Witness::open(folder.path(), None, Some(Box::new(key(9))), logs()).expect("it has its name");
    let vkey = fs::read_to_string(folder.path().join("vkey")).expect("a file");
    assert_eq!((unnamed.name().as_str(), format!("{}\n", unnamed.verifier_key())), (NAME, vkey));
}

#[test]
fn what_a_new_witness_needs_is_said_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let begin = |name: Option<&str>, signer: u8, logs: Logs| {
        let name = name.map(|name| name.parse().expect("a name"));
        Witness::open(folder.path(), name, Some(Box::new(key(signer))), logs)
    };
    assert!(matches!(begin(None, 9, logs()), Err(WitnessError::NoName { .. })));
    assert!(matches!(begin(Some(NAME), 9, Logs::new()), Err(WitnessError::NoLogs { .. })));
    let keyless = [(support::origin(), vec![])].into();
    assert!(matches!(begin(Some(NAME), 9, keyless), Err(WitnessError::LogKeys { got: 0, .. })));
    let keys = (1..=17).map(|seed| key(seed).public_key()).collect();
    assert!(matches!(
        begin(Some(NAME), 9, [(support::origin(), keys)].into()),
        Err(WitnessError::LogKeys { .. })
    ));
    let t18 = begin(Some(NAME), 1, logs());
    assert!(matches!(t18, Err(WitnessError::KeyRole { .. })), "the log's own key is no witness: {t18:?}");
    assert!(!folder.path().join("state.db").exists());

    let config = folder.path().join("config.toml");
    fs::write(&config, "name = \"witness.example/w2\"\n[log]\n").expect("a file");
    assert!(matches!(begin(None, 9, logs()), Err(WitnessError::Config { .. })));
    let second = Log::of("second.example", 2, 4);
    fs::write(
        &config,
        format!(
            "name = \"witness.example/w2\"\n[logs]\n\"second.example\" = [\"{}\"]\n\"log.example\" = [\"{}\"]\n",
            second.public_key(),
            key(7).public_key()
        ),
    )
    .expect("a file");
    let witness = begin(None, 9, logs()).expect("a witness");
    assert_eq!(witness.name().as_str(), "witness.example/w2");
    let now = NOW;
    witness.add_checkpoint(&second.body(0, 4), now).expect("of the file");
    // Either key of a log signs for it, and both keys one tree.
    let log = Log::new(9);
    witness.add_checkpoint(&log.body(0, 4), now).expect("of the command line");
    witness.add_checkpoint(&log.by(7).body(4, 9), now).expect("of the file");
    let other = log.forked(2, 9).by(7);
    assert!(matches!(witness.add_checkpoint(&other.body(9, 9), now), Err(WitnessError::Fork { .. })));
}

#[test]
fn t36_its_own_key_is_made_once_and_never_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let begin = || Witness::open(folder.path(), Some(NAME.parse().expect("a name")), None, logs());
    let key = begin().expect("a witness").key();
    assert_eq!(begin().expect("the same").key(), key);
    let file = folder.path().join("keys/witness");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    fs::remove_file(&file).expect("it was there");
    assert!(matches!(begin(), Err(WitnessError::KeyLost { .. })));
    assert!(!file.exists());
}

/// A key's holder that is not there when it is needed.
struct Absent(SecretKey);

impl Signer for Absent {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, KeyError> {
        Err(KeyError::Large { limit: 0 })
    }
}

/// The one point between the record and the signature: what was recorded and not signed is signed when it is asked for again.
#[test]
fn t24_recorded_and_not_signed_is_as_good_as_signed() {
    let (log, folder) = (Log::new(9), tempfile::tempdir().expect("a folder"));
    let name = || Some(NAME.parse().expect("a name"));
    let absent =
        Witness::open(folder.path(), name(), Some(Box::new(Absent(key(9)))), logs()).expect("a witness");
    let failed = absent.add_checkpoint(&log.body(0, 5), NOW).expect_err("nobody signs");
    assert!(matches!(failed, WitnessError::Key(_)) && failed.is_for_operator(), "{failed:?}");
    drop(absent);
    let witness = open(folder.path()).expect("a witness");
    let other = log.forked(3, 9);
    assert!(matches!(witness.add_checkpoint(&other.body(0, 5), NOW), Err(WitnessError::Fork { .. })));
    let told = witness.add_checkpoint(&log.body(0, 5), NOW);
    assert!(matches!(told, Err(WitnessError::Conflict { wanted: 5, .. })), "{told:?}");
    witness.add_checkpoint(&log.body(5, 5), NOW).expect("a cosignature");
}
