//! How a registry grows with its packages: resolving, verifying and publishing in logs of 10^3 to 10^6 packages in turn, and what
//! proofs weigh in each. Ours is a log, theirs the smallest.

mod log;
mod progress;
mod proofs;
mod publisher;

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use cidery_protocol::Resolution;
use cidery_verifier::{Revocation, Seen, TrustPolicy, prove};
use log::{Log, SHOWN, now, policy, shown};
use progress::Progress;
use publisher::{Publisher, name};

use crate::{Anything, median, report};

/// Packages of the logs that are compared.
const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// Packages that are resolved: those in the middle half of the log.
const RESOLVED: Range<u64> = SHOWN / 4..3 * SHOWN / 4;
/// How often each of them is.
const ROUNDS: u64 = 4;
/// Packages of which a release is published. The newest bundle of entries is written anew by each, and has 256 at most: two
/// for each publish. So many publishes fill one twice, and how full it was does not matter.
const PUBLISHED: Range<u64> = 372..628;
/// What a registry does once it has answered a publish is over by then, and the next log has the disk for itself.
const PAUSE: Duration = Duration::from_millis(50);

/// Seeds logs of up to so many packages, and measures them.
pub(crate) fn run(most: u64) -> Result<(), Anything> {
    let sizes = &SIZES[..SIZES.partition_point(|size| *size <= most)];
    if sizes.len() < 2 {
        return Err(format!("up to {most} packages, there are not two logs of {SIZES:?} to compare").into());
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
    eprintln!("==> weighing proofs; each is verified");
    proofs::weigh(&logs, &policy).await?;
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

/// Times the answer to a range, the verdict on it, and both together: from the question to what a client may rely on.
async fn read(logs: &[Log], policy: &TrustPolicy) -> Result<(), Anything> {
    let (mut answers, mut verdicts) = (vec![Vec::new(); logs.len()], vec![Vec::new(); logs.len()]);
    let progress = Progress::of(ROUNDS * (RESOLVED.end - RESOLVED.start), "answers of each log");
    for (round, at) in (0..ROUNDS).flat_map(|_| RESOLVED).enumerate() {
        for (number, log) in in_turn(logs, round) {
            let package = name(shown(log.packages, at))?;
            let start = Instant::now();
            let resolution = log.resolve(&package).await?;
            answers[number].push(milliseconds(start));
            let start = Instant::now();
            verdict(log, at, &resolution, policy)?;
            verdicts[number].push(milliseconds(start));
        }
        progress.step();
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
    let progress = Progress::of(PUBLISHED.end - PUBLISHED.start, "releases in each log");
    for (round, at) in PUBLISHED.enumerate() {
        for (number, log) in in_turn(logs, round) {
            let request = publisher.request(shown(log.packages, at))?;
            tokio::time::sleep(PAUSE).await;
            let start = Instant::now();
            log.publish(request).await?;
            publishing[number].push(milliseconds(start));
        }
        progress.step();
    }
    compare_times(logs, "publish", publishing);
    Ok(())
}

/// What a client does with a resolution before it asks for the manifest.
fn verdict(log: &Log, at: u64, resolution: &[u8], policy: &TrustPolicy) -> Result<(), Anything> {
    let request = format!("{}@^1", name(shown(log.packages, at))?).parse()?;
    let Resolution { receipt, head, .. } = Resolution::decode(resolution)?;
    let proven = prove(&request, &receipt, &head, policy, &Seen::default(), now())?;
    if proven.revocation() != Revocation::Proven {
        return Err("nothing shows that a release is not revoked".into());
    }
    Ok(())
}

/// The logs in an order that is another one each round, so that none comes always after the same one.
fn in_turn(logs: &[Log], round: usize) -> Vec<(usize, &Log)> {
    let mut turn: Vec<_> = logs.iter().enumerate().collect();
    turn.rotate_left(round / 2 % logs.len());
    if round % 2 == 1 {
        turn.reverse();
    }
    turn
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
