//! Between the platform's requests and responses and the registry's.

use std::future::Future;

use bytes::Bytes;
use cidery_registry::{Body, Error, Request, Response, Upload};
use futures_util::StreamExt;
use worker::{
    ByteStream, ResponseBody, ResponseBuilder,
    send::{SendFuture, SendWrapper},
};

/// What an object is sent as: R2's stream of it, or its copy's bytes.
pub(crate) type ObjectBody = SendWrapper<ResponseBody>;

/// A request's body, if it has one.
pub(crate) struct RequestBody(SendWrapper<Option<ByteStream>>);

impl Upload for RequestBody {
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send {
        SendFuture::new(async move {
            let Some(stream) = self.0.0.as_mut() else { return Ok(None) };
            match stream.next().await {
                None => Ok(None),
                Some(Ok(bytes)) => Ok(Some(bytes.into())),
                Some(Err(error)) => Err(Error::Request { reason: format!("the body breaks off: {error}") }),
            }
        })
    }
}

/// The request as the handlers see it.
pub(crate) fn request(from: &worker::Request) -> Request<RequestBody> {
    let raw = from.inner();
    let url = raw.url();
    let url = url.split_once('#').map_or(&*url, |(url, _)| url);
    let query = url.split_once('?').map_or("", |(_, query)| query).to_owned();
    let content_length = from.headers().get("content-length").ok().flatten();
    let content_length = content_length.and_then(|length| length.parse().ok());
    let body = RequestBody(SendWrapper(raw.body().map(ByteStream::from)));
    Request { method: raw.method(), path: from.path(), query, content_length, body }
}

/// The handlers' answer as the platform sends it.
pub(crate) fn response(from: Response<SendWrapper<ResponseBody>>) -> Result<worker::Response, worker::Error> {
    let mut builder = ResponseBuilder::new().with_status(from.status);
    for (name, value) in &from.headers {
        builder = builder.with_header(name, value)?;
    }
    Ok(match from.body {
        Body::Bytes(bytes) => builder.fixed(bytes.into()),
        Body::Stream(download) => builder.body(download.body.0),
        Body::Omitted(length) => builder.with_header("content-length", &length.to_string())?.empty(),
    })
}
