//! A proposal in a file that goes from hand to hand: JSON, all in it, and nothing in it believed.
//!
//! ```json
//! {
//!   "format": "cidery-envelopes-v1",
//!   "chain": ["…"],
//!   "envelopes": [{ "payload": "…", "payloadType": "…", "signatures": [] }],
//!   "manifest": "…",
//!   "blobs": ["…"]
//! }
//! ```
//!
//! `chain` holds the signed records (SPEC §6.8) from the package's `init` to the authority of the first envelope: they show who
//! may sign. It, the manifest and the blobs are base64. A blob is named by its hash alone, so that none can be named wrongly.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::marker::PhantomData;
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use cidery_protocol::manifest::Manifest;
use cidery_protocol::{Authority, Cid, Codec, Envelope, Error, Record, SignedRecord, limits};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{Proposal, RECORDS, begins, broken};
use crate::failure::Failure;
use crate::files;

const FORMAT: &str = "cidery-envelopes-v1";
/// Bytes of a file: 144 MiB of modules, source maps and statements (SPEC §12) are 192 MiB in base64, a chain of 256 entries
/// 22 MiB, and the rest a few.
const FILE_BYTES: u64 = 224 << 20;

/// Records of a chain of authority.
const CHAIN: usize = limits::CHAIN_RECORDS;
/// Modules, source maps and statements of a release.
const BLOBS: usize = 2 * limits::MANIFEST_MODULES + limits::ATTESTATIONS;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    format: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "at_most::<_, _, CHAIN>")]
    chain: Vec<String>,
    #[serde(deserialize_with = "at_most::<_, _, RECORDS>")]
    envelopes: Vec<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "at_most::<_, _, BLOBS>")]
    blobs: Vec<String>,
}

impl Proposal {
    /// Reads a file, checks that all of it belongs together, and each signature in it.
    ///
    /// # Errors
    /// [`Failure::File`], [`Failure::Config`] where it is none of these files, or what is wrong with one of its parts.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let invalid = |reason: String| Failure::Config { file: file.to_owned(), reason };
        let failed = |error| Failure::file("read", file)(error);
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|opened| opened.take(FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(failed)?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(invalid(format!("it has more than {FILE_BYTES} bytes")));
        }
        let json: Json = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
        if json.format != FORMAT {
            return Err(invalid(format!("it does not begin with the format `{FORMAT}`")));
        }
        drop(bytes);
        json.open(&invalid)
    }

    /// Writes a new file.
    ///
    /// # Errors
    /// [`Failure::File`], also where it exists.
    pub(crate) fn create(&self, file: &Path) -> Result<(), Failure> {
        let failed = |error| Failure::file("write", file)(error);
        let mut opened = File::create_new(file).map_err(failed)?;
        opened.write_all(&self.to_json()).and_then(|()| opened.sync_all()).map_err(failed)
    }

    /// Replaces the file that it was read from, as a whole.
    ///
    /// # Errors
    /// [`Failure::File`].
    pub(crate) fn replace(&self, file: &Path) -> Result<(), Failure> {
        files::replace_bytes(file, &self.to_json()).map_err(Failure::file("write", file))
    }

    fn to_json(&self) -> Vec<u8> {
        let base64 = |bytes: &Vec<u8>| STANDARD.encode(bytes);
        let json = Json {
            format: FORMAT.to_owned(),
            chain: self.chain.iter().map(base64).collect(),
            envelopes: self
                .envelopes
                .iter()
                .filter_map(|envelope| RawValue::from_string(envelope.to_json()).ok())
                .collect(),
            manifest: self.manifest.as_ref().map(|manifest| STANDARD.encode(manifest.bytes())),
            blobs: self.blobs.values().map(base64).collect(),
        };
        let mut bytes = serde_json::to_vec(&json).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl Json {
    fn open(self, invalid: &dyn Fn(String) -> Failure) -> Result<Proposal, Failure> {
        let bounded = |what, got: usize, limit: usize| {
            let (got, limit) = (got as u64, limit as u64);
            if got > limit { Err(Error::Limit { what, got, limit }) } else { Ok(()) }
        };
        bounded("records of a proposal", self.envelopes.len(), RECORDS)?;
        bounded("records of a chain of authority", self.chain.len(), CHAIN)?;
        bounded("blobs of a proposal", self.blobs.len(), BLOBS)?;
        let bytes =
            |text: &String| STANDARD.decode(text).map_err(|error| invalid(format!("no base64: {error}")));

        let chain = self.chain.iter().map(bytes).collect::<Result<Vec<_>, _>>()?;
        let begun = begun(&chain)?;
        let envelopes = self.envelopes.iter().map(|json| Envelope::from_json(json.get().as_bytes()));
        let envelopes = envelopes.collect::<Result<Vec<_>, _>>()?;
        let records = envelopes.iter().map(Envelope::claim).collect::<Result<Vec<Record>, _>>()?;
        let manifest = self
            .manifest
            .as_ref()
            .map(|text| Ok::<_, Failure>(Manifest::decode(&bytes(text)?)?))
            .transpose()?;
        let mut blobs = BTreeMap::new();
        for text in &self.blobs {
            let bytes = bytes(text)?;
            if blobs.insert(Cid::of(Codec::Raw, &bytes), bytes).is_some() {
                return Err(broken("a blob is there twice"));
            }
        }
        let (init, authority) = match begun {
            Some((init, authority)) => (init, Some(authority)),
            None => (begins(&records)?, None),
        };
        let proposal = Proposal { init, chain, authority, records, envelopes, manifest, blobs };
        proposal.check()?;
        Ok(proposal)
    }
}

/// A list of which at most one more than `MOST` are kept: enough to say that it is too long.
fn at_most<'de, D, T, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct AtMost<T, const MOST: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for AtMost<T, MOST> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while list.len() <= MOST
                && let Some(element) = seq.next_element()?
            {
                list.push(element);
            }
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(list)
        }
    }

    deserializer.deserialize_seq(AtMost::<T, MOST>(PhantomData))
}

/// The beginning of a chain, and who has the say at its end; none where there is none.
fn begun(chain: &[Vec<u8>]) -> Result<Option<(Cid, Authority)>, Failure> {
    let mut begun: Option<(Cid, Authority)> = None;
    for bytes in chain {
        let before = begun.as_ref().map(|(_, authority)| authority);
        let signed = SignedRecord::decode(bytes, before)?;
        begun = Some(match begun {
            None => (signed.record().cid(), Authority::begin(&signed)?),
            Some((init, authority)) => (init, authority.succeed(&signed)?),
        });
    }
    Ok(begun)
}
