//! The keys that a registry signs versions with.

use std::time::SystemTime;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::description::Signature;
use crate::BundleError;

/// The one kind of key and of signature that npm's registry has.
const KIND: &str = "ecdsa-sha2-nistp256";

/// The keys that a registry offers; none where it offers no list of them.
#[derive(Debug, Default)]
pub(crate) struct RegistryKeys(Vec<RegistryKey>);

#[derive(Debug)]
struct RegistryKey {
    id: String,
    /// SubjectPublicKeyInfo in DER; none for a key of another kind.
    spki: Option<Vec<u8>>,
    expires: Option<SystemTime>,
}

/// A key that can be verified with.
pub(super) struct Known<'a> {
    /// SubjectPublicKeyInfo in DER.
    pub(super) spki: &'a Vec<u8>,
    expires: Option<SystemTime>,
}

impl Known<'_> {
    /// Whether a signature of this time counts; one of an unknown time counts as long as the key has not expired.
    pub(super) fn counts_at(&self, signed: Option<SystemTime>) -> Result<(), String> {
        match (self.expires, signed) {
            (Some(expires), Some(signed)) if signed < expires => Ok(()),
            (Some(_), _) => Err("got a signature by a key that had expired".to_owned()),
            (None, _) => Ok(()),
        }
    }
}

/// What a registry answers.
#[derive(Deserialize)]
struct Listed {
    keys: Vec<ListedKey>,
}

#[derive(Deserialize)]
struct ListedKey {
    keyid: String,
    keytype: String,
    #[serde(default)]
    scheme: Option<String>,
    key: String,
    #[serde(default)]
    expires: Option<DateTime<Utc>>,
}

