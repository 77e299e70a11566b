//! How large a receipt and a head are in a very large log: computed, with proofs of exactly the numbers of hashes that the sizes
//! ask for, and everything else as it is.
mod support;

use cidery_protocol::{log::*, map::*, *};
use ed25519_dalek::Signer;
use serde_bytes::{ByteArray, ByteBuf};
use support::*;

/// Entries of the log, and packages in its map.
const ENTRIES: u64 = 1_000_000_000;
const PACKAGES: u64 = 100_000_000;
/// Releases of the package.
const RELEASES: u64 = 100;

fn hashes(count: usize) -> Vec<Hash> {
    (0..count).map(|at| leaf_hash(&at.to_be_bytes())).collect()
}

/// The number of hashes that a proof of inclusion has, and of those to the right of the way.
fn inclusion(index: u64, size: u64) -> (Vec<Hash>, Vec<Hash>) {
    let nodes = inclusion_proof(index, size, |_| Ok::<_, Error>(empty_root())).expect("an index in the tree");
    let proof = hashes(nodes.len());
    let right = right_siblings(index, size, &proof);
    (proof, right)
}

fn checkpoint(size: u64) -> SignedCheckpoint {
    let origin = "registry.example/log".parse().expect("an origin");
    let checkpoint = Checkpoint { origin, size, root: empty_root() };
    let signature = key(2).sign(&log_signature_message(&checkpoint)).to_bytes();
    SignedCheckpoint::assemble(&checkpoint, &public(&key(2)), Signature::from_bytes(signature))
        .expect("a checkpoint")
}

fn cosigned(note: SignedCheckpoint, name: &str, seed: u8) -> SignedCheckpoint {
    let signature = key(seed).sign(&note.cosignature_message(TIME)).to_bytes();
    note.with_cosignature(name, &public(&key(seed)), TIME, Signature::from_bytes(signature))
        .expect("a cosignature")
}

/// The newest release of a package with one key change, and its head: what does not depend on its place in the log.
fn parts() -> (Receipt, Head) {
    let before = begin(&[&key(1)], 1);
    let init =
        SignedRecord::from_envelope(&sign(init_body(&[&key(1)], 1), &[&key(1)]), None).expect("signed");
    let rekey = Rekey {
        by: Signatories::Publishers,
        to: powers(&[&key(5)], 1),
        void: vec![],
        next_version_floor: None,
    };
    let body = next(&before, Action::Rekey(rekey));
    let rekey = SignedRecord::from_envelope(&sign(body.clone(), &[&key(1)]), Some(&before.authority))
        .expect("signed");
    let mut state = follow(&before, body, &[&key(1)]).expect("a rekey");
    let mut releases = Vec::new();
    for number in 0..RELEASES {
        let mut body = release_body(&format!("1.{number}.0"), &state);
        if let Action::Release(release) = &mut body.action {
            release.build =
                Build { tool: "cidery-bundler 0.1.0".into(), lock: Some(ByteArray::new([7; 32])) };
        }
        let envelope = sign(body.clone(), &[&key(5)]);
        releases.push(SignedRecord::from_envelope(&envelope, Some(&state.authority)).expect("signed"));
        state = follow(&state, body, &[&key(5)]).expect("a release");
    }
    let newest = releases.last().expect("a release");
    let receipt = Receipt {
        format: ReceiptFormat::V1,
        chain: [init, rekey].iter().map(|signed| ByteBuf::from(signed.encode().expect("bytes"))).collect(),
        record: ByteBuf::from(newest.entry(TIME).expect("an entry")),
        index: 0,
        checkpoint: ByteBuf::new(),
        inclusion: Hashes::default(),
    };
    let mut note = cosigned(checkpoint(ENTRIES), "registry.example/log/cosigner", 3);
    for (at, seed) in (1..=3).zip(10..) {
        note = cosigned(note, &format!("witness.example/w{at}"), seed);
    }
    let chosen = "1.99.0".parse().expect("a version");
    let versions = state.version_leaves();
    let range = "^1".parse().expect("a range");
    let places = places_for_newest(&range, &chosen, &versions);
    // A leaf stands where its prefix is alone: one or two levels below log2 of the number of packages.
    let depth = (PACKAGES as f64).log2().ceil() as usize + 2;
    let head = Head {
        format: HeadFormat::V1,
        checkpoint: ByteBuf::from(note.to_bytes()),
        join: Join::Inclusion(Hashes::default()),
        standing: Some(Standing {
            map: MapProof {
                entry: ByteBuf::from(MapEntry::new(empty_root(), TIME).encode().expect("an entry")),
                inclusion: inclusion(ENTRIES - 1, ENTRIES).0.into(),
                path: MapPath { siblings: hashes(depth).into(), other: None },
            },
            state: ByteBuf::from(state.object().encode().expect("a state")),
            versions: ShownLeaves::of(&versions, &places).expect("leaves"),
            channels: None,
            chain: vec![],
            yank: None,
            channel: None,
        }),
        since: None,
    };
    (receipt, head)
}

#[test]
fn receipts_stay_under_4_kb_and_with_their_heads_under_6() {
    // Entries all over the log: the first and the last ones, those beside complete subtrees, and many between.
    let around = |at: u64| [at - 1, at, at + 1];
    let powers = (4..30).flat_map(|height| around(1 << height));
    let spread = (1..500).map(|at| at * (ENTRIES / 500) + at * at);
    let (mut largest, mut together) = (0, 0);
    let (mut receipt, mut head) = parts();
    for index in powers.chain(spread).filter(|index| index + 2 < ENTRIES) {
        // The first checkpoint that covers it has the map after it.
        let first = cosigned(checkpoint(index + 2), "registry.example/log/cosigner", 3);
        receipt = Receipt {
            index,
            checkpoint: ByteBuf::from(first.to_bytes()),
            inclusion: inclusion(index, index + 2).0.into(),
            ..receipt
        };
        head.join = Join::Inclusion(inclusion(index, ENTRIES).1.into());
        let (alone, with) =
            (receipt.encode().expect("a receipt").len(), head.encode().expect("a head").len());
        largest = largest.max(alone);
        together = together.max(alone + with);
    }
    println!("receipt: at most {largest} bytes; receipt and head: at most {together} bytes");
    assert!(largest < 4_000, "a receipt of {largest} bytes");
    assert!(together < 6_000, "a receipt and a head of {together} bytes");
}
