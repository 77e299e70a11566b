//! The release by itself, and what policy and request ask of it: steps (9) and (12) to (14) of SPEC §10.4.

use cidery_protocol::{Action, Authority, PublicKey, Release, ReleaseRef, SignedRecord, check_newest};

use super::{chain::follows, standing::Stands};
use crate::{Check, Part, ProvenHead, Request, Rule, VerifyError, Wanted, error::word, trace::Trace};

/// Step (9): its authority allows the release, and the head that it is under is one of the kind that the authority asks for.
pub(super) fn allowed(
    signed: &SignedRecord,
    time: u64,
    authority: &Authority,
    head: &ProvenHead,
    trace: &mut Trace,
) -> Result<(), VerifyError> {
    trace.at(Check::Allowed, || {
        let powers = &authority.powers;
        format!(
            "{} of {} keys signed, threshold {}",
            signed.signers().len(),
            powers.keys.len(),
            powers.threshold
        )
    });
    authority.allows(signed).map_err(Part::Release.refuse())?;
    trace.at(Check::AfterAuthority, || {
        format!("record {} under record {}", signed.record().body().sequence, authority.sequence)
    });
    follows(authority, signed).map_err(Part::Release.refuse())?;
    trace.at(Check::LoggedBefore, || format!("logged at {time}, the head is from {}", head.time));
    if time > head.time {
        return Err(VerifyError::LoggedLater { got: time, head: head.time });
    }
    let (got, wanted) = (head.witnesses.len() as u64, authority.powers.floors.witnesses);
    trace.at(Check::WitnessFloor, || format!("{got} witnesses, the package asks for {wanted}"));
    if got < wanted {
        return Err(VerifyError::WitnessFloor { got, wanted });
    }
    Ok(())
}

/// Step (12): not yanked, or tolerably so, unless a lock names it.
pub(super) fn not_yanked(
    release: &Release,
    stands: &Stands,
    rule: &Rule,
    request: &Request,
    trace: &mut Trace,
) -> Result<(), VerifyError> {
    trace.at(Check::NotYanked, || match &stands.yank {
        Some(yank) => {
            let tolerated = rule.yanked().map(|severity| word(&severity)).collect::<Vec<_>>();
            format!("yanked, severity {}; tolerated: [{}]", word(&yank.severity), tolerated.join(", "))
        }
        None => "not yanked".to_owned(),
    });
    match &stands.yank {
        Some(yank) if !request.is_locked() && !rule.tolerates(yank.severity) => {
            let (version, severity, reason) = (release.version.clone(), yank.severity, yank.reason);
            Err(VerifyError::Yanked { version, severity, reason })
        }
        _ => Ok(()),
    }
}

/// Step (13): the keys, the provenance, the word of the npm registry and the age that the policy asks for, not merely what the package asks of itself.
pub(super) fn good_enough(
    release: &Release,
    signers: &[PublicKey],
    age: u64,
    rule: &Rule,
    trace: &mut Trace,
) -> Result<(), VerifyError> {
    let pinned = rule.keys().map(|pinned| (pinned, pinned.count(signers)));
    trace.at(Check::PinnedKeys, || match pinned {
        Some((pinned, got)) => {
            format!("{got} of {} signed, threshold {}", pinned.keys.len(), pinned.threshold)
        }
        None => "none are pinned".to_owned(),
    });
    match pinned {
        Some((pinned, got)) if got < pinned.threshold => {
            return Err(VerifyError::PinnedKeys { got, wanted: pinned.threshold });
        }
        _ => {}
    }
    trace.at(Check::Provenance, || {
        let asked = if rule.provenance() { "asked for" } else { "not asked for" };
        format!("{} statements, {asked}", release.provenance.len())
    });
    if rule.provenance() && release.provenance.is_empty() {
        return Err(VerifyError::Provenance);
    }
    let checked = release.npm.as_ref().map_or(&[][..], |npm| &npm.checked);
    trace.at(Check::Npm, || {
        let asked = rule.npm().collect::<Vec<_>>();
        format!("verified: [{}]; asked for: [{}]", checked.join(", "), asked.join(", "))
    });
    if let Some(wanted) = rule.npm().find(|wanted| !checked.iter().any(|word| word == wanted)) {
        return Err(VerifyError::Npm { got: checked.to_vec(), wanted: wanted.to_owned() });
    }
    let least = rule.min_age();
    trace.at(Check::MinAge, || format!("logged {age} seconds before the head, minAge {least}"));
    if age < least { Err(VerifyError::MinAge { age, least }) } else { Ok(()) }
}

/// Step (14): it is what was asked for, and of a range the newest.
pub(super) fn wanted(
    release: &Release,
    reference: &ReleaseRef,
    stands: Option<&Stands>,
    rule: &Rule,
    request: &Request,
    trace: &mut Trace,
) -> Result<(), VerifyError> {
    trace.at(Check::Wanted, || format!("{}, wanted {}", release.version, request.wanted));
    let meant = match (stands.and_then(|stands| stands.channel.as_ref()), &request.wanted) {
        (Some(channel), Wanted::Channel { bucket, .. }) => channel.target(*bucket),
        _ => None,
    };
    request.satisfied_by(reference, release.manifest, meant)?;
    trace.at(Check::Newest, || match (&request.wanted, stands) {
        (Wanted::Range(range), Some(stands)) => {
            format!(
                "`{range}`, {} of {} versions are shown",
                stands.versions.len(),
                stands.state.versions.size
            )
        }
        (Wanted::Range(_), None) => "unchecked".to_owned(),
        _ => "no range is asked for".to_owned(),
    });
    let (Wanted::Range(range), Some(Stands { state, versions, .. })) = (&request.wanted, stands) else {
        return Ok(());
    };
    check_newest(range, &release.version, &state.versions, versions, |severity| rule.tolerates(severity))
        .map_err(Part::Release.refuse())
}

/// # Errors
/// [`VerifyError::Unsatisfied`] where the record is none.
pub(super) fn release_of(signed: &SignedRecord) -> Result<&Release, VerifyError> {
    match &signed.record().body().action {
        Action::Release(release) => Ok(release),
        _ => {
            let got = format!("a record of the type {}", signed.record().payload_type());
            Err(VerifyError::Unsatisfied { got, wanted: "a release".to_owned() })
        }
    }
}
