//! A small npm registry on loopback, and projects to try it with.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code, unreachable_pub)]

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

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

#[derive(Default)]
struct State {
    bodies: HashMap<String, Vec<u8>>,
    /// How often a path still answers 503.
    faults: HashMap<String, usize>,
    /// Paths as they were asked for, with the status of the answer.
    log: Vec<(String, u16)>,
}

/// Serves packages until it is dropped.
pub struct Registry {
    url: String,
    packuments: BTreeMap<String, Value>,
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
        Self { url, packuments: BTreeMap::new(), state }
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
        let packument = self.packuments.entry(name.clone()).or_insert_with(|| json!({ "name": name }));
        packument["versions"][&version] = manifest;
        packument["dist-tags"]["latest"] = json!(version);
        let packument = packument.to_string().into_bytes();
        self.replace(&path, archive);
        self.replace(&format!("/{}", name.replace('/', "%2f")), packument);
        announced
    }

    /// Serves other bytes at a path.
    pub fn replace(&self, path: &str, bytes: Vec<u8>) {
        self.state.lock().unwrap().bodies.insert(path.to_owned(), bytes);
    }

    /// Answers 503 so many times.
    pub fn fail(&self, path: &str, times: usize) {
        self.state.lock().unwrap().faults.insert(path.to_owned(), times);
    }

    /// What was asked for since the last time, with the status of the answer.
    pub fn take_log(&self) -> Vec<(String, u16)> {
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

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();

    let mut state = state.lock().unwrap();
    let body = state.bodies.get(&path).cloned();
    let etag = body.as_deref().map(|body| format!("\"{}\"", &integrity(body)[7..20])).unwrap_or_default();
    let known = headers.iter().any(|line| {
        line.split_once(": ").is_some_and(|(n, v)| n.eq_ignore_ascii_case("if-none-match") && v == etag)
    });
    let fault = state.faults.get_mut(&path).filter(|left| **left > 0).map(|left| *left -= 1).is_some();
    let (status, body) = match body {
        _ if fault => (503, Vec::new()),
        Some(_) if known => (304, Vec::new()),
        Some(body) => (200, body),
        None => (404, Vec::new()),
    };
    state.log.push((path, status));
    drop(state);
    let head = format!(
        "HTTP/1.1 {status} x\r\netag: {etag}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
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

    pub async fn bundle(&self) -> Result<Bundle, BundleError> {
        // Without a registry, one that nobody listens on: whoever asks it fails.
        let registry = self.registry.clone().unwrap_or_else(|| "http://127.0.0.1:9/".to_owned());
        let options = Options { registry: Some(registry), minify: false, ..Options::new(self.cache()) };
        cidery_bundler::bundle(&self.folder(), &options, &()).await
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
