//! The package's state in the log's map: what step (10) of SPEC §10.4 begins with, and what step (11) asks of what was seen.

use cidery_protocol::{
    Cid, Codec, MapEntry, MapProof, Origin, PackageName, StateObject, limits,
    log::{Hash, leaf_hash, verify_inclusion},
    map::{MapKey, MapPath},
};

use crate::{Check, Part, ProvenHead, Seen, VerifyError, trace::Trace};

/// Step (10): the last entry of the head's tree is a map. Gives its root.
pub(super) fn map_of(proof: &MapProof, head: &ProvenHead, trace: &mut Trace) -> Result<Hash, VerifyError> {
    trace.at(Check::Map, || format!("the last of {} entries, the head is from {}", head.size, head.time));
    let map = MapEntry::decode(&proof.entry).map_err(Part::Map.refuse())?;
    let last = head.size.saturating_sub(1);
    verify_inclusion(last, head.size, leaf_hash(&proof.entry), &proof.inclusion, &head.root)
        .map_err(Part::Map.refuse())?;
    if map.time > head.time {
        return Err(VerifyError::MapLater { got: map.time, head: head.time });
    }
    Ok(map.root)
}

/// Step (10): the map has this state for the package, in which nothing is due that has not taken effect.
pub(super) fn state_in(
    map: &Hash,
    path: &MapPath,
    package: &PackageName,
    bytes: &[u8],
    head: &ProvenHead,
    trace: &mut Trace,
) -> Result<StateObject, VerifyError> {
    let cid = Cid::of(Codec::DagCbor, bytes);
    trace.at(Check::State, || format!("{cid}, {} hashes below the map's root", path.siblings.len()));
    path.leads(&MapKey::of(package), Some(cid), map).map_err(Part::State.refuse())?;
    let state = StateObject::decode(bytes).map_err(Part::State.refuse())?;
    trace.at(Check::Settled, || match &state.pending {
        Some(pending) => format!("{} waits until {}", pending.record, pending.from),
        None => "none waits".to_owned(),
    });
    let overdue = state.pending.map_or(0, |pending| head.time.saturating_sub(pending.from));
    if overdue > limits::SETTLE_SECONDS {
        return Err(VerifyError::Unsettled { overdue, most: limits::SETTLE_SECONDS });
    }
    Ok(state)
}

/// The map has no such package (SPEC §8.6).
pub(super) fn absent_from(map: &Hash, path: &MapPath, package: &PackageName) -> Result<(), VerifyError> {
    path.leads(&MapKey::of(package), None, map).map_err(Part::State.refuse())
}

/// Step (11): the package has not gone back; `got` is the sequence of its state, where it has one.
pub(super) fn continues(
    got: Option<u64>,
    origin: &Origin,
    package: &PackageName,
    seen: &Seen,
    trace: &mut Trace,
) -> Result<(), VerifyError> {
    let seen = seen.log(origin).and_then(|log| log.sequence(package));
    trace.at(Check::SeenPackage, || {
        let got = got.map_or("there is none".to_owned(), |got| format!("the newest one is {got}"));
        match seen {
            Some(seen) => format!("record {seen} was seen, {got}"),
            None => "the package was not seen before".to_owned(),
        }
    });
    match (got, seen) {
        (Some(got), Some(seen)) if got < seen => {
            Err(VerifyError::PackageRollback { package: package.clone(), got, seen })
        }
        (None, Some(seen)) => Err(VerifyError::PackageGone { package: package.clone(), seen }),
        _ => Ok(()),
    }
}
