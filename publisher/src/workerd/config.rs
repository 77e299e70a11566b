//! workerd's configuration, in Cap'n Proto's text form: the loader Worker, and before it one that names the package.

use std::net::IpAddr;

use cidery_verifier::{Request, Wanted};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::loader::{VERIFIER, WORKER};
use super::process::SOCKET;

/// The module of the Worker in front.
pub(super) const FRONT: &str = "front.js";
/// Its source.
pub(super) const FRONT_SOURCE: &str = include_str!("front.js");
/// What both Workers are written for.
const COMPATIBILITY_DATE: &str = "2026-10-01";

/// What the loader is told.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The registry's address.
    pub(crate) registry: String,
    /// Addresses of the registry: the network is open to these and to public ones, not to what else is near.
    pub(crate) reachable: Vec<IpAddr>,
    /// The policy, as JSON.
    pub(crate) policy: String,
    /// The release that answers.
    pub(crate) request: Request,
}

impl Config {
    /// The text of the configuration; the loader's modules are files beside it.
    pub(super) fn to_capnp(&self) -> String {
        let near: String = self.reachable.iter().map(|ip| format!(", {}", quote(&cidr(ip)))).collect();
        let (registry, policy) = (quote(&self.registry), quote(&self.policy));
        let prefix = quote(&prefix(&self.request));
        format!(
            r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "front", worker = .front),
    (name = "loader", worker = .loader),
    (name = "internet", network = (allow = ["public"{near}], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "{SOCKET}", address = "127.0.0.1:0", http = (), service = "front")],
);

const front :Workerd.Worker = (
  modules = [(name = "{FRONT}", esModule = embed "{FRONT}")],
  compatibilityDate = "{COMPATIBILITY_DATE}",
  bindings = [(name = "PREFIX", text = {prefix}), (name = "loader", service = "loader")],
  globalOutbound = "loader",
);

const loader :Workerd.Worker = (
  modules = [
    (name = "{WORKER}", esModule = embed "{WORKER}"),
    (name = "{VERIFIER}", wasm = embed "{VERIFIER}"),
  ],
  compatibilityDate = "{COMPATIBILITY_DATE}",
  bindings = [
    (name = "LOADER", workerLoader = (id = "loader")),
    (name = "REGISTRY", text = {registry}),
    (name = "POLICY", text = {policy}),
  ],
);
"#
        )
    }
}

fn cidr(ip: &IpAddr) -> String {
    format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 })
}

/// Where the loader Worker serves a release: `/scope/name/range`, each percent-encoded.
fn prefix(request: &Request) -> String {
    let wanted = match &request.wanted {
        Wanted::Range(range) => range.to_string(),
        Wanted::Version(version) | Wanted::Locked { version, .. } => version.to_string(),
        Wanted::Channel { channel, .. } => format!(":{channel}"),
    };
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let package = &request.package;
    format!("/{}/{}/{}", encode(package.scope()), encode(package.name()), encode(&wanted))
}

/// A text literal. Printable ASCII stands for itself, everything else as the bytes of its UTF-8.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_segment() {
        let prefix = |text: &str| prefix(&text.parse().unwrap());
        assert_eq!(prefix("@acme/a.b@^1 || 2"), "/acme/a%2Eb/%5E1%20%7C%7C%202");
        assert_eq!(prefix("@acme/a@1.0.0-rc.1"), "/acme/a/1%2E0%2E0%2Drc%2E1");
    }

    #[test]
    fn text_cannot_leave_its_literal() {
        assert_eq!(quote("a\"), (name = \\\n\u{e9}"), r#""a\"), (name = \\\x0a\xc3\xa9""#);
    }
}
