//! The vectors of packages: `tests/vectors/package/<name>.json`, proofs of SPEC §9.6.

mod accepted;
mod refused;

use cidery_protocol::{Code, PackageProof, PackageProofFormat};
use cidery_verifier::{ProvenPackage, Seen, TrustPolicy, VerifyError, verify_package_proof};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use super::{
    case::Case,
    folder,
    log::Log,
    plan::{Built, ORIGIN, PACKAGE, Plan, TIME},
    vector::{decoded, encoded},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageVector {
    pub name: String,
    /// What is wrong, or what is right although it looks unusual.
    pub about: String,
    pub now: u64,
    pub policy: Value,
    pub package: String,
    pub seen: Value,
    pub proof: String,
    pub expect: Expect,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Expect {
    /// What is said of the package, and what is remembered afterwards.
    Ok { verdict: Value, seen: Value },
    /// The refusal's code.
    Code(String),
}

/// What a verifier is given.
pub struct Asked {
    pub package: String,
    pub proof: PackageProof,
    /// Changes of the encoded proof.
    pub bytes: fn(Vec<u8>) -> Vec<u8>,
    /// Time, policy and memory: those of a release's verdict.
    pub case: Case,
}

pub fn vectors() -> Vec<PackageVector> {
    [accepted::vectors(), refused::vectors()].concat()
}

/// Every vector of the folder, by the name of its file.
pub fn committed() -> std::collections::BTreeMap<String, PackageVector> {
    folder::read("package")
}

impl Asked {
    /// The package, of which an honest registry shows the state.
    fn new(built: &Built) -> Self {
        let proof = PackageProof {
            format: PackageProofFormat::V1,
            checkpoint: ByteBuf::from(built.log.cosigned(built.log.size(), TIME).to_bytes()),
            map: Some(built.map.proof(&built.log, PACKAGE)),
            state: Some(ByteBuf::from(built.map.said.bytes.clone())),
            since: None,
        };
        Asked { package: PACKAGE.to_owned(), proof, bytes: |bytes| bytes, case: Case::new(built) }
    }

    /// Asks for a package that is not there, which an honest registry shows.
    fn none(&mut self, built: &Built, package: &str) {
        self.package = package.to_owned();
        self.proof.map = Some(built.map.proof(&built.log, package));
        self.proof.state = None;
    }

    /// Asks for it under the empty log.
    fn empty(&mut self) {
        let log = Log::new(ORIGIN);
        self.proof.checkpoint = ByteBuf::from(log.cosigned(0, TIME).to_bytes());
        (self.proof.map, self.proof.state) = (None, None);
    }
}

impl PackageVector {
    fn new(name: &str, about: &str, asked: Asked, expect: Expect) -> Self {
        let bytes = serde_ipld_dagcbor::to_vec(&asked.proof).expect("it has a form");
        let Case { now, policy, seen, .. } = asked.case;
        PackageVector {
            name: name.to_owned(),
            about: about.to_owned(),
            now,
            policy,
            package: asked.package,
            seen,
            proof: encoded(&(asked.bytes)(bytes)),
            expect,
        }
    }

    pub fn judge(&self) -> Result<ProvenPackage, VerifyError> {
        let policy = TrustPolicy::from_json(self.policy.to_string().as_bytes())?;
        let package = self.package.parse().expect("a name");
        verify_package_proof(&package, &decoded(&self.proof), &policy, &self.seen_before()?, self.now)
    }

    /// What the verifier says of the vector, in the words of a vector.
    pub fn outcome(&self) -> Expect {
        match self.judge() {
            Err(error) => Expect::Code(error.code().to_string()),
            Ok(proven) => {
                let mut seen = self.seen_before().expect("it was read before");
                seen.advance(&proven);
                Expect::Ok {
                    verdict: json!(proven),
                    seen: serde_json::from_slice(&seen.to_json()).expect("JSON"),
                }
            }
        }
    }

    fn seen_before(&self) -> Result<Seen, VerifyError> {
        Seen::from_json(self.seen.to_string().as_bytes())
    }
}

fn refused(
    name: &str,
    code: Code,
    about: &str,
    plan: impl FnOnce(&mut Plan),
    change: impl FnOnce(&mut Asked, &Built),
) -> PackageVector {
    PackageVector::new(name, about, asked(plan, change), Expect::Code(code.to_string()))
}

fn accepted(
    name: &str,
    about: &str,
    plan: impl FnOnce(&mut Plan),
    change: impl FnOnce(&mut Asked, &Built),
) -> PackageVector {
    let placeholder = Expect::Code("unjudged".to_owned());
    let mut vector = PackageVector::new(name, about, asked(plan, change), placeholder);
    vector.expect = vector.outcome();
    assert!(matches!(vector.expect, Expect::Ok { .. }), "{name}: {:?}", vector.judge().err());
    vector
}

fn asked(plan: impl FnOnce(&mut Plan), change: impl FnOnce(&mut Asked, &Built)) -> Asked {
    let mut planned = Plan::default();
    plan(&mut planned);
    let built = planned.build();
    let mut asked = Asked::new(&built);
    change(&mut asked, &built);
    asked
}

/// A name of the policy's scope that is not there, and whose way in the map ends at another's leaf, or at an empty place.
fn absent(built: &Built, beside_another: bool) -> String {
    let names = (0..).map(|number| format!("@acme/none-{number}"));
    let mut fit = names.filter(|name| built.map.path(name).other.is_some() == beside_another);
    fit.next().expect("there are as many as one likes")
}
