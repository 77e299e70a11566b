//! The judgement over a blob while it is read (SPEC §11.4): its length, its hash, its SHA-256, and whether it is text.

use std::collections::BTreeMap;

use cidery_protocol::{Action, Cid, Codec, Error as Refusal, Provenance, TextCheck, manifest::ManifestBody};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sha2::{Digest, Sha256};

use crate::Error;

/// What a pending publish says of a blob that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Its bytes' number.
    pub size: u64,
    /// Whether a module of a text kind has it: UTF-8 without a byte order mark (SPEC §5.3).
    pub text: bool,
    /// The SHA-256 that its modules state: none for a source map or attestation, and never met where there are two.
    pub sha256: Vec<ByteArray<32>>,
}

impl Expectation {
    /// What is said of each blob that is named: by a manifest, its modules and source maps; by records, their statements.
    ///
    /// # Errors
    /// `record.invalid` where a statement is one of the others, with another size.
    pub fn of<'a>(
        manifest: Option<&ManifestBody>,
        statements: impl IntoIterator<Item = &'a Provenance>,
    ) -> Result<BTreeMap<Cid, Self>, Refusal> {
        let any = |size| Expectation { size, text: false, sha256: Vec::new() };
        let named = manifest.into_iter().flat_map(ManifestBody::blobs);
        let mut blobs: BTreeMap<Cid, Self> = named.map(|(cid, size)| (cid, any(size))).collect();
        for module in manifest.into_iter().flat_map(|manifest| &manifest.modules) {
            let expectation = blobs.entry(module.cid).or_insert_with(|| any(module.size));
            expectation.text |= module.kind.is_text();
            if !expectation.sha256.contains(&module.sha256) {
                expectation.sha256.push(module.sha256);
            }
        }
        for Provenance { cid, size, .. } in statements {
            if blobs.entry(*cid).or_insert_with(|| any(*size)).size != *size {
                let reason = format!("the statement {cid} is named twice, with two sizes");
                return Err(Refusal::Record { reason });
            }
        }
        Ok(blobs)
    }

    /// Whether a blob with these facts is the expected one.
    ///
    /// # Errors
    /// `module.size`, `module.encoding` or `module.sha256`; `path` is what the message calls the blob.
    pub fn met_by(&self, cid: &Cid, facts: &BlobFacts) -> Result<(), Refusal> {
        let path = || cid.to_string();
        if facts.size != self.size {
            return Err(Refusal::ModuleSize { path: path(), got: facts.size, wanted: self.size });
        }
        if self.text && !facts.text {
            let reason = "is not UTF-8 without a byte order mark";
            return Err(Refusal::ModuleEncoding { path: path(), reason });
        }
        if self.sha256.iter().any(|sha256| *sha256 != facts.sha256) {
            return Err(Refusal::ModuleSha256 { path: path() });
        }
        Ok(())
    }
}

/// The statements that a record names: blobs, too.
pub(crate) fn statements(action: &Action) -> &[Provenance] {
    match action {
        Action::Release(release) => &release.provenance,
        Action::Attest(attest) => std::slice::from_ref(&attest.statement),
        _ => &[],
    }
}

/// What is known of a blob that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobFacts {
    /// Its bytes' number.
    pub size: u64,
    /// Whether it is UTF-8 without a byte order mark.
    pub text: bool,
    /// Its SHA-256.
    pub sha256: ByteArray<32>,
}

/// A blob that is being read.
///
/// ```
/// use cidery_protocol::{Cid, Codec};
/// use cidery_registry::{Admission, Expectation};
/// let expected = Expectation { size: 5, text: true, sha256: vec![] };
/// let mut admission = Admission::new(Cid::of(Codec::Raw, b"hello"), expected);
/// admission.push(b"hel")?;
/// admission.push(b"lo")?;
/// assert_eq!(admission.finish()?.size, 5);
/// # Ok::<(), cidery_registry::Error>(())
/// ```
#[derive(Debug)]
pub struct Admission {
    cid: Cid,
    expected: Expectation,
    read: u64,
    blake3: blake3::Hasher,
    sha256: Sha256,
    text: TextCheck,
}

