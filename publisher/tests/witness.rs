//! `cidery witness` as its operator runs it: what it says, how it ends, and what it knows after it was killed.

mod support;
#[path = "../../witness/tests/support/mod.rs"]
mod witnessed;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cidery_protocol::log::SignedCheckpoint;
use serde_json::Value;
use support::{Home, arg, write};
use witnessed::http::{Answer, read};
use witnessed::{Log, NAME, ORIGIN};

/// A witness that runs, killed when dropped.
struct Witness {
    child: Child,
    address: String,
    said: Arc<Mutex<String>>,
}

impl Witness {
    fn start(home: &Home) -> Self {
        Witness::spawn(command(home, &[])).expect("it listens")
    }

    /// Waits for the line that says where it listens; nothing where it ended before.
    fn spawn(mut command: Command) -> Option<Self> {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let address = loop {
            match lines.next() {
                Some(Ok(line)) => match line.strip_prefix("listening on http://") {
                    Some(address) => break address.to_owned(),
                    None => said.lock().unwrap().push_str(&(line + "\n")),
                },
                _ => {
                    child.wait().expect("it ended");
                    return None;
                }
            }
        };
        let hears = said.clone();
        thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| hears.lock().unwrap().push_str(&(line + "\n")));
        });
        Some(Witness { child, address, said })
    }

    /// What `add-checkpoint` answers; nothing where it ends before it answers.
    fn add(&self, body: &[u8]) -> Option<Answer> {
        add(&self.address, body)
    }

    fn is_cosigned(&self, log: &Log, old: u64, size: u64) {
        let answer = self.add(&log.body(old, size)).expect("an answer");
        assert_eq!(answer.status, 200, "{old} to {size}: {answer:?}");
    }

    fn kill(mut self) {
        self.child.kill().expect("it ran");
        self.child.wait().expect("it ended");
    }

    fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        self.child.wait().expect("it ended")
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(more: &[&str]) -> Vec<String> {
    let log = format!("{ORIGIN}={}", Log::new(0).public_key());
    let args = ["witness", "serve", "--name", NAME, "--log", &log, "--listen", "127.0.0.1:0"];
    args.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
}

