//! Attestations of npm packages: Sigstore bundles, judged by the public instance's trusted root.
//!
//! The root is the one that the crate `sigstore-trust-root` carries, at the version in the lock file; a test names its
//! digest. It is renewed by taking a newer version of the crate, which Sigstore publishes when its keys change.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sigstore_verify::trust_root::SigstoreInstance;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use super::keys::RegistryKeys;
use crate::BundleError;
use crate::graph::Package;
use crate::integrity::{Integrity, hex};

/// The word of `npm.checked` for where and by whom a package was built.
pub(super) const PROVENANCE: &str = "provenance";
/// The word for the registry's own statement that it published the package, in a public log.
const PUBLISH: &str = "publish-attestation";

/// What a statement says, by the type of its predicate. Others mean nothing here.
const TYPES: [(&str, &str); 3] = [
    ("https://slsa.dev/provenance/v1", PROVENANCE),
    ("https://slsa.dev/provenance/v0.2", PROVENANCE),
    ("https://github.com/npm/attestation/tree/main/specs/publish/v0.1", PUBLISH),
];
/// The builders that say which repository they built.
const ISSUERS: [&str; 2] = ["https://token.actions.githubusercontent.com", "https://gitlab.com"];
/// A package has two or three.
const MOST: usize = 16;

/// What a registry answers.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    attestations: Vec<Attestation<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation<'a> {
    predicate_type: String,
    #[serde(borrow)]
    bundle: &'a RawValue,
}

/// An in-toto statement, as far as it is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    subject: Vec<Subject>,
    predicate_type: String,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
    digest: std::collections::BTreeMap<String, String>,
}

/// A package, and what attestations must be about.
pub(super) struct About<'a> {
    pub(super) package: &'a Package,
    pub(super) integrity: &'a Integrity,
    /// The `package.json` of its archive.
    pub(super) archived: &'a Map<String, Value>,
    /// Those of its registry.
    pub(super) keys: &'a RegistryKeys,
}

