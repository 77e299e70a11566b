//! How far a long run has come, on standard error.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

/// How often it is said.
const EVERY: Duration = Duration::from_secs(5);

/// Counts steps, and says every few seconds how many are done, until it is dropped.
pub(crate) struct Progress {
    done: Arc<AtomicU64>,
    telling: JoinHandle<()>,
}

impl Progress {
    /// Begins to count to `all`, inside of a Tokio runtime.
    pub(crate) fn of(all: u64, what: &'static str) -> Self {
        let (done, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let telling = tokio::spawn({
            let done = done.clone();
            async move {
                loop {
                    tokio::time::sleep(EVERY).await;
                    let (seconds, done) = (start.elapsed().as_secs(), done.load(Ordering::Relaxed));
                    eprintln!("    {seconds} s: {done} of {all} {what}");
                }
            }
        });
        Progress { done, telling }
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.telling.abort();
    }
}
