//! A bundle in real workerd.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cidery_bundler::{Bundle, ModuleKind};
use serde_json::Value;

/// The workerd that the project pins: of `CIDERY_WORKERD`, or where `npm ci` and the `cidery` command put it.
fn executable() -> PathBuf {
    if let Some(named) = std::env::var_os("CIDERY_WORKERD").filter(|path| !path.is_empty()) {
        return named.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let lock = std::fs::read(root.join("package-lock.json")).unwrap();
    let lock: Value = serde_json::from_slice(&lock).unwrap();
    let version = lock["packages"]["node_modules/workerd"]["version"].as_str().unwrap().to_owned();
    let cache = std::env::var_os("CIDERY_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache/cidery"))).unwrap();
    let installed = root.join("node_modules/workerd/bin/workerd");
    let places = [installed, cache.join("workerd").join(version).join("workerd")];
    places
        .iter()
        .find(|place| place.is_file())
        .unwrap_or_else(|| panic!("no workerd at {places:?}: run `npm ci`"))
        .clone()
}

/// What the bundle's default export is when it has run: its `fetch` answers, or it is a value, which may be a promise.
pub fn run(bundle: &Bundle) -> Value {
    run_at(bundle, "2026-10-01")
}

/// The same, at a compatibility date, and with `nodejs_compat`.
pub fn run_at(bundle: &Bundle, date: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let mut modules = String::new();
    let mut add = |name: &str, kind: &str, bytes: &[u8]| {
        let file = format!("{}.module", modules.lines().count());
        std::fs::write(dir.path().join(&file), bytes).unwrap();
        modules.push_str(&format!("(name = \"{name}\", {kind} = embed \"{file}\"),\n"));
    };
    let front = format!(
        "import * as bundle from './{}';
         export default {{ async fetch(request, env, context) {{
           const value = bundle.default;
           if (typeof value?.fetch === 'function') return value.fetch(request, env, context);
           return Response.json((typeof value === 'function' ? await value() : await value) ?? null);
         }} }};",
        bundle.main
    );
    add("front", "esModule", front.as_bytes());
    for module in &bundle.modules {
        let kind = match module.kind {
            ModuleKind::Esm => "esModule",
            ModuleKind::Cjs => "commonJsModule",
            ModuleKind::Wasm => "wasm",
            ModuleKind::Json => "json",
            ModuleKind::Text => "text",
            ModuleKind::Data => "data",
        };
        add(&module.path, kind, &module.bytes);
    }
    // From the date on at which it is the default, the flag is not to be given.
    let flags = if date < "2026-08-04" { "\"nodejs_compat\"" } else { "" };
    let config = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";
         const config :Workerd.Config = (
           services = [(name = \"main\", worker = .worker), (name = \"none\", network = (deny = [\"0.0.0.0/0\", \"::/0\"]))],
           sockets = [(name = \"http\", address = \"127.0.0.1:0\", http = (), service = \"main\")]);
         const worker :Workerd.Worker = (
           modules = [{modules}], compatibilityDate = \"{date}\", compatibilityFlags = [{flags}], globalOutbound = \"none\");"
    );
    let file = dir.path().join("config.capnp");
    std::fs::write(&file, config).unwrap();
    let log = std::fs::File::create(dir.path().join("log")).unwrap();
    let mut child = Command::new(executable());
    child.args(["serve", "--experimental", "--control-fd=1"]).arg(file);
    let child = child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut running = Running(child);
    let answer = running.answer();
    drop(running);
    let log = std::fs::read_to_string(dir.path().join("log")).unwrap();
    let answer = answer.unwrap_or_else(|| panic!("workerd gave no answer: {log}"));
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}\n{log}"))
}

struct Running(Child);

impl Running {
    /// The body of the answer to one request.
    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take()?).read_line(&mut line).ok()?;
        let event: Value = serde_json::from_str(&line).ok()?;
        let address = ("127.0.0.1", u16::try_from(event["port"].as_u64()?).ok()?);
        let until = Instant::now() + Duration::from_secs(30);
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(until - Instant::now())).ok()?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            return Some(body.to_owned());
        }
        let (mut rest, mut whole) = (body, String::new());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).ok()?;
            whole.push_str(after.get(..size)?);
            rest = after.get(size + 2..).unwrap_or_default();
        }
        Some(whole)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
