//! What has been verified. The constructors are private: who holds one of these holds the word of the policy for all of it.

use cidery_protocol::{
    Cid, Origin, PackageName, PublicKey, Version,
    manifest::{Manifest, Module, SourceMap},
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::{BlobCheck, Part, Rule, SeenLog, VerifyError, Wanted};

/// A release whose record the policy allows, in a log that still says so: SPEC §10.4 up to step (11). Its manifest is known
/// by name alone.
#[derive(Clone, Debug)]
pub struct ProvenRelease {
    pub(crate) wanted: Wanted,
    pub(crate) rule: Rule,
    pub(crate) package: PackageName,
    pub(crate) version: Version,
    pub(crate) record: Cid,
    pub(crate) sequence: u64,
    pub(crate) manifest: Cid,
    pub(crate) signers: Vec<PublicKey>,
    pub(crate) init: Cid,
    pub(crate) origin: Origin,
    pub(crate) index: u64,
    pub(crate) head: SeenLog,
    pub(crate) time: u64,
    pub(crate) valid_until: u64,
}

impl ProvenRelease {
    /// Step (12) of SPEC §10.4: the manifest's bytes hash to what the release says, and they are a valid manifest.
    ///
    /// # Errors
    /// `cid.mismatch`, or what is wrong with the manifest.
    pub fn with_manifest(self, bytes: &[u8]) -> Result<Verified, VerifyError> {
        let manifest = Manifest::verify(self.manifest, bytes).map_err(Part::Manifest.refuse())?;
        let egress = self.rule.grant(&manifest.body().needs.egress).cloned().collect();
        Ok(Verified { release: self, manifest, egress })
    }

    /// What was asked for, and is satisfied.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The package.
    pub fn package(&self) -> &PackageName {
        &self.package
    }

    /// Its version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The record of the release.
    pub fn record(&self) -> Cid {
        self.record
    }

    /// The record's place in the package's own log.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The CID of the manifest: the identity of the code.
    pub fn manifest_cid(&self) -> Cid {
        self.manifest
    }

    /// The distinct keys of the package's authority that signed, sorted.
    pub fn signers(&self) -> &[PublicKey] {
        &self.signers
    }

    /// The package's first record: what a client that trusts on first use pins from then on.
    pub fn init(&self) -> Cid {
        self.init
    }

    /// The log.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The release's place in the log.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The head's tree.
    pub fn head(&self) -> &SeenLog {
        &self.head
    }

    /// When the head was cosigned, in seconds since 1970.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Until when the verdict holds, in seconds since 1970: the head's time and the policy's `maxAge`.
    pub fn valid_until(&self) -> u64 {
        self.valid_until
    }
}

impl AsRef<ProvenRelease> for ProvenRelease {
    fn as_ref(&self) -> &ProvenRelease {
        self
    }
}

impl AsRef<ProvenRelease> for Verified {
    fn as_ref(&self) -> &ProvenRelease {
        &self.release
    }
}

/// The verdict: a release that the policy allows, with its manifest. What is left are the bytes of its modules, each of which
/// must pass its [`check`](Verified::check) before any of them runs.
#[derive(Clone, Debug)]
pub struct Verified {
    release: ProvenRelease,
    manifest: Manifest,
    egress: Vec<String>,
}

impl Verified {
    /// The release.
    pub fn release(&self) -> &ProvenRelease {
        &self.release
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The hosts that the code may reach: those it asks for that the policy allows, sorted.
    pub fn egress(&self) -> &[String] {
        &self.egress
    }

    /// What the manifest says of the code, in the JSON form that every binding gives out: its CID, the main module, each
    /// module's path, kind, CID and size, compatibility, and needs.
    pub fn manifest_json(&self) -> Value {
        let body = self.manifest.body();
        let module = |module: &Module| {
            let cid = module.cid.to_string();
            json!({ "path": module.path, "kind": module.kind, "cid": cid, "size": module.size })
        };
        json!({
            "cid": self.manifest.cid().to_string(),
            "main": body.main,
            "modules": body.modules.iter().map(module).collect::<Vec<_>>(),
            "compatibility": body.compatibility,
            "needs": body.needs,
        })
    }

    /// The check of a module of the manifest.
    pub fn check(&self, module: &Module) -> BlobCheck {
        BlobCheck::new(&module.path, module.cid, module.size, module.kind.is_text())
    }

    /// The check of a source map of the manifest.
    pub fn check_map(&self, map: &SourceMap) -> BlobCheck {
        BlobCheck::new(&map.module, map.cid, map.size, false)
    }
}

/// The verdict in the words of its JSON form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict<'v> {
    package: &'v PackageName,
    version: &'v Version,
    manifest: String,
    record: String,
    sequence: u64,
    index: u64,
    init: String,
    signers: Vec<String>,
    origin: &'v Origin,
    head: VerdictHead,
    valid_until: u64,
    egress: &'v [String],
}

#[derive(Serialize)]
struct VerdictHead {
    size: u64,
    root: String,
    time: u64,
}

impl Serialize for Verified {
    /// The form that every binding and the command give out: CIDs and keys as text, the root in hexadecimal.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let release = &self.release;
        let SeenLog { size, root } = release.head;
        let verdict = Verdict {
            package: &release.package,
            version: &release.version,
            manifest: release.manifest.to_string(),
            record: release.record.to_string(),
            sequence: release.sequence,
            index: release.index,
            init: release.init.to_string(),
            signers: release.signers.iter().map(PublicKey::to_string).collect(),
            origin: &release.origin,
            head: VerdictHead { size, root: root.to_string(), time: release.time },
            valid_until: release.valid_until,
            egress: &self.egress,
        };
        verdict.serialize(serializer)
    }
}
