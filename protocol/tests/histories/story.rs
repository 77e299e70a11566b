//! A package as it goes on: what comes of an attempt, by the state machine and by the model.
#![allow(unreachable_pub)]

use std::{collections::BTreeSet, sync::OnceLock};

use cidery_protocol::*;
use ed25519_dalek::{Signer, SigningKey};
use proptest::sample::Index;
use serde::Serialize;
use serde_bytes::{ByteArray, ByteBuf};

use crate::{
    attempt::{Attempt, Crew, Pick, Place, Recovering, Signers, What},
    model::{Model, Said, summary},
    support::{TIME, applied, init_body, key, next, public},
};

/// How many keys there are in these stories; any of them may be anybody's.
const CAST: u8 = 12;
const VERSIONS: [&str; 8] = ["0.9.0", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.0.1", "99.0.0"];
const CHANNELS: [&str; 3] = ["stable", "beta", "canary"];

/// Everybody, sorted by public key.
fn cast() -> &'static [(PublicKey, SigningKey)] {
    static KEYS: OnceLock<Vec<(PublicKey, SigningKey)>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut keys: Vec<_> = (1..=CAST).map(|seed| (public(&key(seed)), key(seed))).collect();
        keys.sort_by_key(|(public, _)| *public);
        keys
    })
}

/// The keys whose bits are set.
pub fn chosen(mask: u16) -> Vec<PublicKey> {
    let keys = cast().iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0);
    keys.map(|(_, (public, _))| *public).collect()
}

/// A package as it goes on, by the state machine and by the model.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub model: Model,
    pub state: Option<PackageState>,
    pub entries: Vec<Vec<u8>>,
}

impl Story {
    /// A package that has begun.
    pub fn begin(crew: &Crew) -> Story {
        let mut story = Story::default();
        let what = What::Init(crew.clone());
        let init = Attempt { what, signers: Signers::Enough, place: Place::Next, wait: 0 };
        assert_eq!(story.tell(&init), Some(Ok(())), "a package begins");
        story
    }

    pub fn now(&self) -> u64 {
        self.model.said.last().map_or(TIME, |said| said.time)
    }

    pub fn state(&self) -> &PackageState {
        self.state.as_ref().expect("a package has begun")
    }

    /// Tries it, on both sides, which must agree; none where there is no such record (SPEC §6.3).
    pub fn tell(&mut self, attempt: &Attempt) -> Option<Result<(), Code>> {
        let said = self.said(attempt)?;
        Some(self.hear(said))
    }

    /// A record in its place, signed by those whose bits are set.
    pub fn say(&mut self, action: Action, signers: u16) -> Result<(), Code> {
        let record = Record::encode(next(self.state(), action)).expect("a record");
        let signers = chosen(signers).into_iter().collect();
        self.hear(Said { record, signers, forged: BTreeSet::new(), time: self.now() })
    }

    /// Adds a record, where both sides take it.
    ///
    /// # Panics
    /// Where they don't agree.
    pub fn hear(&mut self, said: Said) -> Result<(), Code> {
        let signatures = signatures(&said);
        let entry = entry(&said, &signatures);
        let mut after = self.state.clone();
        let verdict = PackageState::replay(&mut after, &entry).map(drop).map_err(|error| error.code());
        assert_eq!(verdict, self.model.judge(&said), "{said:#?}\nafter {:#?}", self.model.said);
        self.registry_agrees(&said, &signatures, &entry, verdict);
        match verdict {
            Ok(()) => {
                let time = said.time;
                self.model.said.push(said);
                self.state = after;
                assert_eq!(summary(self.state()), self.model.summary(time));
                self.entries.push(entry);
            }
            Err(_) => assert_eq!(after, self.state, "what is refused changes nothing"),
        }
        verdict
    }

    /// A registry, which is given an envelope, says the same, but for signatures of others, which it refuses.
    fn registry_agrees(
        &self,
        said: &Said,
        signatures: &[(PublicKey, Signature)],
        entry: &[u8],
        verdict: Result<(), Code>,
    ) {
        let mut envelope = Envelope::new(said.record.payload_type(), said.record.bytes().to_vec());
        for (_, signature) in signatures {
            envelope.push(*signature);
        }
        let authority = self.state.as_ref().map(|state| state.at(said.time).authority);
        let opened = SignedRecord::from_envelope(&envelope, authority.as_ref());
        if !said.signers.is_subset(&self.authorised(said)) {
            assert!(opened.is_err(), "a signature by a stranger");
            return;
        }
        let applied = opened.and_then(|signed| {
            applied(self.state.as_ref(), &signed, said.time)?;
            assert_eq!(signed.entry(said.time).as_deref(), Ok(entry), "the log holds what was signed");
            Ok(())
        });
        assert_eq!(applied.map_err(|error| error.code()), verdict);
    }

