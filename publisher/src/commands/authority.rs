//! `cidery keys rotate`, `cidery keys revoke` and `cidery transfer`: who may sign for a package from then on.

use cidery_protocol::{
    Action, Floors, PackageState, Powers, PublicKey, Rekey, Signatories, Transfer, Version, Void,
};

use super::powers::sorted;
use super::{Context, publish};
use crate::args;
use crate::confirm::Confirm;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::history::History;
use crate::proposal::{self, Proposal, Voided, voided};
use crate::reference;
use crate::submit::{self, Submitted};
use crate::trust::Trust;

pub(super) async fn rotate(context: &Context, args: &args::Rotate) -> Result<Submitted, Failure> {
    let draft = |state: &PackageState| {
        let to = args.powers(&state.authority.powers);
        let next_version_floor = floor(args.next_version_floor.as_ref(), state);
        if to == state.authority.powers && next_version_floor == state.authority.version_floor {
            let reason = "these keys, this threshold and these floors hold already".to_owned();
            return Err(Failure::Unchanged { reason });
        }
        Ok(Action::Rekey(Rekey { by: by(args.by_recovery), to, void: Vec::new(), next_version_floor }))
    };
    record(context, &args.package, &args.recording, Confirm::Unneeded, draft).await
}

pub(super) async fn revoke(context: &Context, args: &args::Revoke) -> Result<Submitted, Failure> {
    let draft = |state: &PackageState| {
        let before = &state.authority.powers;
        let kept = before.keys.iter().filter(|key| !args.revoked.contains(key));
        let keys = sorted(kept.chain(&args.add));
        if keys.is_empty() {
            return Err(Failure::Usage {
                reason: "no key would be left that may sign for the package".to_owned(),
                hint: Some("`--add KEY` names another one, by its public half".to_owned()),
            });
        }
        let threshold = args.threshold.unwrap_or(before.threshold);
        let to = Powers { keys, threshold, ..before.clone() };
        let void = void(&args.revoked, args.from_sequence, state);
        let next_version_floor = floor(args.next_version_floor.as_ref(), state);
        Ok(Action::Rekey(Rekey { by: by(args.by_recovery), to, void, next_version_floor }))
    };
    record(context, &args.package, &args.recording, Confirm::unless(args.yes), draft).await
}

pub(super) async fn transfer(context: &Context, args: &args::Transfer) -> Result<Submitted, Failure> {
    let draft = |state: &PackageState| {
        let before = &state.authority.powers;
        let threshold = args.threshold.unwrap_or(before.threshold);
        let to = Powers { keys: sorted(&args.to), threshold, ..before.clone() };
        let next_version_floor = floor(args.next_version_floor.as_ref(), state);
        Ok(Action::Transfer(Transfer { to, next_version_floor }))
    };
    record(context, &args.package, &args.recording, Confirm::unless(args.yes), draft).await
}

/// Signs and logs one record on top of a package that exists, or writes it into a file.
pub(super) async fn record(
    context: &Context,
    package: &str,
    recording: &args::Recording,
    confirm: Confirm,
    action: impl Fn(&PackageState) -> Result<Action, Failure>,
) -> Result<Submitted, Failure> {
    let package = reference::package(package)?;
    let keys = publish::read_keys(context, recording)?;
    let trust = Trust::open(&recording.trust, Some(".".as_ref()), &context.folders, &context.output)?;
    let to = Destination::open(context, trust, &package).await?;
    let draft = |history: Option<&History>| {
        let history = history.ok_or_else(|| Failure::unknown_package(&package))?;
        let record = proposal::next(&history.state, action(&history.state)?)?;
        Proposal::new(Some(history), vec![record], None, Default::default()).map(Some)
    };
    let submitted = submit::submit(context, &to, recording, &keys, confirm, draft).await?;
    submitted.ok_or_else(|| Failure::Unchanged { reason: "nothing was drafted".to_owned() })
}

impl args::Rotate {
    /// What holds from then on.
    fn powers(&self, before: &Powers) -> Powers {
        let keys = before.keys.iter().filter(|key| !self.remove.contains(key));
        let recovery = match self.recovery.keys() {
            _ if self.no_recovery => None,
            None => before.recovery.clone(),
            named => named,
        };
        Powers {
            keys: sorted(keys.chain(&self.add)),
            threshold: self.threshold.unwrap_or(before.threshold),
            floors: Floors {
                provenance: self.require_provenance
                    || (before.floors.provenance && !self.no_require_provenance),
                witnesses: self.require_witnesses.unwrap_or(before.floors.witnesses),
            },
            recovery,
        }
    }
}

/// From where on the signatures of revoked keys count for nothing: as it was said, or else from the first release or channel
/// that stands by them alone. Where there is none, nothing of what was published is touched.
fn void(revoked: &[PublicKey], from: Option<u64>, state: &PackageState) -> Vec<Void> {
    let from_all = |from_sequence| -> Vec<Void> {
        sorted(revoked).into_iter().map(|key| Void { key, from_sequence }).collect()
    };
    let first = || voided(&from_all(0), state).iter().map(Voided::sequence).min();
    from_all(from.or_else(first).unwrap_or(state.sequence + 1))
}

/// What is asked of versions goes on, unless it is said anew.
fn floor(said: Option<&Version>, state: &PackageState) -> Option<Version> {
    said.or(state.authority.version_floor.as_ref()).cloned()
}

fn by(recovery: bool) -> Signatories {
    if recovery { Signatories::Recovery } else { Signatories::Publishers }
}
