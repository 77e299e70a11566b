//! Properties of what the verifier is given: texts are refused or mean the same when they are written again, and evidence that
//! was altered in any way at all convinces nobody.
mod support;

use cidery_protocol::limits;
use cidery_verifier::{PolicyDocument, Request, Seen, TrustPolicy};
use ipld_core::ipld::Ipld;
use proptest::{collection::vec, prelude::*, sample::Index};
use support::{
    ipld::{at, cbor},
    packages::{self, PackageVector},
    vector::{self, Vector},
};

/// The vector that everything here begins with.
fn right() -> &'static Vector {
    static RIGHT: std::sync::LazyLock<Vector> =
        std::sync::LazyLock::new(|| vector::committed()["ok_range"].clone());
    &RIGHT
}

/// A proof of a package that is there, and one of a package that is not.
fn proofs() -> &'static [PackageVector; 2] {
    static PROOFS: std::sync::LazyLock<[PackageVector; 2]> = std::sync::LazyLock::new(|| {
        let committed = packages::committed();
        ["ok_state_of_much", "ok_none_beside_another"].map(|name| committed[name].clone())
    });
    &PROOFS
}

/// Signature lines of somebody whom the policy does not know, or of nobody at all.
fn strangers() -> impl Strategy<Value = String> {
    let line = ("[!-*,-~]{1,20}", vec(any::<u8>(), 5..90))
        .prop_map(|(name, bytes)| format!("\u{2014} {name} {}\n", vector::encoded(&bytes)));
    vec(line, 1..20).prop_map(|lines| lines.concat())
}

/// The checkpoint in an object, with more signature lines.
fn with_lines(object: &[u8], lines: &str) -> Vec<u8> {
    let mut object: Ipld = serde_ipld_dagcbor::from_slice(object).expect("an object");
    let Ipld::Bytes(note) = at(&mut object, "checkpoint") else { panic!("no checkpoint") };
    note.extend_from_slice(lines.as_bytes());
    cbor(&object)
}

/// Changes of a few bytes, a piece that is put elsewhere, and an end that is cut away.
#[derive(Clone, Debug)]
struct Change {
    bytes: Vec<(Index, u8)>,
    copied: Option<(Index, Index, usize)>,
    cut: Option<Index>,
}

fn changes() -> impl Strategy<Value = Change> {
    let copied = proptest::option::weighted(0.3, (any::<Index>(), any::<Index>(), 1..40_usize));
    let cut = proptest::option::weighted(0.1, any::<Index>());
    (vec((any::<Index>(), any::<u8>()), 0..3), copied, cut).prop_map(|(bytes, copied, cut)| Change {
        bytes,
        copied,
        cut,
    })
}

impl Change {
    fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let mut changed = bytes.to_vec();
        for (at, value) in &self.bytes {
            let at = at.index(changed.len());
            changed[at] = *value;
        }
        if let Some((from, to, length)) = &self.copied {
            let (from, to) = (from.index(bytes.len()), to.index(changed.len()));
            let piece = &bytes[from..bytes.len().min(from + length)];
            changed.splice(to..to, piece.iter().copied());
        }
        if let Some(at) = &self.cut {
            changed.truncate(at.index(changed.len()));
        }
        changed
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn t13_altered_evidence_is_refused(change in changes(), which in 0..3) {
        let mut altered = right().clone();
        let part = match which {
            0 => &mut altered.receipt,
            1 => &mut altered.head,
            _ => &mut altered.manifest,
        };
        let before = vector::decoded(part);
        let after = change.of(&before);
        *part = vector::encoded(&after);
        prop_assert_eq!(altered.judge().is_ok(), before == after);
    }

    #[test]
    fn t13_altered_proofs_of_packages_are_refused(change in changes(), which in 0..2_usize) {
        let mut altered = proofs()[which].clone();
        let before = vector::decoded(&altered.proof);
        let after = change.of(&before);
        altered.proof = vector::encoded(&after);
        prop_assert_eq!(altered.judge().is_ok(), before == after);
    }

    #[test]
    fn t33_lines_of_strangers_change_nothing(lines in strangers()) {
        let mut more = right().clone();
        more.receipt = vector::encoded(&with_lines(&vector::decoded(&more.receipt), &lines));
        more.head = vector::encoded(&with_lines(&vector::decoded(&more.head), &lines));
        prop_assert_eq!(more.outcome(), right().outcome());
        for proof in proofs() {
            let mut more = proof.clone();
            more.proof = vector::encoded(&with_lines(&vector::decoded(&more.proof), &lines));
            prop_assert_eq!(more.outcome(), proof.outcome());
        }
    }

    #[test]
    fn t19_policies_mean_the_same_when_they_are_written_again(change in changes()) {
        let json = change.of(right().policy.to_string().as_bytes());
        if let Ok(policy) = TrustPolicy::from_json(&json) {
            let document = PolicyDocument::from_json(&json).expect("it was a document");
            let again = serde_json::to_vec(&document).expect("a document is JSON");
            prop_assert_eq!(TrustPolicy::from_json(&again), Ok(policy));
        }
    }

    #[test]
    fn t19_memories_are_written_as_they_were_read(
        change in changes(), size in 1..=limits::TREE_SIZE, root in any::<[u8; 32]>(), sequence in 0..=limits::TREE_SIZE,
    ) {
        let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
        let seen = serde_json::json!({
            "format": "cidery-seen-v1",
            "logs": {
                "log.example": { "size": size, "root": root, "packages": { "@acme/hello": sequence, "@acme/other": 0 } },
            },
        });
        let whole = seen.to_string();
        let read = Seen::from_json(whole.as_bytes()).expect("what was seen");
        let written: serde_json::Value = serde_json::from_slice(&read.to_json()).expect("JSON");
        prop_assert_eq!(written, seen);
        if let Ok(seen) = Seen::from_json(&change.of(whole.as_bytes())) {
            prop_assert_eq!(Seen::from_json(&seen.to_json()), Ok(seen));
        }
    }

    #[test]
    fn t19_references_are_shown_as_they_are_read(change in changes(), random in ".{0,40}") {
        let altered = change.of(b"@acme/hello@^1.2 || 3.x");
        for text in [String::from_utf8_lossy(&altered).into_owned(), random] {
            if let Ok(request) = text.parse::<Request>() {
                let again: Request = request.to_string().parse().expect("what is shown is read");
                prop_assert_eq!(again.to_string(), request.to_string());
            }
        }
    }
}
