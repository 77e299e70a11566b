//! What became of the package since: steps (10) and (11) of SPEC §10.4, under its state.

use cidery_protocol::{
    Action, Authority, Channel, ChannelLeaf, Cid, Error, Head, ReleaseRef, ShownLeaves, SignedRecord,
    Standing, StateObject, VersionLeaf, Yank, YankLeaf,
};

use super::chain::{Chain, follows};
use crate::{Check, Part, Request, Revocation, Rule, VerifyError, error::word, trace::Trace};

/// A record that an authority of the chain allows.
pub(super) struct Stated {
    pub(super) signed: SignedRecord,
    /// The place of that authority.
    place: usize,
}

/// What the package's state says of the release.
pub(super) struct Stands {
    /// The state.
    pub(super) state: StateObject,
    /// Leaves of its versions, with their places.
    pub(super) versions: Vec<(u64, VersionLeaf)>,
    /// The yank that counts.
    pub(super) yank: Option<Yank>,
    /// The channel that was asked for.
    pub(super) channel: Option<Channel>,
}

impl Stated {
    /// The record of the release, which its authority allows.
    pub(super) fn of_release(chain: &Chain, signed: SignedRecord) -> Self {
        Stated { signed, place: chain.release() }
    }

    fn cid(&self) -> Cid {
        self.signed.record().cid()
    }

    fn sequence(&self) -> u64 {
        self.signed.record().body().sequence
    }

    fn action(&self) -> &Action {
        &self.signed.record().body().action
    }

    /// Reads a signed record that meets SPEC §6.4 (1) to (4) under one of the authorities.
    fn read(part: Part, bytes: &[u8], chain: &Chain) -> Result<Self, VerifyError> {
        let read = || {
            let claim = SignedRecord::claim(bytes)?;
            let named = claim.body().authority;
            let place = named.and_then(|cid| chain.place_of(cid)).ok_or_else(|| Error::RecordAuthority {
                got: named.map_or("none".to_owned(), |cid| cid.to_string()),
                wanted: "one of the chain".to_owned(),
            })?;
            let authority = chain.at(place);
            let signed = SignedRecord::decode(bytes, Some(authority))?;
            authority.allows(&signed)?;
            follows(authority, &signed)?;
            Ok(Stated { signed, place })
        };
        read().map_err(part.refuse())
    }

    /// The authority that made it void (SPEC §6.7), of those after its own.
    fn void_by(&self, chain: &Chain) -> Option<Cid> {
        let threshold = chain.at(self.place).powers.threshold;
        let voids = |later: &&Authority| later.voids(self.sequence(), self.signed.signers(), threshold);
        chain.after(self.place).iter().find(voids).map(|by| by.cid)
    }

    /// # Errors
    /// [`VerifyError::Replaced`] where its authority had been replaced when it was made.
    fn is_not_replaced(&self, chain: &Chain) -> Result<(), VerifyError> {
        let sequence = self.sequence();
        let replaced = |later: &&Authority| later.delay == 0 && later.sequence <= sequence;
        match chain.after(self.place).iter().find(replaced) {
            Some(by) => {
                let authority = chain.at(self.place).cid;
                Err(VerifyError::Replaced { sequence, authority, by: by.sequence })
            }
            None => Ok(()),
        }
    }
}

/// Step (10): what the head shows of the package; nothing where the policy does without.
pub(super) fn shown<'h>(
    head: &'h Head,
    rule: &Rule,
    request: &Request,
    trace: &mut Trace,
) -> Result<Option<&'h Standing>, VerifyError> {
    trace.at(Check::Standing, || {
        let there = if head.standing.is_some() { "it does" } else { "it does not" };
        format!("{there}; revocation is `{}`", word(&rule.revocation()))
    });
    match &head.standing {
        Some(standing) => Ok(Some(standing)),
        None if rule.revocation() == Revocation::Unchecked && request.channel().is_none() => Ok(None),
        None => Err(VerifyError::NoStanding),
    }
}

