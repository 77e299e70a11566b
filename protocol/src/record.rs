//! Records: the entries of a package's own hash-chained log (SPEC §6).

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_bytes::ByteArray;

use crate::{
    Cid, Codec, Error, Origin, PackageName, PublicKey, Version, canonical, error::quote, grammar::is_word,
    limits,
};

const WHAT: &str = "record";

/// A well-formed record with the bytes that it came in. Who signed it, and whether it may follow what came before, is
/// another question: see [`SignedRecord`](crate::SignedRecord) and [`PackageState`](crate::PackageState).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    cid: Cid,
    bytes: Vec<u8>,
    body: RecordBody,
}

/// The content of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBody {
    /// The log that it is for.
    pub origin: Origin,
    /// The package.
    pub package: PackageName,
    /// Its place in the package's log, from 0.
    pub sequence: u64,
    /// The record before it; none at sequence 0.
    pub prev: Option<Cid>,
    /// The newest `init`, `rekey` or `transfer` before it; none at sequence 0.
    pub authority: Option<Cid>,
    /// What it does.
    pub action: Action,
}

/// What a record does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Begins a package.
    Init(Init),
    /// Names the code of a version.
    Release(Release),
}

/// Who may sign for a package, from its first record on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Init {
    /// The publisher keys, sorted by their bytes.
    pub keys: Vec<PublicKey>,
    /// How many distinct keys must sign.
    pub threshold: u64,
    /// What every release must meet.
    pub floors: Floors,
    /// Keys that may only replace the publisher keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

/// What every release under an authority must meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floors {
    /// Whether a release must name provenance.
    pub provenance: bool,
    /// How many witnesses must have cosigned the head.
    pub witnesses: u64,
}

/// Keys for the day on which the publisher keys are lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// The keys, sorted by their bytes; none of them a publisher key.
    pub keys: Vec<PublicKey>,
    /// How many distinct ones must sign.
    pub threshold: u64,
    /// Seconds from the record until it takes effect.
    pub delay: u64,
}

/// A version and its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The manifest of its code.
    pub manifest: Cid,
    /// How the code was made.
    pub build: Build,
    /// The npm package that was imported, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npm: Option<NpmSource>,
    /// Attestations, sorted by CID.
    pub provenance: Vec<Provenance>,
}

/// How a release's code was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The tool and its version: 1 to 128 printable ASCII characters and spaces.
    pub tool: String,
    /// The SHA-256 of the dependencies' lock, where there are dependencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<ByteArray<32>>,
}

/// The npm package that a release was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NpmSource {
    /// Its npm name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The integrity of its tarball.
    pub integrity: String,
    /// What else its registry said of it that was checked, sorted: words such as `registry-signature`. None where it offered
    /// nothing.
    pub checked: Vec<String>,
}

/// An attestation about a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The blob that holds it.
    pub cid: Cid,
    /// The number of its bytes.
    pub size: u64,
    /// The SHA-256 of the manifest: the subject that it must name.
    pub subject: ByteArray<32>,
}

/// The kinds of records: the word in the record, and its payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Init,
    Release,
}