    fn authorised(&self, said: &Said) -> BTreeSet<PublicKey> {
        match said.action() {
            Action::Init(_) => self.model.authorised(said),
            _ if self.model.said.is_empty() => BTreeSet::new(),
            _ => self.model.authorised(said),
        }
    }

    /// The record that is tried, where there is one that keeps the rules of SPEC §6.3.
    pub fn said(&self, attempt: &Attempt) -> Option<Said> {
        let time = self.now().saturating_add_signed(attempt.wait);
        let begun = !self.model.said.is_empty();
        let old = begun.then(|| self.model.holder(time).powers().expect("an authority").clone());
        let action = self.action(&attempt.what, old.as_ref());
        let first = init_body(&[], 0);
        let mut body = RecordBody { action, ..first };
        if let Some(last) = self.model.said.last().filter(|_| !matches!(body.action, Action::Init(_))) {
            body.sequence = self.model.said.len() as u64;
            body.prev = Some(last.record.cid());
            body.authority = Some(self.model.holder(time).record.cid());
        }
        let any = |index: &Index| begun.then(|| index.get(&self.model.said).record.cid());
        match &attempt.place {
            Place::Next => {}
            Place::Sequence(sequence) => body.sequence = u64::from(*sequence),
            Place::Prev(index) => body.prev = any(index),
            Place::Authority(index) => body.authority = any(index),
            Place::Origin => body.origin = "other.example".parse().expect("an origin"),
            Place::Package => body.package = "@acme/other".parse().expect("a name"),
        }
        let record = Record::encode(body).ok()?;
        let mut said = Said { record, signers: BTreeSet::new(), forged: BTreeSet::new(), time };
        let counted = self.authorised(&said);
        match &attempt.signers {
            Signers::Enough => said.signers = enough(&said, old.as_ref()),
            Signers::OneMissing => {
                said.signers = enough(&said, old.as_ref());
                said.signers.pop_first();
            }
            Signers::All => said.signers = counted,
            Signers::Some(mask) => said.signers = chosen(*mask).into_iter().collect(),
            Signers::Forged(index) => {
                said.signers = counted;
                let keys: Vec<PublicKey> = said.signers.iter().copied().collect();
                said.forged = keys.get(index.index(keys.len().max(1))).into_iter().copied().collect();
                said.signers.retain(|key| !said.forged.contains(key));
            }
        }
        Some(said)
    }

    fn action(&self, what: &What, old: Option<&Powers>) -> Action {
        let releases: Vec<&Said> =
            self.model.said.iter().filter(|said| matches!(said.action(), Action::Release(_))).collect();
        let refer = |pick: &Pick| match releases.get(pick.which.index(releases.len().max(1))) {
            Some(said) if pick.right => {
                let Action::Release(release) = said.action() else { unreachable!() };
                ReleaseRef { version: release.version.clone(), record: said.record.cid() }
            }
            _ => ReleaseRef { version: version(&pick.which), record: Cid::of(Codec::DagCbor, b"another") },
        };
        let floor = |floor: &Option<Index>| floor.as_ref().map(version);
        match what {
            What::Init(crew) => Action::Init(crew.powers(None)),
            What::Rekey { by, to, void, floor: least } => {
                let to = to.powers(old);
                let mut void: Vec<Void> = void
                    .iter()
                    .map(|(key, from)| Void {
                        key: key.get(cast()).0,
                        from_sequence: from.index(self.model.said.len().max(1)) as u64,
                    })
                    .filter(|void| !to.keys.contains(&void.key))
                    .filter(|void| !to.recovery.iter().any(|recovery| recovery.keys.contains(&void.key)))
                    .collect();
                void.sort_by_key(|void| void.key);
                void.dedup_by_key(|void| void.key);
                Action::Rekey(Rekey { by: *by, to, void, next_version_floor: floor(least) })
            }
            What::Transfer { to, floor: least } => {
                Action::Transfer(Transfer { to: to.powers(old), next_version_floor: floor(least) })
            }
            What::Release { version: which, proven } => {
                let statement =
                    Provenance { cid: Cid::of(Codec::Raw, b"{}"), size: 2, subject: ByteArray::new([7; 32]) };
                Action::Release(Release {
                    version: version(which),
                    manifest: Cid::of(Codec::DagCbor, b"code"),
                    build: Build { tool: "by hand".into(), lock: None },
                    npm: None,
                    provenance: if *proven { vec![statement] } else { vec![] },
                })
            }
            What::Yank { of, severity } => Action::Yank(Yank {
                release: refer(of),
                severity: *severity,
                reason: if *severity == Severity::None { Reason::Restored } else { Reason::Security },
                text: None,
                replacement: None,
            }),
            What::Channel { name, targets } => {
                let mut targets: Vec<ReleaseRef> = targets.iter().map(refer).collect();
                targets.sort_by(|a, b| a.version.cmp(&b.version));
                targets.dedup_by(|a, b| a.version == b.version);
                let rest = targets.len() as u64;
                let weight = |at: u64| if at == 0 { 10_001 - rest } else { 1 };
                let targets = (0..).zip(targets);
                Action::Channel(Channel {
                    name: name.get(&CHANNELS).parse().expect("a channel"),
                    targets: targets.map(|(at, release)| Target { release, weight: weight(at) }).collect(),
                })
            }
            What::Attest { of } => Action::Attest(Attest {
                release: refer(of),
                predicate: "https://example.com/reviewed/v1".into(),
                statement: Provenance {
                    cid: Cid::of(Codec::Raw, b"{}"),
                    size: 2,
                    subject: ByteArray::new([7; 32]),
                },
            }),
        }
    }
}

