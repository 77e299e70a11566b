//! Every kind of record: what may follow what, and the log that it leaves.

mod support;

use std::sync::atomic::Ordering;

use cidery_keys::{SecretKey, Signer};
use cidery_protocol::{
    Action, Cid, Codec, PackageLog, PackageState, Powers, Recovery, Rekey, Severity, Signatories,
    SignedRecord, Transfer, limits,
};
use cidery_registry::{ScopePolicy, memory::Memory};
use serde_bytes::ByteArray;
use support::{
    NOW, ORIGIN, Pack, TestRegistry,
    ask::{commit, fresh, json, refused, stood},
    key, oracle,
    pack::{attest, channel, powers, rekey, yank},
};

#[tokio::test]
async fn every_kind_is_logged_and_proven_and_replayed() {
    let (registry, _folder) = fresh();
    let first = Pack::new("@acme/hello", "1");
    commit(&registry, &first).await;
    let second = first.next("1.1.0", "2");
    commit(&registry, &second).await;
    let yanked = second.then(yank(&second, Severity::Low), &[&key(1)]);
    let named = yanked.then(channel("stable", &[(&first, 9_999), (&second, 1)]), &[&key(1)]);
    let rekeyed = named.then(rekey(powers(&[&key(5), &key(6)], 2), vec![]), &[&key(1)]);
    // Several records in one publish, under two authorities.
    let of_two = rekeyed.then(channel("next", &[(&first, 10_000)]), &[&key(5), &key(6)]);
    commit(&registry, &yanked.with(named.clone()).with(rekeyed.clone()).with(of_two.clone())).await;
    let attested = of_two.then(attest(&first, b"{}"), &[&key(5), &key(6)]);
    let missing = registry.post(&attested).await;
    assert_eq!((missing.status, missing.json["blobs"][0]["size"].as_u64()), (202, Some(2)));
    let blob = format!("/v1/blobs/{}?record={}", Cid::of(Codec::Raw, b"{}"), attested.record.cid());
    assert_eq!(registry.call("PUT", &blob, b"{}").await.status, 201);
    commit(&registry, &attested).await;
    let to = Transfer { to: powers(&[&key(7)], 1), next_version_floor: Some("2.0.0".parse().expect("one")) };
    let refusal = attested.then(Action::Transfer(to.clone()), &[&key(5), &key(6), &key(7)]);
    refused(&registry, &refusal, "record.floor").await;
    let to = Transfer { to: powers(&[&key(7), &key(8)], 2), ..to };
    let to = Action::Transfer(to);
    refused(&registry, &attested.then(to.clone(), &[&key(5), &key(6), &key(7)]), "record.threshold").await;
    let given = attested.then(to, &[&key(5), &key(6), &key(7), &key(8)]);
    commit(&registry, &given).await;
    let below = given.release_by("1.2.0", "3", &[&key(7), &key(8)]);
    refused(&registry, &below, "record.floor").await;
    let third = given.release_by("2.0.0", "3", &[&key(7), &key(8)]);
    commit(&registry, &third).await;

    let index = json(&registry, &first).await;
    assert_eq!(index["sequence"], 9);
    assert_eq!(index["newest"], third.record.cid().to_string());
    assert_eq!(index["init"], first.init.cid().to_string());
    assert_eq!(index["authority"]["record"], given.record.cid().to_string());
    assert_eq!(index["authority"]["nextVersionFloor"], "2.0.0");
    assert_eq!(index["authority"]["threshold"], 2);
    let releases = index["releases"].as_array().expect("releases");
    let versions: Vec<_> = releases.iter().map(|release| release["version"].as_str()).collect();
    assert_eq!(versions, [Some("1.0.0"), Some("1.1.0"), Some("2.0.0")]);
    assert_eq!(releases[1]["yanked"]["severity"], "low");
    assert_eq!(releases[2]["time"], NOW);
    assert_eq!(index["channels"][1]["targets"][1]["weight"], 1);

    // Each record has a receipt, and the same again is the same answer (T21).
    for pack in [&first, &second, &yanked, &named, &rekeyed, &of_two, &attested, &given, &third] {
        let receipt = registry.call("GET", &format!("/v1/receipts/{}", pack.record.cid()), b"").await;
        assert_eq!(receipt.status, 200);
        let again = registry.post(pack).await;
        assert_eq!((again.status, &again.json["record"]), (200, &pack.record.cid().to_string().into()));
    }
    let release = &registry.post(&third).await.json["release"];
    assert_eq!(release["manifest"], third.manifest.cid().to_string());
    assert_eq!(registry.post(&given).await.json["release"], serde_json::Value::Null);

    // The package's log leads to the same state.
    let answer = registry.call("GET", "/v1/packages/@acme/hello/log", b"").await;
    let log = PackageLog::decode(&answer.bytes).expect("a log");
    assert_eq!((log.from, log.size, log.entries.len()), (0, 10, 10));
    let mut state = None;
    for entry in &log.entries {
        PackageState::replay(&mut state, entry).expect("it may follow");
    }
    let state = state.expect("a state");
    assert_eq!((state.newest, state.authority.cid), (third.record.cid(), given.record.cid()));
    assert_eq!(state.channels.len(), 2);

    // How the package stands, for its first release and its last one.
    let old = stood(&registry, &first, "version=1.0.0").await;
    assert_eq!((old.release, old.authority), (first.release(), given.record.cid()));
    assert_eq!(old.verdict, "ok");
    assert_eq!(old.standing.chain.len(), 2);
    assert_eq!(old.newest, third.record.cid());
    let new = stood(&registry, &first, "range=*").await;
    assert_eq!((new.release, new.authority), (third.release(), given.record.cid()));
    assert_eq!((new.newest, new.verdict.as_str()), (third.record.cid(), "ok"));
    assert_eq!((&new.standing.chain[..], &new.standing.yank, &new.standing.channel), (&[][..], &None, &None));
}

