//! What JavaScript holds on to: parsed once, used often, and freed with `free()` or with the object that holds it.

use cidery_verifier::{BlobCheck, Isolate, ProvenRelease, Rule, TrustPolicy, Verified};
use wasm_bindgen::prelude::*;

use crate::error::{malformed, refused};

/// A valid policy (SPEC §10.1).
#[wasm_bindgen]
#[derive(Debug)]
pub struct Policy(pub(crate) TrustPolicy);

#[wasm_bindgen]
impl Policy {
    /// Reads the JSON form.
    ///
    /// # Errors
    /// `policy.invalid`.
    #[wasm_bindgen(constructor)]
    pub fn new(json: &str) -> Result<Policy, JsValue> {
        TrustPolicy::from_json(json.as_bytes()).map(Policy).map_err(refused)
    }

    /// The log in which the policy wants the package to be.
    ///
    /// # Errors
    /// `policy.no_rule` where there is no rule for it, `name.malformed`.
    #[wasm_bindgen(js_name = originOf)]
    pub fn origin_of(&self, package: &str) -> Result<String, JsValue> {
        Ok(self.rule(package)?.origin().to_string())
    }

    /// The severities of a yank that the policy tolerates in the package, as a JSON list.
    ///
    /// # Errors
    /// As [`Policy::origin_of`].
    #[wasm_bindgen(js_name = yankedOf)]
    pub fn yanked_of(&self, package: &str) -> Result<String, JsValue> {
        let severities: Vec<_> = self.rule(package)?.yanked().collect();
        Ok(serde_json::to_string(&severities).unwrap_or_default())
    }
}

impl Policy {
    fn rule(&self, package: &str) -> Result<&Rule, JsValue> {
        let package = package.parse().map_err(malformed)?;
        self.0.rule_for(&package).map_err(refused)
    }
}

/// What was seen before (SPEC §10.3).
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Seen(pub(crate) cidery_verifier::Seen);

#[wasm_bindgen]
impl Seen {
    /// Reads what [`Seen::to_json`] writes; nothing was seen where there is none.
    ///
    /// # Errors
    /// `usage`.
    #[wasm_bindgen(constructor)]
    pub fn new(json: Option<String>) -> Result<Seen, JsValue> {
        let Some(json) = json else { return Ok(Seen::default()) };
        cidery_verifier::Seen::from_json(json.as_bytes()).map(Seen).map_err(refused)
    }

    /// The size of the highest tree of a log.
    #[wasm_bindgen(js_name = sizeOf)]
    pub fn size_of(&self, origin: &str) -> Option<f64> {
        Some(self.0.log(&origin.parse().ok()?)?.size as f64)
    }

    /// Takes over what another has seen: of each the higher.
    ///
    /// # Errors
    /// `log.fork`; nothing is taken over then.
    pub fn merge(&mut self, other: &Seen) -> Result<(), JsValue> {
        self.0.merge(&other.0).map_err(refused)
    }

    /// The JSON form, to be kept.
    #[wasm_bindgen(js_name = toText)]
    pub fn to_json(&self) -> String {
        String::from_utf8_lossy(&self.0.to_json()).into_owned()
    }
}

/// A release that the policy allows, whose manifest is known by name alone.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Proof(pub(crate) ProvenRelease);

#[wasm_bindgen]
impl Proof {
    /// The manifest's CID.
    #[wasm_bindgen(getter)]
    pub fn manifest(&self) -> String {
        self.0.manifest_cid().to_string()
    }

    /// Step (15) of SPEC §10.4.
    ///
    /// # Errors
    /// `cid.mismatch`, or what is wrong with the manifest.
    pub fn verify(&self, manifest: &[u8]) -> Result<Verdict, JsValue> {
        self.0.clone().with_manifest(manifest).map(Verdict).map_err(refused)
    }
}

/// A release that the policy allows, with its manifest.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Verdict(Verified);

#[wasm_bindgen]
impl Verdict {
    /// The JSON form of the verdict (SPEC §10.4).
    #[wasm_bindgen(js_name = toText)]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// What the manifest says of the code, as JSON.
    #[wasm_bindgen(js_name = manifestText)]
    pub fn manifest_json(&self) -> String {
        self.0.manifest_json().to_string()
    }

    /// The check of the module at `path`; none where the manifest has none there.
    pub fn check(&self, path: &str) -> Option<Check> {
        let module = self.0.manifest().body().module(path)?;
        Some(Check(self.0.check(module)))
    }

    /// The isolate's id (SPEC §10.6).
    #[wasm_bindgen(js_name = isolateId)]
    pub fn isolate_id(
        &self,
        overrides: Vec<String>,
        tenant: Option<String>,
        env_key: Option<String>,
    ) -> String {
        Isolate { overrides: &overrides, tenant: tenant.as_deref(), env_key: env_key.as_deref() }.id(&self.0)
    }
}

/// The check of one module's bytes (SPEC §10.5).
#[wasm_bindgen]
#[derive(Debug)]
pub struct Check(BlobCheck);

#[wasm_bindgen]
impl Check {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// `module.size`.
    pub fn update(&mut self, chunk: &[u8]) -> Result<(), JsValue> {
        self.0.update(chunk).map_err(refused)
    }

    /// Says whether those so far were the ones.
    ///
    /// # Errors
    /// `module.size`, `cid.mismatch`, `module.encoding`.
    pub fn finish(&self) -> Result<(), JsValue> {
        self.0.clone().finish().map_err(refused)
    }
}
