//! `cidery demo`: the whole way once, on real parts, in folders that go away with it. Only what can be fetched again (npm
//! packages, workerd) is kept.

use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cidery_keys::{SecretKey, Signer, keyfile};
use cidery_protocol::manifest::{Manifest, Module};
use cidery_protocol::{Cid, Code, Codec};
use cidery_registry_server::{Config, Server};
use serde::Serialize;
use serde_json::Value;

use super::Context;
use super::publish::{self, Published};
use super::run::{self, Started};
use crate::args::{self, Globals, Signing};
use crate::client::Registry;
use crate::failure::Failure;
use crate::folders::Folders;
use crate::output::{Output, Says};
use crate::signing::KeyPlace;

/// The built-in package.
const FILES: [(&str, &str); 2] = [
    ("cidery.toml", include_str!("../../demo/cidery.toml")),
    ("index.ts", include_str!("../../demo/index.ts")),
];
/// What is asked of the package.
const REQUEST: &str = "/greet?name=Cidery";
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 << 10;
/// Loading, verifying and starting the package takes some ten milliseconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// What was shown.
#[derive(Serialize)]
pub(super) struct Shown {
    steps: Vec<Step>,
    refusal: &'static str,
}

/// One step, with what came of it.
#[derive(Serialize)]
struct Step {
    step: &'static str,
    outcome: String,
    milliseconds: u128,
}

impl Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u128 = self.steps.iter().map(|step| step.milliseconds).sum();
        write!(
            f,
            "verified, run, and refused once altered ({}): {} steps in {total} ms",
            self.refusal,
            self.steps.len()
        )
    }
}

pub(super) async fn demo(context: &Context, args: &args::Demo) -> Result<Shown, Failure> {
    let temporary = tempfile::tempdir().map_err(Failure::file("write", &std::env::temp_dir()))?;
    let root = temporary.path();
    let data = root.join("registry");
    let mut steps = Steps { output: context.output, done: Vec::new(), began: Instant::now() };

    let server = Server::start(Config::new(&data, ([127, 0, 0, 1], 0).into())).await?;
    steps.done("start a registry", format_args!("{}, log {}", server.url(), server.origin()));

    let shown = show(context, args, root, &data, &server.url(), &mut steps).await;
    server.stop().await?;
    shown?;
    Ok(Shown { steps: steps.done, refusal: Code::CidMismatch.as_str() })
}

async fn show(
    context: &Context,
    args: &args::Demo,
    root: &Path,
    data: &Path,
    registry: &str,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let inner = Context {
        globals: Globals { registry: Some(registry.to_owned()), json: false, quiet: true },
        folders: Folders { config: root.join("config"), data: root.join("data"), ..context.folders.clone() },
        // What is trusted goes away with the folders.
        output: Output { json: false, says: Says::Nothing },
    };
    let trust = args::Trust { policy: None, trust_first: true };

    let key = SecretKey::generate()?;
    let file = inner.folders.key_file();
    keyfile::create(&file, &key)?;
    steps.done("make a key", key.public_key());

    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => built_in(&root.join("hello"))?,
    };
    let signing = Signing { keys: vec![KeyPlace::File(file)], ..Signing::default() };
    let recording = args::Recording { signing, unsigned_out: None, trust: trust.clone() };
    let publish = args::Publish {
        dir: Some(dir),
        envelopes: Vec::new(),
        provenance: Vec::new(),
        npm: args::Npm::default(),
        recording,
        begin: args::Begin::default(),
    };
    let Published::Release(release) = publish::publish(&inner, &publish).await? else {
        return Err(unexpected("bundle, sign and publish", "something else", "a release"));
    };
    steps.done("bundle, sign and publish", &release);

    let (reference, choice) = (release.reference(), args::Choice::default());
    let run = args::Run { reference, choice, listen: ([127, 0, 0, 1], 0).into(), trust };
    let Started { workerd, .. } = run::start(&inner, &run).await?;
    steps.done("start workerd with the loader", workerd.url());
    let answer = ask(&workerd.url()).await?;
    workerd.stop().await?;
    if let Some(code) = refusal(&answer) {
        return Err(unexpected("ask the verified isolate", code, "the package's answer"));
    }
    steps.done("ask the verified isolate", &answer);

    let main = main_module(&inner.registry()?, release.manifest()).await?;
    alter(data, &main)?;
    steps.done("alter one byte in the store", format_args!("in {}, the module {}", main.cid, main.path));

    // A fresh process: nothing of the first load is there any more.
    let Started { workerd, .. } = run::start(&inner, &run).await?;
    let answer = ask(&workerd.url()).await?;
    workerd.stop().await?;
    match refusal(&answer) {
        Some(code) if code == Code::CidMismatch.as_str() => steps.done("load it anew: refused", &answer),
        _ => return Err(unexpected("load the altered module", answer, Code::CidMismatch.as_str())),
    }
    Ok(())
}