impl Kind {
    const fn payload_type(self) -> &'static str {
        match self {
            Kind::Init => "application/vnd.cidery.init.v1+cbor",
            Kind::Release => "application/vnd.cidery.release.v1+cbor",
        }
    }

    fn from_payload_type(text: &str) -> Result<Self, Error> {
        [Kind::Init, Kind::Release].into_iter().find(|kind| kind.payload_type() == text).ok_or_else(|| {
            Error::PayloadType { got: quote(text), reason: "not one of a record's kinds (SPEC §6.2)" }
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<B> {
    kind: Kind,
    origin: Origin,
    package: PackageName,
    sequence: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prev: Option<Cid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authority: Option<Cid>,
    body: B,
}

impl Record {
    /// Encodes `body`, which must keep every rule of SPEC §6.3.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn encode(body: RecordBody) -> Result<Self, Error> {
        body.validate()?;
        let bytes = match &body.action {
            Action::Init(init) => body.wire(Kind::Init, init)?,
            Action::Release(release) => body.wire(Kind::Release, release)?,
        };
        canonical::within(WHAT, limits::ENVELOPE_BYTES, bytes.len())?;
        Ok(Record { cid: Cid::of(Codec::DagCbor, &bytes), bytes, body })
    }

    /// Decodes a payload of the given type.
    ///
    /// # Errors
    /// [`Error::PayloadType`] where the type is unknown or not that of the payload's kind, [`Error::Limit`],
    /// [`Error::Cbor`], or the rule of SPEC §6.3 that is broken.
    pub fn decode(payload_type: &str, bytes: &[u8]) -> Result<Self, Error> {
        let kind = Kind::from_payload_type(payload_type)?;
        let body = match kind {
            Kind::Init => RecordBody::unwire(kind, bytes, Action::Init)?,
            Kind::Release => RecordBody::unwire(kind, bytes, Action::Release)?,
        };
        body.validate()?;
        Ok(Record { cid: Cid::of(Codec::DagCbor, bytes), bytes: bytes.to_vec(), body })
    }

    /// The record's name: what `prev` and `authority` hold.
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// The canonical bytes: the payload of its envelope.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the record says.
    pub fn body(&self) -> &RecordBody {
        &self.body
    }

    /// The payload type of its kind.
    pub fn payload_type(&self) -> &'static str {
        match self.body.action {
            Action::Init(_) => Kind::Init.payload_type(),
            Action::Release(_) => Kind::Release.payload_type(),
        }
    }
}

impl RecordBody {
    fn wire<B: Serialize>(&self, kind: Kind, body: B) -> Result<Vec<u8>, Error> {
        let RecordBody { origin, package, sequence, prev, authority, .. } = self.clone();
        canonical::encode(WHAT, &Wire { kind, origin, package, sequence, prev, authority, body })
    }

    fn unwire<B: Serialize + DeserializeOwned>(
        wanted: Kind,
        bytes: &[u8],
        action: impl FnOnce(B) -> Action,
    ) -> Result<Self, Error> {
        let wire: Wire<B> = canonical::decode(WHAT, limits::ENVELOPE_BYTES, bytes)?;
        let Wire { kind, origin, package, sequence, prev, authority, body } = wire;
        if kind != wanted {
            let got = wanted.payload_type().to_owned();
            return Err(Error::PayloadType { got, reason: "the record is of another kind" });
        }
        Ok(RecordBody { origin, package, sequence, prev, authority, action: action(body) })
    }

    /// The numbers are those of SPEC §6.3.
    fn validate(&self) -> Result<(), Error> {
        // (1) sequence 0 is the init and nothing is before it; everything else has a predecessor and an authority
        let is_init = matches!(self.action, Action::Init(_));
        if is_init != (self.sequence == 0) {
            return refused("an init has sequence 0, and nothing else has");
        }
        if self.prev.is_none() != is_init || self.authority.is_none() != is_init {
            return refused("prev and authority are absent from an init, and present in everything else");
        }
        if self.sequence > limits::TREE_SIZE {
            return refused("the sequence is over 2^53 - 1");
        }
        for cid in [self.prev, self.authority].into_iter().flatten() {
            cid.expect(Codec::DagCbor)?;
        }
        match &self.action {
            Action::Init(init) => init.validate(),
            Action::Release(release) => release.validate(&self.package),
        }
    }
}

impl Init {
    fn validate(&self) -> Result<(), Error> {
        // (2) keys are sorted and distinct, and a threshold can be met
        quorum("publisher keys", &self.keys, self.threshold)?;
        if self.floors.witnesses > limits::CHECKPOINT_SIGNATURES as u64 {
            return refused("the floor of witnesses is over 64");
        }
        // (3) recovery keys are others
        let Some(recovery) = &self.recovery else { return Ok(()) };
        quorum("recovery keys", &recovery.keys, recovery.threshold)?;
        if recovery.keys.iter().any(|key| self.keys.contains(key)) {
            return refused("a recovery key is also a publisher key");
        }
        if recovery.delay > limits::TREE_SIZE {
            return refused("the delay of recovery is over 2^53 - 1 seconds");
        }
        Ok(())
    }
}

impl Release {
    fn validate(&self, package: &PackageName) -> Result<(), Error> {
        // (4) the manifest is an object, attestations are blobs, sorted and distinct
        self.manifest.expect(Codec::DagCbor)?;
        canonical::within("attestations of a release", limits::ATTESTATIONS, self.provenance.len())?;
        for provenance in &self.provenance {
            provenance.cid.expect(Codec::Raw)?;
            if provenance.size > limits::ATTESTATION_BYTES {
                let (got, limit) = (provenance.size, limits::ATTESTATION_BYTES);
                return Err(Error::Limit { what: "bytes of an attestation", got, limit });
            }
        }
        if !self.provenance.is_sorted_by(|a, b| a.cid < b.cid) {
            return refused("the attestations are not sorted by CID, or one is there twice");
        }
        // (5) texts are short and printable
        printable("build.tool", &self.build.tool, 128)?;
        if let Some(npm) = &self.npm {
            printable("npm.name", &npm.name, 214)?;
            printable("npm.version", &npm.version, 256)?;
            printable("npm.integrity", &npm.integrity, 256)?;
            canonical::within("words of npm.checked", limits::ATTESTATIONS, npm.checked.len())?;
            if !npm.checked.is_sorted_by(|a, b| a < b)
                || !npm.checked.iter().all(|word| is_word(word, 1..=64, b"-"))
            {
                return refused("npm.checked is not a sorted list of words of a-z, 0-9 and -, each once");
            }
        }
        // (6) in the scope @npm, package and npm name map to each other
        if package.scope() == "npm"
            && self.npm.as_ref().and_then(NpmSource::package).as_ref() != Some(package)
        {
            return refused("a release in the scope @npm names the npm package that its name stands for");
        }
        Ok(())
    }
}

impl NpmSource {
    /// The name in the scope `@npm` that stands for the npm package (SPEC §3.4); none where it has none.
    pub fn package(&self) -> Option<PackageName> {
        let flat = match self.name.strip_prefix('@') {
            Some(scoped) => scoped.replacen('/', "__", 1),
            None => self.name.clone(),
        };
        // One pair of underscores marks a scope. Any other run of them could be read in two ways.
        let marks = usize::from(self.name.starts_with('@'));
        if flat.matches("__").count() != marks || flat.contains("___") {
            return None;
        }
        format!("@npm/{flat}").parse().ok()
    }
}

fn quorum(what: &'static str, keys: &[PublicKey], threshold: u64) -> Result<(), Error> {
    canonical::within(what, limits::KEYS, keys.len())?;
    if !keys.is_sorted_by(|a, b| a < b) {
        return refused(format!("the {what} are not sorted, or one is there twice"));
    }
    if threshold == 0 || threshold > keys.len() as u64 {
        return refused(format!("a threshold of {threshold} cannot be met by {} {what}", keys.len()));
    }
    Ok(())
}

fn printable(what: &str, text: &str, most: usize) -> Result<(), Error> {
    let allowed = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if allowed && (1..=most).contains(&text.len()) {
        return Ok(());
    }
    refused(format!("{what} is not 1 to {most} printable ASCII characters"))
}

fn refused<T>(reason: impl Into<String>) -> Result<T, Error> {
    Err(Error::Record { reason: reason.into() })
}
