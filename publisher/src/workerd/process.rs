//! workerd as a child process: started, known to be listening, watched, and gone in the end.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{Config, Loader, config, loader};
use crate::failure::Failure;
use crate::output::Output;
use crate::signing::SECRETS;

/// Listening takes workerd some ten milliseconds.
const LISTENS_WITHIN: Duration = Duration::from_secs(20);
/// The socket's name in the configuration.
pub(super) const SOCKET: &str = "http";

/// A workerd that answers on [`Workerd::url`]. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Workerd {
    child: Child,
    address: SocketAddr,
    /// What the package writes to its console.
    console: Lines<BufReader<ChildStdout>>,
}

/// A line of the control channel.
#[derive(Deserialize)]
struct Event {
    event: String,
    socket: String,
    port: u16,
}

impl Workerd {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// [`Failure::Environment`] where the executable cannot be run, [`Failure::Workerd`] where it ends or stays silent.
    pub(crate) async fn start(
        executable: &Path,
        loader: &Loader,
        config: &Config,
        listen: SocketAddr,
    ) -> Result<Self, Failure> {
        // workerd reads all files before it listens.
        let dir = tempfile::tempdir().map_err(Failure::file("write", &std::env::temp_dir()))?;
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).map_err(Failure::file("write", &path)).map(|()| path)
        };
        write(loader::WORKER, &loader.worker)?;
        write(loader::VERIFIER, &loader.verifier)?;
        write(config::FRONT, config::FRONT_SOURCE.as_bytes())?;
        let config = write("config.capnp", config.to_capnp().as_bytes())?;
        let mut command = Command::new(executable);
        command
            .args(["serve", "--experimental", "--control-fd=1"])
            .arg(format!("--socket-addr={SOCKET}={listen}"));
        SECRETS.into_iter().for_each(|name| _ = command.env_remove(name));
        command.arg(config).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| Failure::Environment {
            what: format!("cannot run `{}`: {error}", executable.display()),
            hint: Some("CIDERY_WORKERD names another executable".to_owned()),
        })?;
        let silent = || Failure::Workerd { reason: "has no standard output".to_owned() };
        let mut console = BufReader::new(child.stdout.take().ok_or_else(silent)?).lines();
        let port = match tokio::time::timeout(LISTENS_WITHIN, port(&mut console)).await {
            Ok(Some(port)) => port,
            Ok(None) => return Err(ended(&mut child).await),
            Err(_) => {
                let reason = format!("did not listen on {listen} within {} s", LISTENS_WITHIN.as_secs());
                return Err(Failure::Workerd { reason });
            }
        };
        Ok(Workerd { child, address: SocketAddr::new(listen.ip(), port), console })
    }

    /// Where it answers, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Passes on what the package writes to its console, until workerd ends, which it should not.
    pub(crate) async fn watch(&mut self, output: &Output) -> Failure {
        while let Ok(Some(line)) = self.console.next_line().await {
            output.note(line);
        }
        ended(&mut self.child).await
    }

    /// Ends it and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        let failed = |error| Failure::Workerd { reason: format!("does not end: {error}") };
        self.child.kill().await.map_err(failed)
    }
}

/// The port in the event that the socket listens; other lines are the console of a loader that was quicker.
async fn port(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<u16> {
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str::<Event>(&line) {
            Ok(event) if event.event == "listen" && event.socket == SOCKET => return Some(event.port),
            _ => {}
        }
    }
    None
}

async fn ended(child: &mut Child) -> Failure {
    let how = match child.wait().await {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    Failure::Workerd { reason: format!("ended: {how}") }
}
