//! Whom to trust about a log, where no package is asked for.

use cidery_protocol::{Origin, log::Hash};
use cidery_verifier::{LogTrust, PolicyDocument, ProvenHead, ProvenPackage, Seen, TrustPolicy, VerifyError};

use super::{Source, Trust, first_use, seen::SeenFile};
use crate::client::Registry;
use crate::failure::Failure;

/// A log whose keys are known.
#[derive(Clone, Debug)]
pub(crate) struct KnownLog {
    pub(crate) origin: Origin,
    pub(crate) trust: LogTrust,
    /// What is to be written down once its head has verified.
    first: Option<PolicyDocument>,
}

impl Trust {
    /// The log that a registry speaks for: with the keys that are known, or on first use with those that it shows, to be written
    /// down by [`Trust::settle_log`].
    ///
    /// # Errors
    /// That the log or its keys are not what is known; `policy.missing`.
    pub(crate) async fn log_served(&self, registry: &Registry) -> Result<KnownLog, Failure> {
        if let Source::FirstUse { asked_for, .. } = self.source {
            first_use::allowed(registry, asked_for, "the registry's log")?;
        }
        let log = registry.log().await?;
        let known = self.document()?;
        first_use::check_log(&known, &log)?;
        if known.origins.contains_key(log.origin.as_str()) {
            return self.log_known(&log.origin);
        }
        match self.source {
            Source::Policy { .. } => Err(Failure::OtherOrigin { got: log.origin, wanted: None }),
            Source::FirstUse { .. } => {
                let first = log.as_policy(None);
                let trust = TrustPolicy::new(&first)?.log(&log.origin).cloned();
                let trust = trust.ok_or(Failure::OtherOrigin { got: log.origin.clone(), wanted: None })?;
                Ok(KnownLog { origin: log.origin, trust, first: Some(first) })
            }
        }
    }

    /// A log by its name.
    ///
    /// # Errors
    /// `policy.origin` where its keys are not known.
    pub(crate) fn log_known(&self, origin: &Origin) -> Result<KnownLog, Failure> {
        let trust = TrustPolicy::new(&self.document()?)?.log(origin).cloned();
        let trust = trust.ok_or(Failure::OtherOrigin { got: origin.clone(), wanted: None })?;
        Ok(KnownLog { origin: origin.clone(), trust, first: None })
    }

    /// How far a log was seen.
    ///
    /// # Errors
    /// [`Failure::File`] or [`Failure::State`].
    pub(crate) fn seen_size(&self, origin: &Origin) -> Result<u64, Failure> {
        Ok(self.seen()?.log(origin).map_or(0, |log| log.size))
    }

    /// Judges what the log says of a package against what has been seen by now, and moves that forward, in one step.
    ///
    /// # Errors
    /// What `judge` says, or as [`Trust::settle_log`].
    pub(crate) fn settle_package(
        &self,
        log: &KnownLog,
        judge: impl Fn(&Seen) -> Result<ProvenPackage, VerifyError>,
    ) -> Result<(ProvenPackage, Vec<String>), Failure> {
        judge(&self.seen()?)?;
        let notes = self.remember_log(log)?;
        let proven = self.seen.update(|SeenFile(seen)| {
            let proven = judge(seen)?;
            seen.advance(&proven);
            Ok(proven)
        })?;
        Ok((proven, notes))
    }

    fn remember_log(&self, log: &KnownLog) -> Result<Vec<String>, Failure> {
        match (&self.source, &log.first) {
            (Source::FirstUse { known, .. }, Some(first)) => first_use::remember(known, first),
            _ => Ok(Vec::new()),
        }
    }

    /// Remembers a head that verified, in one step with the check that it continues what was seen by now: `consistency` gives the
    /// proof from a smaller size. What is trusted from now on is said in lines for people.
    ///
    /// # Errors
    /// `log.rollback`, `log.fork`, `log.proof`, or that another process came first and trusts something else.
    pub(crate) fn settle_log(
        &self,
        log: &KnownLog,
        head: &ProvenHead,
        consistency: impl FnOnce(u64) -> Result<Vec<Hash>, Failure>,
    ) -> Result<Vec<String>, Failure> {
        let notes = self.remember_log(log)?;
        self.seen.update(|SeenFile(seen)| {
            let from = seen.log(&log.origin).map(|log| log.size).filter(|from| *from < head.size);
            let proof = from.map_or(Ok(Vec::new()), consistency)?;
            Ok(seen.advance_log(&log.origin, head, &proof)?)
        })?;
        Ok(notes)
    }
}
