//! HTTP/1 over TCP for Cidery's servers, the registry's and the witness's: what has to hold for any of them before a request is
//! one.
//!
//! ```text
//!  TCP ──▶ a place among so many ──▶ a head of so many bytes, in so much time ──▶ the router ──▶ …
//!          or the client waits       or the connection is closed
//! ```
//!
//! A client that is slow, silent or endless costs one place until its time is over, and the others nothing (T35). Bodies are the
//! routers' matter: how long one may be differs. So is TLS, which a proxy in front brings.

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
    task::{JoinError, JoinHandle, JoinSet},
    time,
};

/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;
/// Connections at once; others wait to be taken.
const CONNECTIONS: usize = 1024;
/// How long requests may take to end when the server stops.
const STOP_TIME: Duration = Duration::from_secs(10);
/// How long it waits where no connection can be taken: out of file descriptors, most likely, and some will be free again.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener that is being served, until [`Serving::stop`] or until this is dropped.
#[derive(Debug)]
pub struct Serving {
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Serving {
    /// Serves what comes, inside of a Tokio runtime. A client has `head_time` for a request's head, also between two requests.
    pub fn start(listener: TcpListener, router: Router, head_time: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, router, head_time, stopped));
        Serving { stop, serving }
    }

    /// Takes no more requests, and lets those that run end, for ten seconds at most.
    ///
    /// # Errors
    /// Where it had ended by itself, by a defect.
    pub async fn stop(self) -> Result<(), JoinError> {
        let _ = self.stop.send(true);
        self.serving.await
    }
}

async fn serve(
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
            }
        }
    }
    drop(listener);
    drop(router);
    // A client that does not end is cut off.
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