/// Steps (10) and (11): release, yank and channel are what the state says of them, and nothing since speaks against them. `chain`
/// ends with the authority that the state names.
pub(super) fn stands(
    standing: &Standing,
    state: StateObject,
    chain: &Chain,
    release: &Stated,
    reference: &ReleaseRef,
    request: &Request,
    trace: &mut Trace,
) -> Result<Stands, VerifyError> {
    // (10) yank and channel are allowed by one of the authorities
    trace.at(Check::Statements, || {
        let there = |is: bool| if is { "one" } else { "no" };
        format!("{} yank, {} channel", there(standing.yank.is_some()), there(standing.channel.is_some()))
    });
    let yank = standing.yank.as_ref().map(|yank| Stated::read(Part::Yank, yank, chain)).transpose()?;
    let channel = standing.channel.as_ref().map(|channel| Stated::read(Part::Channel, channel, chain));
    let channel = channel.transpose()?;
    let stated = || {
        let release = Some((Part::Release, release));
        let yank = yank.as_ref().map(|yank| (Part::Yank, yank));
        [release, yank, channel.as_ref().map(|channel| (Part::Channel, channel))].into_iter().flatten()
    };
    // (10) all of them are of the state's time, and none is under an authority that had been replaced
    let sequences =
        || stated().map(|(_, stated)| stated.sequence().to_string()).collect::<Vec<_>>().join(", ");
    trace.at(Check::NotAfterState, || format!("records {}, the state is of {}", sequences(), state.sequence));
    for (part, stated) in stated() {
        if stated.sequence() > state.sequence {
            let (got, wanted) = (stated.sequence().to_string(), format!("at most {}", state.sequence));
            return Err(part.refuse()(Error::RecordSequence { field: "sequence", got, wanted }));
        }
    }
    trace.at(Check::NotReplaced, || format!("records {}", sequences()));
    stated().try_for_each(|(_, stated)| stated.is_not_replaced(chain))?;

    // (10) the state has the release, and names yank and channel
    let (versions, all) = (&standing.versions, state.versions.size);
    trace.at(Check::Leaves, || format!("{} of {all} versions are shown", versions.leaves.len()));
    let versions = versions.versions(&state.versions).map_err(Part::State.refuse())?;
    let leaf = leaf_of(reference, &versions)?;
    trace.at(Check::Named, || match &leaf.yanked {
        Some(yanked) => format!("it names the yank {}, severity {}", yanked.record, word(&yanked.severity)),
        None => "it names no yank".to_owned(),
    });
    let yank = yank_of(yank.as_ref(), leaf.yanked, reference)?;
    let named = channel_of(channel.as_ref(), standing.channels.as_ref(), &state, request)?;

    // (11) neither the release nor the channel is void
    trace.at(Check::ReleaseNotVoid, || format!("record {}", release.sequence()));
    if let Some(by) = leaf.void.or(release.void_by(chain)) {
        let version = reference.version.to_string();
        return Err(Part::Release.refuse()(Error::Void { version, by }));
    }
    trace.at(Check::ChannelNotVoid, || match &channel {
        Some(channel) => format!("record {}", channel.sequence()),
        None => "no channel is asked for".to_owned(),
    });
    if let (Some(stated), Some((channel, leaf))) = (&channel, &named)
        && let Some(by) = leaf.void.or(stated.void_by(chain))
    {
        return Err(VerifyError::ChannelVoid { channel: channel.name.clone(), by });
    }
    Ok(Stands { state, versions, yank, channel: named.map(|(channel, _)| channel) })
}

/// The leaf of the release.
fn leaf_of<'l>(
    release: &ReleaseRef,
    versions: &'l [(u64, VersionLeaf)],
) -> Result<&'l VersionLeaf, VerifyError> {
    let is = |leaf: &&VersionLeaf| leaf.version == release.version && leaf.record == release.record;
    let leaf = versions.iter().map(|(_, leaf)| leaf).find(is);
    leaf.ok_or_else(|| not_of_state(Part::Release, "it is not among the versions that are shown"))
}

/// The yank, where the state names one, and there alone.
fn yank_of(
    stated: Option<&Stated>,
    leaf: Option<YankLeaf>,
    release: &ReleaseRef,
) -> Result<Option<Yank>, VerifyError> {
    match (stated, stated.map(Stated::action), leaf) {
        (None, _, None) => Ok(None),
        (Some(stated), Some(Action::Yank(yank)), Some(leaf))
            if stated.cid() == leaf.record && yank.release == *release && yank.severity == leaf.severity =>
        {
            Ok(Some(yank.clone()))
        }
        _ => Err(not_of_state(Part::Yank, "the state names another one, or none, or it is not shown")),
    }
}

/// The channel with its leaf, where one is asked for, and there alone.
fn channel_of(
    stated: Option<&Stated>,
    shown: Option<&ShownLeaves>,
    state: &StateObject,
    request: &Request,
) -> Result<Option<(Channel, ChannelLeaf)>, VerifyError> {
    let leaves = shown.map(|shown| shown.channels(&state.channels)).transpose();
    let leaves = leaves.map_err(Part::State.refuse())?.unwrap_or_default();
    match (request.channel(), stated, stated.map(Stated::action), leaves.as_slice()) {
        (None, None, _, []) => Ok(None),
        (Some(wanted), Some(stated), Some(Action::Channel(channel)), [(_, leaf)])
            if leaf.name == *wanted && channel.name == *wanted && stated.cid() == leaf.record =>
        {
            Ok(Some((channel.clone(), leaf.clone())))
        }
        _ => Err(not_of_state(
            Part::Channel,
            "the state names another one, or it is not asked for, or not shown",
        )),
    }
}

fn not_of_state(part: Part, reason: &'static str) -> VerifyError {
    part.refuse()(Error::Proof { what: "state", reason })
}
