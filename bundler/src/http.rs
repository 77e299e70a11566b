//! Bounded, retried, resumed HTTP reads from npm registries.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH,
    IF_RANGE, RANGE, RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use crate::BundleError;
use crate::network::Network;
use crate::npmrc::Request;

/// How long is waited for whom.
#[derive(Debug, Clone)]
struct Patience {
    /// Attempts one after another that bring nothing; one that brings a part of a body counts for nothing.
    idle_attempts: u32,
    /// Attempts in all.
    attempts: u32,
    /// The pause before the second attempt, which doubles each time.
    first_pause: Duration,
    /// The longest pause that a server can ask for.
    longest_pause: Duration,
    /// A server that sends nothing for so long is given up.
    silence: Duration,
    /// What an exchange may take besides `slowest` bytes a second.
    exchange: Duration,
    slowest: u64,
}

const USUAL: Patience = Patience {
    idle_attempts: 5,
    attempts: 20,
    first_pause: Duration::from_millis(250),
    longest_pause: Duration::from_secs(30),
    silence: Duration::from_secs(30),
    exchange: Duration::from_secs(60),
    slowest: 16 << 10,
};

/// What a registry answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The whole body is in the sink; its entity tag, if there is one.
    Body { etag: Option<String> },
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
    /// Whether a server that refuses to answer counts as one that has nothing.
    pub(crate) optional: bool,
}

/// Where a body goes.
pub(crate) trait Sink: Send {
    /// How much is there already.
    fn len(&self) -> u64;
    /// Whether what is there may be continued, and is not begun anew, when a connection breaks.
    fn resumes(&self) -> bool;
    /// Takes what comes next.
    fn append(&mut self, part: &[u8]) -> Result<(), BundleError>;
    /// Forgets what is there.
    fn restart(&mut self) -> Result<(), BundleError>;
}

/// A body in memory. It may come compressed, so it cannot be continued.
impl Sink for Vec<u8> {
    fn len(&self) -> u64 {
        self.len() as u64
    }

    fn resumes(&self) -> bool {
        false
    }

    fn append(&mut self, part: &[u8]) -> Result<(), BundleError> {
        self.extend_from_slice(part);
        Ok(())
    }

    fn restart(&mut self) -> Result<(), BundleError> {
        self.clear();
        Ok(())
    }
}

/// An HTTP client that keeps to npm's configuration.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    patience: Patience,
}

impl Http {
    pub(crate) fn new(network: &Network) -> Result<Self, BundleError> {
        Self::with_patience(network, USUAL)
    }

