//! What each package costs, and who wants it: every byte of the output belongs to the file that it came from, as the
//! source maps say, or to nobody.

use std::collections::{BTreeMap, BTreeSet};

use oxc_sourcemap::SourceMap;
use serde::Serialize;

use crate::module_id::leading;
use crate::{Bundle, Module};

/// What a package, or the project itself, adds to a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Weight {
    /// `app` for the project, `npm/<name>@<version>`, `cidery` for what the bundler adds, and nothing for what joins
    /// the files together.
    pub part: String,
    /// Of all modules, without source maps.
    pub bytes: u64,
    /// The parts that import it, sorted.
    pub wanted_by: Vec<String>,
    /// Its files, the heaviest first.
    pub files: Vec<FileWeight>,
}

/// What a file adds to a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileWeight {
    /// Its path in its part.
    pub path: String,
    /// Of all modules.
    pub bytes: u64,
}

/// Where the modules of a bundle are from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    /// The source of each module that is no code: `npm/<name>@<version>/…`.
    pub(crate) files: BTreeMap<String, String>,
    /// By part, the parts that import it.
    pub(crate) importers: BTreeMap<String, BTreeSet<String>>,
}

/// Cuts a source, as source maps name it, into its part and its path in that.
pub(crate) fn part(source: &str) -> (&str, &str) {
    match source.strip_prefix("npm/") {
        Some(rest) => {
            let folder = "npm/".len() + leading(rest).0.len();
            (&source[..folder], source[folder..].trim_start_matches('/'))
        }
        None => source.split_once('/').unwrap_or((source, "")),
    }
}

impl Bundle {
    /// What each package costs and who wants it, the heaviest first. The bytes add up to those of all modules.
    pub fn weights(&self) -> Vec<Weight> {
        let mut sources: BTreeMap<String, u64> = BTreeMap::new();
        for module in &self.modules {
            let map = self.source_maps.iter().find(|map| map.module == module.path);
            let map =
                map.and_then(|map| SourceMap::from_json_string(std::str::from_utf8(&map.bytes).ok()?).ok());
            match (map, self.origins.files.get(&module.path)) {
                (_, Some(origin)) => *sources.entry(origin.clone()).or_default() += module.bytes.len() as u64,
                (Some(map), None) => weigh(module, &map, &mut sources),
                (None, None) => *sources.entry(String::new()).or_default() += module.bytes.len() as u64,
            }
        }
        let mut parts: BTreeMap<&str, Vec<FileWeight>> = BTreeMap::new();
        for (source, bytes) in sources.iter().filter(|(_, bytes)| **bytes > 0) {
            let (part, path) = part(source);
            parts.entry(part).or_default().push(FileWeight { path: path.to_owned(), bytes: *bytes });
        }
        let weight = |(part, mut files): (&str, Vec<FileWeight>)| {
            files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
            let wanted_by = self.origins.importers.get(part).into_iter().flatten().cloned().collect();
            let bytes = files.iter().map(|file| file.bytes).sum();
            Weight { part: part.to_owned(), bytes, wanted_by, files }
        };
        let mut weights: Vec<Weight> = parts.into_iter().map(weight).collect();
        weights.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.part.cmp(&b.part)));
        weights
    }
}

/// Adds each byte of a module to the source that the map names for it. What stands before the first mark of a line, and
/// the line's end, goes with the line before it.
fn weigh(module: &Module, map: &SourceMap<'_>, sources: &mut BTreeMap<String, u64>) {
    let text = String::from_utf8_lossy(&module.bytes);
    let mut marks = map.get_tokens().peekable();
    let mut current = String::new();
    for (line, text) in (0u32..).zip(text.split_inclusive('\n')) {
        // Columns are counted in units of UTF-16.
        let (mut column, mut bytes) = (0u32, 0u64);
        for character in text.chars() {
            while marks.peek().is_some_and(|mark| (mark.get_dst_line(), mark.get_dst_col()) <= (line, column))
            {
                let source =
                    marks.next().and_then(|mark| mark.get_source_id()).and_then(|id| map.get_source(id));
                let source = source.unwrap_or_default();
                if source != current {
                    *sources.entry(std::mem::replace(&mut current, source.to_owned())).or_default() += bytes;
                    bytes = 0;
                }
            }
            column += character.len_utf16() as u32;
            bytes += character.len_utf8() as u64;
        }
        *sources.entry(current.clone()).or_default() += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModuleKind, SourceMap as Map};

    #[test]
    fn sources_have_parts() {
        assert_eq!(part("npm/@a/b@1.0.0/lib/x.js"), ("npm/@a/b@1.0.0", "lib/x.js"));
        assert_eq!(part("npm/a@1.0.0/x.js"), ("npm/a@1.0.0", "x.js"));
        assert_eq!(part("app/src/index.ts"), ("app", "src/index.ts"));
        assert_eq!(part(""), ("", ""));
    }

    #[test]
    fn every_byte_belongs_to_one_source() {
        // `ab` is of the first source, `é` and what follows of the second, `cd` of the first again.
        let map = r#"{"version":3,"sources":["app/a.js","npm/b@1.0.0/b.js"],"names":[],"mappings":"AAAA,ECAA,CDAA"}"#;
        let mut origins = Origins::default();
        origins.files.insert("x.wasm".into(), "npm/b@1.0.0/x.wasm".into());
        origins.importers.insert("npm/b@1.0.0".into(), ["app".into()].into());
        let module = |path: &str, kind, text: &str| Module { path: path.into(), kind, bytes: text.into() };
        let bundle = Bundle {
            main: "index.js".into(),
            exports: BTreeMap::new(),
            linked: BTreeMap::new(),
            modules: vec![
                module("index.js", ModuleKind::Esm, "abécd\nend"),
                module("x.wasm", ModuleKind::Wasm, "wasm"),
            ],
            source_maps: vec![Map { module: "index.js".into(), bytes: map.into() }],
            bundled: vec![],
            direct: vec![],
            lock: [0; 32],
            node_builtins: vec![],
            warnings: vec![],
            origins,
            tool: String::new(),
        };
        let weights = bundle.weights();
        let short: Vec<_> = weights.iter().map(|weight| (weight.part.as_str(), weight.bytes)).collect();
        assert_eq!(short, [("app", 8), ("npm/b@1.0.0", 6)]);
        assert_eq!(weights[1].wanted_by, ["app"]);
        assert_eq!(weights[1].files.len(), 2);
    }
}
