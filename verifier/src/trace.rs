//! The rules of SPEC §10.4 by name, and what a verdict says on its way from one to the next.

macro_rules! checks {
    ($($check:ident = $step:literal, $rule:literal;)+) => {
        /// A rule of SPEC §10.4.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Check { $($check,)+ }

        impl Check {
            /// All of them, in the order in which they are judged.
            pub(crate) const ALL: &[Check] = &[$(Check::$check,)+];

            /// The clause of SPEC.
            pub(crate) const fn step(self) -> &'static str {
                match self { $(Check::$check => $step,)+ }
            }

            /// What is asked.
            pub(crate) const fn rule(self) -> &'static str {
                match self { $(Check::$check => $rule,)+ }
            }
        }
    };
}

checks! {
    Rule = "10.4 (1)", "the policy has a rule for the package";
    ChannelAllowed = "10.4 (1)", "the rule allows the channel";
    Form = "10.4 (2)", "receipt and head are of their format, within bounds";
    HeadSignature = "10.4 (3)", "the head is signed by the log";
    Timestamp = "10.4 (4)", "the cosigner says when the head was new";
    HeadAge = "10.4 (4)", "the head is neither from the future nor too old";
    Quorum = "10.4 (4)", "enough witnesses cosigned the head";
    SeenTree = "10.4 (5)", "the head continues the tree that was seen";
    ReceiptSignature = "10.4 (6)", "the receipt's checkpoint is signed by the log";
    Inclusion = "10.4 (6)", "the record is in the log";
    Join = "10.4 (7)", "the record is under the head";
    Chain = "10.4 (8)", "the chain of authority is whole";
    Origin = "10.4 (8)", "the package is in the rule's log";
    Package = "10.4 (8)", "the package is the one that was asked for";
    PinnedInit = "10.4 (8)", "the package begins with the pinned init";
    PinnedRecovery = "10.4 (8)", "the package's authority comes from the pinned recovery keys";
    Signed = "10.4 (9)", "the record is a release with valid signatures";
    Allowed = "10.4 (9)", "the package's authority allows the release";
    AfterAuthority = "10.4 (9)", "the release is after its authority";
    LoggedBefore = "10.4 (9)", "the release was logged before the head";
    WitnessFloor = "10.4 (9)", "as many witnesses as the package asks for cosigned the head";
    Standing = "10.4 (10)", "the head shows how the package stands, or the policy does without";
    Map = "10.4 (10)", "the log's last entry is a map";
    State = "10.4 (10)", "the map has this state for the package";
    Settled = "10.4 (10)", "no authority waits beyond its time";
    Succession = "10.4 (10)", "the authorities since the release lead to the state's";
    Statements = "10.4 (10)", "yank and channel are allowed by one of the authorities";
    NotAfterState = "10.4 (10)", "none of them, nor the release, is after the state";
    NotReplaced = "10.4 (10)", "none of them, nor the release, is by an authority that had been replaced";
    Leaves = "10.4 (10)", "the state has the release";
    Named = "10.4 (10)", "yank and channel are those that the state names";
    ReleaseNotVoid = "10.4 (11)", "the release is not void";
    ChannelNotVoid = "10.4 (11)", "the channel is not void";
    SeenPackage = "10.4 (11)", "the package has not gone back";
    NotYanked = "10.4 (12)", "the release is not yanked, or tolerably so";
    PinnedKeys = "10.4 (13)", "enough of the pinned keys signed the release";
    Provenance = "10.4 (13)", "the release names provenance";
    Npm = "10.4 (13)", "what the policy asks of an npm package was verified";
    MinAge = "10.4 (13)", "the release is old enough";
    Wanted = "10.4 (14)", "the release is what was asked for";
    Newest = "10.4 (14)", "nothing newer in the range is offered";
    Manifest = "10.4 (15)", "the manifest is the release's, and valid";
}

/// What was looked at on the way to a verdict; where nobody asks, nothing.
#[derive(Debug)]
pub(crate) struct Trace {
    looks: Option<Vec<(Check, String)>>,
}

impl Trace {
    /// A trace that keeps nothing.
    pub(crate) fn silent() -> Self {
        Trace { looks: None }
    }

    /// A trace that keeps everything.
    pub(crate) fn kept() -> Self {
        Trace { looks: Some(Vec::new()) }
    }

    /// Says, before `check` is judged, what it looks at.
    pub(crate) fn at(&mut self, check: Check, looks: impl FnOnce() -> String) {
        if let Some(kept) = &mut self.looks {
            kept.push((check, looks()));
        }
    }

    /// The checks so far, in order; the last one may have failed.
    pub(crate) fn looks(self) -> Vec<(Check, String)> {
        self.looks.unwrap_or_default()
    }
}
