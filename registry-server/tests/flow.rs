//! The way of a publish through the handlers and the sequencer, over SQLite and a store in memory.

mod support;

use std::{collections::BTreeMap, sync::atomic::Ordering};

use cidery_keys::Signer;
use cidery_registry::{
    Request, ScopePolicy,
    memory::{Chunks, Memory},
};
use futures_util::future::join_all;
use support::{
    NOW, ORIGIN, Pack, TestRegistry, contents, key, oracle,
    pack::{manifest_of, sealed},
    request,
};

type Fresh = (TestRegistry<Memory>, tempfile::TempDir);

fn fresh(scopes: ScopePolicy) -> Fresh {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = TestRegistry::new(Memory::default(), &folder.path().join("ledger.db"), scopes);
    (registry, folder)
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    cidery_registry::contract::blobs(&Memory::default()).await;
}

#[tokio::test]
async fn a_publish_is_logged_and_proven() {
    let (registry, _folder) = fresh(ScopePolicy::Open);
    let first = Pack::new("@acme/hello", "export default 1;");
    let missing = registry.post(&first).await;
    assert_eq!((missing.status, missing.json["status"].as_str()), (202, Some("missing")));
    assert_eq!(missing.json["expires"], NOW + 3600);
    assert_eq!(registry.call("GET", "/v1/packages/@acme/hello", b"").await.status, 404);
    assert_eq!(registry.put(&first).await.status, 201);
    assert_eq!(registry.put(&first).await.status, 200);
    let done = registry.post(&first).await;
    assert_eq!((done.status, done.json["index"].as_u64()), (201, Some(1)));
    assert_eq!(registry.resolve(&first).await.size, 3);

    // T21: again, and again without its init, changes nothing.
    let before = contents(&registry.blobs).await;
    let mut alone = first.clone();
    alone.envelopes.remove(0);
    for package in [&first, &alone] {
        let again = registry.post(package).await;
        assert_eq!((again.status, &again.json), (200, &done.json));
    }
    assert_eq!(contents(&registry.blobs).await, before);

    let second = first.next("1.1.0", "export default 2;");
    assert_eq!(registry.publish(&second).await.status, 201);
    let since = "/v1/packages/@acme%2Fhello/resolve?range=%5E1&since=5";
    let answer = registry.call("GET", since, b"").await;
    assert_eq!(support::prove(&answer.bytes, &second).size, 5);
    assert_eq!(registry.resolve(&first).await, registry.resolve(&second).await);
}

#[tokio::test]
async fn the_head_is_cosigned_again() {
    let (registry, _folder) = fresh(ScopePolicy::Open);
    let package = Pack::new("@acme/hello", "1");
    registry.publish(&package).await;
    let before = registry.resolve(&package).await;
    registry.clock.0.store(NOW + 300, Ordering::Relaxed);
    registry.sequencer.refresh_head().await.expect("a new time");
    let after = registry.resolve(&package).await;
    assert_eq!((before.time, after.time), (NOW, NOW + 300));
    assert_eq!((before.size, before.root), (after.size, after.root));
}

