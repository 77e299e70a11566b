//! How a registry grows with its packages: resolving, verifying and publishing in logs of 10^3 to 10^6 packages in turn, and what
//! proofs weigh in each. Ours is a log, theirs the smallest.

mod log;
mod publisher;

use std::{ops::Range, sync::Arc, time::Instant};

use cidery_protocol::{Head, Join, Receipt, Resolution};
use cidery_verifier::{Revocation, Seen, TrustPolicy, prove};
use log::{Log, SHOWN, now, policy, shown};
use publisher::{Publisher, name};

use crate::{Anything, median, report};

/// Packages of the logs that are compared.
pub(crate) const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Packages that are resolved: those in the middle half of the log.
const RESOLVED: Range<u64> = SHOWN / 4..3 * SHOWN / 4;
/// Packages of which a release is published. The newest bundle of entries is written anew by each, and has 256 at most: two
/// for each publish. So many publishes fill one twice, and how full it was does not matter.
const PUBLISHED: Range<u64> = 372..628;

/// What is weighed: two objects, and the hashes of proofs in them.
const PARTS: [&str; 6] =
    ["receipt", "head", "inclusion_of_release", "join_of_release", "inclusion_of_map", "path_in_map"];
/// Those that are one proof.
const PROOFS: Range<usize> = 2..6;

/// Seeds logs of these numbers of packages, and measures them.
pub(crate) fn run(sizes: &[u64]) -> Result<(), Anything> {
    if sizes[0] < SHOWN || !sizes.is_sorted() {
        return Err(format!("wanted numbers from {SHOWN} on, the smallest first").into());
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(sizes))
}

async fn measure(sizes: &[u64]) -> Result<(), Anything> {
    let (publisher, folder) = (Arc::new(Publisher::new()?), tempfile::tempdir()?);
    let mut logs = Vec::new();
    for &packages in sizes {
        eprintln!("==> seeding a log of {packages} packages in {}", folder.path().display());
        let start = Instant::now();
        logs.push(Log::seed(&folder.path().join(packages.to_string()), packages, &publisher).await?);
        eprintln!("    {:.0} s", start.elapsed().as_secs_f64());
    }
    let policy = policy(&publisher)?;
    eprintln!("==> weighing proofs");
    weigh(&logs, &policy).await?;
    eprintln!("==> resolving and verifying");
    read(&logs, &policy).await?;
    eprintln!("==> publishing");
    publish(&logs, &publisher).await?;
    eprintln!("==> removing the logs");
    for log in logs {
        log.stop().await?;
    }
    Ok(folder.close()?)
}

/// Bytes of what a client is given, on average over packages: one has a longer way in the map than another.
async fn weigh(logs: &[Log], policy: &TrustPolicy) -> Result<(), Anything> {
    let mut averages = Vec::new();
    for log in logs {
        let mut sums = [0; PARTS.len()];
        for at in 0..SHOWN {
            let resolution = log.resolve(&name(shown(log.packages, at))?).await?;
            verify(log, at, &resolution, policy)?;
            sums.iter_mut().zip(weights(&resolution)?).for_each(|(sum, bytes)| *sum += bytes);
        }
        averages.push(sums.map(|sum| sum as f64 / SHOWN as f64));
    }
    for (part, what) in PARTS.iter().enumerate() {
        let figures: Vec<f64> = averages.iter().map(|parts| parts[part]).collect();
        compare(logs, &format!("{what}_bytes"), "B", &figures, SHOWN);
    }
    let ([first, .., last], [smallest, .., largest]) = (logs, &*averages) else { return Ok(()) };
    let doublings = (last.packages as f64 / first.packages as f64).log2();
    for part in PROOFS {
        let more = (largest[part] - smallest[part]) / doublings;
        report(&format!("{}_per_doubling_vs_a_hash", PARTS[part]), more, 32.0, "B", SHOWN);
    }
    Ok(())
}

fn weights(resolution: &[u8]) -> Result<[usize; PARTS.len()], Anything> {
    let Resolution { receipt, head, .. } = Resolution::decode(resolution)?;
    let objects = [receipt.len(), head.len()];
    let (receipt, head) = (Receipt::decode(&receipt)?, Head::decode(&head)?);
    let Join::Inclusion(join) = &head.join else { return Err("a head that is joined otherwise".into()) };
    let map = &head.standing.as_ref().ok_or("a head without a standing")?.map;
    let proofs = [&receipt.inclusion, join, &map.inclusion, &map.path.siblings];
    let ([receipt, head], [inclusion, join, map, path]) = (objects, proofs.map(|hashes| 32 * hashes.len()));
    Ok([receipt, head, inclusion, join, map, path])
}

/// Times the answer to a range, the verdict on it, and both together: from the question to what a client may rely on.
async fn read(logs: &[Log], policy: &TrustPolicy) -> Result<(), Anything> {
    let (mut answers, mut verdicts) = (vec![Vec::new(); logs.len()], vec![Vec::new(); logs.len()]);
    for at in RESOLVED {
        for (number, log) in logs.iter().enumerate() {
            let package = name(shown(log.packages, at))?;
            let start = Instant::now();
            let resolution = log.resolve(&package).await?;
            answers[number].push(milliseconds(start));
            let start = Instant::now();
            verify(log, at, &resolution, policy)?;
            verdicts[number].push(milliseconds(start));
        }
    }
    let both = |(answers, verdicts): (&Vec<f64>, &Vec<f64>)| {
        answers.iter().zip(verdicts).map(|(answer, verdict)| answer + verdict).collect()
    };
    let whole: Vec<Vec<f64>> = answers.iter().zip(&verdicts).map(both).collect();
    for (what, times) in [("resolve", whole), ("resolve_answer", answers), ("resolve_verdict", verdicts)] {
        compare_times(logs, what, times);
    }
    Ok(())
}

/// Times publishes of one record, each a group by itself.
async fn publish(logs: &[Log], publisher: &Publisher) -> Result<(), Anything> {
    let mut publishing = vec![Vec::new(); logs.len()];
    for at in PUBLISHED {
        for (number, log) in logs.iter().enumerate() {
            let request = publisher.request(shown(log.packages, at))?;
            let start = Instant::now();
            log.publish(request).await?;
            publishing[number].push(milliseconds(start));
        }
    }
    compare_times(logs, "publish", publishing);
    Ok(())
}

/// What a client does with a resolution before it asks for the manifest.
fn verify(log: &Log, at: u64, resolution: &[u8], policy: &TrustPolicy) -> Result<(), Anything> {
    let request = format!("{}@^1", name(shown(log.packages, at))?).parse()?;
    let Resolution { receipt, head, .. } = Resolution::decode(resolution)?;
    let proven = prove(&request, &receipt, &head, policy, &Seen::default(), now())?;
    if proven.revocation() != Revocation::Proven {
        return Err("nothing shows that a release is not revoked".into());
    }
    Ok(())
}

fn compare_times(logs: &[Log], what: &str, times: Vec<Vec<f64>>) {
    let count = times.first().map_or(0, Vec::len) as u64;
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    compare(logs, what, "ms", &medians, count);
}

/// Prints the figure of each log against the one of the smallest.
fn compare(logs: &[Log], what: &str, unit: &str, figures: &[f64], count: u64) {
    let [(smallest, theirs), others @ ..] = &*logs.iter().zip(figures).collect::<Vec<_>>() else { return };
    for (log, ours) in others {
        let name = format!("{what}_{}_vs_{}", log.packages, smallest.packages);
        report(&name, **ours, **theirs, unit, count);
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
