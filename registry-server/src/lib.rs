//! The registry on one machine: the handlers and the sequencer of `cidery-registry` over HTTP, SQLite and files.
//!
//! ```text
//!  TCP ──▶ hyper, axum ──▶ Registry::handle ──▶ Files            (data/objects)
//!                               └── Client ──▶ a thread of its own: Sequencer ──▶ Sqlite (data/ledger.db), Files
//!                                                                       └── Witnessing ──▶ witnesses
//! ```
//!
//! | file | what |
//! |---|---|
//! | `server` | [`Server::start`], [`Config`] |
//! | `http` | axum's requests as the handlers see them |
//! | `sequencer` | the sequencer's thread: groups, the head's refreshing, and asking witnesses |
//! | `witness` | [`Witnessing`]: witnesses over HTTP |
//! | `data` | the data folder: its lock, the log's origin and keys |
//! | `settings` | the operator's `config.toml` |
//! | `files`, `sqlite` | [`Files`] and [`Sqlite`]: the storage traits |
//!
//! It prints nothing, reads no environment variables, and decides nothing about packages.

mod data;
mod error;
mod files;
mod http;
mod sequencer;
mod server;
mod settings;
mod sqlite;
mod witness;

pub use cidery_registry::{ScopePolicy, Witness, Witnesses};
pub use error::ServerError;
pub use files::Files;
pub use server::{Config, OnFailure, Patience, Server};
pub use sqlite::Sqlite;
pub use witness::Witnessing;
