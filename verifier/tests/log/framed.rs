//! Whatever an accuser makes of honest logs, nothing is shown: random logs, of which entries, heads and proofs are shown and left
//! out at random, and every file of it that is altered at random.

use std::collections::BTreeMap;

use cidery_protocol::{LogEntry, MapProof, log::leaf_hash};
use cidery_verifier::{Evidence, EvidenceKind, ShownEntry, ShownHash, ShownMap};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    replay,
    support::{
        folder,
        ipld::{powers, with_recovery},
        log::public,
        plan::{COSIGNER, LOG, LOGGED, NEXT, PUBLISHER, RECOVERY, SECOND, TIME},
        steps::{Step, attest, channel, init, recover, rekey, release, yank},
    },
    whole::Whole,
};

const NAMES: [&str; 3] = ["@acme/hello", "@acme/other", "@tools/tool"];
const VERSIONS: [&str; 3] = ["1.0.0", "1.1.0", "2.0.0-rc.1"];
const KEYS: [u8; 3] = [PUBLISHER, SECOND, NEXT];
const DELAY: u64 = 50;

/// What a publisher may try. What may not follow is not logged.
#[derive(Clone, Debug)]
struct Attempt {
    package: Index,
    kind: u8,
    key: Index,
    version: Index,
    /// Seconds since the entry before; more than a minute back is a clock that was wrong.
    later: i64,
    ends_group: bool,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let later = prop_oneof![6 => 0..30_i64, 1 => 60..300_i64, 1 => -400..-60_i64];
    let attempt = (any::<Index>(), 0..8_u8, any::<Index>(), any::<Index>(), later, any::<bool>()).prop_map(
        |(package, kind, key, version, later, ends_group)| Attempt {
            package,
            kind,
            key,
            version,
            later,
            ends_group,
        },
    );
    vec(attempt, 1..25)
}

/// The log that an honest registry makes of them.
fn told(attempts: &[Attempt]) -> Whole {
    let mut whole = Whole::default();
    let mut time = LOGGED;
    for attempt in attempts {
        let next = time.saturating_add_signed(attempt.later);
        let name = NAMES[attempt.package.index(NAMES.len())];
        let logged = whole.log_it(name, attempt.step(&whole, name).at(next));
        if attempt.ends_group || logged.is_none() {
            whole.map(next);
        }
        time = next;
    }
    whole.map(time);
    whole
}

impl Attempt {
    fn step(&self, whole: &Whole, name: &str) -> Step {
        let key = KEYS[self.key.index(KEYS.len())];
        let version = VERSIONS[self.version.index(VERSIONS.len())];
        let to = || with_recovery(powers(&[key], 1), &[RECOVERY], 1, DELAY);
        // Mostly the key that has the say, so that much is logged.
        let state = whole.state(name, 0);
        let holds =
            |seed: &&u8| state.as_ref().is_some_and(|state| state.authority.powers.keys == [public(**seed)]);
        let signer = *KEYS.iter().find(holds).filter(|_| self.key.index(4) > 0).unwrap_or(&key);
        match self.kind {
            _ if state.is_none() => init(to()).by(&[key]),
            0 | 1 => release(version).by(&[signer]),
            2 => yank(version, "high").by(&[signer]),
            3 => channel("stable", &[(version, 10_000)]).by(&[signer]),
            4 => attest(version).by(&[signer]),
            5 => rekey(to()).by(&[signer]).void(&[(PUBLISHER, 0)]),
            _ => recover(to()),
        }
    }
}

/// What an accuser shows of a log.
#[derive(Clone, Debug)]
struct Accusation {
    kind: u8,
    heads: (Index, Index),
    index: Index,
    package: Index,
    /// Which of the entries are shown, as far as it goes.
    shown: Vec<bool>,
    /// Whether entries of others are.
    others: bool,
}

fn accusation() -> impl Strategy<Value = Accusation> {
    let shown = prop_oneof![2 => Just(Vec::new()), 3 => vec(prop::bool::weighted(0.8), 0..60)];
    let of = (0..8_u8, any::<(Index, Index)>(), any::<Index>(), any::<Index>(), shown, any::<bool>());
    of.prop_map(|(kind, heads, index, package, shown, others)| Accusation {
        kind,
        heads,
        index,
        package,
        shown,
        others,
    })
}

