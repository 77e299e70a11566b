//! Each answer that C2SP tlog-witness asks for, over TCP.

mod support;

use std::{
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use cidery_keys::Signer;
use cidery_protocol::log::SignedCheckpoint;
use cidery_witness::{BODY_BYTES, Config, Report, Server};
use sha2::{Digest, Sha256};
use support::http::{Answer, add, ask};
use support::{Log, NAME, ORIGIN, body, key};

const PLAIN: &str = "text/plain; charset=utf-8";
const SIZE: &str = "text/x.tlog.size";

/// A witness of `log.example` and of `second.example`, and what its operator was told.
struct Running {
    server: Server,
    told: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
}

impl Running {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::new(folder.path(), ([127, 0, 0, 1], 0).into());
        config.name = Some(NAME.parse().expect("a name"));
        config.signer = Some(Box::new(key(9)));
        config.logs = [Log::new(0), Log::of("second.example", 2, 0)]
            .map(|log| (log.origin.clone(), vec![log.public_key()]))
            .into();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        config.on_event = Some(Box::new(move |event| tell.lock().expect("no panic").push(event.to_string())));
        Running { server: Server::start(config).await.expect("a witness"), told, folder }
    }

    async fn add(&self, body: &[u8]) -> Answer {
        add(self.server.local_addr(), body).await
    }

    /// Asks, and checks that the answer is the cosignature of the log's tree of this size.
    async fn cosigned(&self, log: &Log, old: u64, size: u64) -> u64 {
        let answer = self.add(&log.body(old, size)).await;
        assert_eq!((answer.status, answer.kind.as_str()), (200, PLAIN), "{answer:?}");
        self.is_cosigned(log, size, &format!("{}{}", log.note(size), answer.body))
    }

    fn is_cosigned(&self, log: &Log, size: u64, note: &str) -> u64 {
        let signed = SignedCheckpoint::parse(note.as_bytes()).expect("a note");
        let checkpoint = signed.verify_log(&log.origin, &[log.public_key()]).expect("the log's");
        assert_eq!(checkpoint, log.checkpoint(size));
        signed.timestamp(NAME, &key(9).public_key()).expect("a cosignature")
    }
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.kind.as_str()), (status, PLAIN), "{answer:?}");
    assert!(answer.body.starts_with(&format!("{code}: ")) && answer.body.ends_with('\n'), "{answer:?}");
}

