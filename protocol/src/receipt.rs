//! What a loader is given with a release (SPEC §9): the receipt says that it was logged, the head that the log still says
//! so, and a resolution carries both. Whoever wants no release is given the proof of a package (§9.6), and whoever wants all of it
//! its log (§11.6).

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    Error, ShownLeaves, canonical, limits,
    log::Hashes,
    map::{MapKey, MapPath},
};

/// A record with its chain of authority and the proof that the log holds it; immutable. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The layout.
    pub format: ReceiptFormat,
    /// Signed records from the `init` to the authority of the record, oldest first; each is named by the next one's
    /// `authority`, so that the one inclusion proof covers all. None where the record is the `init`.
    pub chain: Vec<ByteBuf>,
    /// The log entry of the record.
    pub record: ByteBuf,
    /// Its index in the log.
    pub index: u64,
    /// The first checkpoint that covers it, with the log's signature.
    pub checkpoint: ByteBuf,
    /// Its inclusion under that checkpoint.
    pub inclusion: Hashes,
}

/// The layout of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiptFormat {
    /// SPEC §9.1.
    #[serde(rename = "cidery-receipt-v1")]
    V1,
}

/// The newest checkpoint of a log with its cosignatures, and what joins it to a receipt. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The layout.
    pub format: HeadFormat,
    /// The checkpoint: a signed note.
    pub checkpoint: ByteBuf,
    /// How the receipt's record is shown to be in this tree.
    pub join: Join,
    /// How the package stands. A policy may do without (SPEC §10.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Consistency with an older head that the client has seen, where it asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
}

/// The layout of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeadFormat {
    /// SPEC §9.2.
    #[serde(rename = "cidery-head-v1")]
    V1,
}

/// How a package stands under a head: its state in the log's map, and what is said there of the release. Nothing in it is
/// verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The state's place in the log's map.
    pub map: MapProof,
    /// The bytes of the [`StateObject`](crate::StateObject).
    pub state: ByteBuf,
    /// [`VersionLeaf`](crate::VersionLeaf)s: the release's, and those that show that nothing newer is in the range.
    pub versions: ShownLeaves,
    /// The [`ChannelLeaf`](crate::ChannelLeaf) of the channel that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<ShownLeaves>,
    /// The signed records of the authorities since the receipt's, oldest first.
    pub chain: Vec<ByteBuf>,
    /// The signed `yank` of the release that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yank: Option<ByteBuf>,
    /// The signed `channel` that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ByteBuf>,
}

/// A package's place in the map that a tree's last entry names. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapProof {
    /// The bytes of the last entry, a [`MapEntry`](crate::MapEntry).
    pub entry: ByteBuf,
    /// Its inclusion.
    pub inclusion: Hashes,
    /// The package's way in the map.
    pub path: MapPath,
}

/// What the log says of a package: its state, or that there is none (SPEC §9.6). Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageProof {
    /// The layout.
    pub format: PackageProofFormat,
    /// The checkpoint: a signed note.
    pub checkpoint: ByteBuf,
    /// The package's place in the map, or the place where it would stand; none under the empty log, which has no map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapProof>,
    /// The bytes of the [`StateObject`](crate::StateObject), where there is such a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ByteBuf>,
    /// Consistency with an older head that the client has seen, where it asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
}

/// The layout of a proof of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PackageProofFormat {
    /// SPEC §9.6.
    #[serde(rename = "cidery-package-proof-v1")]
    V1,
}

/// How a receipt is joined to a head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// The record's inclusion under the head: of its hashes those to the right, as those to the left are the receipt's (see
    /// [`with_right_siblings`](crate::log::with_right_siblings)).
    Inclusion(Hashes),
    /// Consistency of the receipt's checkpoint with the head; no hashes where they are of one size.
    Consistency(Hashes),
}

/// Consistency of a head with an older one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// The older head's size.
    pub size: u64,
    /// The proof.
    pub consistency: Hashes,
}