#[tokio::test]
async fn t11_t12_t22_t33_records_that_may_not_follow_are_refused() {
    let (registry, _folder) = fresh();
    registry.sequencer.start().await.expect("a new log");
    let mut two_of_three = powers(&[&key(1), &key(5), &key(6)], 2);
    two_of_three.floors.provenance = true;
    let begin =
        |signers: &[&SecretKey]| Pack::begin("@acme/floor", "1", two_of_three.clone(), signers, ORIGIN);
    refused(&registry, &begin(&[&key(1)]), "record.threshold").await;
    refused(&registry, &begin(&[&key(1), &key(1)]), "envelope.signature").await;
    refused(&registry, &begin(&[&key(1), &key(9)]), "envelope.signature").await;
    refused(&registry, &begin(&[&key(1), &key(5)]), "record.floor").await;

    let first = Pack::new("@acme/hello", "1");
    commit(&registry, &first).await;
    let other = Pack::new("@acme/other", "2");
    commit(&registry, &other).await;
    let mut about_other = attest(&first, b"{}");
    if let (Action::Attest(about), Action::Attest(elsewhere)) = (&mut about_other, attest(&other, b"{}")) {
        about.statement.subject = elsewhere.statement.subject;
    }
    refused(&registry, &first.then(about_other.clone(), &[&key(1)]), "record.invalid").await;
    // T22, with the release in the same request.
    let next = first.next("1.1.0", "3");
    let mut about_next = attest(&next, b"{}");
    let Action::Attest(about) = &mut about_next else { panic!("wanted an attest") };
    about.statement.subject = ByteArray::new([0; 32]);
    refused(&registry, &next.with(next.then(about_next, &[&key(1)])), "record.invalid").await;

    // T33, and a duplicate that counts once.
    let strange = first.then(yank(&first, Severity::Low), &[&key(1), &key(9)]);
    refused(&registry, &strange, "envelope.signature").await;
    let none = first.then(yank(&first, Severity::Low), &[]);
    refused(&registry, &none, "record.threshold").await;
    // T21: in the place of another, and a package's record under another's authority.
    let skipped = first.next("1.1.0", "3").then(yank(&first, Severity::Low), &[&key(1)]);
    refused(&registry, &skipped, "record.sequence").await;
    refused(&registry, &first.under(other.init.cid()).next("1.1.0", "3"), "record.authority").await;
    let elsewhere = Pack::by("@acme/hello", "1", &key(1), "elsewhere.example");
    refused(&registry, &elsewhere.then(yank(&elsewhere, Severity::Low), &[&key(1)]), "record.origin").await;
    // SPEC §4.3 holds for every record that names keys.
    for taken in [2, 3] {
        refused(
            &registry,
            &first.then(rekey(powers(&[&key(taken)], 1), vec![]), &[&key(1)]),
            "record.invalid",
        )
        .await;
        let to = Transfer { to: powers(&[&key(taken)], 1), next_version_floor: None };
        let given = first.then(Action::Transfer(to), &[&key(1), &key(taken)]);
        refused(&registry, &given, "record.invalid").await;
        let mut to = powers(&[&key(5)], 1);
        to.recovery = Some(Recovery { keys: vec![key(taken).public_key()], threshold: 1, delay: 0 });
        refused(&registry, &first.then(rekey(to, vec![]), &[&key(1)]), "record.invalid").await;
    }
    // All of a request, or none of it.
    let good = first.then(yank(&first, Severity::Low), &[&key(1)]);
    let bad = good.then(yank(&other, Severity::Low), &[&key(1)]);
    refused(&registry, &good.with(bad), "record.no_release").await;
    commit(&registry, &good).await;
    // What is in the log already is passed over.
    let more = good.then(yank(&first, Severity::None), &[&key(1)]);
    commit(&registry, &first.with(good).with(more)).await;
}

