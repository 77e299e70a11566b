//! The steps of SPEC §10.4, under its numbers.

mod chain;
mod head;
mod inclusion;
mod package;
mod rule;
mod standing;
mod state;

pub use head::verify_head;
pub use package::{verify_package_proof, verify_package_proof_of};

use cidery_protocol::{Head, Receipt, ReleaseRef, SignedRecord};

use self::{chain::Chain, standing::Stated};
use crate::{
    Check, Part, ProvenRelease, Request, Revocation, Seen, Sighting, TrustPolicy, Verified, VerifyError,
    trace::Trace,
};

/// All steps of SPEC §10.4: whether the policy allows the release that `receipt`, `head` and `manifest` are about, and whether
/// it is what was asked for. `now` is in seconds since 1970.
///
/// # Errors
/// The first step that fails.
pub fn verify(
    request: &Request,
    receipt: &[u8],
    head: &[u8],
    manifest: &[u8],
    policy: &TrustPolicy,
    seen: &Seen,
    now: u64,
) -> Result<Verified, VerifyError> {
    prove(request, receipt, head, policy, seen, now)?.with_manifest(manifest)
}

/// Steps (1) to (14): all but the manifest, whose CID is known from here on. `now` is in seconds since 1970.
///
/// # Errors
/// The first step that fails.
pub fn prove(
    request: &Request,
    receipt: &[u8],
    head: &[u8],
    policy: &TrustPolicy,
    seen: &Seen,
    now: u64,
) -> Result<ProvenRelease, VerifyError> {
    traced(request, receipt, head, policy, seen, now, &mut Trace::silent())
}

/// The same, saying on the way what each step looks at.
pub(crate) fn traced(
    request: &Request,
    receipt: &[u8],
    head: &[u8],
    policy: &TrustPolicy,
    seen: &Seen,
    now: u64,
    trace: &mut Trace,
) -> Result<ProvenRelease, VerifyError> {
    // (1) the policy has a rule for the package, which allows the channel
    let package = &request.package;
    trace.at(Check::Rule, || match policy.rule(package) {
        Some(rule) => format!("`{package}`: the rule `{}`", rule.pattern()),
        None => format!("`{package}`"),
    });
    let rule = policy.rule_for(package)?;
    trace.at(Check::ChannelAllowed, || match request.channel() {
        Some(channel) => format!("`{channel}`"),
        None => "no channel is asked for".to_owned(),
    });
    rule.allow(request)?;

    // (2) receipt and head are of their format, within bounds
    trace.at(Check::Form, || format!("{} and {} bytes", receipt.len(), head.len()));
    let receipt = Receipt::decode(receipt).map_err(Part::Receipt.refuse())?;
    let head = Head::decode(head).map_err(Part::Head.refuse())?;

    // (3) (4) the head is the log's, and new; (5) it does not go back, and does not contradict what was seen
    let (tree, proven) = head::newest(&head.checkpoint, rule.origin(), rule.log(), now, trace)?;
    head::continues(head.since.as_ref(), &tree, seen, trace)?;
    // (6) (7) the record is in the log, and still is
    inclusion::joined(&receipt, &head, &tree, rule, trace)?;
    // (8) those who speak for the package are the ones whom the policy means
    let mut chain = Chain::of_receipt(&receipt, request, rule, trace)?;

    // (9) they made the release
    let authority = chain.at(chain.release());
    trace.at(Check::Signed, || format!("entry {}, signed under {}", receipt.index, authority.cid));
    let (signed, time) =
        SignedRecord::from_entry(&receipt.record, Some(authority)).map_err(Part::Release.refuse())?;
    let release = rule::release_of(&signed)?.clone();
    rule::allowed(&signed, time, authority, &proven, trace)?;
    let reference = ReleaseRef { version: release.version.clone(), record: signed.record().cid() };

    // (10) the package's state under the head has the release; (11) nothing since speaks against it
    let stated = Stated::of_release(&chain, signed);
    let stands = match standing::shown(&head, rule, request, trace)? {
        Some(standing) => {
            let map = state::map_of(&standing.map, &proven, trace)?;
            let state = state::state_in(&map, &standing.map.path, package, &standing.state, &proven, trace)?;
            chain.extend(&standing.chain, state.authority, trace)?;
            let stands = standing::stands(standing, state, &chain, &stated, &reference, request, trace)?;
            state::continues(Some(stands.state.sequence), rule.origin(), package, seen, trace)?;
            // (12) it is not yanked, or tolerably so
            rule::not_yanked(&release, &stands, rule, request, trace)?;
            Some(stands)
        }
        None => None,
    };
    // (13) the policy lets it through, and (14) it is what was asked for
    let signers = stated.signed.signers();
    let age = proven.time.saturating_sub(time);
    rule::good_enough(&release, signers, age, rule, trace)?;
    rule::wanted(&release, &reference, stands.as_ref(), rule, request, trace)?;

    Ok(ProvenRelease {
        wanted: request.wanted.clone(),
        rule: rule.clone(),
        sequence: stated.signed.record().body().sequence,
        signers: signers.to_vec(),
        release,
        record: reference.record,
        index: receipt.index,
        time,
        init: chain.init().cid,
        authority: chain.last().cid,
        revocation: stands.as_ref().map_or(Revocation::Unchecked, |_| Revocation::Proven),
        sighting: Sighting {
            origin: rule.origin().clone(),
            package: package.clone(),
            head: proven,
            sequence: stands.as_ref().map(|stands| stands.state.sequence),
        },
        yanked: stands.and_then(|stands| stands.yank),
    })
}
