//! One package in one log, by keys that have signed nothing else: whatever passes for theirs has to be one of these objects.

use std::sync::OnceLock;

use cidery_protocol::{
    log::{Checkpoint, SignedCheckpoint, leaf_hash, log_signature_message, node_hash},
    manifest::{Compatibility, Manifest, ManifestBody, ManifestFormat, Module, ModuleKind, Needs},
    *,
};
use cidery_verifier::{Request, TrustPolicy};
use ed25519_dalek::{Signer, SigningKey};
use serde_bytes::ByteBuf;

/// An `init` and a release, logged and cosigned. Where it is changed, inputs of before are signed by its keys as well, and
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
    /// The log's only tree, of both entries.
    pub tree: Checkpoint,
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

    let [first, second] = [signed_init.entry(Fixture::TIME)?, signed_release.entry(Fixture::TIME)?];
    let leaves = [leaf_hash(&first), leaf_hash(&second)];
    let tree = Checkpoint { origin: origin.clone(), size: 2, root: node_hash(&leaves[0], &leaves[1]) };
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
        inclusion: vec![leaves[0]],
    };
    let head = Head {
        format: HeadFormat::V1,
        checkpoint: ByteBuf::from(cosigned.to_bytes()),
        join: Join::Consistency(vec![]),
        standing: Standing::default(),
        since: None,
    };
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
        resolution,
    })
}

fn manifest() -> Result<Manifest, Error> {
    Manifest::encode(ManifestBody {
        format: ManifestFormat::V1,
        main: "index.js".to_owned(),
        modules: vec![Module::describe("index.js", ModuleKind::Esm, b"export default {};\n")],
        compatibility: Compatibility { date: "2026-11-01".to_owned(), flags: vec![] },
        needs: Needs::default(),
        imports: vec![],
        bundled: vec![],
        source_maps: vec![],
    })
}