#[tokio::test]
async fn scopes_are_asked_of_an_init_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Memory::default();
    let open = |scopes| TestRegistry::new(store.clone(), &folder.path().join("ledger.db"), scopes);
    let first = Pack::new("@acme/hello", "1");
    commit(&open(ScopePolicy::Open), &first).await;
    let closed = open(ScopePolicy::Closed);
    refused(&closed, &Pack::new("@acme/other", "1"), "scope.denied").await;
    let rekeyed = first.then(rekey(powers(&[&key(5)], 1), vec![]), &[&key(1)]);
    commit(&closed, &rekeyed).await;
    commit(&closed, &rekeyed.release_by("1.1.0", "2", &[&key(5)])).await;
}

#[tokio::test]
async fn the_log_of_a_package_is_read_in_pages() {
    let (registry, _folder) = fresh();
    let first = Pack::new("@acme/long", "1");
    commit(&registry, &first).await;
    let mut last = first.clone();
    let mut made = vec![first.init.cid(), first.release()];
    while made.len() < 300 {
        let severity = if made.len() % 2 == 0 { Severity::Low } else { Severity::None };
        let mut request = last.then(yank(&first, severity), &[&key(1)]);
        made.push(request.record.cid());
        while request.envelopes.len() < 16 && made.len() < 300 {
            let severity = if made.len() % 2 == 0 { Severity::Low } else { Severity::None };
            request = request.with(request.then(yank(&first, severity), &[&key(1)]));
            made.push(request.record.cid());
        }
        commit(&registry, &request).await;
        last = request;
    }
    let page = async |from: &str| {
        let answer = registry.call("GET", &format!("/v1/packages/@acme/long/log{from}"), b"").await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        PackageLog::decode(&answer.bytes).expect("a page")
    };
    for (query, from, count) in [
        ("", 0, 256),
        ("?from=1", 1, 256),
        ("?from=63", 63, 237),
        ("?from=256", 256, 44),
        ("?from=299", 299, 1),
        ("?from=300", 300, 0),
        ("?from=9007199254740991", 9_007_199_254_740_991, 0),
    ] {
        let page = page(query).await;
        assert_eq!((page.from, page.size, page.entries.len()), (from, 300, count), "{query}");
        for (entry, wanted) in page.entries.iter().zip(made.iter().skip(from as usize)) {
            assert_eq!(SignedRecord::claim_of_entry(entry).expect("an entry").0.cid(), *wanted);
        }
    }
    for query in ["?from=-1", "?from=x", "?to=1", "?from=1&from=1"] {
        let answer = registry.call("GET", &format!("/v1/packages/@acme/long/log{query}"), b"").await;
        assert_eq!((answer.status, answer.code()), (400, "request.malformed"), "{query}");
    }
    assert_eq!(registry.call("GET", "/v1/packages/@acme/none/log", b"").await.status, 404);
}

