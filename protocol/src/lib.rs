//! Cidery's objects as types.
mod canonical;
mod cid;
mod code;
mod error;
mod key;
pub mod limits;
pub mod log;
mod name;
mod version;
pub use cid::{Cid, Codec};
pub use code::{Code, UnknownCode};
pub use error::Error;
pub use key::{PublicKey, Signature};
pub use name::{Origin, PackageName};
pub use version::{Range, Version};