impl RegistryKeys {
    /// Reads the list. Keys of a kind that is not known stay in it, without a use.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let listed: Listed = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let key = |key: ListedKey| {
            let known = key.keytype == KIND && key.scheme.is_none_or(|scheme| scheme == KIND);
            let spki = known.then(|| STANDARD.decode(&key.key)).transpose();
            let spki = spki.map_err(|error| format!("the key {}: {error}", key.keyid))?;
            Ok(RegistryKey { id: key.keyid, spki, expires: key.expires.map(Into::into) })
        };
        listed.keys.into_iter().map(key).collect::<Result<_, String>>().map(Self)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a signature is by a key that is no longer in use: then it counts when the version was published.
    pub(crate) fn asks_for_time(&self, signature: &Signature) -> bool {
        self.0.iter().any(|key| key.id == signature.keyid && key.expires.is_some())
    }

    /// The key of an id, if it is of a kind that is known.
    pub(super) fn known(&self, id: &str) -> Result<Known<'_>, String> {
        let key = self.0.iter().find(|key| key.id == id);
        let known = key.and_then(|key| Some(Known { spki: key.spki.as_ref()?, expires: key.expires }));
        let offered = || self.0.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join("`, `");
        known.ok_or_else(|| format!("got a signature by the key `{id}`, wanted one of `{}`", offered()))
    }

    /// Checks the signatures of a version, each of which must be right; says whether there was one of a known kind.
    ///
    /// # Errors
    ///
    /// The signature that is wrong, or whose key is not offered, or had expired before the version was `published`.
    /// Where that is not known, npm takes it for a time before.
    pub(crate) fn verify(
        &self,
        package: &str,
        integrity: &str,
        signatures: &[Signature],
        published: Option<SystemTime>,
    ) -> Result<bool, BundleError> {
        let signed = format!("{package}:{integrity}");
        let mut verified = false;
        for Signature { keyid, sig } in signatures {
            let key = self.0.iter().find(|key| key.id == *keyid).ok_or_else(|| {
                let offered = self.0.iter().map(|key| key.id.clone()).collect();
                BundleError::UnknownKey { package: package.to_owned(), key: keyid.clone(), offered }
            })?;
            if let (Some(expires), Some(published)) = (key.expires, published)
                && published >= expires
            {
                let package = package.to_owned();
                return Err(BundleError::ExpiredKey { package, key: keyid.clone(), expires, published });
            }
            let Some(spki) = &key.spki else { continue };
            let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki);
            let is_right =
                STANDARD.decode(sig).is_ok_and(|sig| public.verify(signed.as_bytes(), &sig).is_ok());
            if !is_right {
                let (package, key) = (package.to_owned(), keyid.clone());
                return Err(BundleError::WrongSignature { package, key, wanted: signed });
            }
            verified = true;
        }
        Ok(verified)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        KeyPair as _,
    };

    use super::*;

    const INTEGRITY: &str = "sha512-x";

    fn pair(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        EcdsaKeyPair::generate(algorithm).unwrap()
    }

    fn list(id: &str, pair: &EcdsaKeyPair, kind: &str, expires: &str) -> RegistryKeys {
        let key = STANDARD.encode(AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap().as_ref());
        let text = format!(
            r#"{{"keys":[{{"keyid":"{id}","keytype":"{kind}","scheme":"{kind}","key":"{key}","expires":{expires}}}]}}"#
        );
        RegistryKeys::parse(text.as_bytes()).unwrap()
    }

    fn sign(id: &str, pair: &EcdsaKeyPair, text: &str) -> Signature {
        let sig = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        Signature { keyid: id.to_owned(), sig: STANDARD.encode(sig) }
    }

    fn time(text: &str) -> SystemTime {
        text.parse::<DateTime<Utc>>().unwrap().into()
    }

    #[test]
    fn a_right_signature_counts_and_any_other_is_an_error() {
        let pair = pair(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let keys = list("k", &pair, KIND, "null");
        let right = sign("k", &pair, "p@1.0.0:sha512-x");
        let verify = |list: &[Signature]| keys.verify("p@1.0.0", INTEGRITY, list, None);
        assert!(verify(std::slice::from_ref(&right)).unwrap());
        assert!(!verify(&[]).unwrap());
        for wrong in ["p@1.0.1:sha512-x", "q@1.0.0:sha512-x", "p@1.0.0:sha512-y", "p@1.0.0:sha512-x\n"] {
            let both = [right.clone(), sign("k", &pair, wrong)];
            let error = verify(&both).unwrap_err();
            assert!(
                matches!(&error, BundleError::WrongSignature { wanted, .. } if wanted == "p@1.0.0:sha512-x")
            );
        }
        for sig in ["", "!", "AAAA"] {
            let broken = Signature { keyid: "k".to_owned(), sig: sig.to_owned() };
            assert!(matches!(verify(&[broken]), Err(BundleError::WrongSignature { .. })), "{sig}");
        }
        let error = verify(&[Signature { keyid: "other".to_owned(), ..right }]).unwrap_err();
        assert!(error.to_string().contains("other") && error.to_string().contains("`k`"), "{error}");
    }

    #[test]
    fn a_key_counts_until_it_expires() {
        let pair = pair(&ECDSA_P256_SHA256_ASN1_SIGNING);
        let keys = list("k", &pair, KIND, "\"2025-01-29T00:00:00.000Z\"");
        let signatures = [sign("k", &pair, "p@1.0.0:sha512-x")];
        let verify = |published| keys.verify("p@1.0.0", INTEGRITY, &signatures, published);
        assert!(verify(Some(time("2025-01-28T23:59:59Z"))).unwrap());
        assert!(verify(None).unwrap());
        assert!(matches!(verify(Some(time("2025-01-29T00:00:00Z"))), Err(BundleError::ExpiredKey { .. })));
    }

    #[test]
    fn keys_of_another_kind_or_curve_verify_nothing() {
        let p384 = pair(&ECDSA_P384_SHA384_ASN1_SIGNING);
        let signatures = [sign("k", &p384, "p@1.0.0:sha512-x")];
        let verify = |keys: RegistryKeys| keys.verify("p@1.0.0", INTEGRITY, &signatures, None);
        assert!(!verify(list("k", &p384, "ecdsa-sha2-nistp384", "null")).unwrap());
        assert!(matches!(verify(list("k", &p384, KIND, "null")), Err(BundleError::WrongSignature { .. })));
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        for text in
            ["", "{}", "<html>", r#"{"keys":[{"keyid":"k","keytype":"ecdsa-sha2-nistp256","key":"!"}]}"#]
        {
            assert!(RegistryKeys::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(RegistryKeys::parse(br#"{"keys":[]}"#).unwrap().is_empty());
    }
}
