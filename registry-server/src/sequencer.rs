//! The sequencer on its own thread, which waits for SQLite and for nobody else.

use std::{
    rc::Rc,
    sync::Arc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cidery_registry::{
    Call, Clock, Error, LogConfig, Received, Reply, Sequencer, SequencerClient, StoreError,
};
use tokio::{
    runtime,
    sync::{Notify, mpsc, oneshot},
    task::{LocalSet, spawn_local},
    time::{self, MissedTickBehavior},
};

use crate::{Files, OnFailure, ServerError, Sqlite, witness::Witnessing};

/// How often the head is cosigned again (SPEC §7.5: at least every five minutes).
const REFRESH: Duration = Duration::from_secs(4 * 60);
/// How soon that is tried again after a failure.
const RETRY: Duration = Duration::from_secs(10);
/// Calls that wait for the thread.
const CALLS: usize = 1024;

type Question = (Call, oneshot::Sender<Reply>);

/// Tells the operator of a failure.
type Tell = Rc<dyn Fn(&Error) + Send>;

type Log = Sequencer<Files, Sqlite, SystemClock>;

/// The operating system's time.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }
}

/// The way to the thread. It ends once every clone of this is gone and what waited is answered.
#[derive(Clone, Debug)]
pub(crate) struct Client(mpsc::Sender<Question>);

impl SequencerClient for Client {
    async fn call(&self, call: Call) -> Result<Reply, Error> {
        let (answer, reply) = oneshot::channel();
        let stopped = || StoreError::new("reach the sequencer", "it has stopped");
        self.0.send((call, answer)).await.map_err(|_| stopped())?;
        Ok(reply.await.map_err(|_| stopped())?)
    }
}

/// Starts the thread, and returns once ledger and published log agree.
pub(crate) async fn start(
    blobs: Files,
    sql: Sqlite,
    config: LogConfig,
    on_failure: Option<OnFailure>,
) -> Result<(Client, thread::JoinHandle<()>), ServerError> {
    let sequencer = Sequencer::new(blobs, sql, SystemClock, config)?;
    let witnessing = Witnessing::new().map_err(Error::from)?;
    let (calls, questions) = mpsc::channel(CALLS);
    let (started, starting) = oneshot::channel();
    let work = move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => {
                let tell = on_failure.map_or_else(|| Rc::new(|_: &Error| ()) as Tell, Rc::from);
                let keeper = Keeper { log: Arc::new(sequencer), witnessing, tell };
                LocalSet::new().block_on(&runtime, keeper.run(questions, started))
            }
            Err(error) => drop(started.send(Err(StoreError::new("start the sequencer", error).into()))),
        }
    };
    let spawned = thread::Builder::new().name("cidery-sequencer".to_owned()).spawn(work);
    let thread = spawned.map_err(|error| Error::from(StoreError::new("start the sequencer", error)))?;
    starting.await.map_err(|_| ServerError::Sequencer)??;
    Ok((Client(calls), thread))
}

/// The sequencer, whom it asks, and who is told where nobody waits for an answer.
#[derive(Clone)]
struct Keeper {
    log: Arc<Log>,
    witnessing: Witnessing,
    tell: Tell,
}

impl Keeper {
    async fn run(self, mut questions: mpsc::Receiver<Question>, started: oneshot::Sender<Result<(), Error>>) {
        let start = self.log.start().await;
        let failed = start.is_err();
        if started.send(start).is_err() || failed {
            return;
        }
        let queued = Arc::new(Notify::new());
        let refreshing = spawn_local(self.clone().refresh());
        let closing = spawn_local(self.clone().close_groups(queued.clone()));
        let mut waiting = tokio::task::JoinSet::new();
        while let Some((call, answer)) = questions.recv().await {
            let (log, queued) = (self.log.clone(), queued.clone());
            waiting.spawn_local(async move {
                let reply = match log.receive(call).await {
                    Received::Reply(reply) => reply,
                    Received::Queued(ticket) => {
                        queued.notify_one();
                        ticket.reply().await
                    }
                };
                // Whoever asked may be gone; what was done is done.
                let _ = answer.send(reply);
            });
            while waiting.try_join_next().is_some() {}
        }
        while waiting.join_next().await.is_some() {}
        refreshing.abort();
        closing.abort();
    }

    /// Closes a group whenever something waits: while one is written, the next one gathers.
    async fn close_groups(self, queued: Arc<Notify>) {
        loop {
            queued.notified().await;
            while self.log.is_waiting() {
                // Where a group fails, everybody in it has been told; only the operator can do something about it.
                if let Err(error) = self.log.close_group().await {
                    (self.tell)(&error);
                }
                self.ask_witnesses();
            }
        }
    }

    async fn refresh(self) {
        let mut ticks = time::interval(REFRESH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        self.ask_witnesses();
        loop {
            ticks.tick().await;
            // A head that grows old says by itself that something is wrong; until then, it is tried again.
            while let Err(error) = self.log.refresh_head().await {
                (self.tell)(&error);
                time::sleep(RETRY).await;
            }
            self.ask_witnesses();
        }
    }

    /// Has each witness asked about the newest head, by a task of its own: none waits for another, and no group for any.
    fn ask_witnesses(&self) {
        for turn in self.log.begin_asking() {
            let Keeper { log, witnessing, tell } = self.clone();
            spawn_local(async move {
                while let Some(mut done) = log.ask_witness(&turn, &witnessing).await {
                    if log.has_cosignatures() {
                        done = done.and(log.merge_cosignatures().await);
                    }
                    if let Err(error) = done {
                        tell(&error);
                    }
                }
            });
        }
    }
}
