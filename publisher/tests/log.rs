//! `cidery log`: heads, proofs, checks of whole logs and monitors, of an honest log and of logs that lie.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cidery_protocol::log::empty_root;
use cidery_protocol::{Action, MapEntry};
use serde_json::{Value, json};
use support::log::{LogServer, NEXT, ORIGIN, PUBLISHER, TestLog, name};
use support::world::{World, code};
use support::{Home, Ran, arg};

/// Somebody who looks at a served log.
struct Watcher {
    home: Home,
    server: LogServer,
}

impl Watcher {
    fn of(log: &TestLog) -> Self {
        Watcher { home: Home::new(), server: LogServer::start(log) }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.home.run(&[&["log"], args, &["--registry", &self.server.url]].concat())
    }

    fn json(&self, args: &[&str]) -> (Option<i32>, Value) {
        self.home.json(&[&["log"], args, &["--registry", &self.server.url]].concat())
    }

    /// One look of the monitor: its exit code, and all that it said.
    fn look(&self, args: &[&str]) -> (Option<i32>, Vec<Value>) {
        let ran = self.run(&[&["monitor", "--dir", "watched", "--once", "--json"], args].concat());
        let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an object"));
        (ran.code, lines.collect())
    }

    /// The evidence in a folder, which another party checks who knows the log.
    fn convicts(&self, dir: &Path) -> Value {
        let files = evidence(dir);
        assert_eq!(files.len(), 1, "{files:?}");
        let (exit, shown) = self.json(&["check", "--evidence", arg(&files[0])]);
        assert_eq!(exit, Some(0), "{shown}");
        shown
    }
}

fn evidence(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).expect("a folder").map(|file| file.expect("a file").path());
    files
        .filter(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("evidence-")))
        .collect()
}

/// The honest log, grown.
fn grown(log: &TestLog) -> TestLog {
    let mut log = log.clone();
    log.time += 60;
    log.release("@acme/hello", PUBLISHER, &format!("1.{}.0", log.size()));
    log.map();
    log
}

/// More entries than a bundle has.
fn large(log: &TestLog) -> TestLog {
    let mut log = log.clone();
    for minor in 0..300 {
        log.release("@other/tool", NEXT, &format!("1.{minor}.0"));
    }
    log.map();
    log
}

/// The same log with another past.
fn forked(log: &TestLog) -> TestLog {
    let mut forked = log.clone();
    forked.entries[1] = MapEntry::new(empty_root(), log.time).encode().expect("a map entry");
    forked
}

