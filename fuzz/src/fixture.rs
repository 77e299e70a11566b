//! One package in one log, by keys that have signed nothing else: whatever passes for theirs has to be one of these objects.

use std::{collections::BTreeMap, sync::OnceLock};

use cidery_protocol::{
    log::{Checkpoint, SignedCheckpoint, leaf_hash, log_signature_message, node_hash},
    manifest::{Compatibility, Manifest, ManifestBody, ManifestFormat, Module, ModuleKind, Needs},
    map::{self, MapKey, MapLeaf, MapPage, ReadPath},
    *,
};
use cidery_verifier::{Request, TrustPolicy};
use ed25519_dalek::{Signer, SigningKey};
use serde_bytes::ByteBuf;

/// An `init` and a release, logged, mapped and cosigned. Where it is changed, inputs of before are signed by its keys as well, and
/// have to leave the corpus.
pub struct Fixture {
    /// The code.
    pub manifest: Manifest,
    /// The package's `init`.
    pub init: Record,
    /// Its release.
    pub release: Record,
    /// Who may release.
    pub authority: Authority,
    /// The envelopes of both records.
    pub envelopes: [Envelope; 2],
    /// The key that signs the log.
    pub log_key: PublicKey,
    /// The key that says when.
    pub cosigner: PublicKey,
    /// The log's only tree, of both entries and a map entry.
    pub tree: Checkpoint,
    /// The map entry.
    pub map_entry: Vec<u8>,
    /// The map's only page: of this package and another one.
    pub page: MapPage,
    /// The package's state.
    pub state: StateObject,
    /// The proof of it, and the one that there is no [`absent`](Fixture::absent) package.
    pub proofs: [PackageProof; 2],
    /// A package that is not there.
    pub absent: PackageName,
    /// Receipt and head of the release.
    pub resolution: Resolution,
    /// Trusts all of it.
    pub policy: TrustPolicy,
    /// Asks for the release.
    pub request: Request,
}

impl Fixture {
    /// When the records were logged and the log cosigned.
    pub const TIME: u64 = 1_790_000_000;

    /// The fixture, made once.
    pub fn get() -> &'static Fixture {
        static FIXTURE: OnceLock<Fixture> = OnceLock::new();
        FIXTURE.get_or_init(|| make().expect("its objects keep the rules"))
    }

    /// Refuses any record under the publisher's signature that it did not sign.
    pub fn signed(&self, signed: &SignedRecord) {
        let by_publisher = signed.signers().contains(&public(&key(PUBLISHER)));
        assert!(
            !by_publisher || [&self.init, &self.release].contains(&signed.record()),
            "only two were ever signed"
        );
    }
}

const PUBLISHER: u8 = 0xf1;
const LOG: u8 = 0xf2;
const COSIGNER: u8 = 0xf3;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes()).expect("a public key")
}

fn sign(key: &SigningKey, message: &[u8]) -> Signature {
    Signature::from_bytes(key.sign(message).to_bytes())
}

