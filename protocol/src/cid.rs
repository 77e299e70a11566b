//! Content identifiers in the narrow profile of SPEC §2: CIDv1, raw or dag-cbor, BLAKE3-256, base32 lower case.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, error::quote};

/// Multihash code of BLAKE3.
const BLAKE3: u64 = 0x1e;
/// Bytes: version, codec, hash code, hash length, digest.
const BYTES: usize = 36;
/// `b` and the base32 of [`BYTES`], without padding.
const TEXT_CHARS: usize = 59;

/// What the bytes behind a [`Cid`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// `0x55`: the bytes of a blob, `bafkr4i…`.
    Raw,
    /// `0x71`: canonical DAG-CBOR, a manifest or a record, `bafyr4i…`.
    DagCbor,
}

impl Codec {
    const fn multicodec(self) -> u64 {
        match self {
            Codec::Raw => 0x55,
            Codec::DagCbor => 0x71,
        }
    }
}

/// The name of bytes: their BLAKE3 hash and what they are.
///
/// ```
/// use cidery_protocol::{Cid, Codec};
/// let cid = Cid::of(Codec::Raw, b"hello");
/// assert_eq!(cid.to_string(), "bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4");
/// assert_eq!(cid.to_string().parse(), Ok(cid));
/// assert!(cid.check(b"hellO").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "cid::Cid", try_from = "cid::Cid")]
pub struct Cid {
    codec: Codec,
    digest: [u8; 32],
}

impl Cid {
    /// The CID of `bytes`.
    pub fn of(codec: Codec, bytes: &[u8]) -> Self {
        Cid { codec, digest: *blake3::hash(bytes).as_bytes() }
    }

    /// The CID of bytes whose BLAKE3 hash is `digest`.
    pub const fn from_digest(codec: Codec, digest: [u8; 32]) -> Self {
        Cid { codec, digest }
    }

    /// What the bytes are.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The 36 bytes of the binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        cid::Cid::from(*self).to_bytes()
    }

    /// The BLAKE3 hash.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// # Errors
    /// [`Error::Digest`] where `bytes` are not the ones that this CID names.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        let got = Cid::of(self.codec, bytes);
        if got == *self { Ok(()) } else { Err(Error::Digest { got, wanted: *self }) }
    }

    /// # Errors
    /// [`Error::Cid`] where the CID is of another codec.
    pub fn expect(self, codec: Codec) -> Result<Self, Error> {
        let reason = match codec {
            Codec::Raw => "wanted the CID of a blob (raw)",
            Codec::DagCbor => "wanted the CID of an object (dag-cbor)",
        };
        if self.codec == codec { Ok(self) } else { Err(Error::Cid { got: self.to_string(), reason }) }
    }
}

impl From<Cid> for cid::Cid {
    fn from(cid: Cid) -> Self {
        let hash = multihash::Multihash::wrap(BLAKE3, &cid.digest).expect("32 bytes fit a multihash of 64");
        cid::Cid::new_v1(cid.codec.multicodec(), hash)
    }
}

impl TryFrom<cid::Cid> for Cid {
    type Error = Error;

    fn try_from(wide: cid::Cid) -> Result<Self, Error> {
        let refused = |reason| Error::Cid { got: wide.to_string(), reason };
        if wide.version() != cid::Version::V1 {
            return Err(refused("only CIDv1 is allowed"));
        }
        let codec = match wide.codec() {
            0x55 => Codec::Raw,
            0x71 => Codec::DagCbor,
            _ => return Err(refused("only the codecs raw and dag-cbor are allowed")),
        };
        if wide.hash().code() != BLAKE3 {
            return Err(refused("only BLAKE3 is allowed"));
        }
        let digest = wide.hash().digest().try_into().map_err(|_| refused("the digest is not 32 bytes"))?;
        Ok(Cid { codec, digest })
    }
}

impl TryFrom<&[u8]> for Cid {
    type Error = Error;

    /// Reads the 36 bytes of the binary form.
    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |reason| Error::Cid { got: format!("{} bytes", bytes.len()), reason };
        if bytes.len() != BYTES {
            return Err(refused("the binary form has 36 bytes"));
        }
        let wide = cid::Cid::try_from(bytes).map_err(|_| refused("not a binary CID"))?;
        let cid = Cid::try_from(wide)?;
        if wide.to_bytes() == bytes { Ok(cid) } else { Err(refused("a varint is not minimal")) }
    }
}

impl FromStr for Cid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason| Error::Cid { got: quote(text), reason };
        if text.len() != TEXT_CHARS {
            return Err(refused("the text form has 59 characters"));
        }
        let wide = cid::Cid::try_from(text).map_err(|_| refused("not a CID in multibase"))?;
        let cid = Cid::try_from(wide)?;
        // Other bases, upper case and non-canonical base32 would be second names of the same bytes.
        if cid.to_string() == text { Ok(cid) } else { Err(refused("only lower-case base32 is allowed")) }
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", cid::Cid::from(*self))
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({self})")
    }
}
