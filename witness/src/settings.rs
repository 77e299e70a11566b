//! The operator's `config.toml` in the data folder. Without the file, or without a word in it, only the command line counts.
//!
//! ```toml
//! name = "witness.example/w1"             # of a new witness, for ever
//!
//! [logs]                                  # those that it watches, each with the keys that may sign it
//! "registry.example/log" = ["z6Mk…"]
//! ```

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use cidery_protocol::Origin;
use serde::Deserialize;

use crate::{Logs, WitnessError, WitnessName};

/// The file's name in the data folder.
const FILE: &str = "config.toml";
/// Bytes of it that are read.
const FILE_BYTES: u64 = 1 << 20;

/// What an operator says of a witness.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: Option<WitnessName>,
    pub(crate) logs: Logs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toml {
    name: Option<String>,
    #[serde(default)]
    logs: BTreeMap<String, Vec<String>>,
}

impl Settings {
    /// Reads a data folder's file, if there is one.
    pub(crate) fn read(folder: &Path) -> Result<Self, WitnessError> {
        let path = folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(WitnessError::file("read", path)(error)),
        };
        let mut text = String::new();
        let read = file.take(FILE_BYTES + 1).read_to_string(&mut text);
        read.map_err(WitnessError::file("read", &path))?;
        let parsed = if text.len() as u64 > FILE_BYTES {
            Err(format!("it has more than {FILE_BYTES} bytes"))
        } else {
            Settings::parse(&text)
        };
        parsed.map_err(|reason| WitnessError::Config { path, reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let toml: Toml = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let name = toml.name.map(|name| name.parse()).transpose();
        let logs = toml.logs.into_iter().map(|(origin, keys)| {
            let at = |error: cidery_protocol::Error| format!("logs.{origin:?}: {error}");
            let keys = keys.iter().map(|key| key.parse().map_err(at)).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, String>((origin.parse::<Origin>().map_err(at)?, keys))
        });
        Ok(Settings {
            name: name.map_err(|error: WitnessError| format!("name: {error}"))?,
            logs: logs.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX";

    #[test]
    fn says_who_is_watched() {
        assert_eq!(Settings::parse("").expect("nothing"), Settings::default());
        let text = format!("name = \"witness.example/w1\"\n[logs]\n\"registry.example/log\" = [\"{KEY}\"]");
        let settings = Settings::parse(&text).expect("settings");
        assert_eq!(settings.name.expect("a name").as_str(), "witness.example/w1");
        let origin: Origin = "registry.example/log".parse().expect("an origin");
        assert_eq!(settings.logs, [(origin, vec![KEY.parse().expect("a key")])].into());
    }

    #[test]
    fn refuses_what_it_does_not_know_and_says_where() {
        for (text, at) in [
            ("names = \"a\"", "unknown field `names`"),
            ("name = \"a b\"", "name: "),
            ("logs = \"a\"", "invalid type"),
            ("[logs]\n\"log.example\" = [\"z6Mk\"]", "logs.\"log.example\": "),
            (&format!("[logs]\n\"Log\" = [\"{KEY}\"]"), "logs.\"Log\": "),
            ("name = \"a\"\nname = \"b\"", "duplicate key"),
        ] {
            let reason = Settings::parse(text).expect_err(text);
            assert!(reason.contains(at), "{text}: {reason}");
        }
    }
}
