//! What the server sends to witnesses, and how much of their answers it takes: over TCP, with witnesses that do what real ones
//! never do.

mod support;

use std::time::{Duration, Instant};

use cidery_keys::Signer;
use cidery_protocol::log::SignedCheckpoint;
use cidery_registry_server::{Config, Server, Witness, Witnesses};
use support::{
    Pack, key,
    witness::{line, witness_key},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};

/// More than any of this takes.
const LONG: Duration = Duration::from_secs(30);

/// What is answered to a request.
type Answer = fn(&str) -> Option<Vec<u8>>;

/// A witness behind a socket: what it was sent, and where it is.
struct Behind {
    url: String,
    requests: mpsc::UnboundedReceiver<String>,
}

/// Answers each connection's one request by what `answer` makes of it; what it gives none for is left open.
async fn listen(answer: Answer) -> Behind {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/w", listener.local_addr().expect("an address"));
    let (tell, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let request = read(&mut stream).await;
                // A server that stops lets its connections go.
                if request.is_empty() {
                    return;
                }
                let _ = tell.send(request.clone());
                match answer(&request) {
                    Some(bytes) => drop(stream.write_all(&bytes).await),
                    None => sleep(LONG).await,
                }
            });
        }
    });
    Behind { url, requests }
}

/// A request with a body of the length that it says.
async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => request.extend_from_slice(&chunk[..read]),
        }
    }
}

fn http(status: &str, headers: &str, body: &str) -> Option<Vec<u8>> {
    let length = body.len();
    Some(
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .into_bytes(),
    )
}

fn signed(request: &str) -> Option<Vec<u8>> {
    let (_, body) = request.split_once("\r\n\r\n")?;
    let note = SignedCheckpoint::parse(body.split_once("\n\n")?.1.as_bytes()).ok()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    http("200 OK", "", &format!("{}\n", line(&note, "w", &witness_key(0), now)))
}

struct Running {
    server: Server,
    told: mpsc::UnboundedReceiver<String>,
    folder: tempfile::TempDir,
}

/// A registry with a witness at `url`.
async fn watched(url: &str) -> Running {
    let folder = tempfile::tempdir().expect("a folder");
    let (tell, told) = mpsc::unbounded_channel();
    let mut config = Config::new(folder.path(), ([127, 0, 0, 1], 0).into());
    let witness = Witness::new("w", url, witness_key(0).public_key()).expect("a witness");
    config.witnesses = Some(Witnesses::new(vec![witness]).expect("witnesses"));
    config.on_failure = Some(Box::new(move |error| drop(tell.send(error.to_string()))));
    let server = Server::start(config).await.expect("a server");
    Running { server, told, folder }
}

async fn ask(server: &Server, method: &str, path: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.local_addr()).await.expect("a connection");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

async fn publish(server: &Server, name: &str) {
    let package = Pack::by(name, "1", &key(1), server.origin().as_str());
    let missing = ask(server, "POST", "/v1/publish", &package.request()).await;
    if missing.starts_with("HTTP/1.1 202") {
        let blob = package.manifest.body().modules[0].cid;
        ask(server, "PUT", &format!("/v1/blobs/{blob}?record={}", package.release()), b"1").await;
        let done = ask(server, "POST", "/v1/publish", &package.request()).await;
        assert!(done.starts_with("HTTP/1.1 201"), "{done}");
    } else {
        assert!(missing.starts_with("HTTP/1.1 201"), "{missing}");
    }
}

async fn is_cosigned(server: &Server) -> bool {
    let checkpoint = ask(server, "GET", "/v1/checkpoint", b"").await;
    let (_, note) = checkpoint.split_once("\r\n\r\n").expect("a body");
    let note = SignedCheckpoint::parse(note.as_bytes()).expect("a note");
    note.cosigned("w", &witness_key(0).public_key()).expect("valid or absent").is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_is_asked_at_the_start_and_after_each_publish() {
    let mut behind = listen(signed).await;
    let Running { server, mut told, folder: _folder } = watched(&behind.url).await;
    for number in 0..3 {
        if number > 0 {
            publish(&server, &format!("@acme/p{number}")).await;
        }
        let request = timeout(LONG, behind.requests.recv()).await.expect("in time").expect("a request");
        assert!(request.starts_with("POST /w/add-checkpoint HTTP/1.1\r\n"), "{request}");
        let old = if number == 2 { 3 } else { 0 };
        assert!(request.contains(&format!("\r\n\r\nold {old}\n")), "{request}");
        let cosigned = async {
            while !is_cosigned(&server).await {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LONG, cosigned).await.expect("in time");
    }
    assert!(told.try_recv().is_err(), "nothing failed");
    server.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t26_t35_other_answers_are_told_and_cost_nobody_anything() {
    let answers: [(&str, Answer); 5] = [
        ("more than 65536 bytes", |_| http("200 OK", "", &"x".repeat(65_537))),
        // Without a length, and without an end.
        ("more than 65536 bytes", |_| Some([b"HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 1 << 20][..]].concat())),
        ("ask `http://127.0.0.1:", |_| Some(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())),
        ("ask `http://127.0.0.1:", |_| Some(Vec::new())),
        ("it answered 500", |_| http("500 Internal Server Error", "", "")),
    ];
    for (wanted, answer) in answers {
        let behind = listen(answer).await;
        let Running { server, mut told, folder: _folder } = watched(&behind.url).await;
        let reason = timeout(LONG, told.recv()).await.expect("in time").expect("a reason");
        assert!(reason.contains(wanted) && reason.contains("`w`"), "{wanted}: {reason}");
        publish(&server, "@acme/hello").await;
        assert!(!is_cosigned(&server).await);
        server.stop().await.expect("it stops");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t26_redirects_are_not_followed() {
    // The other place would sign: nobody asks it.
    let mut behind = listen(|request| {
        if request.starts_with("POST /w/add-checkpoint") {
            http("307 Temporary Redirect", "location: /elsewhere/add-checkpoint\r\n", "")
        } else {
            signed(request)
        }
    })
    .await;
    let Running { server, mut told, folder: _folder } = watched(&behind.url).await;
    let reason = timeout(LONG, told.recv()).await.expect("in time").expect("a reason");
    assert!(reason.contains("it answered 307"), "{reason}");
    publish(&server, "@acme/hello").await;
    server.stop().await.expect("it stops");
    let mut requests = 0;
    while let Ok(request) = behind.requests.try_recv() {
        assert!(request.starts_with("POST /w/add-checkpoint"), "{request}");
        requests += 1;
    }
    assert!(requests > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t35_a_witness_that_hangs_delays_no_publish() {
    let mut behind = listen(|_| None).await;
    let Running { server, mut told, folder: _folder } = watched(&behind.url).await;
    timeout(LONG, behind.requests.recv()).await.expect("in time").expect("a request");
    let began = Instant::now();
    for number in 0..5 {
        publish(&server, &format!("@acme/p{number}")).await;
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(behind.requests.try_recv().is_err(), "one request at a time");
    let reason = timeout(LONG, told.recv()).await.expect("in time").expect("a reason");
    assert!(reason.contains("ask `http"), "{reason}");
    assert!(began.elapsed() >= Duration::from_secs(8), "it had its ten seconds");
    let request = timeout(LONG, behind.requests.recv()).await.expect("in time").expect("a request");
    assert!(request.contains("\n15\n"), "the newest head, and none between: {request}");
    server.stop().await.expect("it stops, whatever is under way");
}
