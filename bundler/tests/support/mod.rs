//! A small npm registry on loopback, and projects to try it with.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code, unreachable_pub)]

pub mod tools;
pub mod workerd;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cidery_bundler::{Bundle, BundleError, Options};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

/// A gzipped tar with the given entries, as npm packs it.
pub fn pack(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in entries {
        let mut header = tar::Header::new_gnu();
        // Written raw: the safe setter refuses `..`.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// `sha512-<base64>`.
pub fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes)))
}

/// What a path does instead of answering.
#[derive(Clone)]
pub enum Fault {
    /// Answers with a status, and headers.
    Status(u16, &'static str),
    /// Breaks off after so many bytes.
    Cut(usize),
    /// Sends so many bytes at once, with pauses of 20 ms.
    Drip(usize),
}

#[derive(Default)]
struct State {
    bodies: HashMap<String, Vec<u8>>,
    /// What is answered instead to who prefers npm's short form.
    short: HashMap<String, Vec<u8>>,
    /// What paths do instead, once each.
    faults: HashMap<String, VecDeque<Fault>>,
    /// The token without which nothing is answered.
    token: Option<String>,
    /// How long each answer takes.
    delay: Duration,
    under_way: usize,
    most_under_way: usize,
    log: Vec<Asked>,
}

/// A request, and the status of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub path: String,
    pub status: u16,
    /// The first byte that was asked for.
    pub from: usize,
}

/// Where a registry offers its keys.
pub const KEYS: &str = "/-/npm/v1/keys";

/// A registry's key, as npm's registry has one.
pub struct Signer {
    pub id: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    pub fn new(id: &'static str) -> Self {
        Self { id, pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap() }
    }

    /// An entry of a version's `dist.signatures`.
    pub fn sign(&self, text: &str) -> Value {
        let sig = self.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        json!({ "keyid": self.id, "sig": STANDARD.encode(sig) })
    }

    /// An entry of the list of keys.
    pub fn listed(&self, expires: Value) -> Value {
        let key: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        json!({
            "keyid": self.id,
            "keytype": "ecdsa-sha2-nistp256",
            "scheme": "ecdsa-sha2-nistp256",
            "key": STANDARD.encode(key.as_ref()),
            "expires": expires,
        })
    }
}

/// Serves packages until it is dropped.
pub struct Registry {
    url: String,
    packuments: BTreeMap<String, Value>,
    /// Signs all that is published from then on.
    signer: Option<Signer>,
    state: Arc<Mutex<State>>,
}

