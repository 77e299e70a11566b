//! Values that stand in JSON as their text, and times that people read.

use std::fmt::{self, Display};
use std::ops::Deref;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A value that JSON holds as its text form, such as a CID or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text<T>(pub(crate) T);

/// The word that stands for a value without fields in JSON, such as `critical`.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Seconds since 1970, shown as a date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(pub(crate) u64);

/// The last second of the year 9999: no date is written after it.
const LAST_DATE: u64 = 253_402_300_799;

impl Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.0)) {
            Some(time) if self.0 <= LAST_DATE => f.write_str(&httpdate::fmt_http_date(time)),
            _ => write!(f, "{} seconds after 1970 began", self.0),
        }
    }
}

/// A number of things, whose word takes an `s` where there are several.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl<T> Deref for Text<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST_DATE, Moment};

    #[test]
    fn any_number_of_seconds_is_shown() {
        assert_eq!(Moment(1_795_298_630).to_string(), "Sat, 21 Nov 2026 22:03:50 GMT");
        assert_eq!(Moment(LAST_DATE).to_string(), "Fri, 31 Dec 9999 23:59:59 GMT");
        for late in [LAST_DATE + 1, u64::MAX] {
            assert_eq!(Moment(late).to_string(), format!("{late} seconds after 1970 began"));
        }
    }
}
