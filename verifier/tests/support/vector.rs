//! The vectors as files: `tests/vectors/verify/<name>.json` in the project, the same for every language.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use cidery_protocol::Code;
use cidery_verifier::{
    Explanation, Isolate, Request, Seen, TrustPolicy, Verified, VerifyError, explain, verify,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    case::Case,
    folder,
    plan::{Built, Plan},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    pub name: String,
    /// What is wrong, or what is right although it looks unusual.
    pub about: String,
    pub now: u64,
    pub policy: Value,
    pub request: Value,
    pub seen: Value,
    pub receipt: String,
    pub head: String,
    pub manifest: String,
    pub modules: Vec<ModuleBytes>,
    pub expect: Expect,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleBytes {
    pub path: String,
    pub bytes: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Expect {
    /// The verdict, with the isolate's id for no tenant, and what is remembered afterwards.
    Ok { verdict: Value, isolate: String, seen: Value },
    /// The refusal's code.
    Code(String),
}

impl Vector {
    fn new(name: &str, about: &str, case: Case, expect: Expect) -> Self {
        let encode = |bytes: &[u8]| STANDARD.encode(bytes);
        let object = |encoded: Result<Vec<u8>, _>| encoded.expect("it has a form");
        let modules = case.modules.iter();
        Vector {
            name: name.to_owned(),
            about: about.to_owned(),
            now: case.now,
            policy: case.policy,
            request: case.request,
            seen: case.seen,
            receipt: encode(&(case.receipt_bytes)(object(serde_ipld_dagcbor::to_vec(&case.receipt)))),
            head: encode(&(case.head_bytes)(object(serde_ipld_dagcbor::to_vec(&case.head)))),
            manifest: encode(&case.manifest),
            modules: modules
                .map(|(path, bytes)| ModuleBytes { path: path.clone(), bytes: encode(bytes) })
                .collect(),
            expect,
        }
    }

    /// Judges the vector with the verifier, modules last, as a loader does.
    pub fn judge(&self) -> Result<Verified, VerifyError> {
        let verified = self.judge_release()?;
        let given: BTreeMap<&str, Vec<u8>> =
            self.modules.iter().map(|module| (module.path.as_str(), decoded(&module.bytes))).collect();
        for module in &verified.manifest().body().modules {
            let mut check = verified.check(module);
            for chunk in given[module.path.as_str()].chunks(5) {
                check.update(chunk)?;
            }
            check.finish()?;
        }
        Ok(verified)
    }

    /// Judges it up to the manifest.
    pub fn judge_release(&self) -> Result<Verified, VerifyError> {
        let policy = TrustPolicy::from_json(self.policy.to_string().as_bytes())?;
        let request = Request::from_json(self.request.to_string().as_bytes())?;
        let seen = self.seen_before()?;
        let (receipt, head) = (decoded(&self.receipt), decoded(&self.head));
        verify(&request, &receipt, &head, &decoded(&self.manifest), &policy, &seen, self.now)
    }

    /// The same step by step; none where policy or request cannot be read.
    pub fn explain(&self) -> Option<Explanation> {
        let policy = TrustPolicy::from_json(self.policy.to_string().as_bytes()).ok()?;
        let request = Request::from_json(self.request.to_string().as_bytes()).ok()?;
        let seen = self.seen_before().ok()?;
        let (receipt, head) = (decoded(&self.receipt), decoded(&self.head));
        let manifest = decoded(&self.manifest);
        Some(explain(&request, &receipt, &head, Some(&manifest), &policy, &seen, self.now))
    }

    /// What the verifier says of the vector, in the words of a vector.
    pub fn outcome(&self) -> Expect {
        match self.judge() {
            Err(error) => Expect::Code(error.code().to_string()),
            Ok(verified) => {
                let mut seen = self.seen_before().expect("it was read before");
                seen.advance(&verified);
                Expect::Ok {
                    verdict: serde_json::to_value(&verified).expect("a verdict is JSON"),
                    isolate: Isolate::default().id(&verified),
                    seen: serde_json::from_slice(&seen.to_json()).expect("JSON"),
                }
            }
        }
    }

    /// Whether the verdict is one without a proof of how the package stands.
    pub fn is_unchecked(&self) -> bool {
        matches!(&self.expect, Expect::Ok { verdict, .. } if verdict["revocation"] == "unchecked")
    }

    fn seen_before(&self) -> Result<Seen, VerifyError> {
        Seen::from_json(self.seen.to_string().as_bytes())
    }
}

/// A vector that is refused with `code`.
pub fn refused(
    name: &str,
    code: Code,
    about: &str,
    plan: impl FnOnce(&mut Plan),
    change: impl FnOnce(&mut Case, &Built),
) -> Vector {
    Vector::new(name, about, case(plan, change), Expect::Code(code.to_string()))
}

/// A vector that is right; its verdict is the verifier's, and a change of it shows in the file.
pub fn accepted(
    name: &str,
    about: &str,
    plan: impl FnOnce(&mut Plan),
    change: impl FnOnce(&mut Case, &Built),
) -> Vector {
    let placeholder = Expect::Code("unjudged".to_owned());
    let mut planned = Plan::default();
    plan(&mut planned);
    let says = planned.says.is_some();
    let built = planned.build();
    assert!(says || built.is_true(), "{name}: its map says another state than the records come to");
    let mut case = Case::new(&built);
    change(&mut case, &built);
    let mut vector = Vector::new(name, about, case, placeholder);
    vector.expect = vector.outcome();
    assert!(matches!(vector.expect, Expect::Ok { .. }), "{name}: {:?}", vector.judge().err());
    vector
}

fn case(plan: impl FnOnce(&mut Plan), change: impl FnOnce(&mut Case, &Built)) -> Case {
    let mut planned = Plan::default();
    plan(&mut planned);
    let built = planned.build();
    let mut case = Case::new(&built);
    change(&mut case, &built);
    case
}

/// Every vector of the folder, by the name of its file.
pub fn committed() -> BTreeMap<String, Vector> {
    folder::read("verify")
}

pub fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

pub fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Nothing is changed before the objects are signed.
pub fn same(_: &mut Plan) {}

/// Nothing is changed of what the verifier is given.
pub fn unchanged(_: &mut Case, _: &Built) {}

/// The policy pins the package's `init`, and no keys.
pub fn pin_init(case: &mut Case, built: &Built) {
    case.pin_init(built);
}
