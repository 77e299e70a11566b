//! A package without any of its releases: the proof of SPEC §9.6, by the steps of §10.4 that are about heads and states.

use cidery_protocol::{Error, Origin, PackageName, PackageProof};

use super::{head, state};
use crate::{LogTrust, Part, ProvenPackage, Seen, Sighting, TrustPolicy, VerifyError, trace::Trace};

/// What the log says of a package now: its state, or that there is no such package. `now` is in seconds since 1970.
///
/// # Errors
/// The first step that fails: (1) and (2) of SPEC §10.4, then (3) to (5) over the proof's checkpoint, of (10) what is said of
/// map and state, and of (11) what is said of the package.
pub fn verify_package_proof(
    package: &PackageName,
    proof: &[u8],
    policy: &TrustPolicy,
    seen: &Seen,
    now: u64,
) -> Result<ProvenPackage, VerifyError> {
    // (1) the policy has a rule
    let rule = policy.rule_for(package)?;
    verify_package_proof_of(rule.origin(), rule.log(), package, proof, seen, now)
}

/// The same where the log is known, and the policy need have no rule for the package: nothing is allowed by it.
///
/// # Errors
/// As [`verify_package_proof`], from step (2) on.
pub fn verify_package_proof_of(
    origin: &Origin,
    log: &LogTrust,
    package: &PackageName,
    proof: &[u8],
    seen: &Seen,
    now: u64,
) -> Result<ProvenPackage, VerifyError> {
    let trace = &mut Trace::silent();
    // (2) the proof is of its format
    let proof = PackageProof::decode(proof).map_err(Part::PackageProof.refuse())?;
    // (3) (4) (5) the checkpoint is the log's, new, and goes on from what was seen
    let (tree, head) = head::newest(&proof.checkpoint, origin, log, now, trace)?;
    head::continues(proof.since.as_ref(), &tree, seen, trace)?;
    // (10) the log's map has the state, or lacks the package; the empty log has no map
    let state = match (&proof.map, &proof.state) {
        (Some(map), Some(bytes)) if head.size > 0 => {
            let root = state::map_of(map, &head, trace)?;
            Some(state::state_in(&root, &map.path, package, bytes, &head, trace)?)
        }
        (Some(map), None) if head.size > 0 => {
            let root = state::map_of(map, &head, trace)?;
            state::absent_from(&root, &map.path, package)?;
            None
        }
        (None, None) if head.size == 0 => None,
        _ => {
            let reason = "a map, or a state without one, of a log that has none, or no map of one that has";
            return Err(Part::PackageProof.refuse()(Error::Log {
                what: "proof of a package",
                reason: reason.to_owned(),
            }));
        }
    };
    // (11) the package has not gone back
    let sequence = state.as_ref().map(|state| state.sequence);
    state::continues(sequence, origin, package, seen, trace)?;
    let (origin, package) = (origin.clone(), package.clone());
    let valid_until = head.time.saturating_add(log.max_age());
    Ok(ProvenPackage { sighting: Sighting { origin, package, head, sequence }, state, valid_until })
}
