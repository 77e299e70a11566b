//! The file: JSON that is read in one way only.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use cidery_protocol::{
    Cid,
    log::{Hash, Hashes},
    map::{MapKey, MapLeaf, MapPath},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Value, json, value::RawValue};

use super::{BYTES, Evidence, EvidenceError, EvidenceKind, ShownEntry, ShownHash, ShownMap};
use crate::json;

const FORMAT: &str = "cidery-evidence-v1";

impl Evidence {
    /// Reads the JSON of SPEC §10.7, of at most 32 MiB. Unknown fields and names that stand twice are refused.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] or [`EvidenceError::Size`].
    pub fn from_json(json: &[u8]) -> Result<Self, EvidenceError> {
        let (got, limit) = (json.len(), BYTES);
        if got > limit {
            return Err(EvidenceError::Size { got, limit });
        }
        read(json).map_err(|reason| EvidenceError::Malformed { reason })
    }

    /// The same, to be written down. A checkpoint that is no text is not the log's, and shows nothing.
    pub fn to_json(&self) -> Vec<u8> {
        let mut document = fields(&self.kind);
        document["format"] = json!(FORMAT);
        document["origin"] = json!(self.origin.to_string());
        document["logKey"] = json!(self.log_key.to_string());
        document["kind"] = json!(self.kind.word());
        // One text, whether or not another crate of the build has serde_json keep the order of insertion.
        document.sort_all_objects();
        let mut text = document.to_string().into_bytes();
        text.push(b'\n');
        text
    }
}

/// The fields that are left to read, by name.
#[derive(Deserialize)]
struct Fields<'j>(#[serde(borrow, deserialize_with = "json::unique")] BTreeMap<String, &'j RawValue>);

impl Fields<'_> {
    fn take<T: for<'de> Deserialize<'de>>(&mut self, name: &str) -> Result<T, String> {
        let value = self.0.remove(name).ok_or_else(|| format!("`{name}` is not there"))?;
        serde_json::from_str(value.get()).map_err(|error| format!("`{name}`: {error}"))
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, String> {
        self.take::<String>(name)?.parse().map_err(|error| format!("`{name}`: {error}"))
    }

    fn note(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.take::<String>(name).map(String::into_bytes)
    }

    fn object<T: for<'de> Deserialize<'de>>(&mut self, name: &str) -> Result<T, String> {
        self.take::<json::Object<T>>(name).map(|json::Object(object)| object)
    }

    fn entries(&mut self) -> Result<Vec<ShownEntry>, String> {
        let entries = self.take::<Vec<json::Object<JsonEntry>>>("entries")?;
        Ok(entries.into_iter().map(|json::Object(entry)| entry.into()).collect())
    }
}

fn read(json: &[u8]) -> Result<Evidence, String> {
    let mut fields: Fields<'_> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let format: String = fields.take("format")?;
    if format != FORMAT {
        return Err(format!("its format is another one, wanted `{FORMAT}`"));
    }
    let (origin, log_key) = (fields.parse("origin")?, fields.parse("logKey")?);
    let kind = match fields.take::<String>("kind")?.as_str() {
        "roots" => EvidenceKind::Roots { a: fields.note("a")?, b: fields.note("b")? },
        "leaves" => EvidenceKind::Leaves {
            index: fields.take("index")?,
            a: fields.object::<JsonHash>("a")?.into(),
            b: fields.object::<JsonHash>("b")?.into(),
        },
        "rollback" => EvidenceKind::Rollback {
            cosigner: fields.parse("cosigner")?,
            a: fields.note("a")?,
            b: fields.note("b")?,
        },
        "head" => EvidenceKind::Head {
            checkpoint: fields.note("checkpoint")?,
            entry: fields.object::<JsonEntry>("entry")?.into(),
        },
        "entry" => EvidenceKind::Entry {
            checkpoint: fields.note("checkpoint")?,
            entry: fields.object::<JsonEntry>("entry")?.into(),
        },
        "transition" => {
            EvidenceKind::Transition { checkpoint: fields.note("checkpoint")?, entries: fields.entries()? }
        }
        "map" => EvidenceKind::Map {
            checkpoint: fields.note("checkpoint")?,
            entries: fields.entries()?,
            map: Box::new(fields.object::<JsonMap>("map")?.into()),
            state: match fields.0.contains_key("state") {
                true => Some(fields.take::<Base64>("state")?.0),
                false => None,
            },
        },
        _ => return Err("its kind is another one".to_owned()),
    };
    match fields.0.pop_first() {
        Some((name, _)) => Err(format!("`{}` is not known", name.escape_debug())),
        None => Ok(Evidence { origin, log_key, kind }),
    }
}