impl Crew {
    /// The powers that are meant, where there are such.
    pub fn powers(&self, old: Option<&Powers>) -> Powers {
        let recovery = match &self.recovery {
            Recovering::Same => old.and_then(|old| old.recovery.clone()),
            Recovering::None => None,
            Recovering::Other { keys, threshold, delay } => {
                let keys = chosen(keys & !self.keys);
                let threshold = *threshold.min(&(keys.len() as u64));
                (threshold > 0).then_some(Recovery { keys, threshold, delay: *delay })
            }
        };
        let others = recovery.iter().flat_map(|recovery| &recovery.keys).collect::<BTreeSet<_>>();
        let keys: Vec<_> = chosen(self.keys).into_iter().filter(|key| !others.contains(key)).collect();
        let threshold = self.threshold.min(keys.len() as u64);
        Powers { keys, threshold, floors: self.floors, recovery }
    }
}

fn version(index: &Index) -> Version {
    index.get(&VERSIONS).parse().expect("a version")
}

/// As few signers as are asked for.
fn enough(said: &Said, old: Option<&Powers>) -> BTreeSet<PublicKey> {
    let publishers = |powers: &Powers| powers.keys.iter().take(powers.threshold as usize).copied().collect();
    match (said.action(), old) {
        (Action::Init(powers), _) => publishers(powers),
        (_, None) => BTreeSet::new(),
        (Action::Rekey(Rekey { by: Signatories::Recovery, .. }), Some(old)) => match &old.recovery {
            Some(recovery) => recovery.keys.iter().take(recovery.threshold as usize).copied().collect(),
            None => BTreeSet::new(),
        },
        (Action::Transfer(transfer), Some(old)) => {
            // Those who stay anyway first, so that nobody signs who is not needed.
            let mut signers: BTreeSet<PublicKey> = transfer.to.keys.iter().copied().collect();
            let staying = old.keys.iter().filter(|key| signers.contains(key)).count();
            let missing = (old.threshold as usize).saturating_sub(staying);
            let leaving = old.keys.iter().filter(|key| !transfer.to.keys.contains(key));
            signers.extend(leaving.take(missing));
            signers
        }
        (_, Some(old)) => publishers(old),
    }
}

/// The signatures, sorted by key.
fn signatures(said: &Said) -> Vec<(PublicKey, Signature)> {
    let message = pae(said.record.payload_type(), said.record.bytes());
    let signed = cast().iter().filter(|(key, _)| said.signers.contains(key) || said.forged.contains(key));
    let signature = |(public, key): &(PublicKey, SigningKey)| {
        let mut bytes = key.sign(&message).to_bytes();
        bytes[40] ^= u8::from(said.forged.contains(public));
        (*public, Signature::from_bytes(bytes))
    };
    signed.map(signature).collect()
}

#[derive(Serialize)]
struct Entry<'s> {
    kind: &'s str,
    time: u64,
    #[serde(rename = "type")]
    payload_type: &'s str,
    payload: ByteBuf,
    signatures: Vec<EntrySignature>,
}

#[derive(Serialize)]
struct EntrySignature {
    key: PublicKey,
    sig: Signature,
}

/// An entry of a log that takes whatever it is given.
fn entry(said: &Said, signatures: &[(PublicKey, Signature)]) -> Vec<u8> {
    let signatures = signatures.iter().map(|(key, sig)| EntrySignature { key: *key, sig: *sig }).collect();
    let entry = Entry {
        kind: "record",
        time: said.time,
        payload_type: said.record.payload_type(),
        payload: ByteBuf::from(said.record.bytes()),
        signatures,
    };
    serde_ipld_dagcbor::to_vec(&entry).expect("an entry")
}

/// The state of whoever begins with the first entry and goes on to the last.
pub fn replay(entries: &[Vec<u8>]) -> Result<Option<PackageState>, Error> {
    let mut state = None;
    entries.iter().try_for_each(|entry| PackageState::replay(&mut state, entry).map(drop))?;
    Ok(state)
}
