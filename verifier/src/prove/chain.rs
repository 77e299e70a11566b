//! Who has the say over the package: step (8) of SPEC §10.4, and the chain that step (10) continues.

use cidery_protocol::{
    Action, Authority, Cid, Error, PublicKey, Receipt, Rekey, Signatories, SignedRecord, limits,
};
use serde_bytes::ByteBuf;

use crate::{Check, Part, Quorum, Request, Rule, VerifyError, trace::Trace};

/// The authorities of a package, from its `init` on, each made by the one before it.
pub(super) struct Chain {
    authorities: Vec<Authority>,
    /// The place of the release's authority: the last one of the receipt's.
    release: usize,
    /// The recovery keys that signed as such, for each record of the receipt's chain.
    recovered: Vec<Vec<PublicKey>>,
}

impl Chain {
    /// Step (8): the chain of the receipt is one authority after another, and they are those whom the policy means.
    pub(super) fn of_receipt(
        receipt: &Receipt,
        request: &Request,
        rule: &Rule,
        trace: &mut Trace,
    ) -> Result<Self, VerifyError> {
        trace.at(Check::Chain, || format!("{} records", receipt.chain.len()));
        let chain = Chain::read(&receipt.chain)?;
        let Authority { cid: init, origin, package, .. } = chain.init();

        // (8) of the rule's origin and the requested package
        trace.at(Check::Origin, || format!("`{origin}`, wanted `{}`", rule.origin()));
        if origin != rule.origin() {
            let (got, wanted) = (origin.to_string(), rule.origin().to_string());
            return Err(Part::Authority.refuse()(Error::RecordOrigin { got, wanted }));
        }
        trace.at(Check::Package, || format!("`{package}`, wanted `{}`", request.package));
        if *package != request.package {
            let (got, wanted) = (package.clone(), request.package.clone());
            return Err(VerifyError::OtherPackage { got, wanted });
        }
        // (8) the first is the pinned init
        trace.at(Check::PinnedInit, || match rule.init() {
            Some(wanted) => format!("{init}, pinned is {wanted}"),
            None => format!("{init}, none is pinned"),
        });
        match rule.init() {
            Some(wanted) if wanted != *init => return Err(VerifyError::Init { got: *init, wanted }),
            _ => {}
        }
        // (8) and enough pinned recovery keys signed one of them
        let signed =
            |pinned: &Quorum| chain.recovered.iter().map(|signers| pinned.count(signers)).max().unwrap_or(0);
        trace.at(Check::PinnedRecovery, || match rule.recovery() {
            Some(pinned) => format!("{} of {} signed", signed(pinned), pinned.keys.len()),
            None => "none are pinned".to_owned(),
        });
        match rule.recovery() {
            Some(pinned) if signed(pinned) < pinned.threshold => {
                Err(VerifyError::PinnedRecovery { got: signed(pinned), wanted: pinned.threshold })
            }
            _ => Ok(chain),
        }
    }

    fn read(records: &[ByteBuf]) -> Result<Self, VerifyError> {
        let refuse = |error| Part::Authority.refuse()(error);
        let [init, later @ ..] = records else {
            let reason = "the chain of authority is empty".to_owned();
            return Err(Part::Receipt.refuse()(Error::Log { what: "receipt", reason }));
        };
        let init = SignedRecord::decode(init, None).map_err(refuse)?;
        let first = Authority::begin(&init).map_err(refuse)?;
        let recovered = vec![by_recovery(&init)];
        let mut chain = Chain { authorities: vec![first], release: 0, recovered };
        for record in later {
            let (authority, signed) = chain.next(record).map_err(refuse)?;
            chain.recovered.push(by_recovery(&signed));
            chain.authorities.push(authority);
        }
        chain.release = chain.authorities.len() - 1;
        Ok(chain)
    }

    /// Step (10): goes on with the authorities that took over since, up to the one that holds by the package's state.
    pub(super) fn extend(
        &mut self,
        records: &[ByteBuf],
        holds: Cid,
        trace: &mut Trace,
    ) -> Result<(), VerifyError> {
        trace.at(Check::Succession, || format!("{} records, up to {holds}", records.len()));
        let refuse = |error| Part::Succession.refuse()(error);
        let (got, limit) = (self.authorities.len() + records.len(), limits::CHAIN_RECORDS);
        if got > limit {
            let (what, got, limit) = ("records of a chain of authority", got as u64, limit as u64);
            return Err(refuse(Error::Limit { what, got, limit }));
        }
        for record in records {
            let (authority, _) = self.next(record).map_err(refuse)?;
            self.authorities.push(authority);
        }
        match self.last().cid {
            got if got != holds => Err(VerifyError::OtherAuthority { got, wanted: holds }),
            _ => Ok(()),
        }
    }

    /// The first authority.
    pub(super) fn init(&self) -> &Authority {
        &self.authorities[0]
    }

    /// The place of the release's authority.
    pub(super) fn release(&self) -> usize {
        self.release
    }

    /// The authority that holds now.
    pub(super) fn last(&self) -> &Authority {
        &self.authorities[self.authorities.len() - 1]
    }

    /// The authority at a place.
    pub(super) fn at(&self, place: usize) -> &Authority {
        &self.authorities[place]
    }

    /// The authorities after the one at a place.
    pub(super) fn after(&self, place: usize) -> &[Authority] {
        &self.authorities[place + 1..]
    }

    /// The place of the authority of this name.
    pub(super) fn place_of(&self, cid: Cid) -> Option<usize> {
        self.authorities.iter().position(|authority| authority.cid == cid)
    }

    fn next(&self, record: &[u8]) -> Result<(Authority, SignedRecord), Error> {
        let before = self.last();
        let signed = SignedRecord::decode(record, Some(before))?;
        let authority = before.succeed(&signed)?;
        follows(before, &signed)?;
        Ok((authority, signed))
    }
}

/// # Errors
/// [`Error::RecordSequence`] where the record is not after the authority it stands under.
pub(super) fn follows(authority: &Authority, signed: &SignedRecord) -> Result<(), Error> {
    let (got, least) = (signed.record().body().sequence, authority.sequence + 1);
    if got < least {
        let (got, wanted) = (got.to_string(), format!("at least {least}"));
        return Err(Error::RecordSequence { field: "sequence", got, wanted });
    }
    Ok(())
}

/// The recovery keys that signed an `init`, or a `rekey` by recovery keys, which alone count for it.
fn by_recovery(signed: &SignedRecord) -> Vec<PublicKey> {
    let signers = signed.signers();
    match &signed.record().body().action {
        Action::Init(powers) => {
            let recovery = |key: &&PublicKey| {
                powers.recovery.as_ref().is_some_and(|recovery| recovery.keys.contains(key))
            };
            signers.iter().filter(recovery).copied().collect()
        }
        Action::Rekey(Rekey { by: Signatories::Recovery, .. }) => signers.to_vec(),
        _ => Vec::new(),
    }
}
