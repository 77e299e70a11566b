//! What became of the package since: steps (10) and (11) of SPEC §10.4.

use cidery_protocol::{
    Action, Authority, Channel, Error, Rekey, ReleaseRef, Severity, Signatories, SignedRecord, Standing, Yank,
};

use super::chain::{Chain, follows};
use crate::{Check, Part, Request, Seen, VerifyError, trace::Trace};

/// A record that an authority of the chain allows.
pub(super) struct Stated {
    pub(super) signed: SignedRecord,
    /// The place of that authority.
    place: usize,
}

/// The entry of the release in the log, and the number of entries that the head covers.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) index: u64,
    pub(super) size: u64,
}

/// What the standing says of the release.
pub(super) struct Stands {
    /// The yank that counts.
    pub(super) yank: Option<Yank>,
    /// The channel that was asked for.
    pub(super) channel: Option<Channel>,
    /// The highest sequence of a record that was shown.
    pub(super) newest_sequence: u64,
}

impl Stated {
    /// The record of the release, which its authority allows.
    pub(super) fn of_release(chain: &Chain, signed: SignedRecord) -> Self {
        Stated { signed, place: chain.release() }
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
    fn void_by<'c>(&self, chain: &'c Chain) -> Option<&'c Authority> {
        let threshold = chain.at(self.place).powers.threshold;
        let voids = |later: &&Authority| later.voids(self.sequence(), self.signed.signers(), threshold);
        chain.after(self.place).iter().find(voids)
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

/// Steps (10) and (11): which authorities took over, and that neither they nor the newest records speak against the release.
#[allow(clippy::too_many_arguments)]
pub(super) fn stands(
    standing: &Standing,
    chain: &mut Chain,
    release: &Stated,
    at: Place,
    reference: &ReleaseRef,
    request: &Request,
    seen: &Seen,
    trace: &mut Trace,
) -> Result<Stands, VerifyError> {
    // (10) the chain goes on by the same rules
    trace.at(Check::Succession, || format!("{} records", standing.chain.len()));
    chain.extend(&standing.chain)?;
    let chain = &*chain;
    // (10) newest, yank and channel are allowed by one of all these authorities
    trace.at(Check::Statements, || {
        let there = |name: &str, is: bool| if is { format!("{name}, ") } else { format!("no {name}, ") };
        let newest = there("newest", standing.newest.is_some());
        let yank = there("yank", standing.yank.is_some());
        let channel = there("channel", standing.channel.is_some());
        format!("{newest}{yank}{channel}").trim_end_matches(", ").to_owned()
    });
    let read = |part: Part, bytes: &Option<serde_bytes::ByteBuf>| {
        bytes.as_ref().map(|bytes| Stated::read(part, bytes, chain)).transpose()
    };
    let newest = read(Part::Newest, &standing.newest)?;
    let yank = read(Part::Yank, &standing.yank)?;
    let channel = read(Part::Channel, &standing.channel)?;
    let stated = || [Some(release), newest.as_ref(), yank.as_ref(), channel.as_ref()].into_iter().flatten();

    // (10) and none of them, nor the release, under one that had been replaced
    trace.at(Check::NotReplaced, || {
        let sequences = stated().map(|stated| stated.sequence().to_string()).collect::<Vec<_>>();
        format!("records {}", sequences.join(", "))
    });
    stated().try_for_each(|stated| stated.is_not_replaced(chain))?;
    // (10) and the log has room for them: what is shown without proof must not be remembered as what cannot be
    let newest_sequence = stated().map(Stated::sequence).chain([chain.last().sequence]).max().unwrap_or(0);
    trace.at(Check::Room, || {
        let Place { index, size } = at;
        format!(
            "record {} is entry {index} of {size}, the newest one shown is {newest_sequence}",
            release.sequence()
        )
    });
    has_room(release.sequence(), newest_sequence, at)?;
    // (10) and each of them is what it is given for
    trace.at(Check::Places, || match request.channel() {
        Some(channel) => format!("the channel `{channel}`"),
        None => "no channel is asked for".to_owned(),
    });
    let yanked = yank.as_ref().map(|yank| yank_of(yank, reference)).transpose()?;
    let named = channel_of(channel.as_ref(), request)?;
    if let Some(newest) = &newest {
        is_none_of_the_others(newest, chain, reference, request, yank.is_some())?;
    }

    // (11) neither the release nor the channel is void
    trace.at(Check::ReleaseNotVoid, || format!("record {}", release.sequence()));
    if let Some(by) = release.void_by(chain) {
        let (version, by) = (reference.version.to_string(), by.cid);
        return Err(Part::Release.refuse()(Error::Void { version, by }));
    }
    trace.at(Check::ChannelNotVoid, || match &channel {
        Some(channel) => format!("record {}", channel.sequence()),
        None => "no channel is asked for".to_owned(),
    });
    if let (Some(channel), Some(named)) = (&channel, &named)
        && let Some(by) = channel.void_by(chain)
    {
        return Err(VerifyError::ChannelVoid { channel: named.name.clone(), by: by.cid });
    }
    // (11) and the package has not gone back
    let package = &request.package;
    let got = newest_sequence;
    let seen = seen.log(&chain.init().origin).and_then(|log| log.sequence(package));
    trace.at(Check::SeenPackage, || match seen {
        Some(seen) => format!("record {seen} was seen, the newest one shown is {got}"),
        None => "the package was not seen before".to_owned(),
    });
    match seen {
        Some(seen) if got < seen => Err(VerifyError::PackageRollback { package: package.clone(), got, seen }),
        _ => Ok(Stands {
            yank: yanked.filter(|yank| yank.severity > Severity::None),
            channel: named,
            newest_sequence: got,
        }),
    }
}

/// A package's records take an entry of the log each, in their order.
///
/// # Errors
/// [`Error::RecordSequence`] where fewer entries are before the release than records, or fewer after it than up to the newest.
fn has_room(release: u64, newest: u64, Place { index, size }: Place) -> Result<(), VerifyError> {
    let refuse = |part: Part, got: u64, most: u64| {
        let (got, wanted) = (got.to_string(), format!("at most {most}, for which the log has room"));
        Err(part.refuse()(Error::RecordSequence { field: "sequence", got, wanted }))
    };
    let most = release.saturating_add(size.saturating_sub(index).saturating_sub(1));
    match () {
        () if release > index => refuse(Part::Release, release, index),
        () if newest > most => refuse(Part::Head, newest, most),
        () => Ok(()),
    }
}

fn yank_of(stated: &Stated, release: &ReleaseRef) -> Result<Yank, VerifyError> {
    match stated.action() {
        Action::Yank(yank) if yank.release == *release => Ok(yank.clone()),
        _ => misplaced("`yank` is no yank of the release"),
    }
}

fn channel_of(stated: Option<&Stated>, request: &Request) -> Result<Option<Channel>, VerifyError> {
    match (request.channel(), stated.map(Stated::action)) {
        (None, None) => Ok(None),
        (Some(wanted), Some(Action::Channel(channel))) if channel.name == *wanted => {
            Ok(Some(channel.clone()))
        }
        (Some(_), None) => misplaced("the channel that was asked for is not there"),
        (_, Some(_)) => misplaced("`channel` is not the one that was asked for"),
    }
}

/// What is shown as nothing but the newest record must not be one that decides: it would be seen, and not obeyed.
fn is_none_of_the_others(
    newest: &Stated,
    chain: &Chain,
    release: &ReleaseRef,
    request: &Request,
    yanked: bool,
) -> Result<(), VerifyError> {
    let misplaced_word = match newest.action() {
        Action::Rekey(Rekey { by: Signatories::Recovery, .. }) => {
            let recovery = chain.at(newest.place).powers.recovery.as_ref();
            recovery.is_some_and(|recovery| recovery.delay == 0).then_some("chain")
        }
        Action::Rekey(_) | Action::Transfer(_) => Some("chain"),
        Action::Yank(yank) if yank.release == *release => {
            (yanked || yank.severity > Severity::None).then_some("yank")
        }
        Action::Channel(channel) if request.channel() == Some(&channel.name) => Some("channel"),
        _ => None,
    };
    match misplaced_word {
        Some("chain") => misplaced("`newest` has replaced an authority, and is not in the chain"),
        Some("yank") => misplaced("`newest` is a yank of the release, and is not given as such"),
        Some(_) => misplaced("`newest` is the channel that was asked for, and is not given as such"),
        None => Ok(()),
    }
}

fn misplaced<T>(reason: &str) -> Result<T, VerifyError> {
    Err(Part::Head.refuse()(Error::Log { what: "standing", reason: reason.to_owned() }))
}
