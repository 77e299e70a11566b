//! The log of a running server, read and checked by what other projects made for logs of this kind (SPEC §7, §8, §11.7).
//!
//! | crate | what it does here |
//! |---|---|
//! | `signed_note` | opens the note of each checkpoint and verifies both signature lines |
//! | `tlog_tiles` | its tile client reads the log over HTTP, authenticates what it reads, makes and checks proofs |
//! | `ct-merkle` | grows a tree of its own from the entries, and checks the proofs that the registry sends along |
//!
//! What they cannot do, and this test does for them:
//!
//! - `tlog_tiles` 0.2 has the paths of the Go checksum database: `tile/8/<L>/<N>` and `tile/8/data/<N>`. C2SP tlog-tiles
//!   leaves the height away, and says `entries`. [`c2sp_path`] is that, and the rest of the path is the client's.
//! - It has no reader of C2SP's entry bundles; [`entries`] is one.
//! - `signed_note` 0.2 knows plain signatures (type 0x01) alone. It takes verifiers of other types: [`Cosigner`] writes the
//!   message of C2SP tlog-cosignature, and the signature under it is again the crate's to verify.
//!
//! Left out: `sigsum` proves entries of its own layout in logs of its own origins, `static_ct_api` reads X.509 certificates, and
//! `metamorphic-log`, which has C2SP's own paths, brings more than sixty dependencies along. A client with C2SP's own paths reads
//! both hosts' logs in `tests/foreign`.

mod support;

use std::{cell::RefCell, collections::HashMap};

use bytes::Bytes;
use cidery_protocol::{
    Head, Join, Origin, PublicKey, Receipt, Resolution,
    log::{KeyType, verifier_key, with_right_siblings},
};
use cidery_registry_server::{Config, Server};
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use sha2::Sha256;
use signed_note::{Note, StandardVerifier, Verifier, VerifierList};
use support::{Pack, key, pack::channel};
use tlog_tiles::{
    Checkpoint, Error, HashReader, Tile, TileHashReader, TileReader, check_record, check_tree, prove_record,
    prove_tree, record_hash, stored_hash_index, tree_hash,
};
use tokio::runtime::Handle;

/// log2 of the hashes in a full tile.
const HEIGHT: u8 = 8;
/// Records of one publish, the most that it takes.
const RECORDS: usize = 16;
/// Packages: so many that the log has a full tile, a partial one beside it, and level 1.
const PACKAGES: usize = 18;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_other_projects_read_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let server =
        Server::start(Config::new(folder.path(), ([127, 0, 0, 1], 0).into())).await.expect("a server");
    let registry = Remote { url: format!("{}/v1", server.url()), http: reqwest::Client::new() };
    let (origin, log, cosigner) = (server.origin().clone(), server.log_key(), server.cosigner());
    let keys = Keys { origin, log, cosigner };

    let packages: Vec<Pack> = (0..PACKAGES).map(|at| many(&format!("@acme/p{at}"), &server)).collect();
    let mut heads = vec![keys.open(&registry.get("checkpoint").await)];
    for package in &packages {
        registry.publish(package).await;
        heads.push(keys.open(&registry.get("checkpoint").await));
    }
    let sizes: Vec<u64> = heads.iter().map(Checkpoint::size).collect();
    assert!(sizes.is_sorted() && sizes[0] == 0, "{sizes:?}");
    assert!(sizes.iter().any(|size| (1..256).contains(size)) && sizes[PACKAGES] > 256, "{sizes:?}");

    // The client waits for its tiles where it stands, so it has a thread of its own.
    let tiles =
        Tiles { registry: registry.clone(), handle: Handle::current(), authentic: RefCell::default() };
    let (tree, heads) =
        tokio::task::spawn_blocking(move || (read_all(&tiles, &heads), heads)).await.expect("it reads");

    for package in &packages {
        let since = &heads[PACKAGES / 2];
        let target = format!("packages/{}/resolve?version=1.0.0&since={}", package.name, since.size());
        proofs_hold(&registry.get(&target).await, since, &keys, &tree);
    }
    server.stop().await.expect("it stops");
}

