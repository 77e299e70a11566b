//! The steps of SPEC §10.4, under its numbers.

use cidery_protocol::{
    Action, Authority, Error, Head, Join, Receipt, Release, SignedRecord, limits,
    log::{Checkpoint, Hash, SignedCheckpoint, leaf_hash, verify_consistency, verify_inclusion},
};

use crate::{
    LogTrust, Part, ProvenRelease, Request, Rule, Seen, SeenLog, TrustPolicy, Verified, VerifyError, Wanted,
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

/// Steps (1) to (11): all but the manifest, whose CID is known from here on. `now` is in seconds since 1970.
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
    // (1) the policy has a rule for the package
    let rule = policy.rule_for(&request.package)?;
    let log = rule.log();

    // (2) receipt and head are of their format, within bounds
    let receipt = Receipt::decode(receipt).map_err(Part::Receipt.refuse())?;
    let head = Head::decode(head).map_err(Part::Head.refuse())?;

    // (3) (4) the head is the log's, and new
    let (tree, time) = check_head(&head, rule, log, now)?;
    // (5) it does not go back, and does not contradict what was seen
    check_seen(&head, &tree, seen)?;
    // (6) (7) the release is in the log, and still is
    check_inclusion(&receipt, &head, &tree, rule, log)?;
    // (8) those who speak for the package are the ones whom the policy means
    let authority = check_authority(&receipt, request, rule)?;

    // (9) (10) they released it, and (11) it is what was asked for
    let (signed, _time) =
        SignedRecord::from_entry(&receipt.record, Some(&authority)).map_err(Part::Release.refuse())?;
    let release = check_release(&signed, &authority, request, seen)?;
    check_pinned_keys(&signed, rule)?;
    request.satisfied_by(&release.version, release.manifest)?;

    Ok(ProvenRelease {
        wanted: request.wanted.clone(),
        rule: rule.clone(),
        version: release.version.clone(),
        record: signed.record().cid(),
        sequence: signed.record().body().sequence,
        manifest: release.manifest,
        signers: signed.signers().to_vec(),
        init: authority.cid,
        origin: authority.origin,
        package: authority.package,
        index: receipt.index,
        head: SeenLog { size: tree.size, root: tree.root },
        time,
        valid_until: time.saturating_add(log.max_age()),
    })
}

/// Steps (3) and (4): the head's checkpoint is signed by the log, and at a time that is neither long ago nor still to come.
fn check_head(head: &Head, rule: &Rule, log: &LogTrust, now: u64) -> Result<(Checkpoint, u64), VerifyError> {
    let refuse = |error| Part::Head.refuse()(error);
    // (3)
    let signed = SignedCheckpoint::parse(&head.checkpoint).map_err(refuse)?;
    let tree = signed.verify_log(rule.origin(), log.log_keys()).map_err(refuse)?;
    // (4)
    let time = signed.timestamp(&rule.origin().cosigner(), log.cosigner()).map_err(refuse)?;
    let ahead = time.saturating_sub(now);
    if ahead > limits::CLOCK_AHEAD_SECONDS {
        return Err(VerifyError::Future { ahead, most: limits::CLOCK_AHEAD_SECONDS });
    }
    let age = now.saturating_sub(time);
    if age > log.max_age() {
        return Err(VerifyError::Stale { age, most: log.max_age() });
    }
    Ok((tree, time))
}

/// Step (5).
fn check_seen(head: &Head, tree: &Checkpoint, seen: &Seen) -> Result<(), VerifyError> {
    let Some(seen) = seen.log(&tree.origin) else { return Ok(()) };
    if tree.size < seen.size {
        return Err(VerifyError::Rollback { origin: tree.origin.clone(), got: tree.size, seen: seen.size });
    }
    if tree.size == seen.size {
        return if tree.root == seen.root { Ok(()) } else { Err(fork(tree, seen.size, seen.root)) };
    }
    match &head.since {
        Some(since) if since.size == seen.size => {
            verify_consistency(seen.size, tree.size, &seen.root, &tree.root, &since.consistency)
                .map_err(Part::Head.refuse())
        }
        _ => Err(VerifyError::Unproven { head: tree.size, earlier: seen.size }),
    }
}

