//! The interface of C2SP tlog-witness.
//!
//! What the specification says a witness MUST do with `POST <prefix>/add-checkpoint`, and where it is done:
//!
//! 1. A body that is none, or a checkpoint that is none, is answered with 400 ([`Request`](crate::Request)).
//! 2. An unknown origin is 404.
//! 3. A checkpoint that no trusted key of its origin signed, or with an invalid signature under the name and id of one, is 403.
//!    Signatures of unknown keys are ignored ([`Request::verify`](crate::Request::verify)).
//! 4. An old size above the checkpoint's is 400 ([`decide`](crate::decide), as what follows).
//! 5. The size that was cosigned last with another root is 409.
//! 6. An old size that is not the one that was cosigned last is 409, with that size in decimal and a newline, as `text/x.tlog.size`.
//! 7. A proof that does not verify is 422.
//! 8. The time of a cosignature is that of the clock, and not before the last one.
//! 9. Check and record are one step, and the record is kept before anything is answered ([`Witness::add_checkpoint`]).
//! 10. Anything else is 200, with the line of a cosignature.
//!
//! Where (5) and (6) are both so, the answer is that of (6), and the contradiction is kept all the same. Bodies are bounded
//! before and beside all of it: 413 past their length, 400 past their time. 503 says that the witness cannot do its work; no
//! answer but 200 changes what was cosigned.

use std::{sync::Arc, time::SystemTime};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use cidery_protocol::Code;
use futures_util::StreamExt;
use tokio::{task::spawn_blocking, time::timeout};

use crate::{BODY_BYTES, OnEvent, Patience, Witness, WitnessError};

/// What is still read of a body that is too long, so that the client gets to see the answer.
const DRAINED: usize = 1 << 20;

/// What all requests share.
#[derive(Clone)]
struct Serving {
    witness: Arc<Witness>,
    patience: Patience,
    tell: Arc<OnEvent>,
}

/// The two paths, and 404 for all others.
pub(crate) fn router(witness: Arc<Witness>, patience: Patience, tell: OnEvent) -> Router {
    let serving = Serving { witness, patience, tell: Arc::new(tell) };
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{place}/checkpoint", get(checkpoint))
        .with_state(serving)
}

async fn add_checkpoint(State(serving): State<Serving>, body: Body) -> Response {
    let body = match read(body, serving.patience).await {
        Ok(body) => body,
        Err(error) => return refuse(&error),
    };
    let answer = serving.ask(move |witness| witness.add_checkpoint(&body, now())).await;
    answer.map_or_else(|error| refuse(&error), |line| text(StatusCode::OK, format!("{line}\n")))
}

async fn checkpoint(State(serving): State<Serving>, Path(place): Path<String>) -> Response {
    let answer = serving.ask(move |witness| witness.newest(&place)).await;
    answer.map_or_else(|error| refuse(&error), |note| text(StatusCode::OK, note))
}

impl Serving {
    /// The work waits for the disk, and perhaps for an agent: so it has a thread of its own.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Witness) -> Result<T, WitnessError> + Send + 'static,
    ) -> Result<T, WitnessError> {
        let witness = self.witness.clone();
        let answer = spawn_blocking(move || work(&witness)).await.unwrap_or(Err(WitnessError::Internal));
        if let Err(error) = &answer
            && error.is_for_operator()
        {
            (self.tell)(error);
        }
        answer
    }
}

/// All of a body, within its bounds.
async fn read(body: Body, patience: Patience) -> Result<Vec<u8>, WitnessError> {
    let refused = |reason: &str| WitnessError::Request { reason: reason.to_owned() };
    let all = async {
        let (mut chunks, mut read, mut got) = (body.into_data_stream(), Vec::new(), 0);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| refused("the body broke off"))?;
            got += chunk.len();
            if got <= BODY_BYTES {
                read.extend_from_slice(&chunk);
            } else if got > DRAINED {
                break;
            }
        }
        if got <= BODY_BYTES { Ok(read) } else { Err(WitnessError::Large { limit: BODY_BYTES }) }
    };
    timeout(patience.body, all).await.unwrap_or_else(|_| Err(refused("the body came too slowly")))
}

/// The operating system's time; 0 where it has none, which nothing is cosigned at.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn refuse(error: &WitnessError) -> Response {
    match error {
        WitnessError::Conflict { wanted, .. } => size(*wanted),
        // The old size is wrong, too: what has to be answered then is the right one.
        WitnessError::Fork { contradiction, old, .. } if *old != contradiction.size => {
            size(contradiction.size)
        }
        error => text(status(error), format!("{}: {error}\n", error.code())),
    }
}

fn status(error: &WitnessError) -> StatusCode {
    match error {
        WitnessError::Request { .. } | WitnessError::Checkpoint(_) | WitnessError::OldSize { .. } => {
            StatusCode::BAD_REQUEST
        }
        WitnessError::Large { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        WitnessError::UnknownLog => StatusCode::NOT_FOUND,
        WitnessError::Unsigned { .. } => StatusCode::FORBIDDEN,
        WitnessError::Conflict { .. } | WitnessError::Fork { .. } => StatusCode::CONFLICT,
        WitnessError::Proof(_) => StatusCode::UNPROCESSABLE_ENTITY,
        error if error.code() == Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn size(size: u64) -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/x.tlog.size"))];
    (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response()
}

fn text(status: StatusCode, text: impl Into<Body>) -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    (status, kind, text.into()).into_response()
}
