//! What might be tried next with a package, at random.
#![allow(unreachable_pub)]

use cidery_protocol::*;
use proptest::{prelude::*, sample::Index};

use crate::story::chosen;

/// What somebody tries.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub what: What,
    pub signers: Signers,
    pub place: Place,
    /// Seconds since the last record.
    pub wait: i64,
}

/// A record in terms of a story.
#[derive(Clone, Debug)]
pub enum What {
    Init(Crew),
    Rekey { by: Signatories, to: Crew, void: Vec<(Index, Index)>, floor: Option<Index> },
    Transfer { to: Crew, floor: Option<Index> },
    Release { version: Index, proven: bool },
    Yank { of: Pick, severity: Severity },
    Channel { name: Index, targets: Vec<Pick> },
    Attest { of: Pick },
}

/// Powers in terms of a story.
#[derive(Clone, Debug)]
pub struct Crew {
    pub keys: u16,
    pub threshold: u64,
    pub floors: Floors,
    pub recovery: Recovering,
}

/// What a crew says of recovery.
#[derive(Clone, Debug)]
pub enum Recovering {
    Same,
    None,
    Other { keys: u16, threshold: u64, delay: u64 },
}

/// A release that is referred to, rightly or not.
#[derive(Clone, Debug)]
pub struct Pick {
    pub which: Index,
    pub right: bool,
}

/// Who signs.
#[derive(Clone, Debug)]
pub enum Signers {
    /// As few as are asked for.
    Enough,
    /// One less.
    OneMissing,
    /// All whose signatures count.
    All,
    /// Anybody.
    Some(u16),
    /// All, and one of them wrongly.
    Forged(Index),
}

/// Where the record says that it belongs.
#[derive(Clone, Debug)]
pub enum Place {
    Next,
    Sequence(u8),
    Prev(Index),
    Authority(Index),
    Origin,
    Package,
}

fn crew() -> impl Strategy<Value = Crew> {
    let floors = (prop::bool::weighted(0.2), 0..3_u64);
    let floors = floors.prop_map(|(provenance, witnesses)| Floors { provenance, witnesses });
    let other = (any::<u16>(), 1..3_u64, prop_oneof![Just(0_u64), 1..500_u64]);
    let other = other.prop_map(|(keys, threshold, delay)| Recovering::Other { keys, threshold, delay });
    let recovery = prop_oneof![4 => Just(Recovering::Same), 1 => Just(Recovering::None), 2 => other];
    (any::<u16>(), 1..4_u64, floors, recovery).prop_map(|(keys, threshold, floors, recovery)| Crew {
        keys,
        threshold,
        floors,
        recovery,
    })
}

fn pick() -> impl Strategy<Value = Pick> {
    (any::<Index>(), prop::bool::weighted(0.95)).prop_map(|(which, right)| Pick { which, right })
}

fn what() -> impl Strategy<Value = What> {
    let by = prop_oneof![Just(Signatories::Publishers), Just(Signatories::Recovery)];
    let floor = || prop::option::weighted(0.2, any::<Index>());
    let void = prop::collection::vec((any::<Index>(), any::<Index>()), 0..3);
    let rekey = (by, crew(), void, floor());
    let severity = prop_oneof![
        Just(Severity::None),
        Just(Severity::Low),
        Just(Severity::Medium),
        Just(Severity::High),
        Just(Severity::Critical),
    ];
    let targets = prop::collection::vec(pick(), 0..4);
    prop_oneof![
        1 => crew().prop_map(What::Init),
        6 => rekey.prop_map(|(by, to, void, floor)| What::Rekey { by, to, void, floor }),
        2 => (crew(), floor()).prop_map(|(to, floor)| What::Transfer { to, floor }),
        8 => (any::<Index>(), any::<bool>()).prop_map(|(version, proven)| What::Release { version, proven }),
        2 => (pick(), severity).prop_map(|(of, severity)| What::Yank { of, severity }),
        4 => (any::<Index>(), targets).prop_map(|(name, targets)| What::Channel { name, targets }),
        1 => pick().prop_map(|of| What::Attest { of }),
    ]
}

/// What might be tried, more often right than wrong.
pub fn attempt() -> impl Strategy<Value = Attempt> {
    let signers = prop_oneof![
        10 => Just(Signers::Enough),
        4 => Just(Signers::All),
        2 => Just(Signers::OneMissing),
        2 => any::<u16>().prop_map(Signers::Some),
        1 => any::<Index>().prop_map(Signers::Forged),
    ];
    let place = prop_oneof![
        24 => Just(Place::Next),
        1 => any::<u8>().prop_map(Place::Sequence),
        1 => any::<Index>().prop_map(Place::Prev),
        1 => any::<Index>().prop_map(Place::Authority),
        1 => Just(Place::Origin),
        1 => Just(Place::Package),
    ];
    let wait = prop_oneof![4 => Just(0_i64), 6 => 0..300_i64, 1 => -100..0_i64];
    (what(), signers, place, wait).prop_map(|(what, signers, place, wait)| Attempt {
        what,
        signers,
        place,
        wait,
    })
}

/// The same, but well signed and in its place.
pub fn honest() -> impl Strategy<Value = Attempt> {
    (what(), 0..300_i64).prop_map(|(what, wait)| Attempt {
        what,
        signers: Signers::Enough,
        place: Place::Next,
        wait,
    })
}

/// How a package begins.
pub fn beginning() -> impl Strategy<Value = Crew> {
    crew().prop_filter("somebody can sign", |crew| chosen(crew.keys).len() as u64 >= crew.threshold)
}
