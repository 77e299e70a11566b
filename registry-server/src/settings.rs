//! The operator's `config.toml` in the data folder. Without the file, or without a word in it, the defaults hold.
//!
//! ```toml
//! origin = "registry.example/log"   # the log's name, for ever
//! scopes = "closed"                 # who may begin packages: "open", "closed", or instead a table:
//!
//! [scopes]                          # in each scope, whoever signs with one of these keys; nobody in others
//! acme = ["z6Mk…"]
//!
//! [[witnesses]]                     # who else cosigns the head: at most 16 of these
//! name = "witness.example/w1"
//! url = "https://witness.example"   # C2SP's submission prefix: it is asked at <url>/add-checkpoint
//! key = "z6Mk…"
//! ```

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use cidery_protocol::{Origin, PackageName, PublicKey};
use cidery_registry::{ScopePolicy, Witness, Witnesses};
use serde::Deserialize;

use crate::ServerError;

/// The file's name in the data folder.
const FILE: &str = "config.toml";
/// Bytes of it that are read.
const FILE_BYTES: u64 = 1 << 20;

/// What an operator says of a registry.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) origin: Option<Origin>,
    pub(crate) scopes: Option<ScopePolicy>,
    pub(crate) witnesses: Witnesses,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toml {
    origin: Option<String>,
    scopes: Option<Scopes>,
    #[serde(default)]
    witnesses: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    url: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "wanted \"open\", \"closed\", or a table of scopes and their keys")]
enum Scopes {
    Word(Word),
    Listed(BTreeMap<String, Vec<String>>),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Open,
    Closed,
}

impl Settings {
    /// Reads a data folder's file, if there is one.
    ///
    /// # Errors
    /// [`ServerError::Config`] where it breaks its format, [`ServerError::File`] where it cannot be read.
    pub(crate) fn read(folder: &Path) -> Result<Self, ServerError> {
        let path = folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(ServerError::file("read", path)(error)),
        };
        let mut text = String::new();
        let read = file.take(FILE_BYTES + 1).read_to_string(&mut text);
        read.map_err(ServerError::file("read", &path))?;
        let parsed = if text.len() as u64 > FILE_BYTES {
            Err(format!("it has more than {FILE_BYTES} bytes"))
        } else {
            Settings::parse(&text)
        };
        parsed.map_err(|reason| ServerError::Config { path, reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let toml: Toml = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let origin = toml.origin.map(|origin| origin.parse::<Origin>()).transpose();
        let scopes = match toml.scopes {
            None => None,
            Some(Scopes::Word(Word::Open)) => Some(ScopePolicy::Open),
            Some(Scopes::Word(Word::Closed)) => Some(ScopePolicy::Closed),
            Some(Scopes::Listed(scopes)) => Some(ScopePolicy::Listed(listed(scopes)?)),
        };
        let witnesses = toml.witnesses.iter().map(|witness| {
            let key = witness.key.parse().map_err(|error| format!("witnesses.{}: {error}", witness.name))?;
            Witness::new(&witness.name, &witness.url, key).map_err(|error| error.to_string())
        });
        let witnesses = Witnesses::new(witnesses.collect::<Result<_, String>>()?);
        Ok(Settings {
            origin: origin.map_err(|error| format!("origin: {error}"))?,
            scopes,
            witnesses: witnesses.map_err(|error| error.to_string())?,
        })
    }
}

fn listed(scopes: BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Vec<PublicKey>>, String> {
    let keys = |(scope, keys): (String, Vec<String>)| {
        let at = |error: cidery_protocol::Error| format!("scopes.{scope}: {error}");
        // A scope is what a package could be in.
        let any: PackageName = format!("@{scope}/any").parse().map_err(at)?;
        if keys.is_empty() {
            return Err(format!("scopes.{scope}: 0 keys, wanted 1 or more"));
        }
        let keys = keys.iter().map(|key| key.parse().map_err(at)).collect::<Result<_, _>>()?;
        Ok((any.scope().to_owned(), keys))
    };
    scopes.into_iter().map(keys).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX";

    #[test]
    fn says_who_may_begin_packages() {
        let scopes = |text: &str| Settings::parse(text).expect(text).scopes;
        assert_eq!(Settings::parse("").expect("nothing"), Settings::default());
        assert_eq!(scopes("scopes = \"open\""), Some(ScopePolicy::Open));
        assert_eq!(scopes("scopes = \"closed\""), Some(ScopePolicy::Closed));
        let listed =
            Settings::parse(&format!("origin = \"registry.example/log\"\n[scopes]\nacme = [\"{KEY}\"]"));
        let Settings { origin, scopes: Some(scopes), .. } = listed.expect("a table") else {
            panic!("no scopes")
        };
        assert_eq!(origin.expect("an origin").as_str(), "registry.example/log");
        let key = KEY.parse().expect("a key");
        assert!(
            scopes.allows("acme", &[key]) && !scopes.allows("acme", &[]) && !scopes.allows("other", &[key])
        );
    }

    fn witness(name: &str, url: &str, key: &str) -> String {
        format!("[[witnesses]]\nname = \"{name}\"\nurl = \"{url}\"\nkey = \"{key}\"\n")
    }

    #[test]
    fn says_who_cosigns_the_head() {
        let text = format!("scopes = \"closed\"\n{}", witness("w.example/1", "https://w.example/", KEY));
        let Settings { witnesses, .. } = Settings::parse(&text).expect("a witness");
        let witnesses: Vec<_> = witnesses.iter().map(|witness| (witness.name(), witness.url())).collect();
        assert_eq!(witnesses, [("w.example/1", "https://w.example/add-checkpoint")]);
    }

    #[test]
    fn refuses_what_it_does_not_know_and_says_where() {
        for (text, at) in [
            ("origins = \"a\"", "unknown field `origins`"),
            ("origin = \"A B\"", "origin: "),
            ("origin = 1", "expected a string"),
            ("scopes = \"all\"", "wanted \"open\", \"closed\""),
            ("scopes = true", "wanted \"open\", \"closed\""),
            ("[scopes]\nacme = []", "scopes.acme: 0 keys"),
            ("[scopes]\nacme = [\"z6Mk\"]", "scopes.acme: "),
            (&format!("[scopes]\n\"@acme\" = [\"{KEY}\"]"), "scopes.@acme: "),
            (&format!("[scopes]\nAcme = [\"{KEY}\"]"), "scopes.Acme: "),
            ("scopes = \"open\"\nscopes = \"closed\"", "duplicate key"),
            ("[[witnesses]]\nname = \"w\"", "missing field `url`"),
            (&witness("w", "https://w.example", "z6Mk"), "witnesses.w: "),
            (&witness("w", "ftp://w.example", KEY), "`w` is at \"ftp://w.example\""),
            (&witness("w", "https://w.example", KEY).repeat(2), "`w` is there twice"),
            (&witness("a b", "https://w.example", KEY), "\"a b\" is not"),
        ] {
            let reason = Settings::parse(text).expect_err(text);
            assert!(reason.contains(at), "{text}: {reason}");
        }
    }
}
