//! Histories that are wrong in one record, without a change of keys.

use cidery_protocol::{Cid, Codec, limits};
use ipld_core::ipld::Ipld;

use super::{History, altered, begun, refused};
use crate::support::{
    ipld::{at, link, list, number, powers, text},
    plan::{NEXT, PUBLISHER, RELEASE_TYPE, SECOND},
    steps::{Step, attest, channel, init, release, yank},
};

pub fn histories() -> Vec<History> {
    [beginnings(), belongings(), signatures(), versions(), references(), orders()].concat()
}

fn beginnings() -> Vec<History> {
    vec![
        altered("T12_no_records", "record.invalid", 0, "There is nothing.", begun([]), Vec::clear),
        altered(
            "T12_without_its_init",
            "record.invalid",
            0,
            "The first record is missing.",
            begun([]),
            |entries| {
                entries.remove(0);
            },
        ),
        refused(
            "T11_init_below_its_threshold",
            "record.threshold",
            "One of two required keys signed the init.",
            vec![init(powers(&[PUBLISHER, SECOND], 2))],
        ),
        refused(
            "T11_threshold_without_keys",
            "record.invalid",
            "The init asks for more keys than it names.",
            vec![init(powers(&[PUBLISHER], 2))],
        ),
        altered("T21_init_again", "record.init_taken", 2, "The init is there twice.", begun([]), |entries| {
            entries.push(entries[0].clone());
        }),
        refused(
            "T21_another_init",
            "record.init_taken",
            "Somebody else begins the package once more.",
            begun([init(powers(&[NEXT], 1)).by(&[NEXT]).change(|init| {
                *at(init, "sequence") = number(0);
                let Ipld::Map(fields) = init else { panic!("no map") };
                fields.retain(|field, _| field != "prev" && field != "authority");
            })]),
        ),
    ]
}

fn belongings() -> Vec<History> {
    vec![
        refused(
            "T21_record_of_another_origin",
            "record.origin",
            "The release is for another log.",
            begun([release("1.1.0").change(|release| *at(release, "origin") = text("other.example"))]),
        ),
        refused(
            "T21_record_of_another_package",
            "record.package",
            "The release is of another package.",
            begun([release("1.1.0").change(|release| *at(release, "package") = text("@acme/other"))]),
        ),
        refused(
            "T06_record_of_another_authority",
            "record.authority",
            "The release names an authority that is none of the package's.",
            begun([release("1.1.0").change(|release| {
                *at(release, "authority") = link(Cid::of(Codec::DagCbor, b"another init"));
            })]),
        ),
    ]
}

fn signatures() -> Vec<History> {
    let two = |step: Step| vec![init(powers(&[PUBLISHER, SECOND], 2)).by(&[PUBLISHER, SECOND]), step];
    vec![
        refused("T11_unsigned", "record.threshold", "Nobody signed.", begun([release("1.1.0").by(&[])])),
        refused(
            "T11_by_a_stranger",
            "record.threshold",
            "A key without a say signed.",
            begun([release("1.1.0").by(&[NEXT])]),
        ),
        refused(
            "T11_below_the_threshold",
            "record.threshold",
            "One of two required keys signed.",
            two(release("1.0.0")),
        ),
        refused(
            "T11_yank_below_the_threshold",
            "record.threshold",
            "One of two required keys signed a yank.",
            vec![
                init(powers(&[PUBLISHER, SECOND], 2)).by(&[PUBLISHER, SECOND]),
                release("1.0.0").by(&[PUBLISHER, SECOND]),
                yank("1.0.0", "critical").by(&[SECOND]),
            ],
        ),
        refused("T11_one_key_counted_twice", "cbor.malformed", "One key signed twice.", {
            let mut twice = release("1.0.0");
            twice.edit_entry(|entry| {
                let signatures = list(entry, "signatures");
                signatures.push(signatures[0].clone());
            });
            two(twice)
        }),
        refused("T13_signature_altered", "envelope.signature", "A bit of the signature is another one.", {
            let mut altered = release("1.1.0");
            altered.edit_entry(|entry| {
                let Ipld::Bytes(sig) = at(entry, "signatures.0.sig") else { panic!("no signature") };
                sig[40] ^= 1;
            });
            begun([altered])
        }),
        refused(
            "T18_yank_signed_as_a_release",
            "envelope.signature",
            "The signature is over the same payload as a release.",
            begun([Step { signed_type: Some(RELEASE_TYPE), ..yank("1.0.0", "low") }]),
        ),
        refused(
            "T18_yank_of_the_type_of_a_release",
            "cbor.malformed",
            "The yank has the payload type of a release.",
            begun([Step { payload_type: Some(RELEASE_TYPE), ..yank("1.0.0", "low") }]),
        ),
    ]
}

