//! The id of an isolate (SPEC §10.6): the same code with the same rights for the same tenant shares one, and nothing else does.

use crate::Verified;

/// What decides, besides the verdict, with whom an isolate may be shared.
///
/// A non-empty environment needs a tenant and a key that changes when the environment does; whoever makes the isolate sees to
/// that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Isolate<'a> {
    /// What replaces or adds to the manifest's compatibility settings.
    pub overrides: &'a [String],
    /// For whom it runs.
    pub tenant: Option<&'a str>,
    /// What stands for the content of its environment.
    pub env_key: Option<&'a str>,
}

impl Isolate<'_> {
    /// The id: lower-case base32 of BLAKE3 over the canonical list, 52 characters.
    pub fn id(&self, verified: &Verified) -> String {
        let release = verified.release();
        let list = (
            "cidery-isolate-v1",
            verified.manifest().cid(),
            release.origin(),
            release.package(),
            verified.egress(),
            self.overrides,
            self.tenant,
            self.env_key,
        );
        let bytes = serde_ipld_dagcbor::to_vec(&list).expect("texts, lists and a CID have a canonical form");
        multibase::Base::Base32Lower.encode(blake3::hash(&bytes).as_bytes())
    }
}