#[tokio::test]
async fn fifty_race_and_one_wins() {
    let (registry, _folder) = fresh(ScopePolicy::Open);
    let first = Pack::new("@acme/race", "0");
    registry.publish(&first).await;
    let racers: Vec<Pack> = (0..50).map(|at| first.next("1.1.0", &format!("racer {at}"))).collect();
    // At most four wait for blobs: these have been seen before, under another package.
    for (at, racer) in racers.iter().enumerate() {
        let code = String::from_utf8(racer.code.clone()).expect("text");
        assert_eq!(registry.publish(&Pack::new(&format!("@acme/seed-{at}"), &code)).await.status, 201);
    }
    let size = registry.resolve(&first).await.size;
    let answers = join_all(racers.iter().map(|racer| registry.post(racer))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    let lost = answers.iter().filter(|answer| answer.status == 409);
    assert_eq!(lost.filter(|answer| answer.code() == "record.version_taken").count(), 49);
    assert_eq!(registry.resolve(&first).await.size, size + 2, "a record and a map");
    oracle::agrees(&registry).await;
    let manifests = registry.call("GET", "/v1/packages/@acme/race", b"").await;
    assert_eq!(manifests.json["releases"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn t34_four_publishes_of_a_package_wait_for_an_hour() {
    let (registry, _folder) = fresh(ScopePolicy::Open);
    let packages: Vec<Pack> = (0..5).map(|at| Pack::new("@acme/many", &format!("{at}"))).collect();
    for package in &packages[..4] {
        assert_eq!(registry.post(package).await.status, 202);
        assert_eq!(registry.post(package).await.status, 202, "the same again is not one more");
    }
    let refused = registry.post(&packages[4]).await;
    assert_eq!((refused.status, refused.code()), (429, "upload.pending"));
    // Those that lost their place count no more.
    let (winner, next) = (&packages[3], packages[3].next("1.1.0", "5"));
    assert_eq!(registry.publish(winner).await.status, 201);
    assert_eq!(registry.post(&packages[0]).await.code(), "record.version_taken");
    assert_eq!(registry.post(&next).await.status, 202);
    registry.clock.0.store(NOW + 3600, Ordering::Relaxed);
    let late = registry.put(&packages[0]).await;
    assert_eq!((late.status, late.code()), (403, "upload.unexpected"));
    assert_eq!(registry.post(&next).await.status, 202);
}

#[tokio::test]
async fn scopes_are_the_configurations_word() {
    let (owner, stranger) = (key(1), key(9));
    let listed = BTreeMap::from([("acme".to_owned(), vec![owner.public_key()])]);
    for (scopes, name, signer, wanted) in [
        (ScopePolicy::Closed, "@acme/a", &owner, "scope.denied"),
        (ScopePolicy::Listed(listed.clone()), "@acme/a", &owner, "none"),
        (ScopePolicy::Listed(listed.clone()), "@acme/a", &stranger, "scope.denied"),
        (ScopePolicy::Listed(listed), "@other/a", &owner, "scope.denied"),
        // SPEC §4.3: the log's key and the cosigner's are nobody's publisher keys.
        (ScopePolicy::Open, "@acme/a", &key(2), "record.invalid"),
        (ScopePolicy::Open, "@acme/a", &key(3), "record.invalid"),
    ] {
        let (registry, _folder) = fresh(scopes);
        let answer = registry.post(&Pack::by(name, "1", signer, ORIGIN)).await;
        assert_eq!(answer.code(), wanted, "{}", answer.json);
    }
}

#[tokio::test]
async fn bad_input_is_refused_and_nothing_is_stored() {
    let (registry, _folder) = fresh(ScopePolicy::Open);
    let first = Pack::new("@acme/hello", "1");
    registry.publish(&first).await;
    let before = contents(&registry.blobs).await;
    let other = Pack::new("@acme/other", "2");
    let change = |change: &dyn Fn(&mut Pack)| {
        let mut package = other.clone();
        change(&mut package);
        package.request()
    };
    let text = String::from_utf8(other.request()).expect("JSON");
    let publishes: Vec<(&str, u16, Vec<u8>)> = vec![
        ("request.malformed", 400, b"{".to_vec()),
        ("request.malformed", 400, b"{\"records\":[],\"manifest\":\"\"}".to_vec()),
        ("request.malformed", 400, text.replacen("\"records\"", "\"more\":1,\"records\"", 1).into_bytes()),
        ("request.malformed", 400, request(&other.envelopes[..1], Some(&other.manifest))),
        ("request.malformed", 400, request(&other.envelopes, None)),
        ("request.malformed", 400, request(&[], None)),
        ("request.malformed", 400, request(&vec![other.envelopes[0].clone(); 17], None)),
        ("request.malformed", 400, other.with(other.next("1.1.0", "2")).request()),
        ("record.package", 422, Pack::new("@acme/another", "2").with(other.clone()).request()),
        ("record.invalid", 422, change(&|package| package.envelopes.reverse())),
        ("record.init_taken", 409, change(&|package| package.envelopes.push(package.envelopes[0].clone()))),
        ("limit.exceeded", 413, vec![b' '; (2 << 20) + 1]),
        ("cid.mismatch", 422, change(&|package| package.manifest = manifest_of(b"3"))),
        ("record.invalid", 422, change(&|package| drop(package.envelopes.remove(0)))),
        ("record.threshold", 422, change(&|package| package.envelopes[1] = sealed(&package.record, &[]))),
        (
            "envelope.signature",
            422,
            change(&|package| package.envelopes[1] = sealed(&package.record, &[&key(8)])),
        ),
        // T33: an extra signature by a stranger is refused, and not ignored.
        (
            "envelope.signature",
            422,
            change(&|package| package.envelopes[1] = sealed(&package.record, &[&key(1), &key(8)])),
        ),
        ("record.origin", 422, Pack::by("@acme/other", "2", &key(1), "elsewhere.example").request()),
        ("record.init_taken", 409, Pack::by("@acme/hello", "2", &key(7), ORIGIN).request()),
        ("record.version_taken", 409, first.next("1.0.0", "2").request()),
        ("record.sequence", 409, Pack::new("@acme/hello", "2").next("1.2.0", "3").request()),
        // A release under another init than the one it comes with.
        (
            "envelope.signature",
            422,
            change(&|package| {
                package.envelopes[1] = Pack::by("@acme/other", "2", &key(7), ORIGIN).envelopes[1].clone();
            }),
        ),
    ];
    for (code, status, body) in publishes {
        let answer = registry.call("POST", "/v1/publish", &body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.json);
        assert_eq!(contents(&registry.blobs).await, before, "{code}");
    }

    assert_eq!(registry.post(&other).await.status, 202);
    let (blob, release) = (other.manifest.body().modules[0].cid, other.release());
    let unknown = first.manifest.body().modules[0].cid;
    for (code, status, target, body) in [
        ("cid.mismatch", 422, format!("/v1/blobs/{blob}?record={release}"), &b"3"[..]),
        ("module.size", 422, format!("/v1/blobs/{blob}?record={release}"), b""),
        ("module.size", 422, format!("/v1/blobs/{blob}?record={release}"), b"22"),
        ("upload.unexpected", 403, format!("/v1/blobs/{unknown}?record={release}"), b"1"),
        ("upload.unexpected", 403, format!("/v1/blobs/{blob}?record={}", first.release()), b"2"),
        ("cid.malformed", 400, format!("/v1/blobs/{blob}?record=undefined"), b"2"),
        ("cid.malformed", 400, format!("/v1/blobs/{blob}?record={blob}"), b"2"),
        ("cid.malformed", 400, format!("/v1/blobs/{release}?record={release}"), b"2"),
        ("request.malformed", 400, format!("/v1/blobs/{blob}"), b"2"),
        ("request.malformed", 400, format!("/v1/blobs/{blob}?record={release}&record={release}"), b"2"),
        ("request.malformed", 405, format!("/v1/manifests/{release}"), b"2"),
    ] {
        let answer = registry.call("PUT", &target, body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{target}: {}", answer.json);
        assert_eq!(contents(&registry.blobs).await, before, "{code}");
    }
    let chunked = registry.registry.handle(Request {
        method: "PUT".to_owned(),
        path: format!("/v1/blobs/{blob}"),
        query: format!("record={release}"),
        content_length: None,
        body: Chunks::of(b"2", 1),
    });
    assert_eq!(chunked.await.status, 400, "T14: a body of unknown length is not taken");
    assert_eq!(registry.publish(&other).await.status, 201, "and then the right one is taken");
}
