//! The server as a whole: it starts, answers over TCP, stops, and starts again as the same log.

use cidery_registry_server::{Config, Server, ServerError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn get(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.local_addr()).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("a request");
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
