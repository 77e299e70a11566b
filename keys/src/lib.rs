//! Holds secrets: ed25519 keys, the files and the ssh-agents they live in, and what they sign.
//!
//! ```text
//!   OpenSSH private key file ─┐                ┌ passphrase ┐
//!   PKCS#8 PEM ───────────────┼──▶ StoredKey ──┴─ unlock ───┴▶ SecretKey: Signer ──┬──▶ sign_envelope    (publisher)
//!   a variable's text ────────┘                                 ▲     │            ├──▶ sign_checkpoint  (log)
//!   the system's randomness ──────── generate ──────────────────┘     │            ├──▶ cosign           (cosigner)
//!   ssh-agent ────────────────────── Agent ─────▶ AgentSigner: Signer ┼────────────┴──▶ cosignature      (witness)
//!                                                                     └──▶ keyfile::create ──▶ a new file, mode 0600
//! ```
//!
//! | file | what |
//! |---|---|
//! | `secret` | [`SecretKey`], and its text form |
//! | `signer` | [`Signer`], and the objects of `cidery-protocol` that are signed |
//! | `stored` | [`StoredKey`]: text in any format that is read, [`LockedKey`] behind a [`Passphrase`] |
//! | `keyfile` | [`keyfile::open`], [`keyfile::create`] and their kin |
//! | `agent` | [`Agent`], and [`AgentSigner`] for one of its keys |
//! | `public` | [`openssh_line`]: a public key as OpenSSH writes it |
//!
//! It is not for deciding anything: whether a signature counts is said by `cidery-protocol` and `cidery-verifier`, which
//! never see a secret. It knows nothing of HTTP, of the terminal, or of where a command keeps its keys. One key has one
//! role: nothing here stops a publisher's key from signing a log, but registries and policies refuse one that does.
//!
//! What is secret is erased from memory when dropped, is never written but into new files that only their owner can
//! reach, and stands in no `Debug`, `Display` or error. Signatures of an agent are checked before they are given out.
//!
//! The features `files` (key files, passphrases, PKCS#8, new keys) and `agent`, on by default, bring what needs an
//! operating system. Without them the crate also builds for `wasm32-unknown-unknown`, where a host hands over the
//! key's text.

#[cfg(feature = "agent")]
mod agent;
mod error;
#[cfg(feature = "files")]
pub mod keyfile;
#[cfg(feature = "files")]
mod passphrase;
mod public;
mod secret;
mod signer;
#[cfg(feature = "files")]
mod stored;

#[cfg(feature = "agent")]
pub use agent::{Agent, AgentKey, AgentSigner};
pub use error::KeyError;
#[cfg(feature = "files")]
pub use passphrase::Passphrase;
pub use public::openssh_line;
pub use secret::SecretKey;
pub use signer::{Signer, cosign, cosignature, sign_checkpoint, sign_envelope};
#[cfg(feature = "files")]
pub use stored::{LockedKey, StoredKey};