#[tokio::test]
async fn entries_have_the_time_of_their_group_and_it_does_not_go_back() {
    let (registry, _folder) = fresh();
    let mut last = Pack::new("@acme/hello", "1");
    commit(&registry, &last).await;
    for (at, (clock, logged)) in
        [(NOW - 30, NOW), (NOW + 5, NOW + 5), (NOW + 5000, NOW + 5000), (NOW + 10, NOW + 10)]
            .iter()
            .enumerate()
    {
        registry.clock.0.store(*clock, Ordering::Relaxed);
        last = last.next(&format!("1.{}.0", at + 1), &format!("{at}"));
        commit(&registry, &last).await;
        let index = json(&registry, &last).await;
        assert_eq!(index["releases"][at + 1]["time"], *logged);
        assert!(registry.resolve(&last).await.time >= *logged, "the head is not before what it covers");
    }
}

#[tokio::test]
async fn the_longest_chain_of_authority_fits_into_a_resolution() {
    let (registry, _folder) = fresh();
    // 16 keys to 16 others, which all sign: a transfer is as large as it gets.
    let all: Vec<SecretKey> = (10..42).map(key).collect();
    let all: Vec<&SecretKey> = all.iter().collect();
    let sides = all.split_at(16);
    let side = |at: usize| if at.is_multiple_of(2) { sides.0 } else { sides.1 };
    let of = |keys: &[&SecretKey]| {
        let recovery = Some(Recovery { keys: vec![key(4).public_key()], threshold: 1, delay: 0 });
        Powers { recovery, ..powers(keys, 16) }
    };
    let transfer = |last: &Pack, at: usize| {
        let transfer = Transfer { to: of(side(at)), next_version_floor: None };
        last.then(Action::Transfer(transfer), &all)
    };
    let mut last = Pack::begin("@acme/hello", "1", of(side(0)), side(0), ORIGIN);
    commit(&registry, &last).await;
    let kept = limits::CHAIN_RECORDS - limits::CHAIN_RECOVERY;
    for from in (1..kept).step_by(2) {
        let first = transfer(&last, from);
        last = (from + 1..kept.min(from + 2)).fold(first, |last, at| last.with(transfer(&last, at)));
        commit(&registry, &last).await;
    }
    refused(&registry, &transfer(&last, kept), "limit.exceeded").await;
    let stood = stood(&registry, &last, "version=1.0.0").await;
    assert_eq!((stood.standing.chain.len(), stood.authority), (kept - 1, last.record.cid()));
    assert_eq!(stood.verdict, "ok");
    // Recovery keys still have room.
    for _ in kept..limits::CHAIN_RECORDS {
        let (by, to) = (Signatories::Recovery, of(side(0)));
        let rekey = Rekey { by, to, void: vec![], next_version_floor: None };
        last = last.then(Action::Rekey(rekey), &[&key(4)]);
        commit(&registry, &last).await;
    }
    let release = last.release_by("2.0.0", "2", side(0));
    commit(&registry, &release).await;
    registry.resolve(&release).await;
    assert_eq!(oracle::agrees(&registry).await.records(), limits::CHAIN_RECORDS as u64 + 2);
}

#[tokio::test]
async fn a_ledger_of_another_version_is_left_alone() {
    use cidery_registry::{Sequencer, Sql, Value};
    use cidery_registry_server::Sqlite;
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = folder.path().join("ledger.db");
    let sql = Sqlite::open(&ledger).expect("a ledger");
    for statement in [
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
        "INSERT INTO meta (key, value) VALUES ('schema', 1)",
    ] {
        sql.exec(statement, &[]).expect("an old ledger");
    }
    let clock = support::Hand(std::sync::Arc::default());
    let opened = Sequencer::new(Memory::default(), sql, clock, support::config(ScopePolicy::Open));
    let error = opened.err().expect("it is refused");
    assert_eq!(error.code().as_str(), "storage.failed");
    let source = std::error::Error::source(&error).expect("a reason").to_string();
    assert_eq!(source, "its tables have version 1, wanted 3");
    let sql = Sqlite::open(&ledger).expect("a ledger");
    let tables = sql.exec("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'", &[]).expect("tables");
    assert_eq!(tables, [[Value::Integer(1)]]);
}
