//! What cannot be undone, and what others want signed about who may sign, is asked about before it is signed.

use std::io::{self, BufRead, IsTerminal};

use cidery_protocol::{Action, PackageState, Rekey};

use crate::failure::Failure;
use crate::output::Output;
use crate::proposal::{Proposal, voided};

/// Whether a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirm {
    /// What is done can be done otherwise later.
    Unneeded,
    /// It was said on the command line.
    Given,
    /// A person must say so now.
    Wanted,
}

impl Confirm {
    /// As `--yes` says.
    pub(crate) fn unless(yes: bool) -> Self {
        if yes { Confirm::Given } else { Confirm::Wanted }
    }

    /// Asks, where what was said on this command line makes something void or gives the package away.
    ///
    /// # Errors
    /// [`Failure::Usage`] where the answer is no, or nobody is there to be asked.
    pub(crate) fn ask(
        self,
        output: &Output,
        proposal: &Proposal,
        state: Option<&PackageState>,
    ) -> Result<(), Failure> {
        if is_final(proposal, state) { self.want(output, "this cannot be undone") } else { Ok(()) }
    }

    /// Asks, where a file that others wrote says who may sign: its name, and what they say it is, may be something else.
    ///
    /// # Errors
    /// As [`Confirm::ask`].
    pub(crate) fn ask_of_others(self, output: &Output, proposal: &Proposal) -> Result<(), Failure> {
        match proposal.records().iter().all(|record| is_everyday(&record.body().action)) {
            true => Ok(()),
            false => self.want(output, "this says who may sign for the package"),
        }
    }

    fn want(self, output: &Output, what: &str) -> Result<(), Failure> {
        if self != Confirm::Wanted {
            return Ok(());
        }
        let refused = |reason: &str| Failure::Usage {
            reason: reason.to_owned(),
            hint: Some("nothing was signed; `--yes` signs without asking".to_owned()),
        };
        if !io::stdin().is_terminal() {
            return Err(refused(&format!("{what}, and nobody is there to be asked")));
        }
        output.note(format_args!("{what}; sign it? [y/N]"));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        match read.map(|_| answer.trim()) {
            Ok("y" | "yes") => Ok(()),
            _ => Err(refused("the answer was not yes")),
        }
    }
}

fn is_final(proposal: &Proposal, state: Option<&PackageState>) -> bool {
    match (&proposal.last().body().action, state) {
        (Action::Transfer(_), _) => true,
        (Action::Rekey(Rekey { void, .. }), Some(state)) => !voided(void, state).is_empty(),
        _ => false,
    }
}

/// What leaves those who may sign, and all that they have signed, as they are. A kind that is not known here is none of these.
fn is_everyday(action: &Action) -> bool {
    matches!(action, Action::Release(_) | Action::Yank(_) | Action::Channel(_) | Action::Attest(_))
}
