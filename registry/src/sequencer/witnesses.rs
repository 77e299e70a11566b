//! Asking witnesses for cosignatures (SPEC §7.7), beside the groups and never in their way:
//!
//! ```text
//!  replace ── a new head ──▶ begin_asking ── a turn for each witness that nobody asks
//!                                 │
//!                            ask_witness ── old size, proof, head ──▶ the witness ──▶ verified, kept
//!                                 │  again, while the head is another                     │
//!                            merge_cosignatures ── into the head, if it is still that one ◀┘
//! ```
//!
//! The host runs each turn as a task of its own. One request to a witness is under way at a time: heads that come meanwhile are
//! one request more at its end, about the newest of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cidery_protocol::{
    limits,
    log::{Note, consistency_proof},
};

use super::{Cosigned, Sequencer};
use crate::{
    Blobs, Clock, Error, Sql, Witness, WitnessClient, Witnesses,
    add_checkpoint::{Answered, Cosignature, answered, request},
};

/// A witness that somebody has begun to ask, see [`Sequencer::begin_asking`].
#[derive(Debug)]
pub struct Turn(usize);

/// The witnesses, and what is between two of their answers.
pub(super) struct Asked {
    pub(super) witnesses: Vec<Witness>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts heads: trees, and times of the same tree.
    head: u64,
    each: Vec<Each>,
}

#[derive(Clone, Default)]
struct Each {
    /// Whether somebody asks it.
    is_asked: bool,
    /// The last head that it was asked about.
    head: u64,
    /// What it has signed and nobody has merged.
    cosignature: Option<Cosignature>,
    /// Why it did not sign the last time.
    trouble: Option<String>,
}

impl Asked {
    pub(super) fn new(witnesses: Witnesses) -> Self {
        let witnesses = witnesses.into_inner();
        let state = State { head: 0, each: vec![Each::default(); witnesses.len()] };
        Asked { witnesses, state: Mutex::new(state) }
    }

    /// The head is another one, or has another time.
    pub(super) fn head_changed(&self) {
        self.state().head += 1;
    }