fn versions() -> Vec<History> {
    vec![
        refused(
            "T08_version_taken",
            "record.version_taken",
            "The version is there, with other code.",
            begun([release("1.0.0").change(|release| {
                *at(release, "body.manifest") = link(Cid::of(Codec::DagCbor, b"other code"));
            })]),
        ),
        refused(
            "T08_version_of_a_yanked_release",
            "record.version_taken",
            "The version of a yanked release stays taken.",
            begun([yank("1.0.0", "critical"), release("1.0.0")]),
        ),
        altered(
            "T21_release_again",
            "record.version_taken",
            2,
            "The release is there twice.",
            begun([]),
            |entries| entries.push(entries[1].clone()),
        ),
        refused(
            "T12_provenance_floor",
            "record.floor",
            "The package asks for provenance, and the release has none.",
            vec![
                init(powers(&[PUBLISHER], 1))
                    .change(|init| *at(init, "body.floors.provenance") = Ipld::Bool(true)),
                release("1.0.0"),
            ],
        ),
    ]
}

fn references() -> Vec<History> {
    let other = |step: Step, path: &'static str| {
        step.change(move |record| *at(record, path) = link(Cid::of(Codec::DagCbor, b"another record")))
    };
    let after_release = |step: Step| begun([step]);
    vec![
        refused(
            "T08_yank_of_no_release",
            "record.no_release",
            "There is no such version.",
            after_release(yank("1.1.0", "low")),
        ),
        refused(
            "T08_yank_of_another_record",
            "record.no_release",
            "The version is another record's.",
            after_release(other(yank("1.0.0", "low"), "body.release.record")),
        ),
        refused(
            "T08_channel_of_no_release",
            "record.no_release",
            "One of the channel's versions is not there.",
            after_release(channel("stable", &[("1.0.0", 5_000), ("1.1.0", 5_000)])),
        ),
        refused(
            "T08_channel_of_another_record",
            "record.no_release",
            "The version is another record's.",
            after_release(other(channel("stable", &[("1.0.0", 10_000)]), "body.targets.0.release.record")),
        ),
        refused(
            "T08_statement_about_no_release",
            "record.no_release",
            "There is no such version.",
            after_release(attest("1.1.0")),
        ),
        refused("T16_257_channels", "limit.exceeded", "The 257th channel names a release, too.", {
            let letter = |at: usize| char::from(b"abcdefghijklmnopqrstuvwxyz"[at % 26]);
            let name = |at: usize| format!("{}{}", letter(at / 26), letter(at));
            begun((0..=limits::CHANNELS).map(|at| channel(&name(at), &[("1.0.0", 10_000)])))
        }),
    ]
}

fn orders() -> Vec<History> {
    let three = || begun([yank("1.0.0", "low"), yank("1.0.0", "none"), yank("1.0.0", "high")]);
    vec![
        altered("T21_record_again", "record.sequence", 3, "A yank is there twice.", three(), |entries| {
            entries.insert(3, entries[2].clone());
        }),
        altered("T21_record_dropped", "record.sequence", 2, "A record is missing.", three(), |entries| {
            entries.remove(2);
        }),
        altered(
            "T21_records_swapped",
            "record.sequence",
            2,
            "Two records have changed places.",
            three(),
            |entries| {
                entries.swap(2, 3);
            },
        ),
        altered(
            "T21_release_dropped",
            "record.no_release",
            1,
            "The release that the next record names is missing.",
            three(),
            |entries| {
                entries.remove(1);
            },
        ),
        refused(
            "T21_sequence_jumps",
            "record.sequence",
            "A sequence is left out.",
            begun([release("1.1.0").change(|release| *at(release, "sequence") = number(3))]),
        ),
        refused(
            "T21_prev_of_the_one_before",
            "record.sequence",
            "The record follows the last but one.",
            begun([release("1.1.0").change(|release| {
                let authority = at(release, "authority").clone();
                *at(release, "prev") = authority;
            })]),
        ),
    ]
}
