//! The `cidery` command as a person runs it, in folders of its own.

#![allow(dead_code, unreachable_pub)] // Each test binary takes what it needs.

pub mod log;
pub mod world;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A home of its own: nothing of the user's is read or written, but for the npm cache.
pub struct Home(tempfile::TempDir);

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        Home(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// The command with this home and no other influence.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cidery"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        for name in [
            "CI",
            "CIDERY_KEY",
            "CIDERY_KEY_PASSPHRASE",
            "CIDERY_REGISTRY",
            "CIDERY_THREADS",
            "NO_COLOR",
            "SSH_AUTH_SOCK",
        ] {
            command.env_remove(name);
        }
        for name in ["CONFIG", "CACHE", "DATA"] {
            command.env(format!("CIDERY_{name}"), self.path(&name.to_lowercase()));
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args))
    }

    /// Runs with some variables set.
    pub fn run_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        ran(command)
    }

    /// Runs with `--json`, and reads the one object.
    pub fn json(&self, args: &[&str]) -> (Option<i32>, Value) {
        self.json_with(args, &[])
    }

    /// As [`Home::json`], with some variables set.
    pub fn json_with(&self, args: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, Value) {
        let ran = self.run_with(&[args, &["--json"]].concat(), variables);
        let json = serde_json::from_str(&ran.stdout);
        (ran.code, json.unwrap_or_else(|error| panic!("{error} in the output of {args:?}: {ran:?}")))
    }

    /// A package folder with one module.
    pub fn package(&self, name: &str, version: &str, code: &str) -> PathBuf {
        let dir = self.path(&format!("src-{version}-{}", name.replace(['@', '/'], "-")));
        write(&dir.join("index.js"), code);
        write(
            &dir.join("cidery.toml"),
            &format!(
                "name = \"{name}\"\nversion = \"{version}\"\nentry = \"index.js\"\n[compatibility]\ndate = \"2026-10-01\"\n"
            ),
        );
        dir
    }
}

/// Runs a command to its end.
pub fn ran(mut command: Command) -> Ran {
    let output = command.output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command writes UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

/// Writes a file that only its owner can read.
#[cfg(unix)]
pub fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;

    write(path, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("our own file");
}

/// A path as an argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// `cidery serve` on a free port, ended when dropped.
pub struct Served {
    child: Child,
    pub url: String,
    pub data: PathBuf,
}

impl Served {
    /// Starts it in a home and waits for the line that says where it listens.
    pub fn start(home: &Home) -> Self {
        let data = home.path("data/registry");
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the command runs");
        let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
        let url = loop {
            match lines.next() {
                Some(Ok(line)) => {
                    if let Some(url) = line.strip_prefix("listening on ") {
                        break url.to_owned();
                    }
                }
                end => panic!("cidery serve ended before it listened: {end:?}"),
            }
        };
        // Read on, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Served { child, url, data }
    }

    /// All files of its data whose bytes are `content`.
    pub fn files_of(&self, content: &[u8]) -> Vec<PathBuf> {
        let (mut folders, mut found) = (vec![self.data.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path).is_ok_and(|bytes| bytes == content) {
                    found.push(path);
                }
            }
        }
        found
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
