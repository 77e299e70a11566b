//! Requests with bounded answers, and refusals in the registry's own words.

use std::time::Duration;

use cidery_protocol::Code;
use reqwest::{RequestBuilder, Response, StatusCode, redirect};
use url::{Host, Url};

use super::wire::Refusal;
use crate::failure::Failure;

/// A registry that sends nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// Bytes in a second that a connection carries at least: a registry that keeps sending, but slower, is given up, too.
const PACE: u64 = 64 << 10;
/// Bytes of a refusal that are read.
const REFUSAL_BYTES: u64 = 64 << 10;

/// A connection to one registry.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    base: Url,
    client: reqwest::Client,
}

impl Http {
    /// Reads the registry's address: `http` or `https`, any path, no credentials.
    ///
    /// # Errors
    /// [`Failure::Usage`], which repeats nothing of the address that could be a secret.
    pub(crate) fn new(address: &str) -> Result<Self, Failure> {
        let refused = |reason: &str| Failure::Usage {
            reason: format!("the registry's address {reason}"),
            hint: Some("wanted `https://host` or `http://127.0.0.1:port`".to_owned()),
        };
        let mut base = Url::parse(address).map_err(|error| refused(&format!("is no URL: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(refused("is neither http nor https"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refused("holds credentials, which would end up in logs"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(refused("holds a query or a fragment"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("cidery/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(SILENCE)
            .read_timeout(SILENCE);
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| Failure::Environment {
            what: format!("no HTTPS client can be made: {}", chain(&error)),
            hint: None,
        })?;
        Ok(Http { base, client })
    }

    /// The registry's address, ending with a slash.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Whether the registry is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    /// The URL of a path below the registry's address.
    pub(crate) fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Reads the body at `url`, at most one byte past `limit`: whoever asked compares the length.
    ///
    /// # Errors
    /// [`Failure::Registry`] where the registry refuses, [`Failure::Unreachable`], [`Failure::NotARegistry`].
    pub(crate) async fn get(&self, url: Url, limit: u64) -> Result<Vec<u8>, Failure> {
        self.send(self.client.get(url), limit, deadline(limit)).await
    }

    /// Sends JSON and reads the answer.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub(crate) async fn post(&self, url: Url, json: Vec<u8>, limit: u64) -> Result<Vec<u8>, Failure> {
        let deadline = deadline(limit.saturating_add(json.len() as u64));
        let request = self.client.post(url).header("content-type", "application/json").body(json);
        self.send(request, limit, deadline).await
    }

    /// Sends bytes of a known length.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub(crate) async fn put(&self, url: Url, bytes: Vec<u8>) -> Result<(), Failure> {
        let deadline = deadline(REFUSAL_BYTES.saturating_add(bytes.len() as u64));
        // A client leaves the length out where it is 0, and a registry wants one.
        let request = self.client.put(url).header("content-length", bytes.len());
        let request = request.header("content-type", "application/octet-stream").body(bytes);
        self.send(request, REFUSAL_BYTES, deadline).await.map(drop)
    }

    /// All of an exchange, from the connection to the last byte, within `deadline`.
    async fn send(
        &self,
        request: RequestBuilder,
        limit: u64,
        deadline: Duration,
    ) -> Result<Vec<u8>, Failure> {
        let exchange = async {
            let response = request.send().await?;
            let status = response.status();
            let limit = if status.is_success() { limit } else { REFUSAL_BYTES };
            Ok::<_, reqwest::Error>((status, bounded(response, limit).await?))
        };
        let (status, body) = match tokio::time::timeout(deadline, exchange).await {
            Ok(answer) => answer.map_err(|error| self.unreachable(error))?,
            Err(_) => {
                let reason = format!("no whole answer came within {} s", deadline.as_secs_f64());
                return Err(Failure::Unreachable { url: self.base.to_string(), reason });
            }
        };
        if status.is_success() { Ok(body) } else { Err(self.refusal(status, &body)) }
    }

    fn unreachable(&self, error: reqwest::Error) -> Failure {
        Failure::Unreachable { url: self.base.to_string(), reason: chain(&error.without_url()) }
    }

    fn refusal(&self, status: StatusCode, body: &[u8]) -> Failure {
        let said = serde_json::from_slice::<Refusal>(body).ok().map(|refusal| refusal.error);
        match said.map(|said| (said.code.parse::<Code>(), said)) {
            Some((Ok(code), said)) => Failure::Registry { code, message: said.message, hint: said.hint },
            _ => self.not_a_registry(format!("got the status {}", status.as_u16())),
        }
    }

    /// An answer that is none of SPEC §11.
    pub(crate) fn not_a_registry(&self, reason: String) -> Failure {
        Failure::NotARegistry { url: self.base.to_string(), reason }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// How long an exchange of so many bytes may take.
fn deadline(bytes: u64) -> Duration {
    SILENCE + Duration::from_secs(bytes / PACE)
}

async fn bounded(mut response: Response, limit: u64) -> reqwest::Result<Vec<u8>> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let mut body = Vec::new();
    while body.len() < most
        && let Some(part) = response.chunk().await?
    {
        body.extend_from_slice(&part[..part.len().min(most - body.len())]);
    }
    Ok(body)
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn t36_a_refused_address_is_not_repeated() {
        for address in ["https://user:hunter2@host", "hunter2", "ftp://hunter2", "https://host/?k=hunter2"] {
            let refused = Http::new(address).expect_err(address);
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused:?}");
        }
    }

    #[test]
    fn loopback_is_by_address_and_not_by_likeness() {
        let loopback = |address| Http::new(address).expect(address).is_loopback();
        for address in ["http://127.0.0.1:1", "http://localhost", "http://[::1]:1", "http://a.localhost/x"] {
            assert!(loopback(address), "{address}");
        }
        for address in ["https://127.0.0.1.example", "https://localhost.example", "http://10.0.0.1"] {
            assert!(!loopback(address), "{address}");
        }
    }

    #[test]
    fn a_deadline_is_by_size() {
        assert_eq!(deadline(0), Duration::from_secs(30));
        assert_eq!(deadline(32 << 20), Duration::from_secs(30 + 512));
        assert!(deadline(u64::MAX) > deadline(32 << 20), "and not past what can be counted");
    }

    #[tokio::test]
    async fn who_keeps_sending_holds_nobody_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = Http::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let trickle = async {
            let (mut peer, _) = listener.accept().await.unwrap();
            assert_ne!(peer.read(&mut [0; 1024]).await.unwrap(), 0, "the request");
            peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await.unwrap();
            while peer.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let request = http.client.get(http.url("v1/log", &[]));
        let answer = http.send(request, 1 << 20, Duration::from_millis(500));
        let failure = tokio::select! {
            () = trickle => panic!("the client hung up first"),
            answer = answer => answer.expect_err("less than was announced"),
        };
        assert_eq!(failure.code(), Code::NetworkFailed);
        assert!(failure.to_string().ends_with("no whole answer came within 0.5 s"), "{failure}");
    }

    #[test]
    fn paths_are_below_the_address() {
        let http = Http::new("http://127.0.0.1:1/mirror").unwrap();
        let url = http.url("v1/packages/@a/b/resolve", &[("range", ">=1 <2 || 3")]);
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:1/mirror/v1/packages/@a/b/resolve?range=%3E%3D1+%3C2+%7C%7C+3"
        );
    }
}