impl About<'_> {
    /// Verifies what a registry lists, and says which words of `npm.checked` it comes to.
    ///
    /// # Errors
    ///
    /// The attestation that is not valid, or about something else.
    pub(super) fn verify(&self, listed: &[u8]) -> Result<BTreeSet<String>, BundleError> {
        let invalid = |reason: String| self.refused("the list of attestations", reason);
        let listed: Listed<'_> =
            serde_json::from_slice(listed).map_err(|error| invalid(error.to_string()))?;
        if listed.attestations.len() > MOST {
            return Err(invalid(format!("got {} of them, wanted at most {MOST}", listed.attestations.len())));
        }
        let mut words = BTreeSet::new();
        for Attestation { predicate_type, bundle } in &listed.attestations {
            let known = TYPES.iter().find(|(name, _)| name == predicate_type);
            if let Some((_, word)) = known {
                let verified = self.one(predicate_type, word, bundle.get());
                verified.map_err(|reason| self.refused(predicate_type, reason))?;
                words.insert((*word).to_owned());
            }
        }
        Ok(words)
    }

    fn one(&self, predicate: &str, word: &str, bundle: &str) -> Result<(), String> {
        let bundle = Bundle::from_json(bundle).map_err(|error| error.to_string())?;
        self.is_about(predicate, &bundle)?;
        let digest = ArtifactDigest::new(HashAlgorithm::Sha2512, self.integrity.bytes().to_vec())
            .map_err(|error| error.to_string())?;
        let verifier = verifier()?;
        if word == PUBLISH {
            let key = self.key(&bundle)?;
            let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.spki.clone()));
            let result = verifier.verify(digest, &bundle, &policy).map_err(|error| error.to_string())?;
            return key.counts_at(result.integrated_time().map(Into::into));
        }
        // Who built it is compared below: no two packages have the same builder.
        let policy = VerificationPolicy::any_identity();
        let result = verifier.verify(digest, &bundle, &policy).map_err(|error| error.to_string())?;
        self.is_built_from_its_repository(&result)
    }

    /// The statement is of the type that is announced, and its one subject is this very archive.
    fn is_about(&self, predicate: &str, bundle: &Bundle) -> Result<(), String> {
        let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
            return Err("got a signature of a message, wanted one of a statement".to_owned());
        };
        let statement: Statement =
            serde_json::from_slice(envelope.payload.as_bytes()).map_err(|error| error.to_string())?;
        if statement.predicate_type != predicate {
            return Err(format!("got a statement of the type {}", statement.predicate_type));
        }
        let [subject] = &statement.subject[..] else {
            return Err(format!("got {} subjects, wanted one", statement.subject.len()));
        };
        let wanted = purl(self.package);
        if subject.name != wanted {
            return Err(format!("got a statement about {}, wanted {wanted}", subject.name));
        }
        let (got, wanted) = (subject.digest.get("sha512"), hex(self.integrity.bytes()));
        if got != Some(&wanted) {
            let got = got.map_or("none", String::as_str);
            return Err(format!("got a statement about the SHA-512 {got}, wanted {wanted}"));
        }
        Ok(())
    }

    /// The registry's key that a bundle names.
    fn key(&self, bundle: &Bundle) -> Result<super::keys::Known<'_>, String> {
        match &bundle.verification_material.content {
            VerificationMaterialContent::PublicKey(key) => self.keys.known(&key.hint),
            _ => Err("got a certificate, wanted a key of the registry".to_owned()),
        }
    }

    /// The certificate was given to a builder, for the repository that `package.json` names.
    fn is_built_from_its_repository(&self, result: &VerificationResult) -> Result<(), String> {
        let issuer = result.issuer().unwrap_or("nobody");
        if !ISSUERS.contains(&issuer) {
            return Err(format!("got a certificate by {issuer}, wanted one of {}", ISSUERS.join(", ")));
        }
        let claims = result.certificate().map(|certificate| &certificate.ci_claims);
        let got = claims.and_then(|claims| {
            let of_github =
                || claims.deprecated_github.workflow_repository.as_ref().filter(|_| issuer == ISSUERS[0]);
            let uri = claims.source_repository_uri.clone();
            uri.or_else(|| of_github().map(|name| format!("https://github.com/{name}")))
        });
        let got = got.ok_or("got a certificate without a repository")?;
        let wanted = repository(self.archived).ok_or("package.json names no repository")?;
        let (built, named) = (canonical(&got), canonical(&wanted));
        if named == built || named.starts_with(&format!("{built}/")) {
            return Ok(());
        }
        Err(format!("got a package built from {got}, wanted {wanted}, as package.json says"))
    }

    fn refused(&self, predicate: &str, reason: String) -> BundleError {
        let package = self.package.id();
        BundleError::Attestation { package, predicate: predicate.to_owned(), reason }
    }
}

/// The verifier of the public instance.
fn verifier() -> Result<&'static Verifier, String> {
    static VERIFIER: OnceLock<Result<Verifier, String>> = OnceLock::new();
    let made = VERIFIER.get_or_init(|| {
        let root = SigstoreInstance::PublicGood.embedded_trusted_root().map_err(|error| error.to_string())?;
        Verifier::new(&root).map_err(|error| error.to_string())
    });
    made.as_ref().map_err(Clone::clone)
}

/// A package as statements name it.
fn purl(package: &Package) -> String {
    format!("pkg:npm/{}@{}", package.name.replacen('@', "%40", 1), package.version)
}