    /// What each has signed since it was taken the last time.
    fn take(&self) -> Vec<(usize, Cosignature)> {
        let mut state = self.state();
        let each = state.each.iter_mut().enumerate();
        each.filter_map(|(at, each)| Some((at, each.cosignature.take()?))).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Blobs, S: Sql, C: Clock> Sequencer<B, S, C> {
    /// The witnesses that have not been asked about the newest head, and whom nobody asks. To be called after everything that may
    /// write a head; each turn is then given to [`Sequencer::ask_witness`] until it ends.
    pub fn begin_asking(&self) -> Vec<Turn> {
        let mut state = self.asked.state();
        let head = state.head;
        let due = state.each.iter_mut().enumerate().filter(|(_, each)| !each.is_asked && each.head != head);
        due.map(|(at, each)| {
            each.is_asked = true;
            Turn(at)
        })
        .collect()
    }

    /// Asks a witness about the newest head. `None` where it has been: then the turn is over. What it has signed waits for
    /// [`Sequencer::merge_cosignatures`].
    ///
    /// # Errors
    /// [`Error::Unwitnessed`] where it does not sign: told once, until it signs again or there is another reason.
    /// [`Error::Store`].
    pub async fn ask_witness<W: WitnessClient>(&self, turn: &Turn, client: &W) -> Option<Result<(), Error>> {
        let witness = self.asked.witnesses.get(turn.0)?;
        {
            let mut state = self.asked.state();
            let head = state.head;
            let each = state.each.get_mut(turn.0)?;
            if each.head == head {
                each.is_asked = false;
                return None;
            }
            each.head = head;
        }
        let asked = self.ask(witness, client).await;
        let mut state = self.asked.state();
        let each = state.each.get_mut(turn.0)?;
        let trouble = match asked {
            Ok(cosignature) => {
                each.cosignature = cosignature.or(each.cosignature);
                each.trouble = None;
                return Some(Ok(()));
            }
            Err(error) => error,
        };
        let told =
            each.trouble.replace(trouble.to_string()).is_some_and(|before| before == trouble.to_string());
        Some(if told { Ok(()) } else { Err(trouble) })
    }

    /// Whether cosignatures wait for [`Sequencer::merge_cosignatures`].
    pub fn has_cosignatures(&self) -> bool {
        self.asked.state().each.iter().any(|each| each.cosignature.is_some())
    }

    /// Puts the cosignatures that have come on the head. Those of another tree than it has now are dropped, and so are older ones
    /// of the same witness.
    ///
    /// # Errors
    /// As [`Sequencer::start`].
    pub async fn merge_cosignatures(&self) -> Result<(), Error> {
        let mut head = self.head.lock().await;
        let come = self.asked.take();
        let Some(Cosigned { size, time, note }) = head.as_ref().map(|tip| &tip.cosigned) else {
            return Ok(());
        };
        let mut merged = note.clone();
        for (at, Cosignature { time, signature }) in come {
            let Some(witness) = self.asked.witnesses.get(at) else { continue };
            let (name, key) = (witness.name(), witness.key());
            let before = merged.cosigned(name, &key).unwrap_or(None);
            // It was made over the text of a head. Where that is not this one's, it verifies no more.
            if before.is_none_or(|before| before < time)
                && let Ok(with) = merged.with_cosignature(name, &key, time, signature)
            {
                merged = with;
            }
        }
        if merged == *note {
            return Ok(());
        }
        let cosigned = Cosigned { size: *size, time: *time, note: merged };
        self.write_checkpoint(&mut head, cosigned).await?;
        self.show(&mut head).await
    }

    /// The steps:
    ///
    /// 1. The head, and up to where the witness has cosigned the log, as far as the ledger knows.
    /// 2. It is asked from there. Where it has cosigned another size, it is asked once more, from that one.
    /// 3. It is remembered that it has cosigned this one.
    async fn ask<W: WitnessClient>(
        &self,
        witness: &Witness,
        client: &W,
    ) -> Result<Option<Cosignature>, Error> {
        // (1)
        let head = self.head.lock().await;
        // A head that is not known any more will be compared, and then be a new one.
        let Some((size, bytes)) = head.as_ref().map(|tip| (tip.cosigned.size, tip.cosigned.note.to_bytes()))
        else {
            return Ok(None);
        };
        drop(head);
        let note = Note::parse(&bytes)?;
        let refused = |reason: String| Error::Unwitnessed { name: witness.name().to_owned(), reason };
        let known = self.ledger.witnessed(witness.name())?;
        let mut old = if known <= size { known } else { 0 };
        let mut is_first = true;
        // (2)
        loop {
            let proof = consistency_proof(old, size, |node| self.ledger.node(node))?;
            let answer = client.post(witness.url(), request(old, &proof, &bytes)).await;
            let answer = answer.map_err(|error| refused(with_cause(&error)))?;
            let latest = self.clock.now().saturating_add(limits::CLOCK_AHEAD_SECONDS);
            match answered(&answer, witness, &note, latest).map_err(&refused)? {
                Answered::Cosigned(cosignature) => {
                    // (3)
                    self.ledger.set_witnessed(witness.name(), size)?;
                    return Ok(Some(cosignature));
                }
                Answered::Elsewhere(theirs) if theirs > size => {
                    return Err(refused(format!("it has cosigned {theirs} entries, and the log has {size}")));
                }
                Answered::Elsewhere(theirs) if theirs == size && old == size => {
                    return Err(refused(format!("it has cosigned another tree of {size} entries")));
                }
                Answered::Elsewhere(theirs) if is_first && theirs != old => {
                    (old, is_first) = (theirs, false);
                }
                Answered::Elsewhere(theirs) => {
                    return Err(refused(format!(
                        "it was asked from {old} entries on, and says that it has cosigned {theirs}"
                    )));
                }
            }
        }
    }
}

/// An error, and what led to it.
fn with_cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
