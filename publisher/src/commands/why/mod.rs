//! `cidery bundle --why`: what each package costs, and who wants it.

mod treemap;

use std::fmt;

use cidery_bundler::Weight;
use serde::Serialize;

pub(super) use self::treemap::page;

/// The weights of a bundle, as a table.
#[derive(Serialize)]
pub(super) struct Why {
    /// Of all modules.
    bytes: u64,
    parts: Vec<Weight>,
}

impl Why {
    pub(super) fn new(parts: Vec<Weight>) -> Self {
        Why { bytes: parts.iter().map(|part| part.bytes).sum(), parts }
    }

    pub(super) fn parts(&self) -> &[Weight] {
        &self.parts
    }
}

/// How people know a part.
fn name(part: &str) -> &str {
    match part {
        "" => "(between the files)",
        "app" => "(this package)",
        "cidery" => "(the bundler)",
        part => part.strip_prefix("npm/").unwrap_or(part),
    }
}

/// Thousandths of a whole, as a percentage.
fn share(bytes: u64, whole: u64) -> String {
    let thousandths = bytes.saturating_mul(1000).checked_div(whole).unwrap_or_default();
    format!("{}.{}", thousandths / 10, thousandths % 10)
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.parts.iter().map(|part| name(&part.part).len()).max().unwrap_or_default();
        writeln!(f, "{:>10}  {:>5}  {:widest$}  wanted by", "bytes", "%", "package")?;
        for part in &self.parts {
            let wanted: Vec<&str> = part.wanted_by.iter().map(|part| name(part)).collect();
            let (name, share) = (name(&part.part), share(part.bytes, self.bytes));
            let line = format!("{:>10}  {share:>5}  {name:widest$}  {}", part.bytes, wanted.join(", "));
            writeln!(f, "{}", line.trim_end())?;
        }
        write!(f, "{:>10}  in all", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_each_part() {
        let part = |part: &str, bytes, wanted: &[&str]| Weight {
            part: part.to_owned(),
            bytes,
            wanted_by: wanted.iter().map(ToString::to_string).collect(),
            files: Vec::new(),
        };
        let why =
            Why::new(vec![part("npm/hono@4.0.0", 900, &["app"]), part("app", 99, &[]), part("", 1, &[])]);
        assert_eq!(
            why.to_string(),
            "     bytes      %  package              wanted by\n\
             \x20      900   90.0  hono@4.0.0           (this package)\n\
             \x20       99    9.9  (this package)\n\
             \x20        1    0.1  (between the files)\n\
             \x20     1000  in all"
        );
    }
}
