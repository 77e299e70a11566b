//! What proofs weigh in each log.

use cidery_protocol::{Head, Join, PackageProof, Receipt, Resolution};
use cidery_verifier::{Seen, TrustPolicy, verify_package_proof};

use super::{
    compare,
    log::{Log, SHOWN, now, shown},
    progress::Progress,
    publisher::name,
    verdict,
};
use crate::{Anything, report};

/// What is weighed: whole objects, and of the proofs in them the hashes.
const PARTS: [&str; 8] = [
    "receipt",
    "head",
    "package_proof",
    "inclusion_of_release",
    "join_of_release",
    "inclusion_of_map",
    "path_in_map",
    "consistency",
];
/// How many proofs an object holds.
const PROOFS: [usize; PARTS.len()] = [1, 3, 2, 1, 1, 1, 1, 1];
/// Bytes of a hash: what a doubling may add to a proof.
const HASH: f64 = 32.0;

/// Bytes of what a client is given, on average over packages: one has a longer way in the map than another.
pub(crate) async fn weigh(logs: &[Log], policy: &TrustPolicy) -> Result<(), Anything> {
    let progress = Progress::of(SHOWN * logs.len() as u64, "packages");
    let mut averages = Vec::new();
    for log in logs {
        let mut sums = [0; PARTS.len()];
        for at in 0..SHOWN {
            sums.iter_mut().zip(weights(log, at, policy).await?).for_each(|(sum, bytes)| *sum += bytes);
            progress.step();
        }
        averages.push(sums.map(|sum| sum as f64 / SHOWN as f64));
    }
    for (part, what) in PARTS.iter().enumerate() {
        let figures: Vec<f64> = averages.iter().map(|parts| parts[part]).collect();
        compare(logs, &format!("{what}_bytes"), "B", &figures, SHOWN);
    }
    let ([first, .., last], [smallest, .., largest]) = (logs, &*averages) else { return Ok(()) };
    let doublings = (last.packages as f64 / first.packages as f64).log2();
    for (part, what) in PARTS.iter().enumerate() {
        let more = (largest[part] - smallest[part]) / doublings;
        report(&format!("{what}_per_doubling_vs_hashes"), more, HASH * PROOFS[part] as f64, "B", SHOWN);
    }
    Ok(())
}

/// Of one package, after a verdict on all of it.
async fn weights(log: &Log, at: u64, policy: &TrustPolicy) -> Result<[usize; PARTS.len()], Anything> {
    let package = name(shown(log.packages, at))?;
    // 1. a release, and how it stands
    let resolution = log.resolve(&package).await?;
    verdict(log, at, &resolution, policy)?;
    let Resolution { receipt, head, .. } = Resolution::decode(&resolution)?;
    let objects = [receipt.len(), head.len()];
    let (receipt, head) = (Receipt::decode(&receipt)?, Head::decode(&head)?);
    let Join::Inclusion(join) = &head.join else { return Err("a head that is joined otherwise".into()) };
    let map = &head.standing.as_ref().ok_or("a head without a standing")?.map;
    // 2. a package
    let proof = log.proof(&package, None).await?;
    verify_package_proof(&package, &proof, policy, &Seen::default(), now())?;
    // 3. that the log goes on from when the release was the newest
    let since = PackageProof::decode(&log.proof(&package, Some(receipt.index + 1)).await?)?.since;
    let consistency = since.ok_or("a proof without consistency")?.consistency;

    let [receipt_bytes, head_bytes] = objects;
    let proofs = [&receipt.inclusion, join, &map.inclusion, &map.path.siblings, &consistency];
    let [inclusion, join, last, path, consistency] = proofs.map(|hashes| hashes.len() * HASH as usize);
    Ok([receipt_bytes, head_bytes, proof.len(), inclusion, join, last, path, consistency])
}
