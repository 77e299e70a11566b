//! What is found of a package after yanks, channels, stolen keys and recovery, and what is shown with it.

mod support;

use std::sync::atomic::Ordering;

use cidery_keys::{SecretKey, Signer};
use cidery_protocol::{Action, Recovery, Rekey, Severity, Signatories, Void};
use support::{
    NOW, ORIGIN, Pack,
    ask::{Stood, code, commit, fresh, json, refused, stood},
    key, oracle,
    pack::{channel, powers, rekey, yank},
};

fn void(key: &SecretKey, from_sequence: u64) -> Vec<Void> {
    vec![Void { key: key.public_key(), from_sequence }]
}

#[tokio::test]
async fn yanks_and_channels_say_what_is_found() {
    let (registry, _folder) = fresh();
    let first = Pack::new("@acme/hello", "1");
    let second = first.next("1.1.0", "2");
    commit(&registry, &first).await;
    commit(&registry, &second).await;
    let yanked = second.then(yank(&second, Severity::High), &[&key(1)]);
    commit(&registry, &yanked).await;
    for (query, found) in [
        ("range=*", &first),
        ("range=*&yanked=low,medium", &first),
        ("range=*&yanked=high", &second),
        ("version=1.1.0", &second),
    ] {
        let stood = stood(&registry, &first, query).await;
        assert_eq!(stood.release, found.release(), "{query}");
        let wanted = if query == "version=1.1.0" { "release.yanked" } else { "ok" };
        assert_eq!(stood.verdict, wanted, "{query}");
        let has_yank = found.release() == second.release();
        assert_eq!(Stood::cid(&stood.standing.yank), has_yank.then(|| yanked.record.cid()), "{query}");
    }
    assert_eq!(code(&registry, &first, "range=1.1.0").await, (410, "release.yanked".to_owned()));
    for query in ["range=*&yanked=none", "range=*&yanked=worst", "range=*&yanked=", "range=*&bucket=1"] {
        assert_eq!(code(&registry, &first, query).await, (400, "request.malformed".to_owned()), "{query}");
    }
    let restored = yanked.then(yank(&second, Severity::None), &[&key(1)]);
    commit(&registry, &restored).await;
    let found = stood(&registry, &first, "range=*").await;
    assert_eq!((found.release, &found.standing.yank), (second.release(), &None));
    assert_eq!(found.verdict, "ok");

    let named = restored.then(channel("stable", &[(&first, 9_000), (&second, 1_000)]), &[&key(1)]);
    commit(&registry, &named).await;
    for (query, found) in [
        ("channel=stable", &first),
        ("channel=stable&bucket=8999", &first),
        ("channel=stable&bucket=9000", &second),
        ("channel=stable&bucket=9999", &second),
    ] {
        let stood = stood(&registry, &first, query).await;
        assert_eq!((stood.release, stood.verdict.as_str()), (found.release(), "ok"), "{query}");
        assert_eq!(Stood::cid(&stood.standing.channel), Some(named.record.cid()));
    }
    for (query, status, wanted) in [
        ("channel=next", 404, "not_found"),
        ("channel=stable&bucket=10000", 400, "request.malformed"),
        ("channel=stable&range=*", 400, "request.malformed"),
        ("channel=Stable", 400, "channel.malformed"),
        ("channel=st%D0%B0ble", 400, "channel.malformed"),
        ("version=9.0.0", 404, "not_found"),
    ] {
        assert_eq!(code(&registry, &first, query).await, (status, wanted.to_owned()), "T03: {query}");
    }
    let emptied = named.then(channel("stable", &[]), &[&key(1)]);
    commit(&registry, &emptied).await;
    assert_eq!(code(&registry, &first, "channel=stable").await, (404, "not_found".to_owned()));
    let elsewhere = Pack::new("@acme/other", "1");
    let stranger = emptied.then(channel("next", &[(&elsewhere, 10_000)]), &[&key(1)]);
    refused(&registry, &stranger, "record.no_release").await;
    refused(&registry, &emptied.then(yank(&elsewhere, Severity::Low), &[&key(1)]), "record.no_release").await;
}

#[tokio::test]
async fn t07_t11_what_a_stolen_key_signed_is_void_by_its_position() {
    let (registry, _folder) = fresh();
    let first = Pack::new("@acme/hello", "1");
    commit(&registry, &first).await;
    // The thief, with the package's only key.
    let stolen = first.next("1.1.0", "theirs");
    let lured = stolen.then(channel("stable", &[(&first, 10_000)]), &[&key(1)]);
    commit(&registry, &stolen).await;
    commit(&registry, &lured).await;
    let rekeyed = lured.then(rekey(powers(&[&key(5)], 1), void(&key(1), 2)), &[&key(1)]);
    commit(&registry, &rekeyed).await;

    let left = stood(&registry, &first, "range=*").await;
    assert_eq!((left.release, left.verdict.as_str()), (first.release(), "ok"));
    assert_eq!(code(&registry, &first, "range=1.1.0").await, (410, "release.void".to_owned()));
    assert_eq!(code(&registry, &first, "channel=stable").await, (410, "release.void".to_owned()));
    let evidence = stood(&registry, &first, "version=1.1.0").await;
    assert_eq!((evidence.release, evidence.authority), (stolen.release(), rekeyed.record.cid()));
    assert_eq!(evidence.verdict, "release.void");
    let index = json(&registry, &first).await;
    assert_eq!(index["releases"][1]["void"], rekeyed.record.cid().to_string());
    assert_eq!(index["channels"][0]["void"], rekeyed.record.cid().to_string());

    // From here on the old key has no say, whatever its record claims to stand under.
    let late = rekeyed.release_by("1.2.0", "late", &[&key(1)]);
    refused(&registry, &late, "envelope.signature").await;
    let back = rekeyed.under(first.init.cid()).release_by("1.2.0", "late", &[&key(5)]);
    refused(&registry, &back, "record.authority").await;
    // T08: its version stays taken.
    refused(&registry, &rekeyed.release_by("1.1.0", "mine", &[&key(5)]), "record.version_taken").await;
    refused(&registry, &rekeyed.then(yank(&stolen, Severity::Low), &[&key(5)]), "release.void").await;
    let named = rekeyed.then(channel("stable", &[(&first, 10_000)]), &[&key(5)]);
    commit(&registry, &named).await;
    let set_again = stood(&registry, &first, "channel=stable").await;
    assert_eq!((set_again.release, set_again.verdict.as_str()), (first.release(), "ok"));
}