impl Registry {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let weak = Arc::downgrade(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Some(state) = weak.upgrade() else { return };
                std::thread::spawn(move || serve(stream.unwrap(), &state));
            }
        });
        Self { url, packuments: BTreeMap::new(), signer: None, state }
    }

    /// With a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Publishes a package whose `package.json` is `manifest`, with further files.
    pub fn publish(&mut self, manifest: Value, files: &[(&str, &str)]) -> String {
        let text = manifest.to_string();
        let entries: Vec<(String, &str)> = files.iter().map(|(p, t)| (format!("package/{p}"), *t)).collect();
        let mut all = vec![("package/package.json", text.as_str())];
        all.extend(entries.iter().map(|(path, text)| (path.as_str(), *text)));
        self.publish_archive(manifest, pack(&all))
    }

    /// Publishes any bytes as a package's archive, and says which SHA-512 was announced.
    pub fn publish_archive(&mut self, mut manifest: Value, archive: Vec<u8>) -> String {
        let (name, version) = (manifest["name"].as_str().unwrap(), manifest["version"].as_str().unwrap());
        let (name, version) = (name.to_owned(), version.to_owned());
        let path = format!("/{name}/-/{version}.tgz");
        let announced = integrity(&archive);
        manifest["dist"] =
            json!({ "tarball": format!("{}{}", self.url, &path[1..]), "integrity": announced });
        if let Some(signer) = &self.signer {
            manifest["dist"]["signatures"] = json!([signer.sign(&format!("{name}@{version}:{announced}"))]);
        }
        let packument = self.packuments.entry(name.clone()).or_insert_with(|| json!({ "name": name }));
        packument["versions"][&version] = manifest;
        packument["dist-tags"]["latest"] = json!(version);
        self.replace(&path, archive);
        self.announce(&name);
        announced
    }

    /// Signs all that is published from now on, and offers the key.
    pub fn sign(&mut self, signer: Signer) {
        self.replace(KEYS, json!({ "keys": [signer.listed(Value::Null)] }).to_string().into_bytes());
        self.signer = Some(signer);
    }

    /// Changes what is said of a package.
    pub fn describe(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        change(self.packuments.get_mut(name).unwrap());
        self.announce(name);
    }

    /// Leaves the times out of the short form of a description, as npm's registry does.
    pub fn hide_times(&self, name: &str) {
        let mut short = self.packuments[name].clone();
        short.as_object_mut().unwrap().remove("time");
        let short = short.to_string().into_bytes();
        self.state.lock().unwrap().short.insert(format!("/{name}"), short);
    }

    /// Gives a version a tag.
    pub fn tag(&mut self, name: &str, tag: &str, version: &str) {
        self.packuments.get_mut(name).unwrap()["dist-tags"][tag] = json!(version);
        self.announce(name);
    }

    fn announce(&self, name: &str) {
        let packument = self.packuments[name].to_string().into_bytes();
        // Some clients write the slash as %2f, some as it is.
        self.replace(&format!("/{name}"), packument);
    }

    /// Serves other bytes at a path.
    pub fn replace(&self, path: &str, bytes: Vec<u8>) {
        self.state.lock().unwrap().bodies.insert(path.to_owned(), bytes);
    }

    /// Answers 503 so many times.
    pub fn fail(&self, path: &str, times: usize) {
        self.faults(path, vec![Fault::Status(503, ""); times]);
    }

    /// Does these things instead, one a request.
    pub fn faults(&self, path: &str, faults: Vec<Fault>) {
        self.state.lock().unwrap().faults.insert(path.to_owned(), faults.into());
    }

    /// Answers nobody without this token.
    pub fn demand(&self, token: &str) {
        self.state.lock().unwrap().token = Some(token.to_owned());
    }

    /// Takes so long for each answer.
    pub fn delay(&self, delay: Duration) {
        self.state.lock().unwrap().delay = delay;
    }

    /// How many requests there were at once.
    pub fn most_under_way(&self) -> usize {
        self.state.lock().unwrap().most_under_way
    }

    /// What was asked for since the last time, with the status of the answer.
    pub fn take_log(&self) -> Vec<(String, u16)> {
        self.take_asked().into_iter().map(|asked| (asked.path, asked.status)).collect()
    }

    /// What was asked for since the last time.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().unwrap().log)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.state = Arc::default();
        // Wakes the listener, which finds that nobody needs it.
        let _ = TcpStream::connect(self.url.trim_start_matches("http://").trim_end_matches('/'));
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap().replace("%2f", "/").replace("%2F", "/");
    let headers: HashMap<String, String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(n, v)| (n.to_lowercase(), v.to_owned())))
        .collect();
    let delay = {
        let mut state = state.lock().unwrap();
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        state.delay
    };
    std::thread::sleep(delay);
    let _ = answer(&mut stream, &path, &headers, state);
    state.lock().unwrap().under_way -= 1;
}

