//! The fields of a policy (SPEC §10.1) in words.

use cidery_verifier::{LogDocument, RuleDocument};

use crate::seconds::Seconds;

/// How old a head may be where a policy says nothing, seconds (SPEC §10.1).
const MAX_AGE: u32 = 86_400;

/// What a policy says of a log.
pub(super) fn log(log: &LogDocument) -> Vec<String> {
    let mut says = vec![
        format!("its checkpoints are signed by {}", one_of(&log.log_keys)),
        format!("{} says when a checkpoint was the newest (cosigner)", log.cosigner),
        format!("that may be {} ago at most (maxAge)", time(log.max_age.unwrap_or(MAX_AGE))),
    ];
    if let Some(grace @ 1..) = log.offline_grace {
        says.push(format!(
            "where no registry is reached, a verdict is good for {} more (offlineGrace)",
            time(grace)
        ));
    }
    let names: Vec<&str> = log.witnesses.iter().map(|witness| witness.name.as_str()).collect();
    match log.quorum.unwrap_or_default() {
        0 if names.is_empty() => {}
        0 => {
            says.push(format!("its witnesses are {}, and none must have cosigned (quorum)", names.join(", ")))
        }
        quorum => says.push(format!("{quorum} of {} cosigned it, too (witnesses, quorum)", names.join(", "))),
    }
    says
}

/// What a policy says of packages.
pub(super) fn rule(rule: &RuleDocument) -> Vec<String> {
    let mut says = vec![format!("it is in the log `{}` and in no other (origin)", rule.origin)];
    let signed = |keys: &[String], threshold: Option<u32>| match (threshold.unwrap_or(1), keys) {
        (_, [only]) => only.clone(),
        (threshold, keys) => format!("at least {threshold} of {}", keys.join(", ")),
    };
    if let Some(keys) = &rule.keys {
        says.push(format!("a release is signed by {} (keys, threshold)", signed(keys, rule.threshold)));
    }
    if let Some(init) = &rule.init {
        says.push(format!("it begins with the record {init}; who may sign follows from there (init)"));
    }
    if let Some(recovery) = &rule.recovery {
        let by = signed(&recovery.keys, recovery.threshold);
        says.push(format!("who may sign goes back to the recovery keys {by} (recovery)"));
    }
    match rule.channels.as_deref().unwrap_or_default() {
        [] => says.push("no channel may be asked for (channels)".to_owned()),
        channels => says.push(format!("these channels may be asked for: {} (channels)", channels.join(", "))),
    }
    if let Some(age @ 1..) = rule.min_age {
        says.push(format!("a release is {} old at least (minAge)", time(age)));
    }
    match rule.yanked.as_deref().unwrap_or_default() {
        [] => says.push("a yanked release is refused, but by an entry of a lock (yanked)".to_owned()),
        severities => {
            says.push(format!(
                "a release that is yanked is taken all the same where that is {} (yanked)",
                severities.join(" or ")
            ));
        }
    }
    if rule.provenance == Some(true) {
        says.push("a release names provenance (provenance)".to_owned());
    }
    if let Some(words) = rule.npm.as_deref().filter(|words| !words.is_empty()) {
        let words = words.join(" and ");
        says.push(format!("of an npm package, {words} was verified when it was imported (npm)"));
    }
    if rule.revocation.as_deref() == Some("unchecked") {
        let unknown = "newer keys, yanks and newer releases may go unnoticed";
        says.push(format!("a head need not show what became of a release: {unknown} (revocation)"));
    }
    match rule.egress.as_deref().unwrap_or_default() {
        [] => says.push("the code has no network (egress)".to_owned()),
        hosts => says.push(format!("the code may reach {}, where it asks for it (egress)", hosts.join(", "))),
    }
    says
}

fn one_of(keys: &[String]) -> String {
    match keys {
        [only] => only.clone(),
        several => format!("one of {} (logKeys)", several.join(", ")),
    }
}

fn time(seconds: u32) -> Seconds {
    Seconds(seconds.into())
}
