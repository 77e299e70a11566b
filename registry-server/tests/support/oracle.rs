//! What a registry shows is what its log says: all entries are replayed, and everything else is compared with what they come to.

use cidery_keys::Signer;
use cidery_protocol::{
    Head, LogEntry, PackageName, PackageSummary, Resolution,
    log::{Bundle, SignedCheckpoint, decode_bundle},
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
    let (mut replay, mut tree, mut names) = (LogReplay::new(origin()), LogTree::default(), Vec::new());
    for entry in entries(&registry.blobs).await {
        tree.push_entry(&entry);
        replay.entry(&entry).expect("it may stand where it does");
        match LogEntry::decode(&entry).expect("an entry") {
            LogEntry::Record(record, _) if record.body().sequence == 0 => {
                names.push(record.body().package.clone());
            }
            _ => {}
        }
    }
    assert_eq!((tree.size(), tree.root()), (published.size, published.root));
    replay.ends_with_map().expect("a map is the last entry");
    replay.is_of(time_of(&note)).expect("nothing is overdue");
    for name in &names {
        is_proven(registry, name, &replay).await;
    }
    is_proven(registry, &"@acme/there-is-none".parse().expect("a name"), &replay).await;
    has_no_others(&registry.blobs, &names).await;
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

/// What a newer head has replaced is gone, but for what the head before it still needs.
async fn has_no_others(blobs: &impl Blobs, names: &[PackageName]) {
    for name in names {
        let states = blobs.list(&format!("packages/{name}/")).await.expect("a listing");
        assert!((1..=2).contains(&states.len()), "{states:?}");
    }
    let entries = blobs.list("log/map/").await.expect("a listing");
    assert!(entries.len() <= 2, "{entries:?}");
}