#[test]
fn a_head_continues_what_was_seen() {
    let log = TestLog::honest();
    let watcher = Watcher::of(&log);
    let first = watcher.run(&["head"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stdout.starts_with("head of log.example\n  entries    11\n"), "{first:?}");
    assert!(first.stdout.ends_with("continues  nothing: the log was not seen before\n"), "{first:?}");
    assert!(first.stderr.contains("trusting the log `log.example` from now on"), "{first:?}");

    let (exit, same) = watcher.json(&["head"]);
    assert_eq!((exit, &same["size"], &same["continues"]), (Some(0), &json!(11), &json!(11)), "{same}");
    watcher.server.show(&grown(&log));
    let (exit, more) = watcher.json(&["head"]);
    assert_eq!((exit, &more["size"], &more["continues"]), (Some(0), &json!(13), &json!(11)), "{more}");
    assert_eq!(watcher.json(&["head"]).1["continues"], 13);

    watcher.server.show(&log);
    assert_eq!(code(&watcher.json(&["head"])), (Some(1), "log.rollback"));
    watcher.server.show(&forked(&grown(&log)));
    assert_eq!(code(&watcher.json(&["head"])), (Some(1), "log.fork"));
    let mut other = forked(&grown(&grown(&log)));
    other.map();
    watcher.server.show(&other);
    assert_eq!(code(&watcher.json(&["head"])), (Some(1), "log.proof"));
}

#[test]
fn a_head_of_yesterday_is_refused() {
    let log = TestLog::honest();
    let watcher = Watcher::of(&log);
    watcher.server.show(&TestLog { later: 120, ..log.clone() });
    assert_eq!(code(&watcher.json(&["head"])), (Some(1), "log.future"));
    assert!(!watcher.home.path("config/trust.json").exists(), "nothing is trusted before it has verified");
}

#[test]
fn what_is_proven_is_said() {
    let log = TestLog::honest();
    let watcher = Watcher::of(&log);
    let file = watcher.home.path("proof.cbor");
    let proven = watcher.run(&["prove", "@acme/hello", "--out", arg(&file)]);
    assert_eq!(proven.code, Some(0), "{proven:?}");
    let newest = log.states[&name("@acme/hello")].newest.to_string();
    assert!(proven.stdout.starts_with("proven: @acme/hello has 3 records, and no more\n"), "{proven:?}");
    assert!(proven.stdout.contains(&format!("  newest     {newest}\n")), "{proven:?}");
    assert!(proven.stdout.contains(&format!("  waits      {newest} until ")), "{proven:?}");
    assert!(fs::metadata(&file).is_ok_and(|file| file.len() > 300));

    let (exit, proven) = watcher.json(&["prove", "@other/tool"]);
    assert_eq!((exit, &proven["state"]["sequence"]), (Some(0), &json!(4)), "{proven}");
    assert_eq!((&proven["state"]["versions"], &proven["state"]["channels"]), (&json!(1), &json!(1)));
    let none = watcher.run(&["prove", "@acme/none"]);
    assert_eq!(none.code, Some(0), "{none:?}");
    assert!(none.stdout.starts_with("proven: there is no package @acme/none\n"), "{none:?}");
    assert_eq!(watcher.json(&["prove", "@acme/none"]).1["state"], Value::Null);

    // What was seen of a package does not go back.
    watcher.server.show(&grown(&log));
    assert_eq!(watcher.json(&["prove", "@acme/hello"]).1["state"]["sequence"], 3);
    let mut without = grown(&log);
    without.states.remove(&name("@acme/hello"));
    watcher.server.show(&without);
    assert_eq!(code(&watcher.json(&["prove", "@acme/hello"])), (Some(1), "log.proof"));
}

#[test]
fn a_whole_log_is_replayed() {
    let log = large(&TestLog::honest());
    let watcher = Watcher::of(&log);
    let checked = watcher.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.starts_with("sound log.example\n  entries    312\n"), "{checked:?}");
    assert!(checked.stdout.contains("replayed   308 records of 2 packages"), "{checked:?}");
    let asked = watcher.server.asked.lock().unwrap().clone();
    for path in ["/v1/checkpoint", "/v1/tile/entries/000", "/v1/tile/entries/001.p/56"] {
        assert!(asked.iter().any(|asked| asked == path), "{path}: {asked:?}");
    }

    // The same from a folder, and of a log whose keys are known alone.
    let folder = watcher.home.path("copy");
    log.write(&folder);
    let (exit, copied) = watcher.home.json(&["log", "check", "--from", arg(&folder)]);
    assert_eq!(
        (exit, &copied["sound"], &copied["records"]),
        (Some(0), &json!(true), &json!(308)),
        "{copied}"
    );
    let stranger = Home::new().json(&["log", "check", "--from", arg(&folder)]);
    assert_eq!(code(&stranger), (Some(1), "policy.origin"));
    let below = format!("{}/v1", watcher.server.url);
    assert_eq!(watcher.home.json(&["log", "check", "--from", &below]).0, Some(0));

    // One byte in a bundle is the mirror's fault, and no fault of the log.
    let bundle = folder.join("tile/entries/000");
    let mut bytes = fs::read(&bundle).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    let altered = watcher.home.json(&["log", "check", "--from", arg(&folder)]);
    assert_eq!(code(&altered), (Some(1), "log.proof"));
    assert!(evidence(&watcher.home.path("")).is_empty());
}

#[test]
fn what_is_forbidden_is_found_and_convicts() {
    type Change = fn(&mut TestLog);
    let forbidden: [(&str, &str, Change); 4] = [
        ("record.version_taken", "transition", |log| {
            let entry = log.entries[4].clone();
            let again = log.entry("@other/tool", NEXT, action_of(&entry));
            log.entries.push(again);
            log.map();
        }),
        ("log.map", "map", |log| log.map_of(empty_root())),
        ("log.map", "head", |log| log.release("@other/tool", NEXT, "2.0.0")),
        ("cbor.malformed", "entry", |log| {
            log.entries.push(b"no entry".to_vec());
            log.map();
        }),
    ];
    for (wanted, kind, change) in forbidden {
        let mut log = TestLog::honest();
        change(&mut log);
        let watcher = Watcher::of(&log);
        let (exit, checked) = watcher.json(&["check"]);
        assert_eq!((exit, &checked["sound"]), (Some(1), &json!(false)), "{kind}: {checked}");
        assert_eq!(checked["fault"]["code"], wanted, "{checked}");
        // What the registry says of its map is wrong, so that nothing shows which package it is wrong about.
        if kind == "map" {
            assert_eq!(checked["evidence"], Value::Null);
            continue;
        }
        // First use is settled by sound logs alone: who judges knows the log by a policy.
        policy(&watcher.home);
        let shown = watcher.convicts(&watcher.home.path(""));
        assert_eq!((&shown["code"], &shown["kind"]), (&json!(wanted), &json!(kind)), "{shown}");
        let text = watcher.run(&["check"]);
        assert!(text.stdout.starts_with("NOT SOUND log.example\n"), "{text:?}");
    }
}

