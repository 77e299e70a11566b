//! T35: clients that are slow, or never end.

mod support;

use std::time::{Duration, Instant};

use cidery_witness::{Config, Patience, Server};
use support::http::{add, read};
use support::{Log, NAME};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t35_slow_clients_are_dropped_and_cost_the_others_nothing() {
    let (log, folder) = (Log::new(3), tempfile::tempdir().expect("a folder"));
    let short = Duration::from_millis(500);
    let mut config = Config::new(folder.path(), ([127, 0, 0, 1], 0).into());
    config.name = Some(NAME.parse().expect("a name"));
    config.logs = [(log.origin.clone(), vec![log.public_key()])].into();
    config.patience = Patience { head: short, body: short };
    let server = Server::start(config).await.expect("a witness");
    let to = server.local_addr();
    let open = async |sent: &str| {
        let mut stream = TcpStream::connect(to).await.expect("a connection");
        stream.write_all(sent.as_bytes()).await.expect("it is sent");
        stream
    };
    let post = "POST /add-checkpoint HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n";
    let (mut half_heads, mut half_bodies) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        half_heads.push(open("POST /add-checkpoint HTTP/1.1\r\nhos").await);
        half_bodies.push(open(&format!("{post}old 0\n")).await);
    }
    // One that always sends a little more.
    let mut trickling = open(post).await;
    let trickle = async {
        while trickling.write_all(b" ").await.is_ok() {
            time::sleep(short / 5).await;
        }
    };
    // One that never ends.
    let mut endless =
        open("POST /add-checkpoint HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let flood = async {
        let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
        while endless.write_all(chunk.as_bytes()).await.is_ok() {}
    };
    let began = Instant::now();
    let others = async {
        while began.elapsed() < short {
            let asked = Instant::now();
            let answer = add(to, &log.body(0, 3)).await;
            assert!([200, 409].contains(&answer.status), "{answer:?}");
            assert!(asked.elapsed() < short, "{:?}", asked.elapsed());
        }
    };
    let dropped = async {
        for mut stream in half_heads {
            // A reset and an end are the same here: the connection is gone.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        for mut stream in half_bodies {
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            let answer = read(&answer);
            assert!(answer.status == 400 && answer.body.contains("too slowly"), "{answer:?}");
        }
    };
    let all = async { tokio::join!(others, dropped, trickle, flood) };
    time::timeout(20 * short, all).await.expect("all are dropped");
    assert!(began.elapsed() >= short, "they had their time");

    // A connection that says nothing does not keep the witness from stopping.
    let _silent = TcpStream::connect(to).await.expect("a connection");
    server.stop().await.expect("it stops");
}
