//! What has been verified. The constructors are private: who holds one of these holds the word of the policy for all of it.

use cidery_protocol::{
    ChannelName, Cid, Origin, PackageName, Provenance, PublicKey, Release, StateObject, Version, Yank,
    log::Hash,
    manifest::{Import, Manifest, Module, SourceMap},
};
use serde_json::{Value, json};

use crate::{BlobCheck, Part, Revocation, Rule, Sighting, VerifyError, Wanted};

/// A release whose record the policy allows, in a log that still says so: SPEC §10.4 up to step (14). Its manifest is known
/// by name alone.
#[derive(Clone, Debug)]
pub struct ProvenRelease {
    pub(crate) wanted: Wanted,
    pub(crate) rule: Rule,
    pub(crate) release: Release,
    pub(crate) record: Cid,
    pub(crate) sequence: u64,
    pub(crate) signers: Vec<PublicKey>,
    pub(crate) index: u64,
    pub(crate) time: u64,
    pub(crate) init: Cid,
    pub(crate) authority: Cid,
    pub(crate) revocation: Revocation,
    pub(crate) sighting: Sighting,
    pub(crate) yanked: Option<Yank>,
}

/// The head under which something was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenHead {
    /// Entries in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
    /// When it was cosigned, in seconds since 1970.
    pub time: u64,
    /// The policy's witnesses that cosigned it in time, in the order of the policy.
    pub witnesses: Vec<String>,
}

impl ProvenRelease {
    /// Step (15) of SPEC §10.4: the manifest's bytes hash to what the release says, and they are a valid manifest.
    ///
    /// # Errors
    /// `cid.mismatch`, or what is wrong with the manifest.
    pub fn with_manifest(self, bytes: &[u8]) -> Result<Verified, VerifyError> {
        let manifest = Manifest::verify(self.release.manifest, bytes).map_err(Part::Manifest.refuse())?;
        let egress = self.rule.grant(&manifest.body().needs.egress).cloned().collect();
        Ok(Verified { release: self, manifest, egress })
    }

    /// What was asked for, and is satisfied.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The channel that was asked for, where one was.
    pub fn channel(&self) -> Option<&ChannelName> {
        match &self.wanted {
            Wanted::Channel { channel, .. } => Some(channel),
            _ => None,
        }
    }

    /// The rule of the policy that allows it.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The package.
    pub fn package(&self) -> &PackageName {
        &self.sighting.package
    }

    /// Its version.
    pub fn version(&self) -> &Version {
        &self.release.version
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
        self.release.manifest
    }

    /// What is attested about it.
    pub fn provenance(&self) -> &[Provenance] {
        &self.release.provenance
    }

    /// The distinct keys of the package's authority that signed, sorted.
    pub fn signers(&self) -> &[PublicKey] {
        &self.signers
    }

    /// The package's first record: what a client that trusts on first use pins from then on.
    pub fn init(&self) -> Cid {
        self.init
    }

    /// The record by which those have the say who have it now, as far as that was shown.
    pub fn authority(&self) -> Cid {
        self.authority
    }

    /// The log.
    pub fn origin(&self) -> &Origin {
        &self.sighting.origin
    }

    /// The release's place in the log.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// When it was logged, in seconds since 1970.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// The head that says so.
    pub fn head(&self) -> &ProvenHead {
        &self.sighting.head
    }

    /// The yank that was tolerated, or that a lock does not ask about.
    pub fn yanked(&self) -> Option<&Yank> {
        self.yanked.as_ref()
    }

    /// Whether it was shown what became of the release since.
    pub fn revocation(&self) -> Revocation {
        self.revocation
    }

    /// The sequence of the package's state, where it was shown: what must not go back.
    pub fn state_sequence(&self) -> Option<u64> {
        self.sighting.sequence
    }

    /// Until when the verdict holds, in seconds since 1970: the head's time and the policy's `maxAge`.
    pub fn valid_until(&self) -> u64 {
        self.sighting.head.time.saturating_add(self.rule.log().max_age())
    }

    /// Until when a client that reaches no registry may go on with it, in seconds since 1970: `offlineGrace` later.
    pub fn grace_until(&self) -> u64 {
        self.valid_until().saturating_add(self.rule.log().offline_grace())
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

impl AsRef<Sighting> for ProvenRelease {
    fn as_ref(&self) -> &Sighting {
        &self.sighting
    }
}

impl AsRef<Sighting> for Verified {
    fn as_ref(&self) -> &Sighting {
        &self.release.sighting
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
    /// module's path, kind, CID and size, compatibility, needs, and the packages that it links.
    pub fn manifest_json(&self) -> Value {
        let body = self.manifest.body();
        let module = |module: &Module| {
            let cid = module.cid.to_string();
            json!({ "path": module.path, "kind": module.kind, "cid": cid, "size": module.size })
        };
        let import = |Import { name, version, manifest }: &Import| json!({ "name": name, "version": version, "manifest": manifest.to_string() });
        json!({
            "cid": self.manifest.cid().to_string(),
            "main": body.main,
            "modules": body.modules.iter().map(module).collect::<Vec<_>>(),
            "compatibility": body.compatibility,
            "needs": body.needs,
            "imports": body.imports.iter().map(import).collect::<Vec<_>>(),
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

/// What the log says of a package: its state, or that there is no such package (SPEC §9.6).
#[derive(Clone, Debug)]
pub struct ProvenPackage {
    pub(crate) sighting: Sighting,
    pub(crate) state: Option<StateObject>,
    pub(crate) valid_until: u64,
}

impl ProvenPackage {
    /// The package.
    pub fn package(&self) -> &PackageName {
        &self.sighting.package
    }

    /// The log.
    pub fn origin(&self) -> &Origin {
        &self.sighting.origin
    }

    /// The head that says so.
    pub fn head(&self) -> &ProvenHead {
        &self.sighting.head
    }

    /// The package's state; none where there is no such package.
    pub fn state(&self) -> Option<&StateObject> {
        self.state.as_ref()
    }

    /// Until when the answer holds, in seconds since 1970: the head's time and the policy's `maxAge`.
    pub fn valid_until(&self) -> u64 {
        self.valid_until
    }
}

impl AsRef<Sighting> for ProvenPackage {
    fn as_ref(&self) -> &Sighting {
        &self.sighting
    }
}