    fn with_patience(network: &Network, patience: Patience) -> Result<Self, BundleError> {
        let builder = Client::builder()
            .user_agent(concat!("cidery-bundler/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.silence)
            .read_timeout(patience.silence)
            .redirect(reqwest::redirect::Policy::custom(|attempt| {
                let was_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
                if was_tls && attempt.url().scheme() != "https" {
                    return attempt.error("a redirect leads away from https");
                }
                if attempt.previous().len() > 5 {
                    attempt.error("too many redirects")
                } else {
                    attempt.follow()
                }
            }));
        let client = network.apply(builder)?.build();
        let client = client.map_err(|error| BundleError::Internal { reason: chain(&error.without_url()) })?;
        Ok(Self { client, patience })
    }

    /// Reads a body into `sink`, again where the connection breaks or the server answers 408, 429 or 5xx, and then
    /// from where it broke off if the sink allows it.
    pub(crate) async fn read(&self, read: &Read<'_>, sink: &mut dyn Sink) -> Result<Answer, BundleError> {
        let (mut pause, mut idle, mut tag) = (self.patience.first_pause, 0, None);
        for attempt in 1.. {
            if !sink.resumes() {
                sink.restart()?;
            }
            let before = sink.len();
            let (reason, wish) = match self.attempt(read, sink, &mut tag).await? {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Again { reason, wish } => (reason, wish),
            };
            if sink.resumes() && sink.len() > before {
                (idle, pause) = (0, self.patience.first_pause);
            } else {
                idle += 1;
            }
            if idle == self.patience.idle_attempts || attempt == self.patience.attempts {
                let reason = format!("{reason}, after {attempt} attempts");
                return Err(BundleError::Fetch { what: read.what.to_owned(), reason });
            }
            tokio::time::sleep(wish.unwrap_or(pause).min(self.patience.longest_pause)).await;
            pause *= 2;
        }
        unreachable!("the loop above returns at the last attempt")
    }

    async fn attempt(
        &self,
        read: &Read<'_>,
        sink: &mut dyn Sink,
        tag: &mut Option<String>,
    ) -> Result<Attempt, BundleError> {
        let response = match self.request(read, sink, tag.as_deref()).send().await {
            Ok(response) => response,
            Err(error) => return Ok(Attempt::again(chain(&error.without_url()))),
        };
        let refused = |reason| Err(BundleError::Fetch { what: read.what.to_owned(), reason });
        match response.status() {
            StatusCode::OK => {
                sink.restart()?;
                self.body(read, response, sink, tag).await
            }
            StatusCode::PARTIAL_CONTENT if sink.len() > 0 => {
                if first_byte(response.headers()) == Some(sink.len()) {
                    return self.body(read, response, sink, tag).await;
                }
                sink.restart()?;
                Ok(Attempt::again("got another part than was asked for".to_owned()))
            }
            // What is there is not a beginning of what the server has, or is all of it: the digest would tell.
            StatusCode::RANGE_NOT_SATISFIABLE if sink.len() > 0 => {
                sink.restart()?;
                Ok(Attempt::again("got status 416".to_owned()))
            }
            StatusCode::NOT_MODIFIED if read.etag.is_some() => Ok(Attempt::Done(Answer::Unchanged)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Attempt::Done(Answer::Absent)),
            status if read.optional && is_refusal(status) => Ok(Attempt::Done(Answer::Absent)),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let credentials = match &read.request.authorization {
                    Some(_) => "with the credentials that .npmrc has for it",
                    None => "and .npmrc has no credentials for it",
                };
                let host = read.request.url.host_str().unwrap_or_default();
                refused(format!("got status {} from {host}, {credentials}", status.as_u16()))
            }
            status if status.is_server_error() || is_passing(status) => {
                let reason = format!("got status {}", status.as_u16());
                Ok(Attempt::Again { reason, wish: retry_after(response.headers(), SystemTime::now()) })
            }
            status => refused(format!("got status {}", status.as_u16())),
        }
    }

    fn request(&self, read: &Read<'_>, sink: &dyn Sink, tag: Option<&str>) -> RequestBuilder {
        let mut request = self.client.get(read.request.url.clone()).header(ACCEPT, read.accept);
        let mut set = |name: HeaderName, value: &str| {
            let with = request.try_clone().map(|request| request.header(name, value));
            request = with.unwrap_or_else(|| self.client.get(read.request.url.clone()));
        };
        if let Some(authorization) = &read.request.authorization {
            set(AUTHORIZATION, authorization);
        }
        if let Some(etag) = read.etag {
            set(IF_NONE_MATCH, etag);
        }
        if sink.resumes() {
            set(ACCEPT_ENCODING, "identity");
            if sink.len() > 0 {
                set(RANGE, &format!("bytes={}-", sink.len()));
                // Weak tags say nothing of bytes.
                if let Some(tag) = tag.filter(|tag| !tag.starts_with("W/")) {
                    set(IF_RANGE, tag);
                }
            }
        }
        request
    }

    /// Takes a body in, within its bound and a time that grows with its size.
    async fn body(
        &self,
        read: &Read<'_>,
        response: Response,
        sink: &mut dyn Sink,
        tag: &mut Option<String>,
    ) -> Result<Attempt, BundleError> {
        let too_large =
            || BundleError::TooLarge { what: read.what.to_owned(), limit: read.limit, unit: "bytes" };
        let length = response.content_length();
        if length.is_some_and(|length| sink.len().saturating_add(length) > read.limit) {
            return Err(too_large());
        }
        let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
        tag.clone_from(&etag);
        let seconds = length.unwrap_or(read.limit) / self.patience.slowest;
        let deadline = tokio::time::Instant::now() + self.patience.exchange + Duration::from_secs(seconds);
        let mut stream = response.bytes_stream();
        loop {
            let part = match tokio::time::timeout_at(deadline, stream.next()).await {
                Ok(Some(Ok(part))) => part,
                Ok(Some(Err(error))) => return Ok(Attempt::again(chain(&error.without_url()))),
                Ok(None) => return Ok(Attempt::Done(Answer::Body { etag })),
                Err(_) => return Ok(Attempt::again("got its body too slowly".to_owned())),
            };
            if sink.len() + part.len() as u64 > read.limit {
                return Err(too_large());
            }
            sink.append(&part)?;
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

/// Whether a server may answer soon.
fn is_passing(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// Whether a server will not answer.
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() && !is_passing(status)
}

/// The first byte of a part: `bytes 5-9/10`.
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// How long a server asks to wait: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        [(name, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_server_asks_to_wait_in_seconds_or_until_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let wait = |value: &str| retry_after(&headers(RETRY_AFTER, value), now);
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn a_part_says_where_it_begins() {
        assert_eq!(first_byte(&headers(CONTENT_RANGE, "bytes 5-9/10")), Some(5));
        assert_eq!(first_byte(&headers(CONTENT_RANGE, "bytes */10")), None);
    }
}