fn make() -> Result<Fixture, Box<dyn std::error::Error>> {
    let (publisher, log, cosigner) = (key(PUBLISHER), key(LOG), key(COSIGNER));
    let (log_key, cosigner_key) = (public(&log), public(&cosigner));
    let (origin, package): (Origin, PackageName) = ("fuzz.example/log".parse()?, "@fuzz/it".parse()?);
    let manifest = manifest()?;

    let init = Record::encode(RecordBody {
        origin: origin.clone(),
        package: package.clone(),
        sequence: 0,
        prev: None,
        authority: None,
        action: Action::Init(Powers {
            keys: vec![public(&publisher)],
            threshold: 1,
            floors: Floors::default(),
            recovery: None,
        }),
    })?;
    let release = Record::encode(RecordBody {
        origin: origin.clone(),
        package: package.clone(),
        sequence: 1,
        prev: Some(init.cid()),
        authority: Some(init.cid()),
        action: Action::Release(Release {
            version: "1.0.0".parse()?,
            manifest: manifest.cid(),
            build: Build { tool: "by hand".to_owned(), lock: None },
            npm: None,
            provenance: vec![],
        }),
    })?;
    let envelopes = [&init, &release].map(|record| {
        let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
        envelope.push(sign(&publisher, &envelope.signing_bytes()));
        envelope
    });
    let signed_init = SignedRecord::from_envelope(&envelopes[0], None)?;
    let authority = Authority::begin(&signed_init)?;
    let signed_release = SignedRecord::from_envelope(&envelopes[1], Some(&authority))?;

    let mut state = None;
    PackageState::apply(&mut state, &signed_init, Fixture::TIME)?;
    PackageState::apply(&mut state, &signed_release, Fixture::TIME)?;
    let state = state.ok_or("the package began")?;
    let (object, versions) = (state.object(), state.version_leaves());
    let absent: PackageName = "@fuzz/none".parse()?;
    let other = MapLeaf { key: MapKey::of(&"@fuzz/other".parse()?), value: init.cid() };
    let mut pages = BTreeMap::new();
    map::set(&mut pages, other)?;
    let map_root = map::set(&mut pages, MapLeaf { key: MapKey::of(&package), value: object.cid()? })?;
    let page = pages.remove(&vec![]).ok_or("the map has a page")?;
    let path = |package| {
        let mut path = ReadPath::new(MapKey::of(package), map_root);
        path.take(&page.encode(0)?)?;
        Ok::<_, Error>(path.finish().1)
    };

    let [first, second] = [signed_init.entry(Fixture::TIME)?, signed_release.entry(Fixture::TIME)?];
    let map_entry = MapEntry::new(map_root, Fixture::TIME).encode()?;
    let leaves = [leaf_hash(&first), leaf_hash(&second), leaf_hash(&map_entry)];
    let before = node_hash(&leaves[0], &leaves[1]);
    let tree = Checkpoint { origin: origin.clone(), size: 3, root: node_hash(&before, &leaves[2]) };
    let checkpoint = SignedCheckpoint::assemble(&tree, &log_key, sign(&log, &log_signature_message(&tree)))?;
    let timestamp = sign(&cosigner, &checkpoint.cosignature_message(Fixture::TIME));
    let cosigned =
        checkpoint.with_cosignature(&origin.cosigner(), &cosigner_key, Fixture::TIME, timestamp)?;
    let receipt = Receipt {
        format: ReceiptFormat::V1,
        chain: vec![ByteBuf::from(signed_init.encode()?)],
        record: ByteBuf::from(second),
        index: 1,
        checkpoint: ByteBuf::from(checkpoint.to_bytes()),
        inclusion: vec![leaves[0], leaves[2]].into(),
    };
    let map = |package| {
        let entry = ByteBuf::from(map_entry.clone());
        Ok::<_, Error>(MapProof { entry, inclusion: vec![before].into(), path: path(package)? })
    };
    let bytes = ByteBuf::from(object.encode()?);
    let head = Head {
        format: HeadFormat::V1,
        checkpoint: ByteBuf::from(cosigned.to_bytes()),
        join: Join::Inclusion(vec![leaves[2]].into()),
        standing: Some(Standing {
            map: map(&package)?,
            state: bytes.clone(),
            versions: ShownLeaves::of(&versions, &[0])?,
            channels: None,
            chain: vec![],
            yank: None,
            channel: None,
        }),
        since: None,
    };
    let proof = |package, state| {
        let checkpoint = ByteBuf::from(cosigned.to_bytes());
        let (format, map) = (PackageProofFormat::V1, Some(map(package)?));
        Ok::<_, Error>(PackageProof { format, checkpoint, map, state, since: None })
    };
    let proofs = [proof(&package, Some(bytes))?, proof(&absent, None)?];
    let resolution = Resolution {
        format: ResolutionFormat::V1,
        receipt: ByteBuf::from(receipt.encode()?),
        head: ByteBuf::from(head.encode()?),
    };

    let policy = serde_json::json!({
        "origins": {
            "fuzz.example/log": { "logKeys": [log_key.to_string()], "cosigner": cosigner_key.to_string() }
        },
        "packages": { "@fuzz/*": { "origin": "fuzz.example/log", "init": init.cid().to_string() } }
    });
    Ok(Fixture {
        policy: TrustPolicy::from_json(policy.to_string().as_bytes())?,
        request: "@fuzz/it@^1".parse()?,
        cosigner: cosigner_key,
        manifest,
        init,
        release,
        authority,
        envelopes,
        log_key,
        tree,
        map_entry,
        page,
        state: object,
        proofs,
        absent,
        resolution,
    })
}

fn manifest() -> Result<Manifest, Error> {
    Manifest::encode(ManifestBody {
        format: ManifestFormat::V1,
        main: "index.js".to_owned(),
        exports: None,
        modules: vec![Module::describe("index.js", ModuleKind::Esm, b"export default {};\n")],
        compatibility: Compatibility { date: "2026-11-01".to_owned(), flags: vec![] },
        needs: Needs::default(),
        imports: vec![],
        bundled: vec![],
        source_maps: vec![],
    })
}
