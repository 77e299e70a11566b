//! Asking witnesses by the platform's fetch.

use std::{future::Future, pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use cidery_protocol::limits::{WITNESS_BYTES, WITNESS_SECONDS};
use cidery_registry::{StoreError, WitnessAnswer, WitnessClient};
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use worker::{
    AbortController, AbortSignal, Delay, Fetch, Method, Request, RequestInit, RequestRedirect, ResponseBody,
    js_sys::Uint8Array, send::SendFuture,
};

/// The way to witnesses.
#[derive(Clone, Copy)]
pub(crate) struct PlatformFetch;

impl WitnessClient for PlatformFetch {
    fn post(&self, url: &str, body: Bytes) -> impl Future<Output = Result<WitnessAnswer, StoreError>> + Send {
        SendFuture::new(async move {
            let failed = |reason: String| StoreError::new(format!("ask `{url}`"), reason);
            let controller = AbortController::default();
            let signal = controller.signal();
            let exchange = pin!(exchange(url, &body, &signal));
            match select(exchange, Delay::from(Duration::from_secs(WITNESS_SECONDS))).await {
                Either::Left((answer, _)) => answer.map_err(|error| failed(error.to_string())),
                Either::Right(_) => {
                    controller.abort();
                    Err(failed(format!("it took more than {WITNESS_SECONDS} seconds")))
                }
            }
        })
    }
}

async fn exchange(url: &str, body: &[u8], signal: &AbortSignal) -> Result<WitnessAnswer, worker::Error> {
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_redirect(RequestRedirect::Manual);
    init.with_body(Some(Uint8Array::from(body).into()));
    let request = Fetch::Request(Request::new_with_init(url, &init)?);
    let mut response = request.send_with_signal(signal).await?;
    let status = response.status_code();
    let mut body = BytesMut::new();
    if let ResponseBody::Stream(_) = response.body() {
        let mut chunks = response.stream()?;
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if chunk.len() > WITNESS_BYTES - body.len() {
                return Err(format!("its answer has more than {WITNESS_BYTES} bytes").into());
            }
            body.extend_from_slice(&chunk);
        }
    }
    Ok(WitnessAnswer { status, body: body.freeze() })
}
