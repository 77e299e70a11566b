//! Who publishes the packages of a log that is measured, and what.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cidery_keys::{SecretKey, Signer, sign_envelope};
use cidery_protocol::{
    Action, Authority, Build, Envelope, Floors, PackageName, Powers, Record, RecordBody, Release,
    SignedRecord,
    manifest::{Compatibility, Manifest, ManifestBody, ManifestFormat, Module, ModuleKind, Needs},
};
use serde_json::{json, value::RawValue};

use super::log::ORIGIN;
use crate::Anything;

/// What all modules hold.
pub(crate) const CODE: &[u8] = b"export default { fetch: () => new Response('hello') }\n";

/// One publisher of all packages. Each package has an `init` and the release 1.0.0, really signed, all with one manifest.
pub(crate) struct Publisher {
    key: SecretKey,
    manifest: Manifest,
}

/// The name of a package: names are in the order of their numbers.
pub(crate) fn name(number: u64) -> Result<PackageName, Anything> {
    Ok(format!("@seed/p{number:07}").parse()?)
}

impl Publisher {
    pub(crate) fn new() -> Result<Self, Anything> {
        Ok(Publisher { key: SecretKey::from_seed(&[1; 32]), manifest: manifest("index.js")? })
    }

    /// The manifest of all releases 1.0.0.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) fn public_key(&self) -> String {
        self.key.public_key().to_string()
    }

    /// The records of a package.
    pub(crate) fn records(&self, number: u64) -> Result<[SignedRecord; 2], Anything> {
        let powers = Powers {
            keys: vec![self.key.public_key()],
            threshold: 1,
            floors: Floors::default(),
            recovery: None,
        };
        let init = self.sign(number, None, Action::Init(powers))?;
        let init = SignedRecord::from_envelope(&init, None)?;
        let release = self.sign(number, Some([&init, &init]), release("1.0.0", &self.manifest)?)?;
        let release = SignedRecord::from_envelope(&release, Some(&Authority::begin(&init)?))?;
        Ok([init, release])
    }

    /// The request that publishes a package's next release, which has a manifest of its own.
    pub(crate) fn request(&self, number: u64) -> Result<Vec<u8>, Anything> {
        let [init, first] = self.records(number)?;
        let manifest = manifest(&format!("{number}.js"))?;
        let envelope = self.sign(number, Some([&init, &first]), release("1.0.1", &manifest)?)?;
        let records = [RawValue::from_string(envelope.to_json())?];
        Ok(json!({ "records": records, "manifest": STANDARD.encode(manifest.bytes()) }).to_string().into())
    }

    /// A record after an `init` and the newest record.
    fn sign(
        &self,
        number: u64,
        before: Option<[&SignedRecord; 2]>,
        action: Action,
    ) -> Result<Envelope, Anything> {
        let record = Record::encode(RecordBody {
            origin: ORIGIN.parse()?,
            package: name(number)?,
            sequence: before.map_or(0, |[_, newest]| newest.record().body().sequence + 1),
            prev: before.map(|[_, newest]| newest.record().cid()),
            authority: before.map(|[init, _]| init.record().cid()),
            action,
        })?;
        let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
        sign_envelope(&mut envelope, &self.key)?;
        Ok(envelope)
    }
}

fn release(version: &str, manifest: &Manifest) -> Result<Action, Anything> {
    Ok(Action::Release(Release {
        version: version.parse()?,
        manifest: manifest.cid(),
        build: Build { tool: "bench".to_owned(), lock: None },
        npm: None,
        provenance: vec![],
    }))
}

/// A manifest of the one module, under this name.
fn manifest(main: &str) -> Result<Manifest, Anything> {
    Ok(Manifest::encode(ManifestBody {
        format: ManifestFormat::V1,
        main: main.to_owned(),
        exports: None,
        modules: vec![Module::describe(main, ModuleKind::Esm, CODE)],
        compatibility: Compatibility { date: "2026-10-01".to_owned(), flags: vec![] },
        needs: Needs::default(),
        imports: vec![],
        bundled: vec![],
        source_maps: vec![],
    })?)
}