fn size(answer: &Answer, size: u64) {
    let wanted = Answer { status: 409, kind: SIZE.to_owned(), body: format!("{size}\n") };
    assert_eq!(*answer, wanted);
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

#[tokio::test]
async fn what_grows_is_cosigned_with_the_time() {
    let (witness, log, second) = (Running::new().await, Log::new(20), Log::of("second.example", 2, 3));
    let mut last = 0;
    for (old, to) in [(0, 0), (0, 5), (5, 5), (5, 20), (20, 20)] {
        let before = now();
        let time = witness.cosigned(&log, old, to).await;
        assert!((before.max(last)..=now()).contains(&time), "{old} to {to}: {time}");
        last = time;
    }
    witness.cosigned(&second, 0, 3).await;
    witness.cosigned(&log, 20, 20).await;
    assert_eq!(witness.told.lock().expect("no panic").len(), 0);
}

#[tokio::test]
async fn the_same_tree_again_gets_a_later_time() {
    let (witness, log) = (Running::new().await, Log::new(5));
    let first = witness.cosigned(&log, 0, 5).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert!(witness.cosigned(&log, 5, 5).await > first);
}

#[tokio::test]
async fn each_refusal_has_its_status_and_changes_nothing() {
    let (witness, log) = (Running::new().await, Log::new(20));
    size(&witness.add(&log.body(3, 5)).await, 0);
    witness.cosigned(&log, 0, 5).await;
    let (note, eight) = (log.note(8), log.proof(5, 8));

    refused(&witness.add(b"").await, 400, "request.malformed");
    refused(&witness.add(format!("old 05\n\n{note}").as_bytes()).await, 400, "request.malformed");
    refused(&witness.add(format!("old 5\nAAAA\n\n{note}").as_bytes()).await, 400, "request.malformed");
    refused(&witness.add(b"old 5\n\nlog.example\n8\n").await, 400, "log.malformed");
    refused(&witness.add(&body(9, &[], &note)).await, 400, "request.malformed");
    refused(&witness.add(&Log::of("third.example", 1, 8).body(0, 8)).await, 404, "log.origin");
    refused(&witness.add(&log.by(2).body(5, 8)).await, 403, "log.signature");
    refused(&witness.add(&Log::of("second.example", 1, 8).body(0, 8)).await, 403, "log.signature");
    size(&witness.add(&log.body(0, 8)).await, 5);
    size(&witness.add(&log.body(0, 4)).await, 5);
    size(&witness.add(&log.body(8, 8)).await, 5);
    refused(&witness.add(&body(5, &[], &note)).await, 422, "log.proof");
    refused(&witness.add(&body(5, &log.proof(4, 8), &note)).await, 422, "log.proof");
    refused(&witness.add(&body(5, &eight, &log.note(5))).await, 422, "log.proof");
    refused(&witness.add(&body(5, &eight, &log.forked(2, 8).note(8))).await, 422, "log.proof");

    let large = vec![b'a'; BODY_BYTES + 1];
    refused(&witness.add(&large).await, 413, "limit.exceeded");
    let to = witness.server.local_addr();
    assert_eq!(ask(to, "GET", "/add-checkpoint", b"").await.status, 405);
    assert_eq!(ask(to, "PUT", "/add-checkpoint", &log.body(5, 8)).await.status, 405);
    assert_eq!(ask(to, "POST", "/", &log.body(5, 8)).await.status, 404);

    assert_eq!(witness.told.lock().expect("no panic").len(), 0);
    witness.cosigned(&log, 5, 8).await;
}

#[tokio::test]
async fn t23_a_log_with_two_histories_is_refused_kept_and_told() {
    let (witness, log) = (Running::new().await, Log::new(9));
    let other = log.forked(4, 9);
    witness.cosigned(&log, 0, 7).await;
    for _ in 0..3 {
        // The right old size: only the root is wrong, and there is no size to say that would help.
        refused(&witness.add(&other.body(7, 7)).await, 409, "log.fork");
        // A wrong one, too.
        size(&witness.add(&other.body(3, 7)).await, 7);
    }
    let told = witness.told.lock().expect("no panic").clone();
    assert_eq!(told, ["the log `log.example` signed two trees of 7 entries"], "told once");
    let kept = Report::read(witness.folder.path()).expect("a report").contradictions;
    let [kept] = &kept[..] else { panic!("{kept:?}") };
    for (note, of) in [(&kept.ours, &log), (&kept.theirs, &other)] {
        let signed = SignedCheckpoint::parse(note).expect("a note");
        assert_eq!(signed.verify_log(&log.origin, &[log.public_key()]), Ok(of.checkpoint(7)));
    }

    // However many there are, what is kept has an end.
    for at in 0..20 {
        let third = log.forked(at % 7, 7).forked(at % 5, 7);
        witness.add(&third.body(7, 7)).await;
    }
    let kept = Report::read(witness.folder.path()).expect("a report").contradictions;
    assert!((5..=16).contains(&kept.len()), "{}", kept.len());
    // The history that was cosigned goes on.
    witness.cosigned(&log, 7, 9).await;
}

#[tokio::test]
async fn monitors_read_the_newest_checkpoint_that_was_cosigned() {
    let (witness, log) = (Running::new().await, Log::new(9));
    let place = |origin: &str| {
        let hash: String = Sha256::digest(origin).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("/{hash}/checkpoint")
    };
    let to = witness.server.local_addr();
    assert_eq!(ask(to, "GET", &place(ORIGIN), b"").await.status, 404);
    for (old, size) in [(0, 4), (4, 9)] {
        let time = witness.cosigned(&log, old, size).await;
        let answer = ask(to, "GET", &place(ORIGIN), b"").await;
        assert_eq!((answer.status, answer.kind.as_str()), (200, PLAIN), "{answer:?}");
        assert_eq!(witness.is_cosigned(&log, size, &answer.body), time);
    }
    for path in [place("second.example"), place("third.example"), "/log.example/checkpoint".to_owned()] {
        refused(&ask(to, "GET", &path, b"").await, 404, "log.origin");
    }
}