#[tokio::test]
async fn recovery_takes_effect_with_time_alone_unless_it_is_vetoed() {
    for is_vetoed in [false, true] {
        let (registry, _folder) = fresh();
        let mut own = powers(&[&key(1)], 1);
        own.recovery = Some(Recovery { keys: vec![key(4).public_key()], threshold: 1, delay: 3600 });
        let first = Pack::begin("@acme/hello", "1", own.clone(), &[&key(1)], ORIGIN);
        commit(&registry, &first).await;
        let stolen = first.next("1.1.0", "theirs");
        commit(&registry, &stolen).await;
        let mut to = powers(&[&key(5)], 1);
        to.recovery = own.recovery.clone();
        let (by, void) = (Signatories::Recovery, void(&key(1), 2));
        let theirs = Rekey { by, to: to.clone(), void, next_version_floor: None };
        let stranger = stolen.then(Action::Rekey(theirs.clone()), &[&key(1)]);
        refused(&registry, &stranger, "envelope.signature").await;
        let recovered = stolen.then(Action::Rekey(theirs), &[&key(4)]);
        commit(&registry, &recovered).await;
        let changed = stolen.then(rekey(powers(&[&key(6)], 1), vec![]), &[&key(1)]);
        refused(&registry, &changed, "record.recovery").await;

        // It waits: the old authority holds, and what it signed stands.
        let waiting = json(&registry, &first).await;
        assert_eq!(waiting["authority"]["record"], first.init.cid().to_string());
        assert_eq!(waiting["pending"]["record"], recovered.record.cid().to_string());
        assert_eq!(waiting["pending"]["from"], NOW + 3600);
        let stood_before = stood(&registry, &first, "range=*").await;
        assert_eq!((stood_before.release, stood_before.authority), (stolen.release(), first.init.cid()));
        assert_eq!(stood_before.newest, recovered.record.cid());
        let another = recovered.under(first.init.cid()).release_by("1.2.0", "3", &[&key(1)]);
        commit(&registry, &another).await;
        let mut last = another.clone();
        if is_vetoed {
            let mut mine = powers(&[&key(6)], 1);
            mine.recovery = own.recovery.clone();
            last = another.then(rekey(mine, vec![]), &[&key(1)]);
            commit(&registry, &last).await;
            assert_eq!(json(&registry, &first).await["pending"], serde_json::Value::Null);
        }

        // A map is logged alone where something takes effect, and nothing else where nothing does.
        let size = oracle::agrees(&registry).await.size();
        registry.clock.0.store(NOW + 3599, Ordering::Relaxed);
        registry.sequencer.refresh_head().await.expect("a new time");
        assert_eq!(oracle::agrees(&registry).await.size(), size, "it is not due yet");
        registry.clock.0.store(NOW + 3600, Ordering::Relaxed);
        registry.sequencer.refresh_head().await.expect("a new time");
        let logged = if is_vetoed { size } else { size + 1 };
        assert_eq!(oracle::agrees(&registry).await.size(), logged);

        let now = json(&registry, &first).await;
        assert_eq!(now["pending"], serde_json::Value::Null);
        let newest = stood(&registry, &first, "range=*").await;
        assert_eq!((stood_before.verdict.as_str(), newest.verdict.as_str()), ("ok", "ok"));
        if is_vetoed {
            assert_eq!(now["authority"]["record"], last.record.cid().to_string());
            assert_eq!((newest.release, newest.authority), (another.release(), last.record.cid()));
            continue;
        }
        assert_eq!(now["authority"]["record"], recovered.record.cid().to_string());
        // What the old key signed is void, also what was logged while the recovery waited.
        assert_eq!((newest.release, newest.authority), (first.release(), recovered.record.cid()));
        assert_eq!(newest.newest, another.record.cid());
        assert_eq!(code(&registry, &first, "range=1.2.0").await, (410, "release.void".to_owned()));
        let late = another.under(first.init.cid()).release_by("1.3.0", "4", &[&key(1)]);
        refused(&registry, &late, "envelope.signature").await;
        let ours = another.under(recovered.record.cid()).release_by("1.3.0", "4", &[&key(5)]);
        commit(&registry, &ours).await;
        let last = stood(&registry, &first, "range=*").await;
        assert_eq!((last.release, last.verdict.as_str()), (ours.release(), "ok"));
    }
}
