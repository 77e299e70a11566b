//! Requests of axum as the registry's handlers see them, and back.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use cidery_registry::{Body as Answer, Error, Registry, Upload};
use futures_util::StreamExt;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{Files, Patience, sequencer::Client};

/// What is still read of a body that was refused, so that the client gets to see the answer.
const DRAINED: usize = 4 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Every path goes to the registry's own table.
pub(crate) fn router(registry: Registry<Files, Client>, patience: Patience) -> Router {
    Router::new().fallback(handle).with_state((Arc::new(registry), patience))
}

type Served = (Arc<Registry<Files, Client>>, Patience);

async fn handle(State((registry, patience)): State<Served>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let request = cidery_registry::Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        content_length: content_length(&head.headers),
        body: Incoming::new(body, patience),
    };
    let answer = registry.handle(request).await;
    let (body, length) = match answer.body {
        Answer::Bytes(bytes) => (Body::from(bytes), None),
        Answer::Stream(download) => (download.body, Some(download.length)),
        Answer::Omitted(length) => (Body::empty(), Some(length)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status.try_into().unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

/// hyper has refused several that differ.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body that is read against the clock.
struct Incoming {
    chunks: Pin<Box<BodyDataStream>>,
    /// For the next bytes.
    patience: Duration,
    until: Instant,
    ended: bool,
}

impl Incoming {
    fn new(body: Body, patience: Patience) -> Self {
        Incoming {
            chunks: Box::pin(body.into_data_stream()),
            patience: patience.chunk,
            until: Instant::now() + patience.body,
            ended: false,
        }
    }
}

impl Upload for Incoming {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let refused = |reason: &str| Error::Request { reason: reason.to_owned() };
        let until = self.until.min(Instant::now() + self.patience);
        match timeout_at(until, self.chunks.next()).await {
            Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
            Ok(None) => {
                self.ended = true;
                Ok(None)
            }
            Ok(Some(Err(_))) => {
                self.ended = true;
                Err(refused("the body broke off"))
            }
            Err(_) => {
                self.ended = true;
                Err(refused("the body came too slowly"))
            }
        }
    }
}

impl Drop for Incoming {
    /// A connection that is closed while its client still writes may lose the answer: so a part of the rest is read.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let empty = Box::pin(Body::empty().into_data_stream());
        let mut chunks = std::mem::replace(&mut self.chunks, empty);
        tokio::spawn(timeout(DRAIN_TIME, async move {
            let mut left = DRAINED;
            while let Some(Ok(chunk)) = chunks.next().await {
                match left.checked_sub(chunk.len()) {
                    Some(less) => left = less,
                    None => return,
                }
            }
        }));
    }
}