impl Accusation {
    fn of(&self, whole: &Whole) -> EvidenceKind {
        let heads = whole.heads();
        let (a, b) = (heads[self.heads.0.index(heads.len())], heads[self.heads.1.index(heads.len())]);
        let note = |size| whole.log.cosigned(size, TIME + size).to_bytes();
        let entry = |index: u64| ShownEntry {
            index,
            entry: whole.log.entries[index as usize].clone(),
            inclusion: whole.log.inclusion(index, a),
        };
        let index = self.index.index(a.min(b) as usize) as u64;
        let hash = |size| ShownHash {
            checkpoint: note(size),
            leaf: leaf_hash(&whole.log.entries[index as usize]),
            inclusion: whole.log.inclusion(index, size),
        };
        let name = NAMES[self.package.index(NAMES.len())];
        let is_of = |index: &u64| match LogEntry::decode(&whole.log.entries[*index as usize]) {
            Ok(LogEntry::Record(record, _)) => record.body().package.to_string() == name,
            _ => false,
        };
        let upto = if self.kind > 5 { a - 1 } else { index + 1 };
        let shown = (0..upto).filter(|index| self.others || is_of(index));
        let shown = shown.enumerate().filter(|(at, _)| self.shown.get(*at).copied().unwrap_or(true));
        let entries = || shown.clone().map(|(_, index)| entry(index)).collect();
        match self.kind {
            0 => EvidenceKind::Roots { a: note(a), b: note(b) },
            1 => EvidenceKind::Leaves { index, a: hash(a), b: hash(b) },
            2 => EvidenceKind::Rollback { cosigner: public(COSIGNER), a: note(a), b: note(b) },
            3 => EvidenceKind::Head { checkpoint: note(a), entry: entry(a - 1) },
            4 => EvidenceKind::Entry { checkpoint: note(a), entry: entry(index) },
            5 => EvidenceKind::Transition { checkpoint: note(a), entries: entries() },
            _ => {
                let proof = whole.proof(name, a);
                let Some(MapProof { entry, inclusion, path }) = proof.map else {
                    unreachable!("a map is there")
                };
                let map = Box::new(ShownMap { entry: entry.into_vec(), inclusion: inclusion.0, path });
                let state = proof.state.map(|state| state.into_vec());
                EvidenceKind::Map { checkpoint: note(a), entries: entries(), map, state }
            }
        }
    }
}

fn convinces(whole: &Whole, evidence: &[u8]) -> bool {
    let evidence = Evidence::from_json(evidence);
    let shown = evidence.map(|it| it.check(&whole.log.origin, &public(LOG), &public(COSIGNER)));
    matches!(shown, Ok(Ok(_)))
}

fn json(whole: &Whole, kind: EvidenceKind) -> Vec<u8> {
    Evidence { origin: whole.log.origin.clone(), log_key: public(LOG), kind }.to_json()
}

/// A log has many signatures: an eighth of proptest's cases, of which `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.div_ceil(8), ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn t23_no_honest_log_is_framed(attempts in attempts(), accusations in vec(accusation(), 20)) {
        let whole = told(&attempts);
        prop_assert_eq!(replay(&whole).1, None);
        for accusation in accusations {
            let evidence = json(&whole, accusation.of(&whole));
            prop_assert!(!convinces(&whole, &evidence), "{accusation:?}: {}", String::from_utf8_lossy(&evidence));
        }
    }

    #[test]
    fn t13_altered_evidence_of_an_honest_log_shows_nothing(
        attempts in attempts(), accusation in accusation(), changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let whole = told(&attempts);
        let mut evidence = json(&whole, accusation.of(&whole));
        for (at, byte) in changes {
            let at = at.index(evidence.len());
            evidence[at] = byte;
        }
        prop_assert!(!convinces(&whole, &evidence));
    }
}

#[test]
fn t13_every_character_of_good_evidence_counts() {
    let vectors = folder::read::<serde_json::Value>("evidence");
    let mut altered = 0;
    for (name, vector) in vectors {
        let Some(code) = vector["expect"]["ok"]["code"].as_str() else { continue };
        let text = vector["evidence"].as_str().expect("text").as_bytes();
        let shown = |text: &[u8]| {
            let key = |name: &str| vector[name].as_str().expect("text").parse().expect("a key");
            let origin = vector["origin"].as_str().expect("text").parse().expect("an origin");
            let evidence = Evidence::from_json(text).ok()?;
            let shown = evidence.check(&origin, &key("logKey"), &key("cosigner")).ok()?;
            Some((evidence, shown.code.to_string()))
        };
        let (evidence, _) = shown(text).expect("good evidence");
        for at in (0..text.len()).step_by(7) {
            let mut other = text.to_vec();
            other[at] ^= 1;
            // White space at the end is the only thing that does not count.
            if let Some((other, other_code)) = shown(&other) {
                assert!(other == evidence && other_code == code, "{name}: character {at} does not count");
            }
            altered += 1;
        }
    }
    assert!(altered > 1_000, "got {altered}");
}

/// Every log that is made here is one that the properties are about: some have recoveries that others have ended.
#[test]
fn the_logs_are_not_all_alike() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeMap::<&str, u32>::new();
    for _ in 0..60 {
        let attempts = attempts().new_tree(&mut runner).expect("attempts").current();
        let whole = told(&attempts);
        for name in NAMES {
            let Some(state) = whole.state(name, 0) else { continue };
            *kinds.entry("packages").or_default() += 1;
            *kinds.entry("waiting").or_default() += u32::from(state.pending.is_some());
            *kinds.entry("succeeded").or_default() += u32::from(state.authority.position > 0);
            *kinds.entry("void").or_default() +=
                u32::from(state.releases.values().any(|release| release.void.is_some()));
            *kinds.entry("channels").or_default() += u32::from(!state.channels.is_empty());
        }
    }
    for (kind, least) in [("packages", 100), ("waiting", 10), ("succeeded", 10), ("void", 1), ("channels", 1)]
    {
        assert!(kinds.get(kind).is_some_and(|got| *got >= least), "{kind}: {kinds:?}");
    }
}
