//! What the command remembers, and that it never goes back: neither for an old answer, nor for many processes at once, nor
//! because a file is damaged.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;
use support::Home;
use support::world::{World, code};

/// The highest tree and sequence that a home has seen.
fn seen(home: &Home) -> Option<(u64, u64)> {
    let json: Value = serde_json::from_slice(&fs::read(home.path("config/seen.json")).ok()?).unwrap();
    let log = json["logs"].as_object().unwrap().values().next()?.clone();
    Some((log["size"].as_u64().unwrap(), log["packages"]["@acme/hello"].as_u64().unwrap()))
}

#[test]
fn t24_of_many_processes_at_once_none_takes_the_others_back() {
    let (world, _) = World::published();
    let reader = Home::new();
    assert_eq!(world.verify(&reader, "@acme/hello@*").0, Some(0));
    std::thread::scope(|scope| {
        let publisher = scope.spawn(|| {
            for minor in 1..=6 {
                let (exit, answer) = world.release(&format!("1.{minor}.0"), &[]);
                assert_eq!(exit, Some(0), "{answer}");
            }
        });
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..6 {
                    let (exit, answer) = world.verify(&reader, "@acme/hello@*");
                    assert_eq!(exit, Some(0), "{answer}");
                }
            });
        }
        // Whoever looks sees whole files that only grow.
        let mut highest = seen(&reader).unwrap();
        while !publisher.is_finished() {
            let now = seen(&reader).unwrap();
            assert!(now.0 >= highest.0 && now.1 >= highest.1, "{now:?} after {highest:?}");
            highest = now;
        }
    });
    assert_eq!(world.verify(&reader, "@acme/hello@*").1["version"], "1.6.0");
    assert_eq!(seen(&reader).map(|(_, sequence)| sequence), Some(7));
}

/// What a registry answered to a path at some time, for ever.
struct Mirror {
    url: String,
}

impl Mirror {
    /// Fetches these paths now, and serves them as they are.
    fn of(world: &World, paths: &[&str]) -> Self {
        let answers: Vec<(String, Vec<u8>)> =
            paths.iter().map(|path| (format!("/{path}"), get(&world.served.url, path))).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0]);
                }
                let request = String::from_utf8(request).unwrap();
                let asked = request.split(' ').nth(1).unwrap_or_default();
                // A cache that knows nothing of `since`.
                let asked = asked.split("&since").next().unwrap_or_default();
                let found = answers.iter().find(|(path, _)| path == asked);
                let (status, body) = found.map_or(("404 Not Found", &[][..]), |(_, body)| ("200 OK", body));
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            }
        });
        Mirror { url }
    }
}

fn get(base: &str, path: &str) -> Vec<u8> {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&answer[..head]));
    answer.split_off(head + 4)
}

#[test]
fn t04_a_stale_mirror_is_refused_once_a_newer_answer_was_seen() {
    let (world, first) = World::published();
    let manifest = format!("v1/manifests/{}", first["manifest"].as_str().unwrap());
    let resolve = "v1/packages/@acme/hello/resolve?range=%5E1";
    let log = "v1/packages/@acme/hello/log?from=0";
    let module =
        world.verify(&Home::new(), "@acme/hello@^1").1["modules"][0]["cid"].as_str().unwrap().to_owned();
    let stale = Mirror::of(&world, &["v1/log", resolve, log, &manifest, &format!("v1/blobs/{module}")]);
    let reader = Home::new();
    let from_mirror = |args: &[&str]| reader.json(&[args, &["--registry", &stale.url]].concat());
    let (exit, answer) = from_mirror(&["verify", "@acme/hello@^1"]);
    assert_eq!(exit, Some(0), "what is not known to be old is taken: {answer}");

    assert_eq!(world.release("1.1.0", &[]).0, Some(0));
    assert_eq!(world.verify(&reader, "@acme/hello@^1").1["version"], "1.1.0");
    assert_eq!(code(&from_mirror(&["verify", "@acme/hello@^1"])), (Some(1), "log.rollback"));
    assert_eq!(code(&from_mirror(&["info", "@acme/hello"])), (Some(1), "log.rollback"));
    let dir = world.publisher.package("@acme/hello", "1.2.0", "export default {};");
    let publisher = world.publisher.json(&["publish", support::arg(&dir), "--registry", &stale.url]);
    assert_eq!(
        code(&publisher),
        (Some(1), "log.rollback"),
        "nothing is signed on top of it: {}",
        publisher.1
    );
    assert_eq!(world.verify(&reader, "@acme/hello@^1").1["version"], "1.1.0", "and nothing was forgotten");
}

#[test]
fn t04_a_damaged_or_old_file_is_never_taken_for_an_empty_one() {
    let (world, _) = World::published();
    let reader = Home::new();
    assert_eq!(world.verify(&reader, "@acme/hello@^1").0, Some(0));
    let damaged = |file: &Path, content: &str| {
        let good = fs::read(file).unwrap();
        fs::write(file, content).unwrap();
        let refused = world.verify(&reader, "@acme/hello@^1");
        assert_eq!(code(&refused), (Some(2), "usage"), "{content}: {}", refused.1);
        let message = refused.1["error"]["message"].as_str().unwrap();
        assert!(message.contains(support::arg(file)) && message.contains("damaged"), "{message}");
        assert!(
            refused.1["error"]["hint"].as_str().unwrap().contains("put a copy of it back"),
            "{}",
            refused.1
        );
        assert_eq!(fs::read(file).unwrap(), content.as_bytes(), "it stays as it was found");
        fs::write(file, good).unwrap();
    };
    let seen = reader.path("config/seen.json");
    let text = fs::read_to_string(&seen).unwrap();
    for content in
        ["", "{", &text[..text.len() / 2], r#"{"logs":{},"packages":{}}"#, &text.replace("v1", "v9")]
    {
        damaged(&seen, content);
    }
    damaged(&reader.path("config/trust.json"), "[]");
    assert_eq!(world.verify(&reader, "@acme/hello@^1").0, Some(0));
}