/// A registry's answer to a request for a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// The layout.
    pub format: ResolutionFormat,
    /// The bytes of the [`Receipt`].
    pub receipt: ByteBuf,
    /// The bytes of the [`Head`].
    pub head: ByteBuf,
}

/// The layout of a resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResolutionFormat {
    /// SPEC §9.3.
    #[serde(rename = "cidery-resolution-v1")]
    V1,
}

/// A page of a package's own log. Nothing in it is verified: whoever applies
/// [`PackageState::apply`](crate::PackageState::apply) to all of it, from the first record on, has the package's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageLog {
    /// The layout.
    pub format: PackageLogFormat,
    /// The sequence of the first entry here.
    pub from: u64,
    /// How many records the package has.
    pub size: u64,
    /// Log entries, one record each, in their order: as many as fit.
    pub entries: Vec<ByteBuf>,
}

/// The layout of a page of a package's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PackageLogFormat {
    /// SPEC §11.6.
    #[serde(rename = "cidery-package-log-v1")]
    V1,
}

macro_rules! object {
    ($type:ident, $what:literal, $check:expr) => {
        impl $type {
            /// The canonical bytes.
            ///
            /// # Errors
            /// [`Error::Limit`] where a bound of SPEC §12 is exceeded.
            pub fn encode(&self) -> Result<Vec<u8>, Error> {
                #[allow(clippy::redundant_closure_call)]
                ($check)(self)?;
                let bytes = canonical::encode($what, self)?;
                canonical::within($what, limits::RECEIPT_BYTES, bytes.len())?;
                Ok(bytes)
            }

            /// Reads the canonical bytes.
            ///
            /// # Errors
            /// [`Error::Log`] where they are of another shape, [`Error::Limit`] where a bound of SPEC §12 is exceeded.
            pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
                let object: Self =
                    canonical::decode($what, limits::RECEIPT_BYTES, bytes).map_err(malformed)?;
                #[allow(clippy::redundant_closure_call)]
                ($check)(&object)?;
                Ok(object)
            }
        }
    };
}

object!(Receipt, "receipt", |receipt: &Receipt| {
    canonical::within("records of a chain of authority", limits::CHAIN_RECORDS, receipt.chain.len())?;
    proof("inclusion", &receipt.inclusion)
});
object!(Head, "head", |head: &Head| {
    match &head.join {
        Join::Inclusion(hashes) => proof("inclusion", hashes)?,
        Join::Consistency(hashes) => proof("consistency", hashes)?,
    }
    if let Some(standing) = &head.standing {
        let chain = standing.chain.len();
        canonical::within("records of a chain of authority", limits::CHAIN_RECORDS, chain)?;
        standing.map.check()?;
    }
    head.since.as_ref().map_or(Ok(()), |since| proof("consistency", &since.consistency))
});
object!(PackageProof, "proof of a package", |package: &PackageProof| {
    package.map.as_ref().map_or(Ok(()), MapProof::check)?;
    package.since.as_ref().map_or(Ok(()), |since| proof("consistency", &since.consistency))
});
object!(Resolution, "resolution", |_: &Resolution| Ok::<(), Error>(()));
object!(PackageLog, "log of a package", |page: &PackageLog| {
    canonical::within("entries of a page of a package's log", limits::PACKAGE_LOG_ENTRIES, page.entries.len())
});

impl MapProof {
    fn check(&self) -> Result<(), Error> {
        canonical::within("hashes of a path in the map", MapKey::BITS, self.path.siblings.len())?;
        proof("inclusion", &self.inclusion)
    }
}

fn proof(what: &'static str, hashes: &[crate::log::Hash]) -> Result<(), Error> {
    if hashes.len() > limits::PROOF_HASHES {
        return Err(Error::Proof { what, reason: "it has more than 64 hashes" });
    }
    Ok(())
}

fn malformed(error: Error) -> Error {
    match error {
        Error::Cbor { what, reason } => Error::Log { what, reason },
        other => other,
    }
}