/// What `package.json` says of its repository.
fn repository(archived: &Map<String, Value>) -> Option<String> {
    match archived.get("repository")? {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => map.get("url")?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// `git+https://github.com/Owner/name.git` and `github:owner/name` → `github.com/owner/name`.
fn canonical(repository: &str) -> String {
    let text = repository.trim().to_lowercase();
    let text = text.split('#').next().unwrap_or_default();
    let text = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('@').map_or(rest, |(_, rest)| rest).to_owned(),
        None => match text.split_once(':') {
            Some(("github", rest)) => format!("github.com/{rest}"),
            Some(("gitlab", rest)) => format!("gitlab.com/{rest}"),
            Some((host, rest)) => format!("{}/{rest}", host.rsplit('@').next().unwrap_or(host)),
            None => format!("github.com/{text}"),
        },
    };
    let text = text.trim_end_matches('/');
    text.strip_suffix(".git").unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::graph::Source;

    const BUNDLE: &str = include_str!("../../../tests/vectors/attestations/sigstore-2.0.0-provenance.json");
    const INTEGRITY: &str =
        "sha512-RtTi90xIdzFmQAAKb9+Ki1nx4IR2Z5c+mFn3dN0xuPHgk3gTt3f7ZqKsZ9UFQP40ZAlm7un8LMyjhwgrTIXNPA==";
    const REPOSITORY: &str = "git+https://github.com/sigstore/sigstore-js.git";

    /// A real package, and what a test changes about it.
    struct Case {
        name: &'static str,
        version: &'static str,
        integrity: Integrity,
        archived: Value,
        predicate: &'static str,
        bundle: Value,
    }

    impl Default for Case {
        fn default() -> Self {
            Self {
                name: "sigstore",
                version: "2.0.0",
                integrity: Integrity::parse(INTEGRITY, "sigstore@2.0.0").unwrap(),
                archived: json!({ "repository": { "type": "git", "url": REPOSITORY } }),
                predicate: TYPES[0].0,
                bundle: serde_json::from_str(BUNDLE).unwrap(),
            }
        }
    }

    impl Case {
        fn verify(&self) -> Result<BTreeSet<String>, BundleError> {
            let integrity = self.integrity;
            let package = Package {
                name: self.name.to_owned(),
                version: self.version.to_owned(),
                source: Source::Archive { integrity, tarball: String::new() },
                dependencies: BTreeMap::new(),
            };
            let (archived, keys) = (self.archived.as_object().unwrap(), &RegistryKeys::default());
            let listed =
                json!({ "attestations": [{ "predicateType": self.predicate, "bundle": self.bundle }] });
            About { package: &package, integrity: &integrity, archived, keys }
                .verify(listed.to_string().as_bytes())
        }
    }

    /// The text at a pointer with its first letter changed.
    fn altered(bundle: &mut Value, pointer: &str) {
        let value = bundle.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing is at {pointer}"));
        let text = value.as_str().unwrap();
        let (at, other) =
            (text.len() / 2, if &text[text.len() / 2..=text.len() / 2] == "1" { "2" } else { "1" });
        *value = json!(format!("{}{other}{}", &text[..at], &text[at + 1..]));
    }

    #[test]
    fn a_real_bundle_is_taken() {
        assert_eq!(Case::default().verify().unwrap(), [PROVENANCE.to_owned()].into());
    }

    #[test]
    fn t22_a_bundle_about_something_else_is_refused() {
        let other = Integrity::of(b"other");
        let cases = [
            (Case { name: "@sigstore/bundle", ..Case::default() }, "wanted pkg:npm/%40sigstore/bundle@2.0.0"),
            (Case { version: "2.0.1", ..Case::default() }, "about pkg:npm/sigstore@2.0.0"),
            (Case { integrity: other, ..Case::default() }, "about the SHA-512 46d4e2f7"),
            (
                Case { predicate: TYPES[1].0, ..Case::default() },
                "a statement of the type https://slsa.dev/provenance/v1",
            ),
            (Case { archived: json!({}), ..Case::default() }, "names no repository"),
            (
                Case { archived: json!({ "repository": "sigstore/sigstore-js-evil" }), ..Case::default() },
                "wanted sigstore/sigstore-js-evil",
            ),
            (
                Case {
                    archived: json!({ "repository": "https://gitlab.com/sigstore/sigstore-js" }),
                    ..Case::default()
                },
                "built from https://github.com/sigstore/sigstore-js",
            ),
            (Case { bundle: json!({}), ..Case::default() }, ""),
        ];
        for (case, reason) in cases {
            let error = case.verify().unwrap_err();
            let shown = error.to_string();
            assert!(matches!(error, BundleError::Attestation { .. }) && shown.contains(reason), "{shown}");
        }
    }

    #[test]
    fn t22_an_altered_bundle_is_refused() {
        for pointer in [
            "/dsseEnvelope/payload",
            "/dsseEnvelope/signatures/0/sig",
            "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
            "/verificationMaterial/tlogEntries/0/integratedTime",
            "/verificationMaterial/tlogEntries/0/canonicalizedBody",
            "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
            "/verificationMaterial/tlogEntries/0/logId/keyId",
        ] {
            let mut case = Case::default();
            altered(&mut case.bundle, pointer);
            let error = case.verify().expect_err(pointer);
            assert!(matches!(error, BundleError::Attestation { .. }), "{pointer}: {error}");
        }
        let mut unlogged = Case::default();
        unlogged.bundle["verificationMaterial"]["tlogEntries"] = json!([]);
        assert!(unlogged.verify().is_err());
    }

    #[test]
    fn t22_the_registry_s_own_statement_is_by_a_key_that_it_offers() {
        // As a certificate's, it says what anybody may say.
        let mut case = Case { predicate: TYPES[2].0, ..Case::default() };
        assert!(case.verify().unwrap_err().to_string().contains("got a statement of the type"));
        let mut payload: Value = serde_json::from_slice(&payload(&case.bundle)).unwrap();
        payload["predicateType"] = json!(TYPES[2].0);
        case.bundle["dsseEnvelope"]["payload"] = json!(STANDARD.encode(payload.to_string()));
        assert!(case.verify().unwrap_err().to_string().contains("wanted a key of the registry"));
        let material = case.bundle["verificationMaterial"].as_object_mut().unwrap();
        material.remove("x509CertificateChain");
        material.insert("publicKey".to_owned(), json!({ "hint": "SHA256:evil" }));
        let shown = case.verify().unwrap_err().to_string();
        assert!(shown.contains("by the key `SHA256:evil`"), "{shown}");
    }

    #[test]
    fn one_that_is_older_than_proofs_of_inclusion_is_taken_by_the_log_s_promise() {
        let mut case = Case::default();
        let entry = &mut case.bundle["verificationMaterial"]["tlogEntries"][0];
        entry.as_object_mut().unwrap().remove("inclusionProof");
        assert_eq!(case.verify().unwrap(), [PROVENANCE.to_owned()].into());
    }

    #[test]
    fn other_statements_are_nothing_to_us() {
        let case = Case { predicate: "https://example.org/other", ..Case::default() };
        assert!(case.verify().unwrap().is_empty());
    }

    #[test]
    fn one_repository_has_many_names() {
        for name in [
            REPOSITORY,
            "https://github.com/sigstore/sigstore-js",
            "git://github.com/Sigstore/sigstore-js.git#main",
            "git+ssh://git@github.com/sigstore/sigstore-js.git",
            "git@github.com:sigstore/sigstore-js.git",
            "github:sigstore/sigstore-js",
            "sigstore/sigstore-js/",
        ] {
            assert_eq!(canonical(name), "github.com/sigstore/sigstore-js", "{name}");
        }
    }

    /// It changes with the version of the crate alone; this says that somebody looked.
    #[test]
    fn the_trusted_root_is_the_one_that_was_looked_at() {
        use sha2::Digest as _;
        let root = SigstoreInstance::PublicGood.embedded_trusted_root_json();
        let digest = hex(&sha2::Sha256::digest(root));
        assert_eq!(digest, "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66");
    }

    fn payload(bundle: &Value) -> Vec<u8> {
        STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap()
    }
}