/// Every hash and entry of the newest head, authenticated; each head's root, from the tiles and from the entries; inclusion of each entry, and
/// consistency of each two heads.
fn read_all(tiles: &Tiles, heads: &[Checkpoint]) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let newest = heads.last().expect("a head");
    let (size, root) = (newest.size(), *newest.hash());
    let reader = TileHashReader::new(size, root, tiles);
    let mut tree = MemoryBackedTree::new();
    for bundle in 0..size.div_ceil(1 << HEIGHT) {
        for entry in tiles.entries(bundle, size) {
            let (index, leaf) = (tree.len(), record_hash(&entry));
            assert_eq!(reader.read_hashes(&[stored_hash_index(0, index)]).expect("a leaf"), [leaf]);
            let proof = prove_record(size, index, &reader).expect("a proof of inclusion");
            check_record(&proof, size, root, index, leaf).expect("it is in the log");
            tree.push(entry);
            for head in heads.iter().filter(|head| head.size() == tree.len()) {
                assert_eq!(tree.root(), root_of(head), "the tree of the entries, at size {}", head.size());
            }
        }
    }
    assert_eq!(tree.len(), size);

    for (at, head) in heads.iter().enumerate() {
        // From the tiles of its own size, which stay when there are wider ones.
        let reader = TileHashReader::new(head.size(), *head.hash(), tiles);
        assert_eq!(tree_hash(head.size(), &reader).expect("authentic tiles"), *head.hash());
        for old in heads[..at].iter().filter(|old| old.size() > 0) {
            let proof = prove_tree(head.size(), old.size(), &reader).expect("a proof of consistency");
            check_tree(&proof, head.size(), *head.hash(), old.size(), *old.hash()).expect("one log");
        }
    }

    // The client takes nothing else: under another root, no tile is authentic.
    let mut other = root;
    other.0[0] ^= 1;
    let refused = tree_hash(size, &TileHashReader::new(size, other, tiles));
    assert!(matches!(refused, Err(Error::InconsistentTile)), "{refused:?}");
    tree
}

/// The proofs that a resolution brings along, by `ct-merkle`: they are the registry's own.
fn proofs_hold(resolution: &[u8], since: &Checkpoint, keys: &Keys, tree: &MemoryBackedTree<Sha256, Vec<u8>>) {
    let resolution = Resolution::decode(resolution).expect("a resolution");
    let receipt = Receipt::decode(&resolution.receipt).expect("a receipt");
    let head = Head::decode(&resolution.head).expect("a head");
    let (first, newest) = (keys.open_log(&receipt.checkpoint), keys.open(&head.checkpoint));
    let entry = receipt.record.as_ref();
    assert_eq!(tree.get(receipt.index as usize).map(Vec::as_slice), Some(entry));

    let included = |hashes: &[cidery_protocol::log::Hash], under: &Checkpoint| {
        let proof = InclusionProof::try_from_bytes(concatenated(hashes)).expect("whole hashes");
        root_of(under).verify_inclusion(&entry, receipt.index, &proof).expect("it is in the log");
    };
    let consistent = |hashes: &[cidery_protocol::log::Hash], old: &Checkpoint| {
        let proof = ConsistencyProof::try_from_bytes(concatenated(hashes)).expect("whole hashes");
        root_of(&newest).verify_consistency(&root_of(old), &proof).expect("one log");
    };
    included(&receipt.inclusion, &first);
    match &head.join {
        // Of these, the hashes to the left are the receipt's.
        Join::Inclusion(right) => {
            let (from, to) = (first.size(), newest.size());
            let whole = with_right_siblings(receipt.index, from, &receipt.inclusion, to, right);
            included(&whole.expect("a whole proof"), &newest);
        }
        Join::Consistency(hashes) => consistent(hashes, &first),
    }
    let asked = head.since.expect("it was asked for");
    assert_eq!(asked.size, since.size());
    consistent(&asked.consistency, since);
}

fn root_of(head: &Checkpoint) -> RootHash<Sha256> {
    RootHash::new(head.hash().0.into(), head.size())
}

