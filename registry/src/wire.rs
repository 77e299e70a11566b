//! What the handlers ask of the one sequencer, in a form that travels: within a process, or to a Durable Object.

use std::future::Future;

use cidery_protocol::{Cid, PackageName, Version};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_bytes::ByteBuf;

use crate::{BlobFacts, Error, ErrorBody, Expectation};

/// The way to the sequencer.
pub trait SequencerClient: Send + Sync {
    /// Hands a question over and waits for its answer.
    ///
    /// # Errors
    /// Where the sequencer cannot be reached. Its own refusals are [`Reply::Refused`].
    fn call(&self, call: Call) -> impl Future<Output = Result<Reply, Error>> + Send;
}

/// A question to the sequencer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// The body of `POST /v1/publish` (SPEC §11.3).
    Publish(ByteBuf),
    /// What is expected of a blob that is uploaded for a pending publish (SPEC §11.4).
    Expects {
        /// The last of the publish's records.
        record: Cid,
        /// The blob.
        blob: Cid,
    },
    /// A blob has been admitted and stored. Whoever asked in time is heard at any time.
    Uploaded {
        /// The blob.
        blob: Cid,
        /// What was found while it was read.
        facts: BlobFacts,
    },
    /// A blob came whole, and it is not what the manifest of a pending publish says of it: that can never be logged.
    Unfit {
        /// The last of the publish's records.
        record: Cid,
    },
}

/// The sequencer's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// To [`Call::Publish`].
    Published(Published),
    /// To [`Call::Expects`].
    Expected(Expected),
    /// To [`Call::Uploaded`] and [`Call::Unfit`].
    Recorded,
    /// To any: no, with the reason.
    Refused(ErrorBody),
}

/// What became of a publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Published {
    /// It waits for blobs.
    Missing {
        /// The last of its records.
        record: Cid,
        /// The blobs that the registry lacks, and their sizes.
        blobs: Vec<(Cid, u64)>,
        /// Until when they are taken: seconds since 1970.
        expires: u64,
    },
    /// Its records are in the log, under a signed checkpoint.
    Committed(Box<Committed>),
}

/// A publish whose records are in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Whether they were in the log before.
    pub again: bool,
    /// The package.
    pub package: PackageName,
    /// The last of the records.
    pub record: Cid,
    /// Its place in the package's log.
    pub sequence: u64,
    /// Its place in the log.
    pub index: u64,
    /// The bytes of its receipt.
    pub receipt: ByteBuf,
    /// The release among the records.
    pub release: Option<CommittedRelease>,
}

/// A release that is in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedRelease {
    /// Its record.
    pub record: Cid,
    /// The version.
    pub version: Version,
    /// The code.
    pub manifest: Cid,
}

/// What is expected of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// What the publish says of it.
    pub expectation: Expectation,
    /// Whether the registry has it already. The same bytes are taken once more, and change nothing.
    pub stored: bool,
}

/// Bytes of a [`Call`] or [`Reply`] that are read: a publish request or a receipt, and what is around it.
pub const MESSAGE_BYTES: usize = cidery_protocol::limits::PUBLISH_BYTES + (64 << 10);

macro_rules! travels {
    ($type:ident) => {
        impl $type {
            /// The message's bytes.
            ///
            /// # Errors
            /// [`Error::Internal`], which no value of this type leads to.
            pub fn encode(&self) -> Result<Vec<u8>, Error> {
                serde_ipld_dagcbor::to_vec(self).map_err(|error| Error::internal(error.to_string()))
            }

            /// Reads what [`Self::encode`] wrote.
            ///
            /// # Errors
            /// [`Error::Internal`] where the bytes are another thing.
            pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
                decode(bytes)
            }
        }
    };
}

travels!(Call);
travels!(Reply);

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    if bytes.len() > MESSAGE_BYTES {
        return Err(Error::internal(format!("a message of {} bytes", bytes.len())));
    }
    serde_ipld_dagcbor::from_slice(bytes).map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use cidery_protocol::Codec;

    use super::*;

    #[test]
    fn messages_come_back_as_they_were_sent() {
        let cid = Cid::of(Codec::Raw, b"hello");
        let facts = BlobFacts { size: 5, text: true, sha256: serde_bytes::ByteArray::new([1; 32]) };
        let call = Call::Uploaded { blob: cid, facts };
        assert_eq!(Call::decode(&call.encode().expect("bytes")).expect("a call"), call);
        let missing = Published::Missing { record: cid, blobs: vec![(cid, 5)], expires: 1 << 33 };
        let reply = Reply::Published(missing);
        assert_eq!(Reply::decode(&reply.encode().expect("bytes")).expect("a reply"), reply);
        assert!(Call::decode(b"\xa0").is_err());
    }
}
