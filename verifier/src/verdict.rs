//! The verdict in the words of its JSON form (SPEC §10.4): what every binding and the command give out. CIDs and keys are
//! text, hashes hexadecimal.

use cidery_protocol::{
    ChannelName, LeafTree, Origin, PackageName, PendingAuthority, Provenance, PublicKey, Reason, Severity,
    StateObject, Version, Yank,
};
use serde::{Serialize, Serializer, ser::Error as _};

use crate::{ProvenHead, ProvenPackage, Revocation, Verified};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict<'v> {
    package: &'v PackageName,
    version: &'v Version,
    record: String,
    sequence: u64,
    index: u64,
    time: u64,
    manifest: String,
    signers: Vec<String>,
    init: String,
    authority: String,
    origin: &'v Origin,
    revocation: Revocation,
    head: Head<'v>,
    provenance: Vec<Statement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'v ChannelName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yanked: Option<Yanked<'v>>,
    egress: &'v [String],
    valid_until: u64,
    grace_until: u64,
}

#[derive(Serialize)]
struct Head<'v> {
    size: u64,
    root: String,
    time: u64,
    witnesses: &'v [String],
}

#[derive(Serialize)]
struct Statement {
    cid: String,
    size: u64,
    subject: String,
}

#[derive(Serialize)]
struct Yanked<'v> {
    severity: Severity,
    reason: Reason,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<&'v Version>,
}

/// What a proof of a package says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'v> {
    package: &'v PackageName,
    origin: &'v Origin,
    head: Head<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
    valid_until: u64,
}

#[derive(Serialize)]
struct State {
    cid: String,
    sequence: u64,
    newest: String,
    authority: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    versions: Tree,
    channels: Tree,
}

#[derive(Serialize)]
struct Pending {
    record: String,
    from: u64,
}

#[derive(Serialize)]
struct Tree {
    size: u64,
    root: String,
}

impl Serialize for Verified {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let release = self.release();
        let verdict = Verdict {
            package: release.package(),
            version: release.version(),
            record: release.record().to_string(),
            sequence: release.sequence(),
            index: release.index(),
            time: release.time(),
            manifest: release.manifest_cid().to_string(),
            signers: release.signers().iter().map(PublicKey::to_string).collect(),
            init: release.init().to_string(),
            authority: release.authority().to_string(),
            origin: release.origin(),
            revocation: release.revocation(),
            head: Head::from(release.head()),
            provenance: release.provenance().iter().map(Statement::from).collect(),
            channel: release.channel(),
            yanked: release.yanked().map(Yanked::from),
            egress: self.egress(),
            valid_until: release.valid_until(),
            grace_until: release.grace_until(),
        };
        verdict.serialize(serializer)
    }
}

impl Serialize for ProvenPackage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let package = Package {
            package: self.package(),
            origin: self.origin(),
            head: Head::from(self.head()),
            state: self.state().map(State::try_from).transpose().map_err(S::Error::custom)?,
            valid_until: self.valid_until(),
        };
        package.serialize(serializer)
    }
}

impl TryFrom<&StateObject> for State {
    type Error = cidery_protocol::Error;

    fn try_from(state: &StateObject) -> Result<Self, Self::Error> {
        let pending = |PendingAuthority { record, from }| Pending { record: record.to_string(), from };
        Ok(State {
            cid: state.cid()?.to_string(),
            sequence: state.sequence,
            newest: state.newest.to_string(),
            authority: state.authority.to_string(),
            pending: state.pending.map(pending),
            versions: Tree::from(state.versions),
            channels: Tree::from(state.channels),
        })
    }
}

impl From<LeafTree> for Tree {
    fn from(LeafTree { size, root }: LeafTree) -> Self {
        Tree { size, root: root.to_string() }
    }
}

impl<'v> From<&'v ProvenHead> for Head<'v> {
    fn from(ProvenHead { size, root, time, witnesses }: &'v ProvenHead) -> Self {
        Head { size: *size, root: root.to_string(), time: *time, witnesses }
    }
}

impl From<&Provenance> for Statement {
    fn from(statement: &Provenance) -> Self {
        let Provenance { cid, size, subject } = statement;
        let subject = subject.iter().map(|byte| format!("{byte:02x}")).collect();
        Statement { cid: cid.to_string(), size: *size, subject }
    }
}

impl<'v> From<&'v Yank> for Yanked<'v> {
    fn from(yank: &'v Yank) -> Self {
        let Yank { severity, reason, text, replacement, .. } = yank;
        Yanked {
            severity: *severity,
            reason: *reason,
            text: text.as_deref(),
            replacement: replacement.as_ref(),
        }
    }
}
