//! Records and entries that are not of their form: SPEC §6.3, for the kinds that the vectors of verdicts don't reach.

use ipld_core::ipld::Ipld;

use super::{History, begun, refused};
use crate::support::{
    ipld::{at, number, text},
    steps::{channel, release, yank},
};

pub(super) fn histories() -> Vec<History> {
    let yanked = |change: fn(&mut Ipld)| begun([yank("1.0.0", "low").change(change)]);
    vec![
        refused(
            "yank_none_for_a_reason",
            "record.invalid",
            "A yank is taken back for the reason `security`.",
            yanked(|yank| *at(yank, "body.severity") = text("none")),
        ),
        refused(
            "yank_restored_severely",
            "record.invalid",
            "The reason `restored` goes with the severity `none` alone.",
            yanked(|yank| *at(yank, "body.reason") = text("restored")),
        ),
        refused(
            "yank_replaced_by_itself",
            "record.invalid",
            "The replacement is the version itself.",
            yanked(|yank| *at(yank, "body.replacement") = text("1.0.0")),
        ),
        refused(
            "T03_yank_text_that_turns_around",
            "record.invalid",
            "The text holds a character that turns what follows around.",
            yanked(|yank| *at(yank, "body.text") = text("safe \u{202e}efasnu")),
        ),
        refused(
            "T03_yank_text_for_a_terminal",
            "record.invalid",
            "The text holds an escape sequence.",
            yanked(|yank| *at(yank, "body.text") = text("\u{1b}[2J")),
        ),
        refused(
            "yank_unknown_severity",
            "cbor.malformed",
            "There is no such severity.",
            yanked(|yank| *at(yank, "body.severity") = text("severe")),
        ),
        refused(
            "channel_weightless",
            "record.invalid",
            "A target of the channel has no weight.",
            begun([release("1.1.0"), channel("stable", &[("1.0.0", 10_000), ("1.1.0", 0)])]),
        ),
        refused(
            "T03_channel_upper_case",
            "cbor.malformed",
            "The channel's name has an upper-case letter.",
            begun([channel("Stable", &[("1.0.0", 10_000)])]),
        ),
        refused(
            "T19_entry_of_another_kind",
            "cbor.malformed",
            "The log entry is of a kind that nobody knows.",
            {
                let mut other = release("1.1.0");
                other.edit_entry(|entry| *at(entry, "kind") = text("map"));
                begun([other])
            },
        ),
        refused("T19_time_past_2_to_the_53", "cbor.malformed", "The time is over 2^53 - 1.", {
            let mut other = release("1.1.0");
            other.edit_entry(|entry| *at(entry, "time") = number(1 << 53));
            begun([other])
        }),
    ]
}
