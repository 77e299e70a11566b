//! A witness of transparency logs: it cosigns a log's checkpoint where the log shows that its tree continues the one that was
//! cosigned before, and says no to anything else. Where everybody wants `q` of the same `n` witnesses on a head, a log that
//! shows two trees needs `2q − n` witnesses that lie with it.
//!
//! ```text
//!                                    no I/O
//!                     ┌──────────────────────────────────────┐
//!  TCP ──▶ a body ──▶ │ Request ──▶ Submission ──▶ decide ── │ ──▶ a refusal, or a time
//!                     │        ▲                   ▲  ▲      │            │
//!                     └────────┼───────────────────┼──┼──────┘            ▼
//!                      keys of the log        Latest  the clock      data/state.db
//!                                                ▲                        │
//!                                                └── one transaction ─────┤ once it is on the disk
//!                                                                         ▼
//!                                                                 Signer ──▶ the cosignature
//! ```
//!
//! | file | what |
//! |---|---|
//! | `submission` | [`Request`]: what is asked, in bounds; [`Submission`]: the same with a log's signature that verifies |
//! | `decide` | [`decide`]: the rules of C2SP tlog-witness and no more; [`Latest`], what they look at |
//! | `store` | SQLite: check and record are one transaction, on the disk before anything is signed |
//! | `witness` | [`Witness`]: the three of them, in their order |
//! | `http` | the interface of C2SP tlog-witness |
//! | `server` | [`Server::start`], [`Config`] |
//! | `data`, `settings` | the data folder, and the operator's `config.toml` in it |
//! | `report` | [`Report`]: what a data folder says |
//!
//! The interface is C2SP's and no one else's: `POST <prefix>/add-checkpoint`, and for monitors
//! `GET <prefix>/<SHA-256 of the origin, in hexadecimal>/checkpoint`, the newest checkpoint that was cosigned. So any log that
//! asks C2SP's witnesses can ask this one, and a registry asks any of theirs. Checkpoints are those of SPEC §7: of an origin in
//! its grammar, without extension lines.
//!
//! It is not for more than that:
//!
//! - It reads no entries. That they, and the map over them, are right is for monitors to say (`cidery log check`).
//! - It keeps no tree: of each log it remembers one checkpoint, and what it caught the log at.
//! - It asks nobody anything and connects to nobody; whoever wants a cosignature comes with the proof.
//! - It has no TLS and no accounts: a proxy in front of it does. Who may ask is settled by the log's signature.
//! - It keeps one key, and that key has one data folder. Two folders that forget each other are two witnesses under one name.
//!
//! It prints nothing and reads no environment variables; the time is an argument of all that decides.

mod data;
mod decide;
mod error;
mod http;
mod name;
mod report;
mod server;
mod settings;
mod store;
mod submission;
mod witness;

pub use decide::{Latest, decide};
pub use error::{Contradiction, WitnessError};
pub use name::WitnessName;
pub use report::{Report, Watched};
pub use server::{Config, OnEvent, Patience, Server};
pub use submission::{BODY_BYTES, Logs, Request, Submission};
pub use witness::Witness;
