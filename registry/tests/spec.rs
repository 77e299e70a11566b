//! SPEC §13 and the registry say the same status for each code.

use cidery_protocol::Code;
use cidery_registry::status;

#[test]
fn the_statuses_of_spec_are_the_ones_that_are_sent() {
    let spec = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../SPEC.md"))
        .expect("SPEC.md is there");
    let mut checked = 0;
    for line in spec.lines() {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(word), Some(http)) = (cells.next(), cells.next()) else { continue };
        let Ok(code) = word.trim_matches('`').parse::<Code>() else { continue };
        // Where SPEC names none, registries do not say the word.
        if !http.is_empty() {
            assert_eq!(http, status(code).to_string(), "{code}");
        }
        checked += 1;
    }
    assert_eq!(checked, Code::ALL.len());
}