fn answer(
    stream: &mut TcpStream,
    path: &str,
    headers: &HashMap<String, String>,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let mut state = state.lock().unwrap();
    let short = headers.get("accept").is_some_and(|accept| accept.contains("npm.install-v1"));
    let body = state.short.get(path).filter(|_| short).or_else(|| state.bodies.get(path)).cloned();
    let etag = body.as_deref().map(|body| format!("\"{}\"", &integrity(body)[7..20])).unwrap_or_default();
    let is = |name: &str| headers.get(name).is_some_and(|value| *value == etag);
    let fault = state.faults.get_mut(path).and_then(VecDeque::pop_front);
    let allowed = state.token.as_ref().is_none_or(|token| {
        headers.get("authorization").is_some_and(|value| *value == format!("Bearer {token}"))
    });
    let range =
        headers.get("range").and_then(|value| value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let from: usize = range.filter(|_| !headers.contains_key("if-range") || is("if-range")).unwrap_or(0);
    let mut more = String::new();
    let (status, body) = match (body, &fault) {
        _ if !allowed => (401, Vec::new()),
        (_, Some(Fault::Status(status, headers))) => {
            more.push_str(headers);
            (*status, Vec::new())
        }
        (Some(_), _) if is("if-none-match") => (304, Vec::new()),
        (Some(body), _) if from > 0 && from < body.len() => {
            more = format!("content-range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len());
            (206, body[from..].to_vec())
        }
        (Some(body), _) => (200, body),
        (None, _) => (404, Vec::new()),
    };
    state.log.push(Asked { path: path.to_owned(), status, from });
    drop(state);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\netag: {etag}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    match fault {
        Some(Fault::Cut(at)) => stream.write_all(&body[..at.min(body.len())]),
        Some(Fault::Drip(size)) => body.chunks(size).try_for_each(|part| {
            std::thread::sleep(Duration::from_millis(20));
            stream.write_all(part)
        }),
        _ => stream.write_all(&body),
    }
}

/// A source folder with a cache of its own.
pub struct Project {
    dir: tempfile::TempDir,
    registry: Option<String>,
}

impl Project {
    pub fn new(registry: Option<&Registry>, files: &[(&str, &str)]) -> Self {
        let project = Self {
            dir: tempfile::tempdir().unwrap(),
            registry: registry.map(|registry| registry.url.clone()),
        };
        for (path, text) in files {
            project.write(path, text.as_bytes());
        }
        project
    }

    /// A project with these dependencies, and an entry that imports `code`.
    pub fn depending(registry: &Registry, dependencies: Value, code: &str) -> Self {
        let package = json!({ "dependencies": dependencies }).to_string();
        Self::new(Some(registry), &[("package.json", package.as_str()), ("index.js", code)])
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub fn options(&self) -> Options {
        // Without a registry, one that nobody listens on: whoever asks it fails.
        let registry = self.registry.clone().unwrap_or_else(|| "http://127.0.0.1:9/".to_owned());
        Options { registry: Some(registry), minify: false, ..Options::new(self.cache()) }
    }

    pub async fn bundle(&self) -> Result<Bundle, BundleError> {
        self.bundle_with(|_| {}).await
    }

    /// With other options than the usual ones, which do not minify.
    pub async fn bundle_with(&self, change: impl FnOnce(&mut Options)) -> Result<Bundle, BundleError> {
        let mut options = self.options();
        change(&mut options);
        cidery_bundler::bundle(&self.folder(), &options, &()).await
    }

    /// The packages that the one in a folder of this one depends on: `name@version`.
    pub async fn packages_at(&self, folder: &str) -> Result<Vec<String>, BundleError> {
        let folder = self.folder().join(folder);
        let packages = cidery_bundler::packages(&folder, &self.options(), &()).await?;
        Ok(packages.into_iter().map(|package| format!("{}@{}", package.name, package.version)).collect())
    }

    pub async fn packages(&self) -> Result<Vec<String>, BundleError> {
        self.packages_at("").await
    }
}

/// The code of the main module.
pub fn main_code(bundle: &Bundle) -> String {
    let main = bundle.modules.iter().find(|module| module.path == bundle.main).unwrap();
    String::from_utf8(main.bytes.clone()).unwrap()
}

/// All files below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