impl Admission {
    /// Begins to judge the bytes of the blob `cid`.
    pub fn new(cid: Cid, expected: Expectation) -> Self {
        Admission {
            cid,
            expected,
            read: 0,
            blake3: blake3::Hasher::new(),
            sha256: Sha256::new(),
            text: TextCheck::default(),
        }
    }

    /// The blob.
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// The number of bytes that it must have.
    pub fn size(&self) -> u64 {
        self.expected.size
    }

    /// How many bytes are still to come.
    pub fn missing(&self) -> u64 {
        self.expected.size - self.read
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `module.size` as soon as there are too many.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let read = self.read.saturating_add(bytes.len() as u64);
        if read > self.expected.size {
            return Err(self.size_is(read));
        }
        self.read = read;
        self.blake3.update(bytes);
        self.sha256.update(bytes);
        self.text.update(bytes);
        Ok(())
    }

    /// The verdict, after the last bytes. Only then may they be under the blob's key.
    ///
    /// # Errors
    /// `module.size`, `cid.mismatch`, `module.encoding` or `module.sha256`.
    pub fn finish(&self) -> Result<BlobFacts, Error> {
        if self.read != self.expected.size {
            return Err(self.size_is(self.read));
        }
        let got = Cid::from_digest(Codec::Raw, *self.blake3.finalize().as_bytes());
        if got != self.cid {
            return Err(Refusal::Digest { got, wanted: self.cid }.into());
        }
        let sha256 = ByteArray::new(self.sha256.clone().finalize().into());
        let facts = BlobFacts { size: self.read, text: self.text.fault().is_none(), sha256 };
        self.expected.met_by(&self.cid, &facts)?;
        Ok(facts)
    }

    fn size_is(&self, got: u64) -> Error {
        Refusal::ModuleSize { path: self.cid.to_string(), got, wanted: self.expected.size }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t14_other_bytes_sizes_and_digests_are_refused() {
        let bytes = b"hello";
        let cid = Cid::of(Codec::Raw, bytes);
        let judge = |expected: Expectation, bytes: &[u8]| {
            let mut admission = Admission::new(cid, expected);
            admission.push(bytes)?;
            admission.finish()
        };
        let expected = |size, sha256| Expectation { size, text: false, sha256 };
        let right = ByteArray::new(Sha256::digest(bytes).into());
        let code = |result: Result<BlobFacts, Error>| result.map_err(|error| error.code().as_str());
        assert!(judge(expected(5, vec![right]), bytes).is_ok());
        for (size, sha256, bytes, wanted) in [
            (5, vec![], &b"hellO"[..], "cid.mismatch"),
            (5, vec![], b"hell", "module.size"),
            (5, vec![], b"", "module.size"),
            (4, vec![], b"hello", "module.size"),
            (5, vec![right, ByteArray::new([0; 32])], b"hello", "module.sha256"),
        ] {
            assert_eq!(code(judge(expected(size, sha256), bytes)), Err(wanted));
        }
    }
    #[test]
    fn t29_text_is_judged_in_pieces_of_any_size() {
        for (bytes, wanted) in [
            ("äß€😀 x".as_bytes(), Ok(())),
            (b"\xef\xbb\xbfa", Err("module.encoding")),
            (b"a\xe2\x82", Err("module.encoding")),
        ] {
            for step in 1..6 {
                let expected = Expectation { size: bytes.len() as u64, text: true, sha256: vec![] };
                let mut admission = Admission::new(Cid::of(Codec::Raw, bytes), expected);
                bytes.chunks(step).for_each(|chunk| admission.push(chunk).expect("not too many"));
                let judged = admission.finish().map(drop).map_err(|error| error.code().as_str());
                assert_eq!(judged, wanted, "{bytes:?} by {step}");
            }
        }
    }
}
