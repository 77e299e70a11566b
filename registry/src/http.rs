//! Requests and answers as the handlers see them, without any host's HTTP types.

use bytes::Bytes;

use crate::{Download, Error};

/// A request as it came in.
#[derive(Debug)]
pub struct Request<U> {
    /// The method, in upper case.
    pub method: String,
    /// The path, still percent-encoded, from its first `/`.
    pub path: String,
    /// What stands after `?`, still percent-encoded; empty where nothing does.
    pub query: String,
    /// The number of the body's bytes, where the client announced it.
    pub content_length: Option<u64>,
    /// The body, which nobody has read yet.
    pub body: U,
}

/// An answer.
#[derive(Debug)]
pub struct Response<B> {
    /// The status.
    pub status: u16,
    /// The headers, with lower-case names. The length is said by the body.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body<B>,
}

/// An answer's body.
#[derive(Debug)]
pub enum Body<B> {
    /// Bytes in memory.
    Bytes(Bytes),
    /// An object that the host streams by itself.
    Stream(Download<B>),
    /// No bytes, where a GET would have had this many: the answer to a HEAD.
    Omitted(u64),
}

/// An object whose bytes its name says: it can be kept for ever.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

impl<B> Response<B> {
    /// An answer whose next one may be another.
    pub(crate) fn fresh(status: u16, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        Response::new(status, content_type, "no-store", Body::Bytes(bytes.into()))
    }

    /// JSON whose next one may be another.
    pub(crate) fn json(status: u16, json: &serde_json::Value) -> Self {
        Response::fresh(status, "application/json", json.to_string())
    }

    /// An object named by a CID.
    pub(crate) fn immutable(content_type: &str, body: Body<B>) -> Self {
        Response::new(200, content_type, IMMUTABLE, body)
    }

    /// The same headers and no body.
    pub(crate) fn without_body(self) -> Self {
        let length = match self.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Stream(download) => download.length,
            Body::Omitted(length) => length,
        };
        Response { body: Body::Omitted(length), ..self }
    }

    fn new(status: u16, content_type: &str, cache_control: &str, body: Body<B>) -> Self {
        let headers = [
            ("content-type", content_type),
            ("cache-control", cache_control),
            ("x-content-type-options", "nosniff"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        Response { status, headers, body }
    }
}

impl<B> From<&Error> for Response<B> {
    fn from(error: &Error) -> Self {
        Response::json(error.status(), &serde_json::json!({ "error": error.body() }))
    }
}
