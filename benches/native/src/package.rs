//! A package of a given size, published in a log of a million entries: what a loader is given to verify.

use cidery_keys::{SecretKey, Signer, cosign, sign_checkpoint, sign_envelope};
use cidery_protocol::{
    Action, Build, Envelope, Floors, Head, HeadFormat, Join, MapEntry, MapProof, PackageState, Powers,
    Receipt, ReceiptFormat, Record, RecordBody, Release, ShownLeaves, SignedRecord, Standing,
    log::{Checkpoint, Hash, Hashes, leaf_hash, node_hash, right_siblings, root_from_inclusion},
    manifest::{Compatibility, Manifest, ManifestBody, ManifestFormat, Module, ModuleKind, Needs},
    map::{MapKey, MapPath},
};
use cidery_verifier::TrustPolicy;
use serde_bytes::ByteBuf;

use crate::Anything;

/// The time at which the head was cosigned.
pub(crate) const NOW: u64 = 1_790_000_000;
/// Entries of the log: its proofs have 20 hashes.
const LOG_SIZE: u64 = 1 << 20;
const ORIGIN: &str = "bench.example/log";

/// Everything that `verify` takes.
pub(crate) struct Package {
    pub(crate) policy: TrustPolicy,
    pub(crate) receipt: Vec<u8>,
    pub(crate) head: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) modules: Vec<Vec<u8>>,
}

impl Package {
    /// A package whose code is `bytes` long, in modules of at most 256 KiB.
    pub(crate) fn of(bytes: usize) -> Result<Self, Anything> {
        let [publisher, log, cosigner] = [1, 2, 3].map(|seed| SecretKey::from_seed(&[seed; 32]));
        let line = "export const answer = (question) => question.length + 42; // padding of code\n";
        let code: String = line.chars().cycle().take(bytes).collect();
        let modules: Vec<Vec<u8>> = code.as_bytes().chunks(256 << 10).map(<[u8]>::to_vec).collect();
        let describe = |(at, bytes): (usize, &Vec<u8>)| {
            Module::describe(&format!("m{at:04}.js"), ModuleKind::Esm, bytes)
        };
        let manifest = Manifest::encode(ManifestBody {
            format: ManifestFormat::V1,
            main: "m0000.js".to_owned(),
            exports: None,
            modules: modules.iter().enumerate().map(describe).collect(),
            compatibility: Compatibility { date: "2026-10-01".to_owned(), flags: vec![] },
            needs: Needs::default(),
            imports: vec![],
            bundled: vec![],
            source_maps: vec![],
        })?;

        let record = |sequence, before: Option<&PackageState>, action| -> Result<SignedRecord, Anything> {
            let record = Record::encode(RecordBody {
                origin: ORIGIN.parse()?,
                package: "@bench/package".parse()?,
                sequence,
                prev: before.map(|state| state.newest),
                authority: before.map(|state| state.authority.cid),
                action,
            })?;
            let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
            sign_envelope(&mut envelope, &publisher)?;
            Ok(SignedRecord::from_envelope(&envelope, before.map(|state| &state.authority))?)
        };
        let keys = vec![publisher.public_key()];
        let powers = Powers { keys, threshold: 1, floors: Floors::default(), recovery: None };
        let init = record(0, None, Action::Init(powers))?;
        let mut state = None;
        PackageState::apply(&mut state, &init, NOW)?;
        let release = Release {
            version: "1.0.0".parse()?,
            manifest: manifest.cid(),
            build: Build { tool: "bench".to_owned(), lock: None },
            npm: None,
            provenance: vec![],
        };
        let release = record(1, state.as_ref(), Action::Release(release))?;
        PackageState::apply(&mut state, &release, NOW)?;
        let release = release.entry(NOW)?;

        let state = state.ok_or("an init makes a package")?;

        // Any hashes make a proof: the root is what they lead to.
        let proof: Vec<Hash> = (0..19_u8).map(|at| leaf_hash(&[at])).collect();
        let object = state.object();
        let mut path = MapPath { siblings: Hashes(proof.clone()), other: None };
        path.siblings.0.push(proof[0]);
        let root = path.root(&MapKey::of(&"@bench/package".parse()?), Some(object.cid()?))?;
        let entry = MapEntry::new(root, NOW).encode()?;
        // The release is in the left half of the tree, and the map's entry is the last of the right one.
        let (index, half) = (LOG_SIZE / 3, LOG_SIZE / 2);
        let left = root_from_inclusion(index, half, leaf_hash(&release), &proof)?;
        let right = root_from_inclusion(half - 1, half, leaf_hash(&entry), &proof)?;
        let root = node_hash(&left, &right);
        let [inclusion, last] = [right, left].map(|beside| [&proof[..], &[beside]].concat());
        let checkpoint = Checkpoint { origin: ORIGIN.parse()?, size: LOG_SIZE, root };
        let signed = sign_checkpoint(&checkpoint, &log)?;
        let mut head = signed.clone();
        cosign(&mut head, &checkpoint.origin.cosigner(), &cosigner, NOW)?;

        let receipt = Receipt {
            format: ReceiptFormat::V1,
            chain: vec![ByteBuf::from(init.encode()?)],
            record: ByteBuf::from(release),
            index,
            checkpoint: ByteBuf::from(signed.to_bytes()),
            inclusion: Hashes(inclusion),
        };
        let head = Head {
            format: HeadFormat::V1,
            checkpoint: ByteBuf::from(head.to_bytes()),
            join: Join::Inclusion(Hashes(right_siblings(index, LOG_SIZE, &receipt.inclusion))),
            standing: Some(Standing {
                map: MapProof { entry: ByteBuf::from(entry), inclusion: Hashes(last), path },
                state: ByteBuf::from(object.encode()?),
                versions: ShownLeaves::of(&state.version_leaves(), &[0])?,
                channels: None,
                chain: vec![],
                yank: None,
                channel: None,
            }),
            since: None,
        };
        let policy = serde_json::json!({
            "origins": { ORIGIN: {
                "logKeys": [log.public_key().to_string()],
                "cosigner": cosigner.public_key().to_string(),
            } },
            "packages": { "@bench/*": { "origin": ORIGIN, "keys": [publisher.public_key().to_string()] } },
        });
        Ok(Package {
            policy: TrustPolicy::from_json(policy.to_string().as_bytes())?,
            receipt: receipt.encode()?,
            head: head.encode()?,
            manifest: manifest.bytes().to_vec(),
            modules,
        })
    }
}
