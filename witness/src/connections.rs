//! HTTP/1 over TCP: so many connections at once, so long for a head, and an end.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time,
};

/// Bytes of a request's head.
const HEAD_BYTES: usize = 16 << 10;
/// Connections at once; others wait to be taken.
const CONNECTIONS: usize = 256;
/// How long requests may take to end when the server stops.
const STOP_TIME: Duration = Duration::from_secs(10);
/// How long it waits after a connection could not be taken, such as where too many files are open.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until it is told to stop, and then until what runs has ended, or been cut off.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    head_time: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accept = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            // The sender sends once, and dropping it means the same.
            _ = stopped.changed() => break,
            (place, accepted) = accept => match (place, accepted) {
                (Ok(place), Ok((stream, _))) => {
                    while connections.try_join_next().is_some() {}
                    connections.spawn(connect(stream, place, router.clone(), head_time, &graceful));
                }
                _ => time::sleep(PAUSE).await,
            },
        }
    }
    drop(listener);
    let _ = time::timeout(STOP_TIME, graceful.shutdown()).await;
    connections.shutdown().await;
}

fn connect(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    router: Router,
    head_time: Duration,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    // A wish of the socket: without it, small answers are only later.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    async move {
        // What a client does to its connection is its own matter.
        let _ = connection.await;
        drop(place);
    }
}
