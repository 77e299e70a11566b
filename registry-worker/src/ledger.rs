//! The Durable Object that holds the one sequencer.
//!
//! ```text
//!  fetch ── first: start (nothing else is delivered meanwhile) ── receive ──┬──────────────▶ reply
//!                                                                          └─ queued ─┐       ▲
//!  closer: one future while anybody waits, one group a second ◀──────────────────────┘ ──────┘
//!  alarm, every 4 minutes: refresh the head, also when nobody asks for anything
//!  after each of these: a future for each witness, and one that merges what they have signed, a write a second
//! ```
//! The object may be stopped at any moment and started elsewhere: what is in its memory is nothing but the queue.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::Rc,
    time::Duration,
};

use cidery_registry::{Call, Error, Received, Reply, Sequencer};
use futures_util::lock::Mutex;
use worker::{
    Date, Delay, DurableObject, Env, Request, Response, Result, State, console_error, durable_object,
    wasm_bindgen,
};

use crate::{
    client::START,
    clock::PlatformClock,
    config::log_config,
    failure::cannot,
    kv::{Objects, Reader},
    sql::ObjectSql,
    witness::PlatformFetch,
};

/// R2 takes one write a second of a key, and each group replaces the checkpoint. Milliseconds.
const BETWEEN_HEADS: u64 = 1000;
/// How often the head is cosigned again: with what it waits and takes, within the five minutes of SPEC §7.5.
const REFRESH: Duration = Duration::from_secs(4 * 60);
/// When it is tried again where that failed.
const RETRY: Duration = Duration::from_secs(60);

type Log = Sequencer<Objects, ObjectSql, PlatformClock>;

/// The sequencer's object, as the platform sees it.
#[durable_object(alarm)]
pub(crate) struct Ledger {
    object: Rc<Object>,
}

impl DurableObject for Ledger {
    fn new(state: State, env: Env) -> Self {
        let object = Object {
            state,
            env,
            log: RefCell::new(None),
            last_head: Mutex::new(0),
            is_closing: Cell::new(false),
            is_merging: Cell::new(false),
        };
        Ledger { object: Rc::new(object) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let reply = self.object.answer(request).await;
        Response::from_bytes(reply.encode().map_err(|error| error.to_string())?)
    }

    /// An alarm that throws is tried again a few times and then no more; this one always sets the next.
    async fn alarm(&self) -> Result<Response> {
        let next = match self.object.refresh().await {
            Ok(()) => REFRESH,
            Err(error) => {
                console_error!("the head could not be refreshed: {error}");
                RETRY
            }
        };
        self.object.state.storage().set_alarm(next).await?;
        Response::empty()
    }
}

struct Object {
    state: State,
    env: Env,
    /// The sequencer, once it has started. A failed start is none, and is tried again.
    log: RefCell<Option<Rc<Log>>>,
    /// When the head was written the last time, in milliseconds since 1970; held by whoever writes it.
    last_head: Mutex<u64>,
    /// Whether the closer runs.
    is_closing: Cell<bool>,
    /// Whether cosignatures are being merged.
    is_merging: Cell<bool>,
}

impl Object {
    async fn answer(self: &Rc<Self>, request: Request) -> Reply {
        self.try_answer(request).await.unwrap_or_else(|error| Reply::Refused(error.body()))
    }

    async fn try_answer(self: &Rc<Self>, mut request: Request) -> Result<Reply, Error> {
        let log = self.log().await?;
        if request.path() == START {
            return Ok(Reply::Recorded);
        }
        let call = request.bytes().await.map_err(|error| cannot("read a call", &error))?;
        match log.receive(Call::decode(&call)?).await {
            Received::Reply(reply) => Ok(reply),
            Received::Queued(ticket) => {
                self.close_groups(log);
                Ok(ticket.reply().await)
            }
        }
    }

    /// The sequencer, started. While it starts, the platform delivers nothing else to the object.
    async fn log(self: &Rc<Self>) -> Result<Rc<Log>, Error> {
        if let Some(log) = self.log.borrow().clone() {
            return Ok(log);
        }
        let this = Rc::clone(self);
        let started = self.state.block_concurrency_while(async move { Ok(this.start().await) });
        let log = started.await.map_err(|error| cannot("start the sequencer", &error))??;
        self.ask_witnesses(&log);
        Ok(log)
    }

    /// The next alarm is set first: whatever becomes of this start, there will be another.
    async fn start(&self) -> Result<Rc<Log>, Error> {
        if let Some(log) = self.log.borrow().clone() {
            return Ok(log);
        }
        let config = log_config(&self.env)?;
        let storage = self.state.storage();
        storage.set_alarm(REFRESH).await.map_err(|error| cannot("set the alarm", &error))?;
        let objects = Objects::new(&self.env, Reader::Sequencer)?;
        let log = Rc::new(Sequencer::new(objects, ObjectSql::new(&storage), PlatformClock, config)?);
        self.write_head(log.start()).await?;
        *self.log.borrow_mut() = Some(Rc::clone(&log));
        Ok(log)
    }

    /// A start cosigns the head, too: an object that the alarm has woken needs no more.
    async fn refresh(self: &Rc<Self>) -> Result<(), Error> {
        let running = self.log.borrow().clone();
        match running {
            Some(log) => {
                self.write_head(log.refresh_head()).await?;
                self.ask_witnesses(&log);
                Ok(())
            }
            None => self.log().await.map(drop),
        }
    }

    /// Has groups closed as long as anybody waits: the first one at once, each other a second after the one before.
    fn close_groups(self: &Rc<Self>, log: Rc<Log>) {
        if self.is_closing.replace(true) {
            return;
        }
        let this = Rc::clone(self);
        self.state.wait_until(async move {
            while log.is_waiting() {
                if let Err(error) = this.write_head(log.close_group()).await {
                    console_error!("a group could not be closed: {error}");
                }
                this.ask_witnesses(&log);
            }
            this.is_closing.set(false);
        });
    }

    /// Has each witness asked about the newest head, by a future of its own: none waits for another, and no group for any.
    fn ask_witnesses(self: &Rc<Self>, log: &Rc<Log>) {
        for turn in log.begin_asking() {
            let (this, log) = (Rc::clone(self), Rc::clone(log));
            self.state.wait_until(async move {
                while let Some(asked) = log.ask_witness(&turn, &PlatformFetch).await {
                    if let Err(error) = asked {
                        console_error!("{error}");
                    }
                    this.merge_cosignatures(&log);
                }
            });
        }
    }

    /// Merges what witnesses have signed. Those that come while this waits for its turn go along.
    fn merge_cosignatures(self: &Rc<Self>, log: &Rc<Log>) {
        if !log.has_cosignatures() || self.is_merging.replace(true) {
            return;
        }
        let (this, log) = (Rc::clone(self), Rc::clone(log));
        self.state.wait_until(async move {
            while log.has_cosignatures() {
                if let Err(error) = this.write_head(log.merge_cosignatures()).await {
                    console_error!("cosignatures could not be put on the head: {error}");
                }
            }
            this.is_merging.set(false);
        });
    }

    /// Does what writes the head, when it may be written again.
    async fn write_head<T>(&self, work: impl Future<Output = T>) -> T {
        let mut last = self.last_head.lock().await;
        let wait = (*last + BETWEEN_HEADS).saturating_sub(Date::now().as_millis());
        if wait > 0 {
            Delay::from(Duration::from_millis(wait)).await;
        }
        let done = work.await;
        *last = Date::now().as_millis();
        done
    }
}
