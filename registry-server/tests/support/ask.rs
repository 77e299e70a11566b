//! What tests ask of a registry, and what they see in the answers.

use cidery_protocol::{Cid, Head, Receipt, Resolution, SignedRecord, Standing, StateObject};
use cidery_registry::{ScopePolicy, memory::Memory};
use serde_bytes::ByteBuf;
use serde_json::json;

use super::{Pack, TestRegistry, authority_of, contents, oracle};

pub(crate) type Fresh = (TestRegistry<Memory>, tempfile::TempDir);

pub(crate) fn fresh() -> Fresh {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = TestRegistry::new(Memory::default(), &folder.path().join("ledger.db"), ScopePolicy::Open);
    (registry, folder)
}

/// The standing in a resolution, its chains together, and the release's record.
pub(crate) struct Stood {
    pub(crate) standing: Standing,
    pub(crate) authority: Cid,
    pub(crate) release: Cid,
    /// The state's newest record.
    pub(crate) newest: Cid,
    /// What a client says that pins the package's `init`, and tolerates what the query does: `ok`, or the code.
    pub(crate) verdict: String,
}

impl Stood {
    pub(crate) fn cid(record: &Option<ByteBuf>) -> Option<Cid> {
        record.as_ref().map(|bytes| SignedRecord::claim(bytes).expect("a signed record").cid())
    }
}

pub(crate) async fn stood(registry: &TestRegistry<Memory>, package: &Pack, query: &str) -> Stood {
    let target = format!("/v1/packages/{}/resolve?{query}", package.name);
    let answer = registry.call("GET", &target, b"").await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.json);
    let resolution = Resolution::decode(&answer.bytes).expect("a resolution");
    let receipt = Receipt::decode(&resolution.receipt).expect("a receipt");
    let standing = Head::decode(&resolution.head).expect("a head").standing.expect("how it stands");
    let authority = authority_of(&[&receipt.chain[..], &standing.chain[..]].concat()).cid;
    let (release, _) = SignedRecord::claim_of_entry(&receipt.record).expect("an entry");
    let verdict = verdict(package, query, &answer.bytes);
    let newest = StateObject::decode(&standing.state).expect("a state").newest;
    Stood { standing, authority, release: release.cid(), newest, verdict }
}

fn verdict(package: &Pack, query: &str, resolution: &[u8]) -> String {
    let mut request = json!({ "package": package.name });
    let mut rule = json!({ "init": package.init.cid().to_string(), "channels": ["stable"] });
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "yanked" => rule["yanked"] = value.split(',').collect::<Vec<_>>().into(),
            "bucket" => request["bucket"] = value.parse::<u64>().expect("a number").into(),
            name => request[name] = value.into(),
        }
    }
    let request = cidery_verifier::Request::from_json(request.to_string().as_bytes()).expect("a request");
    let verdict = oracle::prove(resolution, &request, &oracle::policy(&package.name, rule));
    verdict.map_or_else(|error| error.code().to_string(), |_| "ok".to_owned())
}

pub(crate) async fn code(registry: &TestRegistry<Memory>, package: &Pack, query: &str) -> (u16, String) {
    let target = format!("/v1/packages/{}/resolve?{query}", package.name);
    let answer = registry.call("GET", &target, b"").await;
    (answer.status, answer.code().to_owned())
}

pub(crate) async fn json(registry: &TestRegistry<Memory>, package: &Pack) -> serde_json::Value {
    let answer = registry.call("GET", &format!("/v1/packages/{}", package.name), b"").await;
    assert_eq!(answer.status, 200);
    answer.json
}

/// Publishes what lacks no blob.
pub(crate) async fn commit(registry: &TestRegistry<Memory>, package: &Pack) {
    let answer = registry.publish(package).await;
    assert_eq!(answer.status, 201, "{}", answer.json);
    assert_eq!(answer.json["record"], package.record.cid().to_string());
    assert_eq!(answer.json["sequence"], package.record.body().sequence);
}

pub(crate) async fn refused(registry: &TestRegistry<Memory>, package: &Pack, wanted: &str) {
    let before = contents(&registry.blobs).await;
    assert_eq!(registry.post(package).await.code(), wanted);
    assert_eq!(contents(&registry.blobs).await, before, "{wanted}: nothing is stored");
}
