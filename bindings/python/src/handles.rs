//! What Python holds on to: parsed once, used often, by any thread.

use std::sync::{Mutex, PoisonError};

use cidery_protocol::Resolution;
use cidery_verifier::{BlobCheck, Isolate, Part, ProvenRelease, Request, TrustPolicy, Verified, VerifyError};
use pyo3::prelude::*;

use crate::border::guarded;

/// A valid policy (SPEC §10.1).
#[pyclass(frozen)]
pub(crate) struct Policy(TrustPolicy);

#[pymethods]
impl Policy {
    /// Reads the JSON form.
    #[new]
    fn new(py: Python<'_>, json: &str) -> PyResult<Self> {
        guarded(py, || TrustPolicy::from_json(json.as_bytes())).map(Policy)
    }

    /// The log in which the policy wants the package to be.
    fn origin_of(&self, py: Python<'_>, package: &str) -> PyResult<String> {
        guarded(py, || {
            let refuse = |source| VerifyError::Refused { part: Part::Request, source };
            let package = package.parse().map_err(refuse)?;
            Ok(self.0.rule_for(&package)?.origin().to_string())
        })
    }
}

/// What was seen before (SPEC §10.3).
#[pyclass(frozen)]
pub(crate) struct Seen(Mutex<cidery_verifier::Seen>);

#[pymethods]
impl Seen {
    /// Reads what `to_json` writes; nothing was seen where there is none.
    #[new]
    #[pyo3(signature = (json=None))]
    fn new(py: Python<'_>, json: Option<&str>) -> PyResult<Self> {
        let seen = guarded(py, || match json {
            Some(json) => cidery_verifier::Seen::from_json(json.as_bytes()),
            None => Ok(cidery_verifier::Seen::default()),
        })?;
        Ok(Seen(Mutex::new(seen)))
    }

    /// The size of the highest tree of a log.
    fn size_of(&self, py: Python<'_>, origin: &str) -> PyResult<Option<u64>> {
        guarded(py, || {
            let Ok(origin) = origin.parse() else { return Ok(None) };
            Ok(self.with(|seen| seen.log(&origin).map(|log| log.size)))
        })
    }

    /// The JSON form, to be kept.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(self.with(|seen| String::from_utf8_lossy(&seen.to_json()).into_owned())))
    }
}

impl Seen {
    /// One at a time. A panic before this leaves nothing half done: what was seen only moves forward, entry by entry.
    fn with<T>(&self, act: impl FnOnce(&mut cidery_verifier::Seen) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads `@scope/name@range` into the JSON form of a request (SPEC §10.2).
#[pyfunction]
pub(crate) fn parse_reference(py: Python<'_>, text: &str) -> PyResult<String> {
    guarded(py, || {
        let request: Request = text.parse()?;
        Ok(serde_json::to_string(&request).unwrap_or_default())
    })
}

/// Steps (1) to (11) of SPEC §10.4 over a resolution, which `seen` remembers in the same step.
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

fn proven(
    policy: &Policy,
    request: &str,
    seen: &Seen,
    now: f64,
    receipt: &[u8],
    head: &[u8],
) -> Result<Proof, VerifyError> {
    let request = Request::from_json(request.as_bytes())?;
    seen.with(|seen| {
        let proven = cidery_verifier::prove(&request, receipt, head, &policy.0, seen, now as u64)?;
        seen.advance(&proven);
        Ok(Proof(proven))
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
    guarded(py, || cidery_verifier::verify_signature(public_key, message, signature))
}

/// A release that the policy allows, whose manifest is known by name alone.
#[pyclass(frozen)]
pub(crate) struct Proof(ProvenRelease);

#[pymethods]
impl Proof {
    /// The manifest's CID.
    #[getter]
    fn manifest(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(self.0.manifest_cid().to_string()))
    }

    /// Step (12) of SPEC §10.4.
    fn verify(&self, py: Python<'_>, manifest: &[u8]) -> PyResult<Verdict> {
        guarded(py, || self.0.clone().with_manifest(manifest)).map(Verdict)
    }
}

/// A release that the policy allows, with its manifest.
#[pyclass(frozen)]
pub(crate) struct Verdict(Verified);

#[pymethods]
impl Verdict {
    /// The JSON form of the verdict (SPEC §10.4).
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(serde_json::to_string(&self.0).unwrap_or_default()))
    }

    /// What the manifest says of the code, as JSON.
    fn manifest_json(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(self.0.manifest_json().to_string()))
    }

    /// The check of the module at `path`; none where the manifest has none there.
    fn check(&self, py: Python<'_>, path: &str) -> PyResult<Option<Check>> {
        guarded(py, || {
            let module = self.0.manifest().body().module(path);
            Ok(module.map(|module| Check(Mutex::new(self.0.check(module)))))
        })
    }

    /// The isolate's id (SPEC §10.6).
    fn isolate_id(
        &self,
        py: Python<'_>,
        overrides: Vec<String>,
        tenant: Option<&str>,
        env_key: Option<&str>,
    ) -> PyResult<String> {
        guarded(py, || Ok(Isolate { overrides: &overrides, tenant, env_key }.id(&self.0)))
    }
}

/// The check of one module's bytes (SPEC §10.5).
#[pyclass(frozen)]
pub(crate) struct Check(Mutex<BlobCheck>);

#[pymethods]
impl Check {
    /// Takes the next bytes.
    fn update(&self, py: Python<'_>, chunk: &[u8]) -> PyResult<()> {
        guarded(py, || self.0.lock().expect("no panic amid a chunk").update(chunk))
    }

    /// Says whether they were the ones.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || self.0.lock().expect("no panic amid a chunk").clone().finish())
    }
}
