//! Holds secrets: ed25519 keys, the OpenSSH files they live in, and what they sign.
//!
//! ```text
//!   OpenSSH private key file ── keyfile::read ──┐
//!   the same text from elsewhere ─ from_openssh ┼──▶ SecretKey: Signer ──▶ sign_envelope    (publisher)
//!   the system's randomness ── generate ────────┘                     ├──▶ sign_checkpoint  (log)
//!            │                                                        └──▶ cosign           (cosigner)
//!            └── keyfile::create ──▶ a new file, mode 0600
//! ```
//!
//! | file | what |
//! |---|---|
//! | `secret` | [`SecretKey`], and its text form |
//! | `signer` | [`Signer`], and the objects of `cidery-protocol` that are signed |
//! | `keyfile` | [`keyfile::read`] and [`keyfile::create`] |
//!
//! It is not for deciding anything: whether a signature counts is said by `cidery-protocol` and `cidery-verifier`, which
//! never see a secret. It knows nothing of HTTP, of the terminal, or of where a command keeps its keys. One key has one
//! role: nothing here stops a publisher's key from signing a log, but registries and policies refuse one that does.
//!
//! The feature `files`, on by default, brings what needs an operating system: key files and new keys. Without it
//! the crate also builds for `wasm32-unknown-unknown`, where a host hands over the key's text.

mod error;
#[cfg(feature = "files")]
pub mod keyfile;
mod secret;
mod signer;

pub use error::KeyError;
pub use secret::SecretKey;
pub use signer::{Signer, cosign, sign_checkpoint, sign_envelope};
