//! A registry that lies, for tests: it holds its log's keys, and does with them what it is told.
//!
//! ```text
//!  clients ──▶ Liar::answer ──▶ Answer: parts of honest answers, put together ──▶ Registry ──▶ Memory
//!  a test  ──▶ Liar::obey                                                            │
//!               copy, show, clock, renew, hold                                   Sequencer ──▶ Ledger: what maps leave out
//! ```
//!
//! Until it is told otherwise, it is the registry that anybody runs, in memory, with the keys of SPEC §15. What it is told is in
//! `liar`; what becomes of it, `docs/lies.md` says of each client.
//!
//! | file | what |
//! |---|---|
//! | `liar` | [`Order`]: what it may be told |
//! | `history` | one history of the log: its store and who signs it |
//! | `ledger` | the lie in the map |
//! | `answer` | the lies in an answer |
//! | `http` | both ports |

mod answer;
mod history;
mod http;
mod ledger;
mod liar;

use std::{error::Error, sync::Arc};

use cidery_registry::{Witness, Witnesses};
use tokio::{net::TcpListener, sync::Mutex};

use crate::liar::Liar;

/// `cidery-liar SECONDS [NAME KEY URL]`: how far behind the time its clock begins, and the witness that it asks, if any.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (behind, witnesses) = match args.as_slice() {
        [behind] => (behind, Vec::new()),
        [behind, name, key, url] => (behind, vec![Witness::new(name, url, key.parse()?)?]),
        _ => return Err("wanted seconds, and perhaps the name, key and address of a witness".into()),
    };
    let liar = Liar::start(behind.parse()?, Witnesses::new(witnesses)?).await?;
    let liar = Arc::new(Mutex::new(liar));
    let [clients, orders] =
        [TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?];
    eprintln!("listening on http://{}, obeying on http://{}", clients.local_addr()?, orders.local_addr()?);
    let answering = axum::serve(clients, http::clients(liar.clone()));
    tokio::select! {
        ended = answering => ended?,
        ended = axum::serve(orders, http::orders(liar)) => ended?,
    }
    Ok(())
}
