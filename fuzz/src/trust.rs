//! What the verifier is given (SPEC §9, §10): policies and memories as JSON, receipts and heads.

use cidery_protocol::{Head, PackageLog, PackageName, PackageProof, Receipt, Resolution, StateObject};
use cidery_verifier::{PolicyDocument, Request, Seen, TrustPolicy, verify, verify_package_proof};

use crate::Fixture;

/// Any bytes as a policy, as what was seen, and as a request.
pub fn policy(data: &[u8]) {
    if let Ok(seen) = Seen::from_json(data) {
        assert_eq!(Seen::from_json(&seen.to_json()).as_ref(), Ok(&seen));
    }
    let _ = Request::from_json(data);
    let Ok(policy) = TrustPolicy::from_json(data) else { return };
    let document = PolicyDocument::from_json(data).expect("it was a document");
    let json = serde_json::to_vec(&document).expect("a document is JSON");
    assert_eq!(TrustPolicy::from_json(&json).as_ref(), Ok(&policy));

    for pattern in document.packages.keys() {
        let package = pattern.replace("/*", "/some-package").parse().expect("a pattern stands for packages");
        let rule = policy.rule(&package).expect("it has a rule");
        let pinned = || rule.keys().into_iter().chain(rule.recovery());
        assert!(pinned().all(|pin| (1..=pin.keys.len() as u64).contains(&pin.threshold)));
        assert!(pinned().next().is_some() || rule.init().is_some(), "something is pinned");
        let log = policy.log(rule.origin()).expect("its log is known");
        let roles = [log.log_keys(), &[*log.cosigner()][..]].concat();
        assert!(pinned().flat_map(|pin| &pin.keys).all(|key| !roles.contains(key)), "a key has one role");
    }
    let stranger = "@a-scope-that-nobody-named/package".parse().expect("a name");
    assert!(
        document.packages.contains_key("@a-scope-that-nobody-named/*") || policy.rule(&stranger).is_none()
    );
}

/// Any bytes as a receipt, a head, or both in a resolution, which is judged; and as changes of the fixture's.
pub fn receipt(data: &[u8]) {
    if let Ok(receipt) = Receipt::decode(data) {
        assert_eq!(receipt.encode().as_deref(), Ok(data));
    }
    if let Ok(page) = PackageLog::decode(data) {
        assert_eq!(page.encode().as_deref(), Ok(data));
    }
    if let Ok(head) = Head::decode(data) {
        assert_eq!(head.encode().as_deref(), Ok(data));
    }
    if let Ok(resolution) = Resolution::decode(data) {
        assert_eq!(resolution.encode().as_deref(), Ok(data));
        judge(&resolution);
    }
    let mut resolution = Fixture::get().resolution.clone();
    let (in_receipt, in_head) = data.split_at(data.len().min(6));
    change(&mut resolution.receipt, in_receipt);
    change(&mut resolution.head, in_head);
    judge(&resolution);
}

/// Whatever is accepted says what was signed. It need not be the same bytes: proofs are nobody's word, and some have two forms.
fn judge(resolution: &Resolution) {
    let fixture = Fixture::get();
    let (receipt, head, manifest) = (&resolution.receipt, &resolution.head, fixture.manifest.bytes());
    let (policy, seen) = (&fixture.policy, &Seen::default());
    if let Ok(verified) = verify(&fixture.request, receipt, head, manifest, policy, seen, Fixture::TIME) {
        let release = verified.release();
        assert_eq!(release.record(), fixture.release.cid(), "only one was ever signed");
        assert_eq!((release.head().size, release.head().root), (fixture.tree.size, fixture.tree.root));
        assert_eq!((release.index(), release.head().time), (1, Fixture::TIME));
    }
}

/// Any bytes as a proof of a package, which is judged, and as a state; and as changes of the fixture's proofs.
pub fn proof(data: &[u8]) {
    if let Ok(state) = StateObject::decode(data) {
        assert_eq!(state.encode().as_deref(), Ok(data));
    }
    let fixture = Fixture::get();
    let [there, absent] = [&fixture.authority.package, &fixture.absent];
    if let Ok(proof) = PackageProof::decode(data) {
        assert_eq!(proof.encode().as_deref(), Ok(data));
        judge_proof(there, data);
        judge_proof(absent, data);
    }
    for (package, proof) in [there, absent].into_iter().zip(&fixture.proofs) {
        let mut bytes = proof.encode().expect("a proof");
        change(&mut bytes, data);
        judge_proof(package, &bytes);
    }
}

/// Whatever is accepted says what the log's only map says.
fn judge_proof(package: &PackageName, proof: &[u8]) {
    let fixture = Fixture::get();
    if let Ok(proven) = verify_package_proof(package, proof, &fixture.policy, &Seen::default(), Fixture::TIME)
    {
        let is_there = *package == fixture.authority.package;
        assert_eq!(proven.state(), is_there.then_some(&fixture.state), "there is only one map");
        assert_eq!((proven.head().size, proven.head().root), (fixture.tree.size, fixture.tree.root));
    }
}

/// Each three bytes are a place and the bits that change there; many changes would say no more than a few.
fn change(bytes: &mut [u8], changes: &[u8]) {
    let length = bytes.len();
    for change in changes.chunks_exact(3).take(2) {
        bytes[usize::from(u16::from_le_bytes([change[0], change[1]])) % length] ^= change[2];
    }
}
