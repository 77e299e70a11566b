//! `seen.json`: the highest head of each log, and what ranges were answered with (SPEC §10.3), as the verifier writes it.

use cidery_verifier::Seen;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use serde_json::Value;

/// [`Seen`] in a file.
#[derive(Clone, Default, PartialEq)]
pub(super) struct SeenFile(pub(super) Seen);

impl Serialize for SeenFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json: Value = serde_json::from_slice(&self.0.to_json()).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SeenFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Seen::from_json(json.to_string().as_bytes()).map(SeenFile).map_err(D::Error::custom)
    }
}