/// Steps (6) and (7): the release is under the receipt's checkpoint, and under the head.
fn check_inclusion(
    receipt: &Receipt,
    head: &Head,
    tree: &Checkpoint,
    rule: &Rule,
    log: &LogTrust,
) -> Result<(), VerifyError> {
    let refuse = |error| Part::Receipt.refuse()(error);
    // (6)
    let signed = SignedCheckpoint::parse(&receipt.checkpoint).map_err(refuse)?;
    let first = signed.verify_log(rule.origin(), log.log_keys()).map_err(refuse)?;
    let (index, leaf) = (receipt.index, leaf_hash(&receipt.record));
    verify_inclusion(index, first.size, leaf, &receipt.inclusion, &first.root).map_err(refuse)?;
    // (7)
    if tree.size < first.size {
        return Err(VerifyError::Unproven { head: tree.size, earlier: first.size });
    }
    if tree.size == first.size && tree.root != first.root {
        return Err(fork(tree, first.size, first.root));
    }
    let joined = match &head.join {
        Join::Inclusion(proof) => verify_inclusion(index, tree.size, leaf, proof, &tree.root),
        Join::Consistency(proof) => verify_consistency(first.size, tree.size, &first.root, &tree.root, proof),
    };
    joined.map_err(Part::Head.refuse())
}

/// Step (8): the chain of authority, which in this version is the package's `init`.
fn check_authority(receipt: &Receipt, request: &Request, rule: &Rule) -> Result<Authority, VerifyError> {
    let refuse = |error| Part::Authority.refuse()(error);
    let [init, later @ ..] = receipt.chain.as_slice() else {
        let reason = "the chain of authority is empty".to_owned();
        return Err(Part::Receipt.refuse()(Error::Log { what: "receipt", reason }));
    };
    let init = SignedRecord::decode(init, None).map_err(refuse)?;
    let mut authority = Authority::begin(&init).map_err(refuse)?;
    let init = authority.cid;
    for record in later {
        let signed = SignedRecord::decode(record, Some(&authority)).map_err(refuse)?;
        authority = authority.succeed(&signed).map_err(refuse)?;
    }
    if authority.origin != *rule.origin() {
        let (got, wanted) = (authority.origin.to_string(), rule.origin().to_string());
        return Err(refuse(Error::RecordOrigin { got, wanted }));
    }
    if authority.package != request.package {
        return Err(VerifyError::OtherPackage { got: authority.package, wanted: request.package.clone() });
    }
    match rule.init() {
        Some(wanted) if wanted != init => Err(VerifyError::Init { got: init, wanted }),
        _ => Ok(authority),
    }
}

/// Step (9): a release under that authority, not older than what answered the same range before.
fn check_release<'r>(
    signed: &'r SignedRecord,
    authority: &Authority,
    request: &Request,
    seen: &Seen,
) -> Result<&'r Release, VerifyError> {
    let body = signed.record().body();
    let Action::Release(release) = &body.action else {
        return Err(Part::Release.refuse()(Error::InitTaken { by: authority.cid }));
    };
    authority.allows(signed).map_err(Part::Release.refuse())?;
    if let Wanted::Range(range) = &request.wanted
        && let Some(seen) = seen.sequence(&request.package, range)
        && body.sequence < seen
    {
        let package = request.package.clone();
        return Err(VerifyError::PackageRollback { package, got: body.sequence, seen });
    }
    match authority.powers.floors.witnesses {
        0 => Ok(release),
        wanted => Err(VerifyError::Witnesses { wanted }),
    }
}

/// Step (10): the keys of the policy, not merely those that the package names for itself.
fn check_pinned_keys(signed: &SignedRecord, rule: &Rule) -> Result<(), VerifyError> {
    let got = signed.signers().iter().filter(|key| rule.keys().contains(key)).count();
    if (got as u64) < rule.threshold() {
        return Err(VerifyError::PinnedKeys { got, wanted: rule.threshold() });
    }
    Ok(())
}

fn fork(tree: &Checkpoint, other_size: u64, other_root: Hash) -> VerifyError {
    let Checkpoint { origin, size, root } = tree.clone();
    VerifyError::Fork { origin, size, root, other_size, other_root }
}
