//! Records: the entries of a package's own hash-chained log (SPEC §6).

mod powers;
mod release;
mod statement;

pub use powers::{Floors, Powers, Recovery, Rekey, Signatories, Transfer, Void};
pub use release::{Build, NpmSource, Provenance, Release};
pub use statement::{Attest, Channel, Reason, ReleaseRef, Severity, Target, Yank};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Cid, Codec, Error, Origin, PackageName, canonical, error::quote, limits};

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
    Init(Powers),
    /// Replaces keys, threshold and floors.
    Rekey(Rekey),
    /// Gives the package to others.
    Transfer(Transfer),
    /// Names the code of a version.
    Release(Release),
    /// Takes a release out of what ranges and channels find.
    Yank(Yank),
    /// Points a name to releases.
    Channel(Channel),
    /// States something about a release.
    Attest(Attest),
}

macro_rules! kinds {
    ($($kind:ident = $type:literal,)+) => {
        /// The kinds of records: the word in the record, and its payload type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Kind { $($kind,)+ }

        impl Kind {
            const ALL: &[Kind] = &[$(Kind::$kind,)+];

            const fn payload_type(self) -> &'static str {
                match self { $(Kind::$kind => $type,)+ }
            }
        }

        impl Action {
            const fn kind(&self) -> Kind {
                match self { $(Action::$kind(_) => Kind::$kind,)+ }
            }
        }

        impl RecordBody {
            fn encode(&self) -> Result<Vec<u8>, Error> {
                match &self.action { $(Action::$kind(body) => self.wire(Kind::$kind, body),)+ }
            }

            fn decode(kind: Kind, bytes: &[u8]) -> Result<Self, Error> {
                match kind { $(Kind::$kind => RecordBody::unwire(kind, bytes, Action::$kind),)+ }
            }
        }
    };
}

kinds! {
    Init = "application/vnd.cidery.init.v1+cbor",
    Rekey = "application/vnd.cidery.rekey.v1+cbor",
    Transfer = "application/vnd.cidery.transfer.v1+cbor",
    Release = "application/vnd.cidery.release.v1+cbor",
    Yank = "application/vnd.cidery.yank.v1+cbor",
    Channel = "application/vnd.cidery.channel.v1+cbor",
    Attest = "application/vnd.cidery.attest.v1+cbor",
}

impl Kind {
    fn from_payload_type(text: &str) -> Result<Self, Error> {
        Kind::ALL.iter().copied().find(|kind| kind.payload_type() == text).ok_or_else(|| Error::PayloadType {
            got: quote(text),
            reason: "not one of a record's kinds (SPEC §6.2)",
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
        let bytes = body.encode()?;
        canonical::within(WHAT, limits::ENVELOPE_BYTES, bytes.len())?;
        Ok(Record { cid: Cid::of(Codec::DagCbor, &bytes), bytes, body })
    }

    /// Decodes a payload of the given type.
    ///
    /// # Errors
    /// [`Error::PayloadType`] where the type is unknown or not that of the payload's kind, [`Error::Limit`],
    /// [`Error::Cbor`], or the rule of SPEC §6.3 that is broken.
    pub fn decode(payload_type: &str, bytes: &[u8]) -> Result<Self, Error> {
        let body = RecordBody::decode(Kind::from_payload_type(payload_type)?, bytes)?;
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
        self.body.action.kind().payload_type()
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
            Action::Init(powers) => powers.validate(),
            Action::Rekey(rekey) => rekey.validate(),
            Action::Transfer(transfer) => transfer.to.validate(),
            Action::Release(release) => release.validate(&self.package),
            Action::Yank(yank) => yank.validate(),
            Action::Channel(channel) => channel.validate(),
            Action::Attest(attest) => attest.validate(),
        }
    }
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