/// The steps so far; each is said as soon as it is done.
struct Steps {
    output: Output,
    done: Vec<Step>,
    began: Instant,
}

impl Steps {
    fn done(&mut self, step: &'static str, outcome: impl Display) {
        let milliseconds = self.began.elapsed().as_millis();
        let outcome = outcome.to_string();
        self.output.progress(format_args!("{milliseconds:>6} ms  {step}"));
        for line in outcome.lines() {
            self.output.progress(format_args!("           {line}"));
        }
        self.done.push(Step { step, outcome, milliseconds });
        self.began = Instant::now();
    }
}

/// Writes the built-in package.
fn built_in(dir: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir(dir).map_err(Failure::file("write", dir))?;
    for (name, content) in FILES {
        let path = dir.join(name);
        fs::write(&path, content).map_err(Failure::file("write", &path))?;
    }
    Ok(dir.to_owned())
}

/// The first kilobytes of an answer, whatever its status.
async fn ask(url: &str) -> Result<String, Failure> {
    let unreachable = |error: reqwest::Error| Failure::Unreachable {
        url: url.to_owned(),
        reason: error.without_url().to_string(),
    };
    let client =
        reqwest::Client::builder().no_proxy().timeout(ANSWERS_WITHIN).build().map_err(unreachable)?;
    let mut response = client.get(format!("{url}{REQUEST}")).send().await.map_err(unreachable)?;
    let mut answer = Vec::new();
    while answer.len() < ANSWER_BYTES
        && let Some(part) = response.chunk().await.map_err(unreachable)?
    {
        answer.extend_from_slice(&part);
    }
    answer.truncate(ANSWER_BYTES);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The code of a refusal by the loader, `{ "error": { "code", … } }`; none where it is an answer of the package.
fn refusal(answer: &str) -> Option<String> {
    let json: Value = serde_json::from_str(answer).ok()?;
    Some(json.get("error")?.get("code")?.as_str()?.to_owned())
}

/// The main module of what was published.
async fn main_module(registry: &Registry, manifest: Cid) -> Result<Module, Failure> {
    let manifest = Manifest::verify(manifest, &registry.manifest(manifest).await?)?;
    let body = manifest.body();
    let none = || unexpected("read the manifest", "no main module", &body.main);
    body.module(&body.main).cloned().ok_or_else(none)
}

/// Changes one bit of a blob, wherever in `folder` the registry keeps it.
fn alter(folder: &Path, blob: &Module) -> Result<PathBuf, Failure> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Failure::file("read", &folder)(error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let found = fs::metadata(&path).map_err(Failure::file("read", &path))?;
            if found.is_dir() {
                folders.push(path);
                continue;
            }
            if found.len() != blob.size {
                continue;
            }
            let mut bytes = fs::read(&path).map_err(Failure::file("read", &path))?;
            if Cid::of(Codec::Raw, &bytes) == blob.cid {
                let middle = bytes.len() / 2;
                if let Some(byte) = bytes.get_mut(middle) {
                    *byte ^= 1;
                }
                fs::write(&path, bytes).map_err(Failure::file("write", &path))?;
                return Ok(path);
            }
        }
    }
    Err(unexpected("alter one byte in the store", "no such blob", blob.cid))
}

fn unexpected(step: &'static str, got: impl Display, wanted: impl Display) -> Failure {
    Failure::Demo { step, got: got.to_string(), wanted: wanted.to_string() }
}

#[cfg(test)]
mod tests {
    use cidery_protocol::manifest::ModuleKind;

    use super::*;

    #[test]
    fn one_bit_of_the_right_file_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        let blob = Module::describe("index.js", ModuleKind::Esm, b"export {};");
        fs::create_dir(dir.path().join("a")).unwrap();
        for (name, content) in [("b", "export {};"), ("a/c", "import {};")] {
            fs::write(dir.path().join(name), content).unwrap();
        }
        assert_eq!(alter(dir.path(), &blob).unwrap(), dir.path().join("b"));
        let altered = fs::read(dir.path().join("b")).unwrap();
        assert_eq!(altered.iter().zip(b"export {};").filter(|(a, b)| a != b).count(), 1);
        assert_eq!(fs::read(dir.path().join("a/c")).unwrap(), b"import {};");
        assert!(alter(dir.path(), &blob).is_err());
    }

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        assert_eq!(
            refusal(r#"{"error":{"code":"cid.mismatch","message":"…"}}"#).as_deref(),
            Some("cid.mismatch")
        );
        for answer in ["", "hello", r#"{"greeting":"Hello"}"#, r#"{"error":"code"}"#] {
            assert_eq!(refusal(answer), None, "{answer}");
        }
    }
}