fn fields(kind: &EvidenceKind) -> Value {
    let note = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let hash = |shown: &ShownHash| json!(JsonHash::from(shown.clone()));
    let entry = |shown: &ShownEntry| json!(JsonEntry::from(shown.clone()));
    let entries = |shown: &[ShownEntry]| shown.iter().map(entry).collect::<Vec<_>>();
    match kind {
        EvidenceKind::Roots { a, b } => json!({ "a": note(a), "b": note(b) }),
        EvidenceKind::Leaves { index, a, b } => json!({ "index": index, "a": hash(a), "b": hash(b) }),
        EvidenceKind::Rollback { cosigner, a, b } => {
            json!({ "cosigner": cosigner.to_string(), "a": note(a), "b": note(b) })
        }
        EvidenceKind::Head { checkpoint, entry: shown }
        | EvidenceKind::Entry { checkpoint, entry: shown } => {
            json!({ "checkpoint": note(checkpoint), "entry": entry(shown) })
        }
        EvidenceKind::Transition { checkpoint, entries: shown } => {
            json!({ "checkpoint": note(checkpoint), "entries": entries(shown) })
        }
        EvidenceKind::Map { checkpoint, entries: shown, map, state } => {
            let map = JsonMap::from((**map).clone());
            let mut fields = json!({ "checkpoint": note(checkpoint), "entries": entries(shown), "map": map });
            if let Some(state) = state {
                fields["state"] = json!(Base64(state.clone()));
            }
            fields
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonHash {
    checkpoint: String,
    leaf: Hex,
    inclusion: Vec<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonEntry {
    index: u64,
    entry: Base64,
    inclusion: Vec<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonMap {
    entry: Base64,
    inclusion: Vec<Hex>,
    siblings: Vec<Hex>,
    #[serde(default, deserialize_with = "json::object", skip_serializing_if = "Option::is_none")]
    other: Option<JsonLeaf>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLeaf {
    key: Hex,
    value: Text<Cid>,
}

/// Bytes in base64.
struct Base64(Vec<u8>);

/// A hash in lower-case hexadecimal.
struct Hex(Hash);

/// A value as its text.
struct Text<T>(T);

impl From<JsonHash> for ShownHash {
    fn from(JsonHash { checkpoint, leaf, inclusion }: JsonHash) -> Self {
        ShownHash { checkpoint: checkpoint.into_bytes(), leaf: leaf.0, inclusion: hashes(inclusion) }
    }
}

impl From<ShownHash> for JsonHash {
    fn from(ShownHash { checkpoint, leaf, inclusion }: ShownHash) -> Self {
        let checkpoint = String::from_utf8_lossy(&checkpoint).into_owned();
        JsonHash { checkpoint, leaf: Hex(leaf), inclusion: hexes(inclusion) }
    }
}

impl From<JsonEntry> for ShownEntry {
    fn from(JsonEntry { index, entry, inclusion }: JsonEntry) -> Self {
        ShownEntry { index, entry: entry.0, inclusion: hashes(inclusion) }
    }
}

impl From<ShownEntry> for JsonEntry {
    fn from(ShownEntry { index, entry, inclusion }: ShownEntry) -> Self {
        JsonEntry { index, entry: Base64(entry), inclusion: hexes(inclusion) }
    }
}

impl From<JsonMap> for ShownMap {
    fn from(JsonMap { entry, inclusion, siblings, other }: JsonMap) -> Self {
        let other = other.map(|JsonLeaf { key, value }| MapLeaf {
            key: MapKey::from_bytes(*key.0.as_bytes()),
            value: value.0,
        });
        let path = MapPath { siblings: Hashes(hashes(siblings)), other };
        ShownMap { entry: entry.0, inclusion: hashes(inclusion), path }
    }
}

impl From<ShownMap> for JsonMap {
    fn from(ShownMap { entry, inclusion, path }: ShownMap) -> Self {
        let other = path.other.map(|MapLeaf { key, value }| JsonLeaf {
            key: Hex(Hash::from_bytes(*key.as_bytes())),
            value: Text(value),
        });
        let siblings = hexes(path.siblings.0);
        JsonMap { entry: Base64(entry), inclusion: hexes(inclusion), siblings, other }
    }
}

fn hashes(hexes: Vec<Hex>) -> Vec<Hash> {
    hexes.into_iter().map(|Hex(hash)| hash).collect()
}

fn hexes(hashes: Vec<Hash>) -> Vec<Hex> {
    hashes.into_iter().map(Hex).collect()
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map(Base64).map_err(D::Error::custom)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = crate::seen::from_hex(&text).filter(|hash| hash.to_string() == text);
        hash.map(Hex).ok_or_else(|| D::Error::custom("a hash is not 64 lower-case hexadecimal digits"))
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Text).map_err(D::Error::custom)
    }
}