fn concatenated(hashes: &[cidery_protocol::log::Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Whom the log's readers know.
struct Keys {
    origin: Origin,
    log: PublicKey,
    cosigner: PublicKey,
}

impl Keys {
    /// A head: signed by the log, timestamped by its cosigner, and nothing else on it.
    fn open(&self, note: &[u8]) -> Checkpoint {
        let cosigner = Cosigner::new(&self.origin.cosigner(), &self.cosigner);
        self.open_by(note, vec![Box::new(self.log()), Box::new(cosigner)], 2)
    }

    /// A checkpoint, signed by the log.
    fn open_log(&self, note: &[u8]) -> Checkpoint {
        self.open_by(note, vec![Box::new(self.log())], 1)
    }

    fn open_by(&self, note: &[u8], verifiers: Vec<Box<dyn Verifier>>, wanted: usize) -> Checkpoint {
        let parsed = Note::from_bytes(note).expect("a signed note");
        assert_eq!(parsed.to_bytes(), note);
        let (verified, _) = parsed.verify(&VerifierList::new(verifiers)).expect("no signature is wrong");
        assert_eq!(verified.len(), wanted);
        let checkpoint = Checkpoint::from_bytes(parsed.text()).expect("a checkpoint");
        assert_eq!((checkpoint.origin(), checkpoint.extension()), (self.origin.as_str(), ""));
        checkpoint
    }

    fn log(&self) -> StandardVerifier {
        plain(self.origin.as_str(), &self.log)
    }
}

/// A key of type 0x01, from the line that C2SP signed-note hands verifiers.
fn plain(name: &str, key: &PublicKey) -> StandardVerifier {
    StandardVerifier::new(&verifier_key(name, KeyType::Ed25519, key)).expect("a verifier key")
}

/// A key of type 0x04, C2SP tlog-cosignature: another id and another message, over the same ed25519.
struct Cosigner {
    id: u32,
    key: StandardVerifier,
}

impl Cosigner {
    fn new(name: &str, key: &PublicKey) -> Self {
        let id = signed_note::key_id(name, &[&[0x04], &key.as_bytes()[..]].concat());
        Cosigner { id, key: plain(name, key) }
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        self.key.name()
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        signature.split_first_chunk().is_some_and(|(time, signature)| {
            let time = u64::from_be_bytes(*time);
            let message = [format!("cosignature/v1\ntime {time}\n").as_bytes(), text].concat();
            self.key.verify(&message, signature)
        })
    }
}

/// A registry, as HTTP has it.
#[derive(Clone)]
struct Remote {
    url: String,
    http: reqwest::Client,
}

impl Remote {
    async fn try_get(&self, path: &str) -> Result<Bytes, reqwest::Error> {
        self.http.get(format!("{}/{path}", self.url)).send().await?.error_for_status()?.bytes().await
    }

    async fn get(&self, path: &str) -> Bytes {
        self.try_get(path).await.expect("an answer")
    }

    async fn post(&self, package: &Pack) -> u16 {
        let post = self.http.post(format!("{}/publish", self.url)).body(package.request());
        post.send().await.expect("an answer").status().as_u16()
    }

    /// Posts, uploads what is missing, and posts again.
    async fn publish(&self, package: &Pack) {
        let mut status = self.post(package).await;
        if status == 202 {
            let blob = package.manifest.body().modules[0].cid;
            let put = format!("{}/blobs/{blob}?record={}", self.url, package.record.cid());
            let put = self.http.put(put).body(package.code.clone()).send().await.expect("an answer");
            assert_eq!(put.status(), 201);
            status = self.post(package).await;
        }
        assert_eq!(status, 201, "{}", package.name);
    }
}

/// A package whose first publish has 16 records.
fn many(name: &str, server: &Server) -> Pack {
    let release = Pack::by(name, "export default 1;", &key(1), server.origin().as_str());
    let mut package = release.clone();
    while package.envelopes.len() < RECORDS {
        let next = package.then(channel("stable", &[(&release, 10_000)]), &[&key(1)]);
        package = package.with(next);
    }
    package
}

/// The tiles of a registry, for `tlog_tiles`: it says which it wants, and which were authentic.
struct Tiles {
    registry: Remote,
    handle: Handle,
    authentic: RefCell<HashMap<Tile, Vec<u8>>>,
}

impl Tiles {
    fn read(&self, tile: &Tile) -> Result<Vec<u8>, Error> {
        if let Some(data) = self.authentic.borrow().get(tile) {
            return Ok(data.clone());
        }
        let bytes = self.handle.block_on(self.registry.try_get(&c2sp_path(tile)));
        bytes.map(|bytes| bytes.to_vec()).map_err(|error| Error::InvalidInput(error.to_string()))
    }

    /// The entries of a bundle, as wide as a log of `size` entries has it.
    fn entries(&self, bundle: u64, size: u64) -> Vec<Vec<u8>> {
        let width = (size - (bundle << HEIGHT)).min(1 << HEIGHT) as u32;
        let data = self.read(&Tile::new(HEIGHT, 0, bundle, width, true)).expect("a bundle");
        let entries = entries(&data);
        assert_eq!(entries.len(), width as usize);
        entries
    }
}

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        tiles.iter().map(|tile| self.read(tile)).collect()
    }

    fn save_tiles(&self, tiles: &[Tile], data: &[Vec<u8>]) {
        self.authentic.borrow_mut().extend(tiles.iter().copied().zip(data.iter().cloned()));
    }
}

/// Where C2SP tlog-tiles has a tile: the client's path without the height, and `entries` for `data`.
fn c2sp_path(tile: &Tile) -> String {
    let path = tile.path().replacen("tile/8/", "tile/", 1);
    path.replacen("tile/data/", "tile/entries/", 1)
}

/// The entries of one of C2SP's bundles: each after its length in two bytes, the higher first.
fn entries(mut bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk() {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        bundle = rest;
    }
    assert!(bundle.is_empty(), "half a length");
    entries
}
