//! What Python holds on to: parsed once, used often, by any thread.

use std::sync::{Mutex, PoisonError};

use cidery_verifier::{BlobCheck, Isolate, ProvenRelease, Rule, TrustPolicy, Verified};
use pyo3::prelude::*;

use crate::border::{Refused, guarded, malformed};

/// A valid policy (SPEC §10.1).
#[pyclass(frozen)]
pub(crate) struct Policy(pub(crate) TrustPolicy);

#[pymethods]
impl Policy {
    /// Reads the JSON form.
    #[new]
    fn new(py: Python<'_>, json: &str) -> PyResult<Self> {
        guarded(py, || Ok(Policy(TrustPolicy::from_json(json.as_bytes())?)))
    }

    /// The log in which the policy wants the package to be.
    fn origin_of(&self, py: Python<'_>, package: &str) -> PyResult<String> {
        guarded(py, || Ok(self.rule(package)?.origin().to_string()))
    }

    /// The severities of a yank that the policy tolerates in the package, as a JSON list.
    fn yanked_of(&self, py: Python<'_>, package: &str) -> PyResult<String> {
        guarded(py, || {
            let severities: Vec<_> = self.rule(package)?.yanked().collect();
            Ok(serde_json::to_string(&severities).unwrap_or_default())
        })
    }
}

impl Policy {
    fn rule(&self, package: &str) -> Result<&Rule, Refused> {
        let package = package.parse().map_err(malformed)?;
        Ok(self.0.rule_for(&package)?)
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
        guarded(py, || {
            let seen = match json {
                Some(json) => cidery_verifier::Seen::from_json(json.as_bytes())?,
                None => cidery_verifier::Seen::default(),
            };
            Ok(Seen(Mutex::new(seen)))
        })
    }

    /// The size of the highest tree of a log.
    fn size_of(&self, py: Python<'_>, origin: &str) -> PyResult<Option<u64>> {
        guarded(py, || {
            let Ok(origin) = origin.parse() else { return Ok(None) };
            Ok(self.with(|seen| seen.log(&origin).map(|log| log.size)))
        })
    }

    /// Takes over what another has seen: of each the higher.
    fn merge(&self, py: Python<'_>, other: &Seen) -> PyResult<()> {
        guarded(py, || {
            let other = other.with(|seen| seen.clone()); // never both locks at once
            Ok(self.with(|seen| seen.merge(&other))?)
        })
    }

    /// The JSON form, to be kept.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(self.with(|seen| String::from_utf8_lossy(&seen.to_json()).into_owned())))
    }
}

impl Seen {
    /// One at a time. A panic before this leaves nothing half done: what was seen only moves forward, entry by entry.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut cidery_verifier::Seen) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A release that the policy allows, whose manifest is known by name alone.
#[pyclass(frozen)]
pub(crate) struct Proof(pub(crate) ProvenRelease);

#[pymethods]
impl Proof {
    /// The manifest's CID.
    #[getter]
    fn manifest(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || Ok(self.0.manifest_cid().to_string()))
    }

    /// Step (15) of SPEC §10.4.
    fn verify(&self, py: Python<'_>, manifest: &[u8]) -> PyResult<Verdict> {
        guarded(py, || Ok(Verdict(self.0.clone().with_manifest(manifest)?)))
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
        guarded(py, || Ok(self.0.lock().expect("no panic amid a chunk").update(chunk)?))
    }

    /// Says whether those so far were the ones.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || Ok(self.0.lock().expect("no panic amid a chunk").clone().finish()?))
    }
}
