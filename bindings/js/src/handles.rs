//! What JavaScript holds on to: parsed once, used often, and freed with `free()` or with the object that holds it.

use cidery_protocol::Resolution;
use cidery_verifier::{BlobCheck, Isolate, Part, ProvenRelease, Request, TrustPolicy, Verified, VerifyError};
use wasm_bindgen::prelude::*;

use crate::error::refused;

/// A valid policy (SPEC §10.1).
#[wasm_bindgen]
#[derive(Debug)]
pub struct Policy(TrustPolicy);

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
        let refuse = |source| refused(VerifyError::Refused { part: Part::Request, source });
        let package = package.parse().map_err(refuse)?;
        Ok(self.0.rule_for(&package).map_err(refused)?.origin().to_string())
    }
}

/// What was seen before (SPEC §10.3).
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Seen(cidery_verifier::Seen);

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

    /// The JSON form, to be kept.
    #[wasm_bindgen(js_name = toText)]
    pub fn to_json(&self) -> String {
        String::from_utf8_lossy(&self.0.to_json()).into_owned()
    }
}

/// Reads `@scope/name@range` into the JSON form of a request (SPEC §10.2).
///
/// # Errors
/// `name.malformed`, `range.malformed`.
#[wasm_bindgen(js_name = parseReference)]
pub fn parse_reference(text: &str) -> Result<String, JsValue> {
    let request: Request = text.parse().map_err(refused)?;
    Ok(serde_json::to_string(&request).unwrap_or_default())
}

/// Steps (1) to (11) of SPEC §10.4 over a resolution's bytes, which `seen` remembers in the same step.
///
/// # Errors
/// The first step that fails; nothing is remembered then.
#[wasm_bindgen]
pub fn prove(
    policy: &Policy,
    request: &str,
    resolution: &[u8],
    seen: &mut Seen,
    now: f64,
) -> Result<Proof, JsValue> {
    let resolution = Resolution::decode(resolution)
        .map_err(|source| refused(VerifyError::Refused { part: Part::Resolution, source }))?;
    prove_receipt(policy, request, &resolution.receipt, &resolution.head, seen, now)
}

/// The same over the bytes of a receipt and of a head.
///
/// # Errors
/// The first step that fails; nothing is remembered then.
#[wasm_bindgen(js_name = proveReceipt)]
pub fn prove_receipt(
    policy: &Policy,
    request: &str,
    receipt: &[u8],
    head: &[u8],
    seen: &mut Seen,
    now: f64,
) -> Result<Proof, JsValue> {
    let request = Request::from_json(request.as_bytes()).map_err(refused)?;
    let proven = cidery_verifier::prove(&request, receipt, head, &policy.0, &seen.0, now as u64);
    let proven = proven.map_err(refused)?;
    seen.0.advance(&proven);
    Ok(Proof(proven))
}

/// A release that the policy allows, whose manifest is known by name alone.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Proof(ProvenRelease);

#[wasm_bindgen]
impl Proof {
    /// The manifest's CID.
    #[wasm_bindgen(getter)]
    pub fn manifest(&self) -> String {
        self.0.manifest_cid().to_string()
    }

    /// Step (12) of SPEC §10.4; the proof is used up.
    ///
    /// # Errors
    /// `cid.mismatch`, or what is wrong with the manifest.
    pub fn verify(self, manifest: &[u8]) -> Result<Verdict, JsValue> {
        self.0.with_manifest(manifest).map(Verdict).map_err(refused)
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

    /// Says whether they were the ones; the check is used up.
    ///
    /// # Errors
    /// `module.size`, `cid.mismatch`, `module.encoding`.
    pub fn finish(self) -> Result<(), JsValue> {
        self.0.finish().map_err(refused)
    }
}
