//! Bounded, retried HTTP reads from npm registries.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode};

use crate::BundleError;
use crate::npmrc::Request;

/// Attempts in all, and the pause before the second, which doubles each time.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// A server that sends nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// What a registry answered.
pub(crate) enum Answer {
    /// 200, with the entity tag if there is one.
    Body { bytes: Vec<u8>, etag: Option<String> },
    /// 304: what the tag stands for is still right.
    Unchanged,
    /// 404 or 410.
    Absent,
}

/// What to read, and how much of it at most.
pub(crate) struct Read<'a> {
    pub(crate) request: Request,
    /// What it is, for errors.
    pub(crate) what: &'a str,
    pub(crate) accept: &'static str,
    pub(crate) etag: Option<&'a str>,
    pub(crate) limit: u64,
}

/// An HTTP client over the platform's certificate roots and those that `NODE_EXTRA_CA_CERTS` names.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client);

impl Http {
    pub(crate) fn new() -> Result<Self, BundleError> {
        let unusable = |error: reqwest::Error| BundleError::Internal { reason: chain(&error) };
        let mut builder = Client::builder()
            .user_agent(concat!("cidery-bundler/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(SILENCE)
            .read_timeout(SILENCE);
        if let Some(path) = std::env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty()) {
            let pem = std::fs::read(&path).map_err(BundleError::io(path))?;
            builder = builder.tls_certs_merge(Certificate::from_pem_bundle(&pem).map_err(unusable)?);
        }
        builder.build().map(Self).map_err(unusable)
    }

    /// Reads a body, again where the connection breaks or the server answers 408, 429 or 5xx.
    pub(crate) async fn read(&self, read: &Read<'_>) -> Result<Answer, BundleError> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let (reason, wish) = match self.attempt(read).await? {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Again { reason, wish } => (reason, wish),
            };
            if attempt == ATTEMPTS {
                let reason = format!("{reason}, {ATTEMPTS} times");
                return Err(BundleError::Fetch { what: read.what.to_owned(), reason });
            }
            tokio::time::sleep(wish.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause *= 2;
        }
        unreachable!("the loop above returns at the last attempt")
    }

    async fn attempt(&self, read: &Read<'_>) -> Result<Attempt, BundleError> {
        let mut request = self.0.get(read.request.url.clone()).header(ACCEPT, read.accept);
        if let Some(authorization) = &read.request.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(etag) = read.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(Attempt::again(chain(&error.without_url()))),
        };
        match response.status() {
            StatusCode::OK => body(read, response).await,
            StatusCode::NOT_MODIFIED if read.etag.is_some() => Ok(Attempt::Done(Answer::Unchanged)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Attempt::Done(Answer::Absent)),
            status
                if status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) =>
            {
                let wish = response.headers().get(RETRY_AFTER);
                let wish = wish.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
                Ok(Attempt::Again { reason: format!("got status {}", status.as_u16()), wish })
            }
            status => {
                let reason = format!("got status {}", status.as_u16());
                Err(BundleError::Fetch { what: read.what.to_owned(), reason })
            }
        }
    }
}

enum Attempt {
    Done(Answer),
    Again { reason: String, wish: Option<Duration> },
}

impl Attempt {
    fn again(reason: String) -> Self {
        Self::Again { reason, wish: None }
    }
}

async fn body(read: &Read<'_>, response: Response) -> Result<Attempt, BundleError> {
    let too_large = || BundleError::TooLarge { what: read.what.to_owned(), limit: read.limit, unit: "bytes" };
    if response.content_length().is_some_and(|length| length > read.limit) {
        return Err(too_large());
    }
    let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(part) = stream.next().await {
        match part {
            Ok(part) if (bytes.len() + part.len()) as u64 > read.limit => return Err(too_large()),
            Ok(part) => bytes.extend_from_slice(&part),
            Err(error) => return Ok(Attempt::again(chain(&error.without_url()))),
        }
    }
    Ok(Attempt::Done(Answer::Body { bytes, etag }))
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
