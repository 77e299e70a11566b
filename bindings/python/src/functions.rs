//! What Python asks for by itself: the first way to each handle, and what needs none.

use cidery_protocol::Resolution;
use cidery_verifier::{Part, Request, VerifyError};
use pyo3::{prelude::*, pybacked::PyBackedBytes};

use crate::{
    border::{Refused, guarded, malformed},
    handles::{Policy, Proof, Seen},
};

/// Reads `@scope/name@range` or `@scope/name:channel` into the JSON form of a request (SPEC §10.2).
#[pyfunction]
pub(crate) fn parse_reference(py: Python<'_>, text: &str) -> PyResult<String> {
    guarded(py, || {
        let request: Request = text.parse()?;
        Ok(serde_json::to_string(&request).unwrap_or_default())
    })
}

/// The bucket of a channel for a user (SPEC §10.2).
#[pyfunction]
pub(crate) fn bucket_of(py: Python<'_>, package: &str, channel: &str, user: &str) -> PyResult<u64> {
    guarded(py, || {
        let package = package.parse().map_err(malformed)?;
        let channel = channel.parse().map_err(malformed)?;
        Ok(cidery_verifier::bucket(&package, &channel, user))
    })
}

/// Steps (1) to (14) of SPEC §10.4 over a resolution, which `seen` remembers in the same step.
#[pyfunction]
pub(crate) fn prove(
    py: Python<'_>,
    policy: &Policy,
    request: &str,
    seen: &Seen,
    now: f64,
    resolution: &[u8],
) -> PyResult<Proof> {
    guarded(py, || {
        let resolution = Resolution::decode(resolution)
            .map_err(|source| VerifyError::Refused { part: Part::Resolution, source })?;
        proven(policy, request, seen, now, &resolution.receipt, &resolution.head)
    })
}

/// The same over a receipt and a head.
#[pyfunction]
pub(crate) fn prove_receipt(
    py: Python<'_>,
    policy: &Policy,
    request: &str,
    seen: &Seen,
    now: f64,
    receipt: &[u8],
    head: &[u8],
) -> PyResult<Proof> {
    guarded(py, || proven(policy, request, seen, now, receipt, head))
}

/// What the log says of a package by a proof (SPEC §10.8), as JSON, which `seen` remembers in the same step.
#[pyfunction]
pub(crate) fn verify_package_proof(
    py: Python<'_>,
    policy: &Policy,
    package: &str,
    seen: &Seen,
    now: f64,
    proof: &[u8],
) -> PyResult<String> {
    guarded(py, || {
        let package = package.parse().map_err(malformed)?;
        seen.with(|seen| {
            let proven = cidery_verifier::verify_package_proof(&package, proof, &policy.0, seen, now as u64)?;
            seen.advance(&proven);
            Ok(serde_json::to_string(&proven).unwrap_or_default())
        })
    })
}

/// What each rule of SPEC §10.4 looked at and said, as JSON; nothing is remembered.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // the verifier's own, and Python
pub(crate) fn explain(
    py: Python<'_>,
    policy: &Policy,
    request: &str,
    seen: &Seen,
    now: f64,
    receipt: &[u8],
    head: &[u8],
    manifest: Option<&[u8]>,
) -> PyResult<String> {
    guarded(py, || {
        let request = Request::from_json(request.as_bytes())?;
        let seen = seen.with(|seen| seen.clone());
        let explanation =
            cidery_verifier::explain(&request, receipt, head, manifest, &policy.0, &seen, now as u64);
        Ok(serde_json::to_string(&explanation).unwrap_or_default())
    })
}

/// The state of a package after the entries of its log (SPEC §6.4), as JSON: at once, or as it is at `time`.
#[pyfunction]
pub(crate) fn replay(py: Python<'_>, entries: Vec<PyBackedBytes>, time: Option<f64>) -> PyResult<String> {
    guarded(py, || {
        let entries: Vec<&[u8]> = entries.iter().map(|entry| &**entry).collect();
        let history = cidery_verifier::replay(&entries)?;
        let history = match time {
            Some(time) => history.at(time as u64),
            None => history,
        };
        Ok(serde_json::to_string(&history).unwrap_or_default())
    })
}

/// Whether a signature is that of a key (SPEC §4).
#[pyfunction]
pub(crate) fn verify_signature(
    py: Python<'_>,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> PyResult<()> {
    guarded(py, || Ok(cidery_verifier::verify_signature(public_key, message, signature)?))
}

fn proven(
    policy: &Policy,
    request: &str,
    seen: &Seen,
    now: f64,
    receipt: &[u8],
    head: &[u8],
) -> Result<Proof, Refused> {
    let request = Request::from_json(request.as_bytes())?;
    seen.with(|seen| {
        let proven = cidery_verifier::prove(&request, receipt, head, &policy.0, seen, now as u64)?;
        seen.advance(&proven);
        Ok(Proof(proven))
    })
}
