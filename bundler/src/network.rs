//! How registries are reached: proxies and certificates, as npm's configuration says.

use std::path::PathBuf;

use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy};

use crate::BundleError;
use crate::settings::{Settings, variable};

/// Proxies and certificates. Without any, the proxy variables and the platform's certificate roots decide.
#[derive(Default)]
pub(crate) struct Network {
    /// For all requests; it may hold a password.
    proxy: Option<Proxy>,
    /// PEM of the only roots that count.
    only_roots: Vec<Vec<u8>>,
    /// PEM of roots beside the platform's.
    more_roots: Vec<Vec<u8>>,
    /// `strict-ssl=false`.
    danger_any_certificate: bool,
}

impl Network {
    /// Reads `https-proxy`, `proxy`, `noproxy`, `ca`, `cafile` and `strict-ssl`, and `NODE_EXTRA_CA_CERTS`.
    ///
    /// # Errors
    ///
    /// Where a proxy's address or a certificate can't be read. No error shows the address, which may hold a password.
    pub(crate) fn read(settings: &Settings) -> Result<Self, BundleError> {
        let mut network = Self::default();
        let proxy = settings.last("https-proxy").or_else(|| settings.last("proxy"));
        if let Some(proxy) = proxy.filter(|proxy| !matches!(proxy.as_str(), "null" | "false")) {
            let proxy = Proxy::all(proxy).map_err(|_| invalid("the address of the proxy is not one"))?;
            let except = settings.last("noproxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
            network.proxy = Some(proxy.no_proxy(NoProxy::from_string(&except)));
        }
        // Line feeds stand as two characters where the value stands in one line.
        let inline = settings.all("ca").into_iter().filter(|ca| ca != "null");
        network.only_roots.extend(inline.map(|ca| ca.replace("\\n", "\n").into_bytes()));
        if let Some(path) = settings.last("cafile").filter(|path| path != "null") {
            let path = PathBuf::from(path);
            network.only_roots.push(std::fs::read(&path).map_err(BundleError::io(path))?);
        }
        if let Some(path) = std::env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty()) {
            network.more_roots.push(std::fs::read(&path).map_err(BundleError::io(path))?);
        }
        network.danger_any_certificate = settings.last("strict-ssl").is_some_and(|value| value == "false");
        Ok(network)
    }

    /// Gives all of this to an HTTP client.
    pub(crate) fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, BundleError> {
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        let certificates = |list: &[Vec<u8>]| -> Result<Vec<Certificate>, BundleError> {
            let parse = |pem: &Vec<u8>| match Certificate::from_pem_bundle(pem) {
                Ok(certificates) if !certificates.is_empty() => Ok(certificates),
                _ => Err(invalid("`ca`, `cafile` or NODE_EXTRA_CA_CERTS holds no certificate in PEM")),
            };
            Ok(list.iter().map(parse).collect::<Result<Vec<_>, _>>()?.concat())
        };
        let only = certificates(&self.only_roots)?;
        builder = if only.is_empty() {
            builder.tls_certs_merge(certificates(&self.more_roots)?)
        } else {
            builder.tls_certs_only([only, certificates(&self.more_roots)?].concat())
        };
        Ok(builder.tls_danger_accept_invalid_certs(self.danger_any_certificate))
    }
}

fn invalid(reason: &str) -> BundleError {
    BundleError::invalid("npm's configuration", reason)
}
