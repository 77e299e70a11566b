//! Both ports: what clients ask, and what a test says.

use std::sync::Arc;

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use cidery_protocol::limits::PUBLISH_BYTES;
use cidery_registry::{Body, memory::Chunks};
use tokio::sync::Mutex;

use crate::liar::{Liar, Order};

/// One request after another: nothing that a client is told changes while it is told.
type Shared = State<Arc<Mutex<Liar>>>;

/// What a registry answers.
pub(crate) fn clients(liar: Arc<Mutex<Liar>>) -> Router {
    Router::new().fallback(answer).with_state(liar)
}

/// What a test says: an order.
pub(crate) fn orders(liar: Arc<Mutex<Liar>>) -> Router {
    Router::new().fallback(obey).with_state(liar)
}

async fn obey(State(liar): Shared, order: Bytes) -> Response {
    let order = match serde_json::from_slice::<Order>(&order) {
        Ok(order) => order,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match liar.lock().await.obey(order).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn answer(State(liar): Shared, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, PUBLISH_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = cidery_registry::Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        content_length: Some(body.len() as u64),
        body: Chunks::of(&body, 1 << 16),
    };
    let answer = liar.lock().await.answer(request).await;
    let answer = answer.unwrap_or_else(|error| cidery_registry::Response::from(&error));
    let body = match answer.body {
        Body::Bytes(bytes) => bytes,
        Body::Stream(download) => download.body,
        Body::Omitted(_) => Bytes::new(),
    };
    let mut response = Response::new(axum::body::Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
