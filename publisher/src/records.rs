//! The records of a publish: a release, and before the first one the `init` that says who may sign (SPEC §6).

use cidery_keys::{Signer, sign_envelope};
use cidery_protocol::{Action, Cid, Envelope, Floors, Init, Origin, PublicKey, Record, RecordBody, Release};

use crate::client::wire::Package as State;
use crate::failure::Failure;
use crate::package::{Made, Package};

/// Signed records, in the order in which they are posted.
#[derive(Debug)]
pub(crate) struct Records {
    /// The package's first record.
    pub(crate) init: Cid,
    pub(crate) envelopes: Vec<Envelope>,
}

/// Signs what brings a release into the log of `origin`, on top of the package's state; where there is none, with an `init`
/// that names all `keys` and asks for all of them.
///
/// # Errors
/// [`Failure::KeyNotAuthorised`] for a key that has no say, the rule of SPEC §6.3 that is broken, [`Failure::Key`].
pub(crate) fn sign(
    origin: &Origin,
    package: &Package,
    made: &Made,
    state: Option<&State>,
    keys: &[Box<dyn Signer>],
) -> Result<Records, Failure> {
    let mut envelopes = Vec::new();
    let (init, authority, prev, sequence) = match state {
        Some(state) => {
            let authorised = |key: &PublicKey| state.keys.iter().any(|known| **known == *key);
            if let Some(got) = public_keys(keys).into_iter().find(|key| !authorised(key)) {
                return Err(Failure::KeyNotAuthorised { package: package.name.clone(), got: Box::new(got) });
            }
            (*state.init, *state.authority, *state.newest, state.sequence.saturating_add(1))
        }
        None => {
            let init = Record::encode(RecordBody {
                origin: origin.clone(),
                package: package.name.clone(),
                sequence: 0,
                prev: None,
                authority: None,
                action: Action::Init(first_authority(keys)),
            })?;
            envelopes.push(envelope(&init, keys)?);
            (init.cid(), init.cid(), init.cid(), 1)
        }
    };
    let release = Record::encode(RecordBody {
        origin: origin.clone(),
        package: package.name.clone(),
        sequence,
        prev: Some(prev),
        authority: Some(authority),
        action: Action::Release(Release {
            version: package.version.clone(),
            manifest: made.manifest.cid(),
            build: made.build.clone(),
            npm: None,
            provenance: Vec::new(),
        }),
    })?;
    envelopes.push(envelope(&release, keys)?);
    Ok(Records { init, envelopes })
}

/// The public halves, sorted, each once.
pub(crate) fn public_keys(keys: &[Box<dyn Signer>]) -> Vec<PublicKey> {
    let mut public: Vec<PublicKey> = keys.iter().map(|key| key.public_key()).collect();
    public.sort();
    public.dedup();
    public
}

fn first_authority(keys: &[Box<dyn Signer>]) -> Init {
    let keys = public_keys(keys);
    Init { threshold: keys.len() as u64, keys, floors: Floors::default(), recovery: None }
}

fn envelope(record: &Record, keys: &[Box<dyn Signer>]) -> Result<Envelope, Failure> {
    let mut envelope = Envelope::new(record.payload_type(), record.bytes().to_vec());
    let mut signed: Vec<PublicKey> = Vec::new();
    for key in keys {
        // The same key in two files signs once.
        if !signed.contains(&key.public_key()) {
            sign_envelope(&mut envelope, key.as_ref())?;
            signed.push(key.public_key());
        }
    }
    Ok(envelope)
}
