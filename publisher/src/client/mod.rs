//! A registry as SPEC §11 describes it. Nothing that comes from here is trusted: callers verify.

mod http;
pub(crate) mod wire;

use cidery_protocol::manifest::{Manifest, Module};
use cidery_protocol::{Cid, Code, Envelope, PackageLog, PackageName, Resolution, limits};
use cidery_verifier::{Request, Rule, Wanted};
use serde::de::DeserializeOwned;
use url::Url;

use self::http::Http;
use self::wire::{Log, Publish, Published, Releases};
use crate::failure::Failure;
use crate::text::word;

/// Bytes of a JSON answer: a package with 10,000 releases has 3 MB of it.
const JSON_BYTES: u64 = 32 << 20;

/// A registry's address, and what can be asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Registry(Http);

impl Registry {
    /// The registry at `address`.
    ///
    /// # Errors
    /// [`Failure::Usage`] where it is none of a registry.
    pub(crate) fn new(address: &str) -> Result<Self, Failure> {
        Http::new(address).map(Registry)
    }

    /// Its address, ending with a slash.
    pub(crate) fn url(&self) -> &Url {
        self.0.base()
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.0.is_loopback()
    }

    /// The log that it speaks for, by its own word.
    pub(crate) async fn log(&self) -> Result<Log, Failure> {
        self.json("v1/log").await
    }

    /// A page of a package's own log, from a record on; none where it does not know the package.
    pub(crate) async fn package_log(
        &self,
        name: &PackageName,
        from: u64,
    ) -> Result<Option<PackageLog>, Failure> {
        let url = self.0.url(&format!("v1/packages/{name}/log"), &[("from", &from.to_string())]);
        match self.0.get(url, limits::RECEIPT_BYTES as u64).await {
            Ok(bytes) => Ok(Some(PackageLog::decode(&bytes)?)),
            Err(Failure::Registry { code: Code::NotFound, .. }) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Receipt and head of a release, of a range the greatest that the rule tolerates; with `since`, the head is to be
    /// consistent with the tree of that size.
    pub(crate) async fn resolve(
        &self,
        request: &Request,
        rule: &Rule,
        since: Option<u64>,
    ) -> Result<Resolution, Failure> {
        let mut query = match &request.wanted {
            Wanted::Range(range) => vec![("range", range.to_string())],
            Wanted::Version(version) | Wanted::Locked { version, .. } => {
                vec![("version", version.to_string())]
            }
            Wanted::Channel { channel, bucket } => {
                vec![("channel", channel.to_string()), ("bucket", bucket.to_string())]
            }
        };
        let tolerated: Vec<String> = rule.yanked().map(|severity| word(&severity)).collect();
        if matches!(request.wanted, Wanted::Range(_)) && !tolerated.is_empty() {
            query.push(("yanked", tolerated.join(",")));
        }
        query.extend(since.map(|size| ("since", size.to_string())));
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = self.0.url(&format!("v1/packages/{}/resolve", request.package), &query);
        let bytes = self.0.get(url, limits::RECEIPT_BYTES as u64).await?;
        Ok(Resolution::decode(&bytes)?)
    }

    /// What the log says of a package now, not yet checked; with `since`, its checkpoint is to be consistent with the tree of
    /// that size.
    pub(crate) async fn package_proof(
        &self,
        name: &PackageName,
        since: Option<u64>,
    ) -> Result<Vec<u8>, Failure> {
        let since = since.map(|size| size.to_string());
        let query: Vec<_> = since.iter().map(|size| ("since", size.as_str())).collect();
        let url = self.0.url(&format!("v1/packages/{name}/proof"), &query);
        self.0.get(url, limits::RECEIPT_BYTES as u64).await
    }

    /// A file of the log, of at most so many bytes.
    pub(crate) async fn file(&self, path: &str, limit: u64) -> Result<Vec<u8>, Failure> {
        let bytes = self.0.get(self.0.url(path, &[]), limit).await?;
        if bytes.len() as u64 > limit {
            return Err(self.0.not_a_registry(format!("`{path}` has more than {limit} bytes")));
        }
        Ok(bytes)
    }

    /// The bytes of a manifest, not yet checked, at most one more than a manifest may have.
    pub(crate) async fn manifest(&self, cid: Cid) -> Result<Vec<u8>, Failure> {
        self.0.get(self.0.url(&format!("v1/manifests/{cid}"), &[]), limits::MANIFEST_BYTES as u64).await
    }

    /// The releases that carry a manifest, oldest first.
    pub(crate) async fn releases(&self, manifest: Cid) -> Result<Releases, Failure> {
        self.json(&format!("v1/manifests/{manifest}/releases")).await
    }

    /// The bytes of a module, not yet checked, at most one more than it has.
    pub(crate) async fn module(&self, module: &Module) -> Result<Vec<u8>, Failure> {
        self.0.get(self.0.url(&format!("v1/blobs/{}", module.cid), &[]), module.size).await
    }

    /// Posts signed records, with the manifest where one is a release.
    pub(crate) async fn publish(
        &self,
        records: &[Envelope],
        manifest: Option<&Manifest>,
    ) -> Result<Published, Failure> {
        let body =
            Publish::new(records, manifest.map(Manifest::bytes)).and_then(|body| serde_json::to_vec(&body));
        let body = body.map_err(|error| self.0.not_a_registry(error.to_string()))?;
        let answer = self.0.post(self.0.url("v1/publish", &[]), body, JSON_BYTES).await?;
        self.read(&answer)
    }

    /// Uploads a blob that a pending record waits for.
    pub(crate) async fn upload(&self, cid: Cid, record: Cid, bytes: Vec<u8>) -> Result<(), Failure> {
        let url = self.0.url(&format!("v1/blobs/{cid}"), &[("record", &record.to_string())]);
        self.0.put(url, bytes).await
    }

    /// An answer that is none of SPEC §11.
    pub(crate) fn not_a_registry(&self, reason: String) -> Failure {
        self.0.not_a_registry(reason)
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let bytes = self.0.get(self.0.url(path, &[]), JSON_BYTES).await?;
        self.read(&bytes)
    }

    fn read<T: DeserializeOwned>(&self, json: &[u8]) -> Result<T, Failure> {
        serde_json::from_slice(json).map_err(|error| self.0.not_a_registry(error.to_string()))
    }
}
