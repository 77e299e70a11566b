//! One verdict in which everything plays a part: its bytes are there to be altered.

use serde_json::json;

use crate::support::{
    case::since,
    ipld::{at, list, number, powers, text, with_recovery},
    log::public,
    plan::{NEXT, Plan, RECOVERY, RECOVERY_TOO, SECOND, THIRD, TIME, WITNESS, WITNESS_TOO},
    steps::{channel, recover, rekey, release, statement, transfer, yank},
    vector::{Vector, accepted},
};

pub fn vectors() -> Vec<Vector> {
    vec![accepted(
        "ok_everything",
        "Keys that changed before and after the release, witnesses, a channel, a tolerated yank, statements, and what was seen.",
        package,
        |case, built| {
            case.channel(built, "stable", 5_000);
            case.witnesses(&[WITNESS, WITNESS_TOO], 2);
            case.witnessed(WITNESS, TIME - 9);
            case.witnessed(WITNESS_TOO, TIME + 9);
            case.remember(3, built.log.root(3));
            case.head.since = since(built, 3);
            let keys = [SECOND, THIRD].map(|seed| public(seed).to_string());
            let recovery = json!({ "keys": [public(RECOVERY).to_string()] });
            case.pin(json!({
                "keys": keys, "threshold": 2, "init": built.package.records[0].cid.to_string(), "recovery": recovery,
                "channels": ["stable"], "minAge": 3_600, "yanked": ["low"], "provenance": true,
                "egress": ["api.example.com"],
            }));
            case.log()["offlineGrace"] = json!(600);
        },
    )]
}

fn package(plan: &mut Plan) {
    let floors = |record: &mut ipld_core::ipld::Ipld| *at(record, "body.to.floors.witnesses") = number(1);
    let recovery = |powers| with_recovery(powers, &[RECOVERY, RECOVERY_TOO], 1, 60);
    plan.begin(recovery(powers(&[NEXT], 1)));
    plan.init.signers = vec![NEXT];
    plan.before = vec![
        recover(recovery(powers(&[SECOND, THIRD], 2))).change(floors).void(&[(NEXT, 1)]).after(0),
        release("1.1.1").by(&[SECOND, THIRD]),
    ];
    plan.release.signers = vec![SECOND, THIRD];
    plan.release.edit(|release| list(release, "body.provenance").push(statement()));
    plan.manifest = Some(|manifest| list(manifest, "needs.egress").push(text("api.example.com")));
    plan.after = vec![
        channel("stable", &[("1.1.1", 5_000), ("1.2.0", 5_000)]).by(&[SECOND, THIRD]),
        transfer(recovery(powers(&[SECOND, NEXT], 2))).change(floors).by(&[SECOND, THIRD, NEXT]),
        yank("1.2.0", "low").by(&[SECOND, NEXT]),
        rekey(recovery(powers(&[NEXT], 1))).by(&[SECOND, NEXT]).void(&[(SECOND, 6)]),
        release("1.3.0").by(&[NEXT]),
    ];
}
