//! What a registry shows is what its log says: all entries are replayed, and everything else is compared with what they come to.

use std::collections::{BTreeMap, BTreeSet};

use cidery_keys::Signer;
use cidery_protocol::{
    Head, LogEntry, PackageName, PackageSummary, Resolution,
    log::{Bundle, SignedCheckpoint, decode_bundle},
    map::{self, MapKey, MapLeaf, MapPage},
};
use cidery_registry::{Blobs, layout};
use cidery_verifier::{
    LogReplay, LogTree, ProvenRelease, Request, Seen, TrustPolicy, VerifyError, verify_package_proof,
};
use serde_json::{Value, json};

use super::{ORIGIN, TestRegistry, key, origin};

/// A policy with one rule for these packages.
pub(crate) fn policy(pattern: &str, mut rule: Value) -> TrustPolicy {
    let (log, cosigner) = (key(2).public_key().to_string(), key(3).public_key().to_string());
    rule["origin"] = ORIGIN.into();
    let policy = json!({
        "origins": { ORIGIN: { "logKeys": [log], "cosigner": cosigner } },
        "packages": { pattern: rule },
    });
    TrustPolicy::from_json(policy.to_string().as_bytes()).expect("a policy")
}

/// What a client says of a resolution at the time of its head, that knows no more than the policy.
pub(crate) fn prove(
    resolution: &[u8],
    request: &Request,
    policy: &TrustPolicy,
) -> Result<ProvenRelease, VerifyError> {
    let resolution = Resolution::decode(resolution).expect("a resolution");
    let head = Head::decode(&resolution.head).expect("a head");
    let now = time_of(&SignedCheckpoint::parse(&head.checkpoint).expect("a note"));
    cidery_verifier::prove(request, &resolution.receipt, &resolution.head, policy, &Seen::default(), now)
}

fn time_of(note: &SignedCheckpoint) -> u64 {
    note.timestamp(&origin().cosigner(), &key(3).public_key()).expect("a timestamp")
}

/// The entries under the published checkpoint.
pub(crate) async fn entries(blobs: &impl Blobs) -> Vec<Vec<u8>> {
    let (note, _) = checkpoint(blobs, layout::CHECKPOINT).await;
    let size = note.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log").size;
    let mut entries = Vec::new();
    while (entries.len() as u64) < size {
        let bundle = Bundle::holding(entries.len() as u64, size).expect("a bundle");
        let object = blobs.get(&layout::log(&bundle.path()), 1 << 25).await.expect("a store");
        let bytes = object.expect("it is stored").bytes;
        entries.extend(
            decode_bundle(&bytes, bundle.width()).expect("entries").iter().map(|entry| entry.to_vec()),
        );
    }
    entries
}

async fn checkpoint(blobs: &impl Blobs, key: &str) -> (SignedCheckpoint, Vec<u8>) {
    let bytes = blobs.get(key, 1 << 16).await.expect("a store").expect("it is stored").bytes;
    (SignedCheckpoint::parse(&bytes).expect("a note"), bytes.to_vec())
}

/// Checks the whole log, and that everything which is read agrees with it. Gives what the log comes to.
pub(crate) async fn agrees<B: Blobs + Clone>(registry: &TestRegistry<B>) -> LogReplay {
    let (note, bytes) = checkpoint(&registry.blobs, layout::CHECKPOINT).await;
    assert_eq!(checkpoint(&registry.blobs, layout::HEAD).await.1, bytes, "everything is written up to it");
    let published = note.verify_log(&origin(), &[key(2).public_key()]).expect("signed by the log");
    let (mut replay, mut tree) = (LogReplay::new(origin()), LogTree::default());
    for entry in entries(&registry.blobs).await {
        tree.push_entry(&entry);
        replay.entry(&entry).expect("it may stand where it does");
    }
    assert_eq!((tree.size(), tree.root()), (published.size, published.root));
    replay.ends_with_map().expect("a map is the last entry");
    replay.is_of(time_of(&note)).expect("nothing is overdue");
    for name in names(&registry.blobs).await {
        is_proven(registry, &name, &replay).await;
    }
    is_proven(registry, &"@acme/there-is-none".parse().expect("a name"), &replay).await;
    replay
}

/// The proof of a package shows what the log comes to, and so does its summary.
async fn is_proven<B: Blobs + Clone>(registry: &TestRegistry<B>, name: &PackageName, replay: &LogReplay) {
    let shown = registry.call("GET", &format!("/v1/packages/{name}/proof?since=0"), b"").await;
    assert_eq!(shown.status, 200, "{}", shown.json);
    let (note, _) = checkpoint(&registry.blobs, layout::HEAD).await;
    let any = policy("@acme/*", json!({ "keys": [key(1).public_key().to_string()] }));
    let proven = verify_package_proof(name, &shown.bytes, &any, &Seen::default(), time_of(&note));
    let state = replay.state(name);
    let object = state.map(|state| state.object());
    assert_eq!(proven.expect("a proof").state(), object.as_ref(), "{name}");
    let summary = registry.call("GET", &format!("/v1/packages/{name}"), b"").await;
    let Some(state) = state else {
        assert_eq!(summary.status, 404);
        return;
    };
    let mut shown: PackageSummary = serde_json::from_slice(&summary.bytes).expect("a summary");
    for release in &mut shown.releases {
        let index = release.index.take();
        assert_eq!(index, replay.entries_of(name).get(release.sequence as usize).copied());
    }
    assert_eq!(shown, PackageSummary::from(state), "{name}");
}

/// As [`agrees`], and after one more head the store has no state, page or map entry but those that it needs.
pub(crate) async fn is_tidy<B: Blobs + Clone>(registry: &TestRegistry<B>) -> LogReplay {
    // The first may log what is due, and the second deletes what that has replaced.
    for _ in 0..2 {
        registry.sequencer.refresh_head().await.expect("a head");
    }
    let replay = agrees(registry).await;
    let (mut pages, mut wanted) = (BTreeMap::<Vec<u8>, MapPage>::new(), BTreeSet::new());
    for name in names(&registry.blobs).await {
        let value = replay.state(&name).expect("a package").object().cid().expect("a state");
        map::set(&mut pages, MapLeaf { key: MapKey::of(&name), value }).expect("pages in memory");
        wanted.insert(layout::package(&name, &value));
    }
    wanted.extend(pages.values().map(|page| layout::map_page(&page.hash())));
    wanted.extend((replay.size() > 0).then(|| layout::map_entry(replay.size())));
    let mut stored = BTreeSet::new();
    for prefix in ["packages/", "map/", "log/map/"] {
        stored.extend(registry.blobs.list(prefix).await.expect("a listing"));
    }
    assert_eq!(stored, wanted);
    replay
}

/// The packages in the log.
async fn names(blobs: &impl Blobs) -> Vec<PackageName> {
    let entries = entries(blobs).await.into_iter();
    let name = |entry: Vec<u8>| match LogEntry::decode(&entry).expect("an entry") {
        LogEntry::Record(record, _) if record.body().sequence == 0 => Some(record.body().package.clone()),
        _ => None,
    };
    entries.filter_map(name).collect()
}
