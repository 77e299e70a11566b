//! What a log has done wrong, in a form that convinces whoever has its key (SPEC §10.7), and nobody where it has done nothing
//! wrong: whatever an accuser leaves out, an honest log's own signatures never show a fault.
//!
//! | file | what |
//! |---|---|
//! | `kind` | what can be shown, and by which objects |
//! | `json` | the file |
//! | `check` | what an evidence shows |
//! | `package` | entries of a package, one after another |
//! | `make` | an evidence, of a [`Fault`](crate::Fault) or of two heads |

mod check;
mod json;
mod kind;
mod make;
mod package;

pub use check::Shown;
pub use kind::{EvidenceKind, ShownEntry, ShownHash, ShownMap};
pub use make::CoveredTree;

use cidery_protocol::{Code, Error, Origin, PublicKey};

/// Bytes of a file of evidence.
const BYTES: usize = 32 << 20;

/// An accusation of a log, with what is to show it. Nothing in it is believed before [`Evidence::check`] has spoken.
///
/// ```
/// use cidery_verifier::Evidence;
/// let refused = Evidence::from_json(br#"{ "format": "cidery-evidence-v1", "kind": "roots" }"#);
/// assert_eq!(refused.map_err(|error| error.code().as_str()), Err("log.malformed"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The log that is accused.
    pub origin: Origin,
    /// The key that signed its checkpoints.
    pub log_key: PublicKey,
    /// What it is to have done.
    pub kind: EvidenceKind,
}

/// Why evidence shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are said by the messages.
pub enum EvidenceError {
    /// Not the JSON of SPEC §10.7.
    #[error("the evidence is not of its format: {reason}")]
    Malformed { reason: String },
    /// More than is read.
    #[error("the evidence has {got} bytes, at most {limit} allowed")]
    Size { got: usize, limit: usize },
    /// Of another log than the one that was asked about.
    #[error("the evidence is about the log `{got}`, asked was about `{wanted}`")]
    OtherLog { got: Origin, wanted: Origin },
    /// With a key that nobody knows as the log's, or as its cosigner's.
    #[error("the evidence rests on the key {got}, which is not known as the log's {role}")]
    OtherKey { got: Box<PublicKey>, role: &'static str },
    /// A part of it is not what it should be, for the reason that is the source.
    #[error("{part} of the evidence was refused")]
    Refused { part: &'static str, source: Error },
    /// All of it is genuine, and an honest log may have made it.
    #[error("the evidence shows nothing: {reason}")]
    Nothing { reason: &'static str },
}

impl EvidenceError {
    /// The code of SPEC §13.
    pub fn code(&self) -> Code {
        match self {
            EvidenceError::Malformed { .. } => Code::LogMalformed,
            EvidenceError::Size { .. } => Code::LimitExceeded,
            EvidenceError::OtherLog { .. } => Code::LogOrigin,
            EvidenceError::OtherKey { role, .. } => match *role {
                "cosigner" => Code::LogTimestamp,
                _ => Code::LogSignature,
            },
            EvidenceError::Refused { source, .. } => source.code(),
            EvidenceError::Nothing { .. } => Code::LogUnproven,
        }
    }
}

/// Says which part an error of the protocol is about.
fn refuse(part: &'static str) -> impl FnOnce(Error) -> EvidenceError {
    move |source| EvidenceError::Refused { part, source }
}
