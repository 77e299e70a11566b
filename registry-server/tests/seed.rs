//! A log that is seeded is the one that publishes come to.

mod support;

use bytes::Bytes;
use cidery_protocol::{Authority, SignedRecord};
use cidery_registry::{Blobs, layout};
use support::{
    Pack,
    ask::{commit, fresh},
    oracle,
};

fn records(package: &Pack) -> [SignedRecord; 2] {
    let [init, release] = &package.envelopes[..] else { panic!("wanted two records") };
    let init = SignedRecord::from_envelope(init, None).expect("an init");
    let authority = Authority::begin(&init).expect("an authority");
    [init, SignedRecord::from_envelope(release, Some(&authority)).expect("a release")]
}

#[tokio::test]
async fn a_seeded_log_is_whole_and_goes_on() {
    let (registry, _folder) = fresh();
    let packages: Vec<Pack> =
        (0..300).map(|number| Pack::new(&format!("@acme/p-{number}"), "the same")).collect();
    let names: Vec<_> = packages.iter().map(|package| package.name.parse().expect("a name")).collect();
    let manifest = &packages[0].manifest;
    let bytes = Bytes::copy_from_slice(manifest.bytes());
    registry.blobs.put(&layout::manifest(&manifest.cid()), bytes).await.expect("a store");
    let seed = |count| registry.sequencer.seed(count, packages.iter().flat_map(records), &names);

    assert!(seed(599).await.is_err(), "there is one more");
    seed(600).await.expect("records that follow one another");
    assert!(seed(600).await.is_err(), "the log is not empty");
    oracle::agrees(&registry).await;
    for at in [0, 7, 299] {
        registry.resolve(&packages[at]).await;
        commit(&registry, &packages[at].next("1.1.0", "the same")).await;
    }
    oracle::agrees(&registry).await;
}
