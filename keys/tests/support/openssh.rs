//! OpenSSH's own tools, which must be installed: its keys, and an ssh-agent on a socket of its own.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Runs `ssh-keygen`, and gives what it printed.
pub fn ssh_keygen(arguments: &[&str], path: &Path) -> String {
    let mut command = Command::new("ssh-keygen");
    command.args(arguments).arg("-f").arg(path).stdin(Stdio::null());
    let output = command.output().expect("ssh-keygen is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// An ssh-agent without keys, ended when dropped.
pub struct RunningAgent {
    child: Child,
    folder: tempfile::TempDir,
}

impl RunningAgent {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // In the foreground, so that it is our child and ends with us.
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(folder.path().join("agent"));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().expect("ssh-agent is installed");
        let running = RunningAgent { child, folder };
        let began = Instant::now();
        while !running.socket().exists() {
            assert!(began.elapsed() < Duration::from_secs(10), "ssh-agent does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        running
    }

    pub fn socket(&self) -> PathBuf {
        self.path("agent")
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn ssh_add(&self, arguments: &[&Path]) {
        let mut command = Command::new("ssh-add");
        command.arg("-q").args(arguments).env("SSH_AUTH_SOCK", self.socket()).stdin(Stdio::null());
        let output = command.output().expect("ssh-add is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A new key that it holds, made by `ssh-keygen`, with its name as the comment.
    pub fn hold(&self, name: &str, algorithm: &str) -> PathBuf {
        let file = self.path(name);
        ssh_keygen(&["-q", "-t", algorithm, "-N", "", "-C", name], &file);
        self.ssh_add(&[&file]);
        file
    }

    pub fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        self.end();
    }
}
