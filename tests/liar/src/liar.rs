//! What the liar may be told, and what it tells.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cidery_registry::{Error, Request, Response, StoreError, Witnesses, memory::Chunks};
use cidery_registry_server::Witnessing;
use serde::Deserialize;

use crate::{
    answer::{Answer, Refused},
    history::{Behind, History, Shared},
};

/// Where it begins.
const MAIN: &str = "main";

/// What a test may tell it. In JSON: `{ "copy": "then" }`, `"renew"`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Order {
    /// Keep a copy of the shown history under this name. From now on, each goes its own way.
    Copy(String),
    /// Answer from this history, and log what is published in it.
    Show(String),
    /// Be so many seconds behind the time.
    Clock(i64),
    /// Cosign the shown head anew, and ask the witness.
    Renew,
    /// Leave what is logged from now on out of the maps, or no more.
    Hold(bool),
    /// Put answers together like this.
    Answer(Box<Answer>),
}

/// A log with several histories, one of which is shown.
pub(crate) struct Liar {
    shared: Shared,
    histories: BTreeMap<String, History>,
    shown: String,
    answer: Answer,
}

impl Liar {
    /// A registry that does not lie yet.
    pub(crate) async fn start(behind: i64, witnesses: Witnesses) -> Result<Self, Error> {
        let (clock, holds) = (Behind::default(), Arc::new(AtomicBool::new(false)));
        clock.set(behind);
        let shared = Shared { clock, holds, witnesses, witnessing: Witnessing::new()? };
        let histories = BTreeMap::from([(MAIN.to_owned(), History::begin(&shared).await?)]);
        Ok(Liar { shared, histories, shown: MAIN.to_owned(), answer: Answer::default() })
    }

    /// Does what a test says.
    pub(crate) async fn obey(&mut self, order: Order) -> Result<(), Error> {
        match order {
            Order::Copy(name) => {
                let copy = self.history(None)?.copy(&self.shared).await?;
                self.histories.insert(name, copy);
            }
            Order::Show(name) => {
                self.history(Some(&name))?;
                self.shown = name;
            }
            Order::Clock(seconds) => self.shared.clock.set(seconds),
            Order::Renew => self.history(None)?.renew().await?,
            Order::Hold(holds) => self.shared.holds.store(holds, Ordering::Relaxed),
            Order::Answer(answer) => self.answer = *answer,
        }
        Ok(())
    }

    /// Answers a client.
    pub(crate) async fn answer(
        &self,
        request: Request<Chunks>,
    ) -> Result<Response<axum::body::Bytes>, Error> {
        let asks = |what: &str| request.path.ends_with(what);
        match self.answer.refuses {
            Some(Refused::Publish) if asks("/publish") => {
                Err(StoreError::new("log the record", "it is not wanted").into())
            }
            Some(Refused::Resolve) if asks("/resolve") => Err(Error::NotFound { what: "release".to_owned() }),
            _ if asks("/resolve") => self.answer.resolve(self, request).await,
            _ => Ok(self.history(None)?.registry.handle(request).await),
        }
    }

    /// A history, or the one that is shown.
    pub(crate) fn history(&self, name: Option<&str>) -> Result<&History, Error> {
        let name = name.unwrap_or(&self.shown);
        let unknown = || Error::NotFound { what: format!("history `{name}`") };
        self.histories.get(name).ok_or_else(unknown)
    }
}
