//! The server as a whole: it starts, answers over TCP, stops, and starts again as the same log.

mod support;

use std::time::{Duration, Instant};

use cidery_registry_server::{Config, Patience, Server, ServerError};
use support::{Pack, key};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

async fn get(server: &Server, path: &str) -> String {
    ask(server, "GET", path, b"").await
}

async fn ask(server: &Server, method: &str, path: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.local_addr()).await.expect("a connection");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn loopback() -> std::net::SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_starts_stops_and_starts_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::start(Config::new(folder.path(), loopback())).await.expect("a server");
    let (origin, key) = (first.origin().clone(), first.log_key());
    let log = get(&first, "/v1/log").await;
    assert!(log.starts_with("HTTP/1.1 200 OK\r\n") && log.contains(&key.to_string()), "{log}");
    let checkpoint = get(&first, "/v1/checkpoint").await;
    assert!(checkpoint.contains(&format!("\r\n\r\n{origin}\n0\n")), "{checkpoint}");
    let refused = get(&first, "/v1/packages/@acme/Hello").await;
    assert!(refused.starts_with("HTTP/1.1 400") && refused.contains("name.malformed"), "{refused}");

    let second = Server::start(Config::new(folder.path(), loopback())).await;
    assert!(matches!(second, Err(ServerError::Locked { .. })), "two servers never share a folder");

    // A connection that says nothing does not keep the server from stopping.
    let _silent = TcpStream::connect(first.local_addr()).await.expect("a connection");
    first.stop().await.expect("it stops");
    let again = Server::start(Config::new(folder.path(), loopback())).await.expect("a server");
    assert_eq!((again.origin(), again.log_key()), (&origin, key));
    again.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_are_answered_with_the_same_headers_and_no_body() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(Config::new(folder.path(), loopback())).await.expect("a server");
    for path in ["/v1/log", "/v1/checkpoint", "/v1/nothing", "/v1/packages/@acme/hello"] {
        let (get, head) = (get(&server, path).await, ask(&server, "HEAD", path, b"").await);
        let (headers, body) = get.split_once("\r\n\r\n").expect("headers and a body");
        assert!(!body.is_empty() && headers.contains(&format!("content-length: {}", body.len())), "{get}");
        let dated = |headers: &str| {
            let mut lines: Vec<&str> = headers.trim_end().split("\r\n").collect();
            lines.retain(|line| !line.starts_with("date: "));
            lines.sort_unstable();
            lines.join("\n")
        };
        assert_eq!(dated(&head), dated(headers), "{path}");
    }
    let refused = ask(&server, "HEAD", "/v1/publish", b"").await;
    assert!(refused.starts_with("HTTP/1.1 405"), "{refused}");
    server.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t35_slow_clients_are_dropped_and_cost_the_others_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(folder.path(), loopback());
    let short = Duration::from_millis(500);
    config.patience = Patience { head: short, chunk: short, body: 2 * short };
    let server = Server::start(config).await.expect("a server");
    let open = async |sent: &str| {
        let mut stream = TcpStream::connect(server.local_addr()).await.expect("a connection");
        stream.write_all(sent.as_bytes()).await.expect("it is sent");
        stream
    };
    let post = "POST /v1/publish HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n";
    let mut half_heads = Vec::new();
    let mut half_bodies = Vec::new();
    for _ in 0..50 {
        half_heads.push(open("GET /v1/log HTTP/1.1\r\nhos").await);
        half_bodies.push(open(&format!("{post}{{\"records\"")).await);
    }
    // One that always sends a little more: no two bytes are far apart, and all of them would take minutes.
    let mut trickling = open(post).await;
    let trickle = async {
        loop {
            time::sleep(short / 5).await;
            if trickling.write_all(b" ").await.is_err() {
                break;
            }
        }
    };
    let began = Instant::now();
    let others = async {
        while began.elapsed() < short {
            let asked = Instant::now();
            assert!(get(&server, "/v1/log").await.starts_with("HTTP/1.1 200"));
            assert!(asked.elapsed() < short, "{:?}", asked.elapsed());
        }
    };
    let dropped = async {
        for mut stream in half_heads {
            let mut answer = Vec::new();
            // A reset and an end are the same here: the connection is gone.
            let _ = stream.read_to_end(&mut answer).await;
        }
        for mut stream in half_bodies {
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("too slowly"), "{answer}");
        }
    };
    let all = async { tokio::join!(others, dropped, trickle) };
    time::timeout(20 * short, all).await.expect("all are dropped");
    assert!(began.elapsed() >= short, "they had their time");
    server.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_that_no_client_waits_for_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(folder.path(), loopback());
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    config.on_failure = Some(Box::new(move |error| drop(tell.send(error.to_string()))));
    let server = Server::start(config).await.expect("a server");
    let package = Pack::by("@acme/hello", "1", &key(1), server.origin().as_str());
    let missing = ask(&server, "POST", "/v1/publish", &package.request()).await;
    assert!(missing.starts_with("HTTP/1.1 202"), "{missing}");
    let blob = package.manifest.body().modules[0].cid;
    let put = ask(&server, "PUT", &format!("/v1/blobs/{blob}?record={}", package.release()), b"1").await;
    assert!(put.starts_with("HTTP/1.1 201"), "{put}");
    // A log that goes away under the server.
    std::fs::remove_dir_all(folder.path().join("objects/log")).expect("it was there");
    std::fs::write(folder.path().join("objects/log"), b"").expect("a file");
    let failed = ask(&server, "POST", "/v1/publish", &package.request()).await;
    assert!(failed.starts_with("HTTP/1.1 503") && failed.contains("storage.failed"), "{failed}");
    let error = time::timeout(Duration::from_secs(10), told.recv()).await;
    assert!(error.is_ok_and(|error| error.is_some_and(|error| error.contains("log"))));
    server.stop().await.expect("it stops");
}
