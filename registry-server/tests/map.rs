//! The map that the ledger keeps is the one over the log: whatever is published and whenever, a replay of all entries comes to the
//! same root at each map entry, and to the states that are shown.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::Ordering,
};

use cidery_keys::Signer;
use cidery_protocol::{Action, Cid, Powers, Recovery, Rekey, Severity, Signatories, Void};
use cidery_registry::{Call, Received, Reply, ScopePolicy, memory::Memory};
use proptest::prelude::*;
use serde_bytes::ByteBuf;
use support::{
    NOW, ORIGIN, Pack, TestRegistry, contents, key, oracle,
    pack::{channel, powers, yank},
    store_of,
};

/// Who recovers packages, and how long that waits.
const RECOVERY: u8 = 4;
const DELAY: u64 = 60;

/// What a package says in a group.
#[derive(Clone, Copy, Debug)]
enum Say {
    Release,
    Yank,
    Channel,
    /// Other keys, by the recovery keys.
    Recover,
}

/// Time passes, perhaps the head is refreshed, and then some packages say something in one group.
#[derive(Clone, Debug)]
struct Round {
    wait: u64,
    is_refreshed: bool,
    group: BTreeMap<u8, Say>,
}

fn round() -> impl Strategy<Value = Round> {
    let say = prop_oneof![
        3 => Just(Say::Release),
        1 => Just(Say::Yank),
        1 => Just(Say::Channel),
        2 => Just(Say::Recover),
    ];
    let wait = prop_oneof![Just(0), 1..2 * DELAY];
    (wait, any::<bool>(), prop::collection::btree_map(0_u8..6, say, 0..4))
        .prop_map(|(wait, is_refreshed, group)| Round { wait, is_refreshed, group })
}

type Objects = BTreeMap<String, Vec<u8>>;

/// A package, and who has the say in it.
struct Package {
    first: Pack,
    last: Pack,
    /// The seed of its publisher key, and the record that gives it the say.
    signer: (u8, Cid),
    /// The next ones, and from when on.
    next: Option<(u64, (u8, Cid))>,
    releases: u64,
}

impl Package {
    fn begin(number: u8) -> Self {
        let first = Pack::begin(&format!("@acme/p-{number}"), "the same", powers_of(10), &[&key(10)], ORIGIN);
        let signer = (10, first.init.cid());
        Package { last: first.clone(), first, signer, next: None, releases: 1 }
    }

    /// The next record, which is logged at `now`.
    fn go_on(&mut self, say: Say, now: u64) {
        if let Some((_, next)) = self.next.take_if(|(from, _)| *from <= now) {
            self.signer = next;
        }
        let (seed, authority) = self.signer;
        let (last, signer) = (self.last.under(authority), key(seed));
        self.last = match say {
            Say::Release => {
                self.releases += 1;
                last.release_by(&format!("1.{}.0", self.releases), "the same", &[&signer])
            }
            Say::Yank => last.then(yank(&self.first, Severity::Low), &[&signer]),
            Say::Channel => last.then(channel("stable", &[(&self.first, 10_000)]), &[&signer]),
            Say::Recover => {
                // What the old key has signed after the first release is void then.
                let void = vec![Void { key: signer.public_key(), from_sequence: 2 }];
                let (by, to) = (Signatories::Recovery, powers_of(seed + 1));
                let rekey = Action::Rekey(Rekey { by, to, void, next_version_floor: None });
                let last = last.then(rekey, &[&key(RECOVERY)]);
                self.next = Some((now + DELAY, (seed + 1, last.record.cid())));
                last
            }
        };
    }
}

fn powers_of(seed: u8) -> Powers {
    let recovery = Recovery { keys: vec![key(RECOVERY).public_key()], threshold: 1, delay: DELAY };
    Powers { recovery: Some(recovery), ..powers(&[&key(seed)], 1) }
}

/// A registry over a new ledger in memory.
fn open(store: &Memory) -> TestRegistry<Memory> {
    TestRegistry::new(store.clone(), Path::new(":memory:"), ScopePolicy::Open)
}

/// Logs publishes in one group. They lack no blob.
async fn log(registry: &TestRegistry<Memory>, group: impl Iterator<Item = Pack>) {
    let mut tickets = Vec::new();
    for package in group {
        match registry.sequencer.receive(Call::Publish(ByteBuf::from(package.request()))).await {
            Received::Queued(ticket) => tickets.push(ticket),
            Received::Reply(reply) => panic!("{reply:?}"),
        }
    }
    registry.sequencer.close_group().await.expect("a group");
    for ticket in tickets {
        let reply = ticket.reply().await;
        assert!(matches!(reply, Reply::Published(_)), "{reply:?}");
    }
}

async fn run(rounds: Vec<Round>) {
    let store = Memory::default();
    let registry = open(&store);
    registry.publish(&Pack::new("@acme/seed", "the same")).await;
    let mut packages = BTreeMap::<u8, Package>::new();
    let mut now = NOW;
    for Round { wait, is_refreshed, group } in rounds {
        now += wait;
        registry.clock.0.store(now, Ordering::Relaxed);
        if is_refreshed {
            registry.sequencer.refresh_head().await.expect("a head");
        }
        let mut said = Vec::new();
        for (number, say) in group {
            let package = match packages.remove(&number) {
                Some(mut package) => {
                    package.go_on(say, now);
                    package
                }
                None => Package::begin(number),
            };
            said.push(package.last.clone());
            packages.insert(number, package);
        }
        log(&registry, said.into_iter()).await;
    }
    let replay = oracle::is_tidy(&registry).await;

    // A ledger that has nothing comes to the same.
    let whole = contents(&store).await;
    let behind = open(&store_of(&whole).await);
    behind.clock.0.store(now, Ordering::Relaxed);
    behind.sequencer.start().await.expect("it catches up");
    let again = contents(&behind.blobs).await;
    assert_eq!(differ(&whole, &again), [""; 0]);
    assert_eq!(oracle::agrees(&behind).await.size(), replay.size());
}

/// The keys of objects that are not the same.
fn differ<'k>(one: &'k Objects, other: &'k Objects) -> Vec<&'k String> {
    one.keys().chain(other.keys()).filter(|key| one.get(*key) != other.get(*key)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledgers_map_is_the_one_over_the_log(rounds in prop::collection::vec(round(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(run(rounds));
    }
}

#[tokio::test]
async fn a_map_has_pages_of_pages() {
    let (store, count) = (Memory::default(), 300);
    let registry = open(&store);
    registry.publish(&Pack::new("@acme/seed", "the same")).await;
    let packages: Vec<Pack> =
        (0..count).map(|at| Pack::new(&format!("@acme/many-{at}"), "the same")).collect();
    for some in packages.chunks(64) {
        log(&registry, some.iter().cloned()).await;
    }
    let replay = oracle::is_tidy(&registry).await;
    assert_eq!(replay.packages(), count + 1);
    assert_eq!(replay.size(), 2 * (count as u64 + 1) + 1 + 5);
    let pages =
        contents(&store).await.into_keys().filter(|key| key.starts_with("map/")).collect::<BTreeSet<_>>();
    assert!(pages.len() > 50, "{}", pages.len());
}
