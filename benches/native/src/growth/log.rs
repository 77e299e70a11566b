//! A registry whose log has a given number of packages: the one for one machine, with its SQLite and files, over HTTP.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use cidery_keys::{SecretKey, Signer, keyfile};
use cidery_protocol::{Cid, Codec, PackageName, SignedRecord};
use cidery_registry::{
    BlobFacts, Blobs, Call, Clock, LogConfig, ScopePolicy, Sequencer, Sql, Witnesses, layout,
};
use cidery_registry_server::{Config, Files, Server, Sqlite};
use cidery_verifier::TrustPolicy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_bytes::ByteArray;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    progress::Progress,
    publisher::{CODE, Publisher, name},
};
use crate::Anything;

pub(crate) const ORIGIN: &str = "bench.example/log";
/// Packages of a log that can be read, evenly over all of it: those of the smallest.
pub(crate) const SHOWN: u64 = 1_000;
/// Links to one file; a file system may allow few more.
const LINKS: u64 = 50_000;

/// The operating system's time.
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        now()
    }
}

/// A registry with `packages` packages.
pub(crate) struct Log {
    pub(crate) packages: u64,
    server: Server,
    client: Client,
}

impl Log {
    /// Makes the log in a folder, and starts a registry on it.
    pub(crate) async fn seed(
        folder: &Path,
        packages: u64,
        publisher: &Arc<Publisher>,
    ) -> Result<Self, Anything> {
        let keys = [("log", key(2)), ("cosigner", key(3))];
        keys.iter().try_for_each(|(name, key)| keyfile::create(&folder.join("keys").join(name), key))?;
        fill(folder, packages, publisher).await?;
        let data =
            Config { origin: Some(ORIGIN.parse()?), ..Config::new(folder, ([127, 0, 0, 1], 0).into()) };
        let (server, client) = (Server::start(data).await?, Client::builder().no_proxy().build()?);
        Ok(Log { packages, server, client })
    }

    /// Publishes a release: one record in a group of its own.
    pub(crate) async fn publish(&self, request: Vec<u8>) -> Result<(), Anything> {
        let url = format!("{}/v1/publish", self.server.url());
        ask(self.client.post(url).body(request), StatusCode::CREATED).await.map(drop)
    }

    /// Resolves the range `^1` of a package.
    pub(crate) async fn resolve(&self, package: &PackageName) -> Result<Vec<u8>, Anything> {
        let url = format!("{}/v1/packages/{package}/resolve?range=%5E1", self.server.url());
        ask(self.client.get(url), StatusCode::OK).await
    }

    /// Asks for the state of a package, and for consistency with the log of an earlier size.
    pub(crate) async fn proof(&self, package: &PackageName, since: Option<u64>) -> Result<Vec<u8>, Anything> {
        let since = since.map_or_else(String::new, |size| format!("?since={size}"));
        let url = format!("{}/v1/packages/{package}/proof{since}", self.server.url());
        ask(self.client.get(url), StatusCode::OK).await
    }

    pub(crate) async fn stop(self) -> Result<(), Anything> {
        Ok(self.server.stop().await?)
    }
}

async fn ask(request: RequestBuilder, wanted: StatusCode) -> Result<Vec<u8>, Anything> {
    let answer = request.send().await?;
    let (status, body) = (answer.status(), answer.bytes().await?);
    if status == wanted {
        Ok(body.to_vec())
    } else {
        Err(format!("{status}: {}", body.escape_ascii()).into())
    }
}

/// Makes the log of a folder that has its keys.
async fn fill(folder: &Path, packages: u64, publisher: &Arc<Publisher>) -> Result<(), Anything> {
    let (files, ledger) = (Files::open(folder)?, folder.join("ledger.db"));
    let sql = Sqlite::open(&ledger)?;
    // Until everything is there, nothing is worth to be kept.
    for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"] {
        sql.exec(&format!("PRAGMA {pragma}"), &[])?;
    }
    let config = LogConfig {
        origin: ORIGIN.parse()?,
        scopes: ScopePolicy::Open,
        log: Box::new(key(2)),
        cosigner: Box::new(key(3)),
        witnesses: Witnesses::default(),
    };
    let sequencer = Sequencer::new(files.clone(), sql, SystemClock, config)?;
    // 1. what all releases share
    let sha256 = ByteArray::new(Sha256::digest(CODE).into());
    let facts = BlobFacts { size: CODE.len() as u64, text: true, sha256 };
    let (blob, manifest) = (Cid::of(Codec::Raw, CODE), publisher.manifest());
    files.put(&layout::blob(&blob), CODE.into()).await?;
    files.put(&layout::manifest(&manifest.cid()), manifest.bytes().to_vec().into()).await?;
    sequencer.receive(Call::Uploaded { blob, facts }).await;
    // 2. the log
    let shown = (0..SHOWN).map(|at| name(shown(packages, at))).collect::<Result<Vec<_>, _>>()?;
    let (sender, records) = sync_channel(4_096);
    let making = thread::spawn({
        let (publisher, folder) = (publisher.clone(), folder.to_owned());
        move || make(&publisher, packages, &folder, &sender)
    });
    let count = 2 * packages;
    let progress = Progress::of(count, "records, then their map and objects");
    let seeded = sequencer.seed(count, records.iter().inspect(|_| progress.step()), &shown).await;
    // Where that failed, nobody takes what is still being made.
    drop(records);
    making.join().map_err(|_| "making records panicked")??;
    seeded?;
    drop(sequencer);
    Ok(File::open(&ledger)?.sync_all()?)
}

/// The number of a package that can be read: the `at`-th of [`SHOWN`].
pub(crate) fn shown(packages: u64, at: u64) -> u64 {
    (2 * at + 1) * packages / (2 * SHOWN)
}

/// Who trusts the log and the publisher.
pub(crate) fn policy(publisher: &Publisher) -> Result<TrustPolicy, Anything> {
    let [log, cosigner] = [2, 3].map(|seed| key(seed).public_key().to_string());
    let policy = json!({
        "origins": { ORIGIN: { "logKeys": [log], "cosigner": cosigner } },
        "packages": { "@seed/*": { "origin": ORIGIN, "keys": [publisher.public_key()] } },
    });
    Ok(TrustPolicy::from_json(policy.to_string().as_bytes())?)
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Makes the records of all packages. In the folder of receipts, it gives those that cannot be read a name that leads to an empty
/// file, so that it is as full as it would be.
fn make(
    publisher: &Publisher,
    packages: u64,
    folder: &Path,
    sender: &SyncSender<SignedRecord>,
) -> Result<(), Anything> {
    let receipts = folder.join("objects/receipts");
    fs::create_dir_all(&receipts)?;
    let (mut next_shown, mut empty, mut links) =
        ((0..SHOWN).map(|at| shown(packages, at)).peekable(), PathBuf::new(), 0);
    for number in 0..packages {
        let is_shown = next_shown.next_if_eq(&number).is_some();
        for record in publisher.records(number)? {
            if !is_shown {
                if links % LINKS == 0 {
                    empty = folder.join(format!("empty-{links}"));
                    File::create(&empty)?;
                }
                fs::hard_link(&empty, receipts.join(record.record().cid().to_string()))?;
                links += 1;
            }
            if sender.send(record).is_err() {
                // Whoever took them has failed, and says why.
                return Ok(());
            }
        }
    }
    Ok(())
}