fn command(home: &Home, more: &[&str]) -> Command {
    let args = serve(more);
    home.command(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn add(address: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.contains("\r\n\r\n").then(|| read(&answer)).filter(|answer| answer.body.ends_with('\n'))
}

/// Size and root of what was cosigned last of the log.
fn latest(home: &Home) -> (u64, String) {
    let (exit, shown) = home.json(&["witness", "show"]);
    assert_eq!(exit, Some(0), "{shown}");
    match &shown["logs"][0] {
        Value::Null => (0, String::new()),
        log => (log["size"].as_u64().unwrap(), log["root"].as_str().unwrap().to_owned()),
    }
}

#[test]
fn a_witness_says_who_it_is_and_stops_when_it_is_told_to() {
    let home = Home::new();
    let none = home.json(&["witness", "show"]);
    assert_eq!((none.0, none.1["error"]["code"].as_str()), (Some(3), Some("environment")));
    assert!(none.1["error"]["hint"].as_str().unwrap().contains("cidery witness serve"), "{}", none.1);
    let help = home.run(&["witness"]);
    assert!(help.code == Some(2) && help.stderr.contains("It needs a\nname, and the logs"), "{help:?}");
    for (args, needs) in [
        (&["witness", "serve"][..], "--name"),
        (&["witness", "serve", "--name", NAME], "--log"),
        (&["witness", "serve", "--name", "two words"], "printable ASCII"),
        (&["witness", "serve", "--log", ORIGIN], "ORIGIN=KEY"),
    ] {
        let (exit, refused) = home.json(args);
        assert_eq!((exit, refused["error"]["code"].as_str()), (Some(2), Some("usage")), "{refused}");
        assert!(refused.to_string().contains(needs), "{refused}");
    }

    let witness = Witness::start(&home);
    witness.is_cosigned(&Log::new(3), 0, 3);
    assert_eq!(latest(&home), (3, Log::new(3).checkpoint(3).root.to_string()), "also while it runs");
    let second = home.run(&serve(&[]).iter().map(String::as_str).collect::<Vec<_>>());
    assert!(second.code == Some(3) && second.stderr.contains("another witness is using"), "{second:?}");
    assert_eq!(witness.terminate().code(), Some(0));

    // In JSON, and by the name that it has.
    let log = format!("{ORIGIN}={}", Log::new(0).public_key());
    let mut again = home.command(&["witness", "serve", "--json", "--log", &log, "--listen", "127.0.0.1:0"]);
    let mut again = again.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
    let mut line = String::new();
    BufReader::new(again.stdout.take().unwrap()).read_line(&mut line).expect("a line");
    again.kill().and_then(|()| again.wait()).expect("it ran");
    let said: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(
        (said["name"].as_str(), said["logs"][ORIGIN][0].as_str()),
        (Some(NAME), log.split('=').nth(1))
    );
    assert!(said["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{said}");
    let vkey = std::fs::read_to_string(home.path("data/witness/vkey")).expect("a file");
    assert_eq!(said["vkey"].as_str(), Some(vkey.trim_end()));
    assert!(said["key"].as_str().unwrap().starts_with("z6Mk"), "{said}");
}

#[test]
fn its_key_is_where_keys_are() {
    let home = Home::new();
    let key = |home: &Home, more: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(home, &[more, &["--json"]].concat());
        let mut child = command
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).expect("a line");
        child.kill().and_then(|()| child.wait()).expect("it ran");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        said["key"].as_str().map_or_else(|| said["error"]["code"].to_string(), str::to_owned)
    };
    let file = home.path("a-key");
    let made = home.run(&["keys", "new", "--out", arg(&file)]).stdout;
    let (a, b) = (home.path("a"), home.path("b"));
    assert_eq!(key(&home, &["--key", arg(&file), "--data", arg(&a)], &[]), made.trim());
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(key(&home, &["--data", arg(&b)], &[("CIDERY_KEY", &text)]), made.trim());
    // The publisher's key, which signs records where no other is named, is nobody's witness.
    home.run(&["keys", "new"]);
    let own = key(&home, &[], &[]);
    assert_ne!(own, home.run(&["keys", "show"]).stdout.trim());
    assert_eq!(key(&home, &[], &[]), own);
    assert_eq!(key(&home, &["--key", arg(&file)], &[]), "\"usage\"", "a witness does not change its key");
}

#[test]
fn t23_the_operator_sees_both_notes() {
    let (home, log) = (Home::new(), Log::new(7));
    let other = log.forked(3, 7);
    let witness = Witness::start(&home);
    witness.is_cosigned(&log, 0, 7);
    for _ in 0..2 {
        let refused = witness.add(&other.body(7, 7)).expect("an answer");
        assert!(refused.status == 409 && refused.body.starts_with("log.fork: "), "{refused:?}");
    }
    let said = witness.said.clone();
    assert_eq!(witness.terminate().code(), Some(0));
    let said = said.lock().unwrap().clone();
    assert_eq!(said.matches("warning: cannot cosign").count(), 1, "{said}");
    assert!(said.contains("the log `log.example` signed two trees of 7 entries"), "{said}");
    let (exit, shown) = home.json(&["witness", "show"]);
    assert_eq!(exit, Some(0));
    let [kept] = &shown["contradictions"].as_array().unwrap()[..] else { panic!("{shown}") };
    for (at, of) in [&log, &other].into_iter().enumerate() {
        let note = kept["notes"][at].as_str().unwrap();
        assert!(said.contains(note), "{said}");
        let signed = SignedCheckpoint::parse(note.as_bytes()).expect("a note");
        assert_eq!(signed.verify_log(&log.origin, &[log.public_key()]), Ok(of.checkpoint(7)));
    }
    let text = home.run(&["witness", "show"]).stdout;
    assert!(text.contains("log.example: 7 entries, cosigned about"), "{text}");
}

/// Two histories and requests out of order, until it is killed; then it goes on with what it has said, and with nothing else.
#[test]
fn t24_killed_at_any_moment_it_never_cosigns_a_smaller_or_another_tree() {
    const SIZE: u64 = 2_000;
    let histories = [Log::new(SIZE), Log::new(0).forked(0, SIZE)];
    let mut cosigned_in_all = 0;
    for moment in 0..16 {
        let home = Home::new();
        let mut history = None;
        for life in 0..3 {
            let witness = Witness::start(&home);
            let (before, _) = latest(&home);
            let pushing: Vec<_> = [0, 1, 0, 1]
                .map(|of| {
                    let (address, log) = (witness.address.clone(), histories[of].clone());
                    thread::spawn(move || (of, push(&address, &log, before)))
                })
                .into();
            thread::sleep(Duration::from_millis(3 + moment * 12 + life * 5));
            witness.kill();
            let mut most = before;
            for pushed in pushing {
                let (of, sizes) = pushed.join().expect("no panic");
                cosigned_in_all += sizes.len();
                let Some(last) = sizes.iter().max() else { continue };
                assert_eq!(*history.get_or_insert(of), of, "one history, in every life");
                most = most.max(*last);
            }
            let (size, root) = latest(&home);
            assert!(size >= most, "moment {moment}: {most} was cosigned, and {size} is known");
            if size > 0 {
                let of = (0..2).find(|of| histories[*of].checkpoint(size).root.to_string() == root);
                assert_eq!(*history.get_or_insert(of.expect("one of them")), of.expect("one of them"));
            }
        }
        let (size, _) = latest(&home);
        let Some(history) = history else { continue };
        let witness = Witness::start(&home);
        let other = &histories[1 - history];
        for (old, to) in [(0, size), (size, size), (size, size + 1), (0, 1)] {
            let refused = witness.add(&other.body(old, to)).expect("an answer");
            assert!([409, 422].contains(&refused.status), "{old} to {to}: {refused:?}");
        }
        witness.is_cosigned(&histories[history], size, size + 1);
    }
    assert!(cosigned_in_all > 48, "only {cosigned_in_all} were cosigned");
}

/// Shows a log entry by entry, until nobody answers. The sizes that were cosigned.
fn push(address: &str, log: &Log, mut old: u64) -> Vec<u64> {
    let mut cosigned = Vec::new();
    while old < 1_900 {
        let Some(answer) = add(address, &log.body(old, old + 1)) else { break };
        match answer.status {
            200 => {
                old += 1;
                cosigned.push(old);
            }
            // Somebody else was first; in the other history, that is for ever.
            409 => old = answer.body.trim().parse().unwrap_or(old),
            422 => thread::sleep(Duration::from_millis(5)),
            _ => panic!("{answer:?}"),
        }
    }
    cosigned
}

/// The system ends it at the first byte of a file past a bound, as SIGKILL would; with the bound growing by 512 bytes a run, that
/// is at every write of its journal and of its database, and within each.
#[cfg(unix)]
#[test]
fn t24_ended_within_any_write_it_knows_what_it_cosigned() {
    let (home, log) = (Home::new(), Log::new(400));
    let other = log.forked(0, 400);
    let first = Witness::start(&home);
    first.is_cosigned(&log, 0, 1);
    drop(first);
    let script = home.path("bounded.sh");
    write(&script, "ulimit -c 0; ulimit -f \"$1\"; shift; exec \"$@\"\n");
    let (mut size, mut survived, mut ended_at_work, mut ended_unknown) = (1, 0, 0, 0);
    for blocks in 0.. {
        let bounded = bounded(&home, &script, blocks);
        let witness = Witness::spawn(bounded);
        let answer = witness.as_ref().and_then(|witness| witness.add(&log.body(size, size + 1)));
        let answered = answer.as_ref().is_some_and(|answer| answer.status == 200);
        assert!(answered || answer.is_none(), "{blocks}: {answer:?}");
        ended_at_work += u32::from(witness.is_some() && !answered);
        drop(witness);

        let (known, root) = latest(&home);
        assert_eq!(root, log.checkpoint(known).root.to_string());
        assert!(known == size + 1 || (known == size && !answered), "{blocks} blocks: {known} after {size}");
        ended_unknown += u32::from(known == size);
        let whole = Witness::start(&home);
        let refused = whole.add(&other.body(known, known)).expect("an answer");
        assert!(refused.status == 409 && refused.body.starts_with("log.fork"), "{refused:?}");
        whole.is_cosigned(&log, known, known + 1);
        size = known + 1;
        survived = if answered { survived + 1 } else { 0 };
        if survived == 4 {
            break;
        }
    }
    assert!(ended_at_work > 10 && ended_unknown > 10, "{ended_at_work} and {ended_unknown} runs ended early");
}

#[cfg(unix)]
fn bounded(home: &Home, script: &Path, blocks: u32) -> Command {
    let whole = command(home, &[]);
    let mut bounded = Command::new("sh");
    bounded.arg(script).arg(blocks.to_string()).arg(whole.get_program()).args(whole.get_args());
    bounded.current_dir(home.path("")).stdin(Stdio::null());
    for (name, value) in whole.get_envs() {
        match value {
            Some(value) => bounded.env(name, value),
            None => bounded.env_remove(name),
        };
    }
    bounded
}