fn action_of(entry: &[u8]) -> Action {
    let (record, _) = cidery_protocol::SignedRecord::claim_of_entry(entry).expect("a record");
    record.body().action.clone()
}

/// Whom the judge knows.
fn policy(home: &Home) {
    let log = json!({
        "logKeys": [support::log::public(support::log::LOG).to_string()],
        "cosigner": support::log::public(support::log::COSIGNER).to_string(),
    });
    let policy = json!({ "origins": { ORIGIN: log }, "packages": {} });
    support::write(&home.path("config/policy.json"), &policy.to_string());
}

#[test]
fn a_monitor_follows_and_goes_on_where_it_was() {
    let log = TestLog::honest();
    let watcher = Watcher::of(&log);
    let (exit, said) = watcher.look(&["--package", "@acme/hello"]);
    assert_eq!(exit, Some(0), "{said:?}");
    let events: Vec<_> = said.iter().map(|said| &said["event"]).collect();
    assert_eq!(
        events,
        ["head", "record", "record", "record", ""]
            .map(|word| if word.is_empty() { json!(null) } else { json!(word) })
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(
        (&said[2]["kind"], &said[2]["version"], &said[2]["index"]),
        (&json!("release"), &json!("1.0.0"), &json!(1))
    );
    assert_eq!((&said[4]["sound"], &said[4]["size"]), (&json!(true), &json!(11)));

    watcher.server.show(&grown(&log));
    let (exit, said) = watcher.look(&["--package", "@acme/hello"]);
    assert_eq!((exit, said.len()), (Some(0), 3), "{said:?}");
    assert_eq!((&said[0]["new"], &said[1]["version"]), (&json!(2), &json!("1.11.0")));
    assert_eq!(watcher.look(&[]).1.len(), 1, "nothing is new");
    // The folder is a copy of the log.
    let folder = watcher.home.path("watched");
    assert_eq!(watcher.home.json(&["log", "check", "--from", arg(&folder)]).0, Some(0));
    assert!(!folder.join("tile/entries/000.p/11").exists() && folder.join("tile/entries/000.p/13").exists());

    // An entry that is gone, or another one, is not taken for a new beginning.
    fs::write(folder.join("tile/entries/000.p/13"), b"").unwrap();
    assert_eq!(watcher.run(&["monitor", "--dir", "watched", "--once"]).code, Some(2));
}

#[test]
fn t23_a_monitor_keeps_what_shows_a_fork() {
    let log = large(&TestLog::honest());
    for other in [forked(&log), forked(&grown(&log)), forked(&TestLog::honest())] {
        let watcher = Watcher::of(&log);
        assert_eq!(watcher.look(&[]).0, Some(0));
        watcher.server.show(&other);
        let (exit, said) = watcher.look(&[]);
        assert_eq!((exit, &said[0]["fault"]["code"]), (Some(1), &json!("log.fork")), "{said:?}");
        let shown = watcher.convicts(&watcher.home.path("watched"));
        assert_eq!(shown["code"], "log.fork");
        // The highest head stays, and the next look says it again.
        assert_eq!(watcher.look(&[]).0, Some(1));
        watcher.convicts(&watcher.home.path("watched"));
        watcher.server.show(&log);
        assert_eq!(watcher.look(&[]).0, Some(0));
    }
}

#[test]
fn t04_a_monitor_keeps_what_shows_a_rollback() {
    let log = TestLog::honest();
    let watcher = Watcher::of(&grown(&log));
    assert_eq!(watcher.look(&[]).0, Some(0));
    watcher.server.show(&TestLog { later: 30, ..log.clone() });
    let (exit, said) = watcher.look(&[]);
    assert_eq!((exit, &said[0]["fault"]["code"]), (Some(1), &json!("log.rollback")), "{said:?}");
    assert_eq!(watcher.convicts(&watcher.home.path("watched"))["kind"], "rollback");
}

#[test]
fn a_monitor_refuses_what_may_not_follow() {
    let log = TestLog::honest();
    let watcher = Watcher::of(&log);
    assert_eq!(watcher.look(&[]).0, Some(0));
    let mut wrong = log.clone();
    let again = wrong.entry("@other/tool", NEXT, action_of(&log.entries[4].clone()));
    wrong.entries.push(again);
    wrong.map();
    watcher.server.show(&wrong);
    let (exit, said) = watcher.look(&[]);
    assert_eq!((exit, &said[0]["fault"]["code"]), (Some(1), &json!("record.version_taken")), "{said:?}");
    assert_eq!(watcher.convicts(&watcher.home.path("watched"))["kind"], "transition");
}

#[test]
fn the_log_of_a_registry_is_sound() {
    let (world, _) = World::published();
    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
    world.must(&["yank", "@acme/hello@1.0.0", "--severity", "low", "--reason", "broken"]);
    world.must(&["channel", "set", "@acme/hello:stable", "1.1.0"]);
    let log = world.served.data.join("objects/log");
    let (exit, checked) = world.publisher.json(&["log", "check", "--from", arg(&log)]);
    assert_eq!(
        (exit, &checked["sound"], &checked["records"]),
        (Some(0), &json!(true), &json!(5)),
        "{checked}"
    );

    let proven = world.must(&["log", "prove", "@acme/hello"]);
    assert_eq!(
        (&proven["state"]["sequence"], &proven["state"]["versions"]),
        (&json!(4), &json!(2)),
        "{proven}"
    );
    let file = world.publisher.path("resolution.cbor");
    let release = world.must(&["log", "prove", "@acme/hello:stable", "--out", arg(&file)]);
    assert_eq!(
        (&release["revocation"], &release["version"]),
        (&json!("proven"), &json!("1.1.0")),
        "{release}"
    );
    assert_eq!(code(&world.own(&["log", "prove", "@acme/hello@1.0.0"])), (Some(1), "release.yanked"));
    let kept = fs::read(&file).expect("it is kept");
    assert!(cidery_protocol::Resolution::decode(&kept).is_ok());
}

/// The package whose map the registry shows as it was before.
#[test]
fn a_map_that_holds_something_back_convicts() {
    let log = TestLog::honest();
    let mut held = log.clone();
    let state = held.states[&name("@other/tool")].clone();
    held.release("@other/tool", NEXT, "0.2.0");
    // The map and the proofs are of the state before.
    held.states.insert(name("@other/tool"), state);
    held.map();
    let watcher = Watcher::of(&held);
    policy(&watcher.home);
    let (exit, checked) = watcher.json(&["check"]);
    assert_eq!((exit, &checked["fault"]["code"]), (Some(1), &json!("log.map")), "{checked}");
    let shown = watcher.convicts(&watcher.home.path(""));
    assert_eq!((&shown["code"], &shown["kind"]), (&json!("log.map"), &json!("map")), "{shown}");
}

#[test]
fn t25_a_monitor_that_is_killed_goes_on() {
    let small = TestLog::honest();
    let log = large(&small);
    let watcher = Watcher::of(&small);
    assert_eq!(watcher.look(&[]).0, Some(0));
    watcher.server.show(&log);
    for attempt in 0..12_u64 {
        let args = ["log", "monitor", "--dir", "watched", "--every", "1s", "--registry", &watcher.server.url];
        let mut command = watcher.home.command(&args);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command runs");
        std::thread::sleep(Duration::from_millis(25 * attempt));
        child.kill().expect("it is ours");
        child.wait().expect("it ends");
        let (exit, copied) =
            watcher.home.json(&["log", "check", "--from", arg(&watcher.home.path("watched"))]);
        assert_eq!((exit, &copied["sound"]), (Some(0), &json!(true)), "after {attempt}: {copied}");
    }
    let (exit, said) = watcher.look(&[]);
    assert_eq!((exit, &said.last().unwrap()["size"]), (Some(0), &json!(312)), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_monitor_waits_for_a_registry_and_stops_when_it_is_told_to() {
    use std::io::{BufRead, BufReader};

    let log = TestLog::honest();
    let watcher = Watcher::of(&log);
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = watcher.home.run(&[
        "log",
        "monitor",
        "--dir",
        "none",
        "--once",
        "--registry",
        &format!("http://{nowhere}"),
    ]);
    assert_eq!(gone.code, Some(3), "{gone:?}");

    let args = ["log", "monitor", "--dir", "watched", "--every", "1s", "--registry", &watcher.server.url];
    let mut child = watcher.home.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.next().unwrap().starts_with("log.example has 11 entries, 11 of them new, "));
    let second = watcher.run(&["monitor", "--dir", "watched", "--once"]);
    assert_eq!(second.code, Some(3), "one monitor has the folder: {second:?}");
    watcher.server.show(&grown(&log));
    assert!(lines.next().unwrap().starts_with("log.example has 13 entries, 2 of them new, "));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(lines.next().as_deref(), Some("stopped"));
}
