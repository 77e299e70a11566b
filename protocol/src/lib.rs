//! Cidery's objects as types.
mod cid;
mod code;
mod error;
mod key;
pub mod limits;
pub use cid::{Cid, Codec};
pub use code::{Code, UnknownCode};
pub use error::Error;
pub use key::{PublicKey, Signature};
