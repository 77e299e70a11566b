//! What a witness is called.

use std::{fmt, str::FromStr};

use crate::WitnessError;

/// Characters of a name.
const CHARS: usize = 128;

/// The name of a witness, as policies and signature lines have it (SPEC §10.1): 1 to 128 printable ASCII characters without
/// spaces and `+`. By custom it looks like an address without its scheme; it is an identity, and leads nowhere.
///
/// ```
/// use cidery_witness::WitnessName;
/// assert!("witness.example/w1".parse::<WitnessName>().is_ok());
/// assert!("witness one".parse::<WitnessName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessName(String);

impl WitnessName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WitnessName {
    type Err = WitnessError;

    fn from_str(text: &str) -> Result<Self, WitnessError> {
        let allowed = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
        if allowed && (1..=CHARS).contains(&text.len()) {
            return Ok(WitnessName(text.to_owned()));
        }
        let got: String = text.chars().take(CHARS).flat_map(char::escape_default).collect();
        Err(WitnessError::Name { got })
    }
}

impl fmt::Display for WitnessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_policies() {
        let most = "w".repeat(CHARS);
        for name in ["w", "witness.example/w1", "transparency.dev/DEV:witness-little-garden", &most] {
            assert_eq!(name.parse::<WitnessName>().expect(name).as_str(), name);
        }
        for name in ["", "a b", "a+b", "a\nb", "wítness", "a\u{7f}", &(most.clone() + "w")] {
            assert!(name.parse::<WitnessName>().is_err(), "{name:?}");
        }
    }
}
