//! Serves packages: the handlers and the one writer, over traits for storage, so that both hosts run the same code.
//!
//! ```text
//!  HTTP ──▶ Registry::handle ── reads ───────────────────────────▶ Blobs   (objects; R2, files)
//!               │    └── PUT: Admission judges while it streams ──▶ Blobs
//!               └── SequencerClient::call ──▶ Sequencer::receive ──▶ Sql    (the ledger; SQLite on both hosts)
//!                                                  │ queue
//!                                             close_group ──▶ ledger, tiles, states, signatures, checkpoint, receipts, head
//!                                                  │ begin_asking
//!                                             ask_witness ──▶ WitnessClient: witnesses, whose lines go into the checkpoint
//! ```
//!
//! | file | what | SPEC |
//! |---|---|---|
//! | `registry` | [`Registry::handle`]: the route table, and what is read as it is stored | §11.1 |
//! | `publish` | the first and second half of a publish, as HTTP | §11.3, §11.4 |
//! | `located` | a package under the newest head: the way down the map, and its state | §8.7 |
//! | `resolve`, `standing` | which release, its receipt, and how the package stands | §9 |
//! | `proof` | the state of a package, or that there is none | §9.6 |
//! | `head` | the newest head, and proofs from tiles | §9.2 |
//! | `tiles` | the tree and the entries, as C2SP tlog-tiles serves them | §11.7 |
//! | `package_log` | the records of a package, page by page | §11.6 |
//! | `path`, `http` | requests and answers without a host's types | §11.1 |
//! | `admission` | [`Admission`]: a blob is judged while it is read | §11.4 |
//! | `wire` | [`Call`] and [`Reply`]: what the handlers ask of the sequencer | |
//! | `publication` | a publish request: its form, and whether it may follow | §11.3, §6.4 |
//! | `scope` | [`ScopePolicy`]: who may begin a package | §11.3 |
//! | `sequencer` | [`Sequencer`]: the one writer; groups, the published log, recovery | §7, §8 |
//! | `witness` | [`Witnesses`], and [`WitnessClient`]: the seam to them | §7.7 |
//! | `add_checkpoint` | what log and witness say to each other | §7.7 |
//! | `ledger`, `packages`, `map`, `pending`, `witnessed`, `rows` | what the sequencer knows, in SQL | |
//! | `stored`, `layout` | a package as reads find it, and where objects stand | §8.3 |
//! | `index` | the JSON of packages and manifests | §11.2 |
//! | `store` | [`Blobs`], [`Sql`], [`Clock`], [`Upload`]: the seams to a host | |
//! | `memory`, `contract` | a store in memory, and the suite that every backend passes | |
//! | `error` | [`Error`], and the status of each code | §13 |
//!
//! It knows nothing of Workers, of axum, of environment variables or of where keys are kept. It decides nothing that
//! `cidery-protocol` decides: whether a record may follow is asked of `PackageState::apply`.

mod add_checkpoint;
mod admission;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod error;
mod head;
mod http;
mod index;
pub mod layout;
mod ledger;
mod located;
mod map;
pub mod memory;
mod package_log;
mod packages;
mod path;
mod pending;
mod proof;
mod publication;
mod publish;
mod registry;
mod resolve;
mod rows;
mod scope;
mod sequencer;
mod standing;
mod store;
mod stored;
mod tiles;
mod wire;
mod witness;
mod witnessed;

pub use admission::{Admission, BlobFacts, Expectation};
pub use error::{Error, ErrorBody, status};
pub use http::{Body, Request, Response};
pub use registry::Registry;
pub use scope::ScopePolicy;
pub use sequencer::{LogConfig, Received, Sequencer, Ticket, Turn};
pub use store::{Blobs, Clock, Download, Etag, Object, Put, Sql, StoreError, Upload, Value};
pub use wire::{
    Call, Committed, CommittedRelease, Expected, MESSAGE_BYTES, Published, Reply, SequencerClient,
};
pub use witness::{Witness, WitnessAnswer, WitnessClient, Witnesses};
