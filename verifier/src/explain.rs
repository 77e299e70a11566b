//! A verdict step by step: which rule of SPEC §10.4 looked at what, and what it said. It is [`verify`](crate::verify) itself
//! that is watched, so there is nothing here that could judge otherwise.

use std::error::Error as _;

use cidery_protocol::Code;
use serde::Serialize;

use crate::{Check, Request, Seen, TrustPolicy, VerifyError, prove::traced, trace::Trace};

/// What each rule said, in the order in which they are judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// All rules of SPEC §10.4.
    pub steps: Vec<ExplainedStep>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedStep {
    /// Its place in SPEC, such as `10.4 (4)`.
    pub step: &'static str,
    /// What it asks for.
    pub rule: &'static str,
    /// What it looked at; none where it was not reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<String>,
    /// What it said.
    #[serde(flatten)]
    pub verdict: StepVerdict,
}

/// What a rule said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum StepVerdict {
    /// Nothing against it.
    Passed,
    /// This is why there is no verdict.
    Refused {
        /// The code of SPEC §13.
        #[serde(serialize_with = "word")]
        code: Code,
        /// The reason with its causes.
        message: String,
    },
    /// Another rule refused before, or what it judges was not given.
    NotReached,
}

/// Judges as [`verify`](crate::verify) does, and says of each rule what it looked at. Where there is no rule for the package,
/// `receipt` and `head` are not looked at, and may be empty; without `manifest`, the last rule is not reached.
///
/// ```
/// use cidery_verifier::{PolicyDocument, Seen, StepVerdict, TrustPolicy, explain};
/// let policy = TrustPolicy::new(&PolicyDocument::default())?;
/// let explanation = explain(&"@acme/hello".parse()?, &[], &[], None, &policy, &Seen::default(), 0);
/// let first = &explanation.steps[0];
/// assert_eq!((first.step, first.rule), ("10.4 (1)", "the policy has a rule for the package"));
/// assert_eq!(explanation.refusal().map(|(code, _)| code.as_str()), Some("policy.no_rule"));
/// assert_eq!(explanation.steps[1].verdict, StepVerdict::NotReached);
/// # Ok::<(), cidery_verifier::VerifyError>(())
/// ```
pub fn explain(
    request: &Request,
    receipt: &[u8],
    head: &[u8],
    manifest: Option<&[u8]>,
    policy: &TrustPolicy,
    seen: &Seen,
    now: u64,
) -> Explanation {
    let mut trace = Trace::kept();
    let proven = traced(request, receipt, head, policy, seen, now, &mut trace);
    let judged = proven.and_then(|release| match manifest {
        Some(bytes) => {
            trace.at(Check::Manifest, || format!("{} bytes, wanted {}", bytes.len(), release.manifest_cid()));
            release.with_manifest(bytes).map(drop)
        }
        None => Ok(()),
    });
    let mut looks = trace.looks().into_iter().peekable();
    let mut refused = judged.err();
    let steps = Check::ALL.iter().map(|check| {
        let looked_at = looks.next_if(|(looked, _)| looked == check).map(|(_, at)| at);
        let verdict = match (&looked_at, looks.peek()) {
            (None, _) => StepVerdict::NotReached,
            (Some(_), Some(_)) => StepVerdict::Passed,
            (Some(_), None) => {
                refused.take().map_or(StepVerdict::Passed, |error| StepVerdict::refused(&error))
            }
        };
        ExplainedStep { step: check.step(), rule: check.rule(), looked_at, verdict }
    });
    Explanation { steps: steps.collect() }
}

impl Explanation {
    /// The code and message of the rule that refused, where one did.
    pub fn refusal(&self) -> Option<(Code, &str)> {
        self.steps.iter().find_map(|step| match &step.verdict {
            StepVerdict::Refused { code, message } => Some((*code, message.as_str())),
            _ => None,
        })
    }
}

impl StepVerdict {
    fn refused(error: &VerifyError) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        StepVerdict::Refused { code: error.code(), message }
    }
}

fn word<S: serde::Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.as_str())
}
