//! The arguments of `cidery serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use cidery_registry_server::Witness;
use clap::Args;

/// `cidery serve`
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen. Elsewhere than on loopback, nobody may begin a package unless config.toml in the data folder says so.
    ///
    /// It may hold `origin = "registry.example/log"`, the name of a new log, and who may begin packages: `scopes = "open"`,
    /// `scopes = "closed"`, or below `[scopes]` lines such as `acme = ["z6Mk…"]`, whose keys may begin packages in @acme.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8321")]
    pub(crate) listen: SocketAddr,
    /// Where config.toml, the log and the blobs are. Default: registry in Cidery's data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A witness that is asked to cosign each head of the log, as `witness.example/w1=z6Mk…@https://witness.example`; may be
    /// given up to 16 times.
    ///
    /// Default: those of config.toml in the data folder, each below `[[witnesses]]` with lines for `name`, `url` and `key`.
    #[arg(long = "witness", value_name = "NAME=KEY@URL", value_parser = witness)]
    pub(crate) witnesses: Vec<Witness>,
}

fn witness(text: &str) -> Result<Witness, String> {
    let parts = text.split_once('=').and_then(|(name, rest)| Some((name, rest.split_once('@')?)));
    let (name, (key, url)) =
        parts.ok_or("wanted NAME=KEY@URL, as `witness.example/w1=z6Mk…@https://witness.example`")?;
    let key = key.parse().map_err(|error: cidery_protocol::Error| error.to_string())?;
    Witness::new(name, url, key).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_is_a_name_a_key_and_an_address() {
        let key = "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX";
        let named = witness(&format!("w.example/1={key}@https://w.example/a")).expect("a witness");
        assert_eq!(
            (named.name(), named.key().to_string().as_str(), named.url()),
            ("w.example/1", key, "https://w.example/a/add-checkpoint")
        );
        for (text, reason) in [
            ("w.example/1", "wanted NAME=KEY@URL"),
            (&format!("w.example/1={key}"), "wanted NAME=KEY@URL"),
            ("w.example/1=z6Mk@https://w.example", ""),
            (&format!("w.example/1={key}@w.example"), "wanted an http or https address"),
            (&format!("={key}@https://w.example"), "\"\" is not"),
        ] {
            let refused = witness(text).expect_err(text);
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
