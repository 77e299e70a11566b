//! Spans of time as people write them: `90s`, `30m`, `12h`, `7d`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Each unit with its seconds, the greatest first.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// A number of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Seconds(pub(crate) u64);

impl Seconds {
    /// About as long, in the greatest unit that it fills.
    pub(crate) fn about(self) -> String {
        let unit = UNITS.iter().map(|(_, unit)| *unit).find(|unit| self.0 >= *unit).unwrap_or(1);
        format!("about {}", Seconds((self.0 + unit / 2) / unit * unit))
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (unit, seconds) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
            let number = text.strip_suffix(unit)?;
            // `parse` would take a sign.
            let number: u64 =
                number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
            number.checked_mul(*seconds).map(Seconds)
        };
        read().ok_or_else(|| "wanted a number with a unit: `90s`, `30m`, `12h` or `7d`".to_owned())
    }
}

impl fmt::Display for Seconds {
    /// In the greatest unit that leaves no rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, seconds) = match self.0 {
            0 => ("second", 1),
            n if n % 86_400 == 0 => ("day", 86_400),
            n if n % 3_600 == 0 => ("hour", 3_600),
            n if n % 60 == 0 => ("minute", 60),
            _ => ("second", 1),
        };
        let count = self.0 / seconds;
        write!(f, "{count} {name}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_said() {
        for (text, seconds, said) in [
            ("0s", 0, "0 seconds"),
            ("90s", 90, "90 seconds"),
            ("30m", 1_800, "30 minutes"),
            ("12h", 43_200, "12 hours"),
            ("48h", 172_800, "2 days"),
            ("1d", 86_400, "1 day"),
        ] {
            let read: Seconds = text.parse().unwrap();
            assert_eq!((read, read.to_string().as_str()), (Seconds(seconds), said));
        }
        for (seconds, said) in [(0, "0 seconds"), (3_599, "1 hour"), (604_700, "7 days"), (5_400, "2 hours")]
        {
            assert_eq!(Seconds(seconds).about(), format!("about {said}"));
        }
        for text in ["", "7", "d", "-1d", "+1d", "1 d", "1w", "1.5h", "18446744073709551615d"] {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
    }
}
