//! WebAssembly in bundles: workerd compiles no bytes, so that each binary must be a module of its own.
//!
//! ```text
//!  import add from "./add.wasm"            ─► the module, as Workers have it
//!  import { add } from "./add.wasm"        ─► its exports, where all that it imports can be resolved
//!  new URL("./add.wasm", import.meta.url)  ─► a data: URL ┐ of a binary that only names the real one;
//!  "AGFzbQEAAAA…", [0, 97, 115, 109, …]    ─► bytes       │ `WebAssembly` in that package knows it
//!  "x.wasm", where there is such a file    ─► a file name ┘ that `fs` and `fetch` in that package know, too
//! ```

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode::Indifferent;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use wasmparser::{Parser, Payload};

/// What every binary of a core module begins with.
pub(super) const HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";
/// The same in base64, as far as it does not depend on what follows.
pub(super) const BASE64_HEADER: &str = "AGFzbQEAAA";

/// The runtime's `WebAssembly`, which also knows the binaries that stand for others.
pub(super) const SHIM: &str = include_str!("wasm_shim.js");

/// Node's `fs`, which finds them by their names; `shim` is the module that knows them.
pub(super) fn files(shim: &str) -> String {
    include_str!("wasm_files.js").replace("\"SHIM\"", &Value::from(shim).to_string())
}

/// What a module imports and exports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Interface {
    /// The modules that it imports from, sorted.
    pub(super) imports: Vec<String>,
    /// The names of its exports.
    pub(super) exports: Vec<String>,
}

impl Interface {
    /// Reads a binary; nothing where it is none.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut interface = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.ok()? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        interface.imports.push(import.ok()?.module.to_owned());
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        interface.exports.push(export.ok()?.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        interface.imports.sort_unstable();
        interface.imports.dedup();
        Some(interface)
    }

    /// A JavaScript module with the exports of an instance, which is made where one of them is used.
    pub(super) fn instance(&self, asset: &str) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let mut code = format!("import module from {};\nexport {{ module as default }};\n", text(asset));
        let mut imports = String::new();
        for (at, name) in self.imports.iter().map(|name| text(name)).enumerate() {
            code.push_str(&format!("import * as i{at} from {name};\n"));
            imports.push_str(&format!("{name}: i{at}, "));
        }
        code.push_str(&format!(
            "const instance = /* @__PURE__ */ new WebAssembly.Instance(module, {{ {imports}}});\n"
        ));
        for (at, name) in self.exports.iter().map(|name| text(name)).enumerate() {
            code.push_str(&format!(
                "const e{at} = /* @__PURE__ */ (() => instance.exports[{name}])();\nexport {{ e{at} as {name} }};\n"
            ));
        }
        code
    }
}

/// A JavaScript module whose exports stand for the binary in `asset`: `base64`, `bytes`, `url` and, by its
/// name, `file`.
pub(super) fn stand_in(asset: &str, shim: &str) -> String {
    let (asset, shim) = (Value::from(asset), Value::from(shim));
    format!(
        "import module from {asset};\nimport {{ register }} from {shim};\n\
         const known = /* @__PURE__ */ register({asset}, module);\n\
         export const base64 = /* @__PURE__ */ (() => known.base64)();\n\
         export const bytes = /* @__PURE__ */ (() => known.bytes)();\n\
         export const url = /* @__PURE__ */ (() => known.url)();\n\
         export const file = /* @__PURE__ */ (() => known.file)();\n"
    )
}

/// The bytes of a binary in base64, and what stands before it: nothing, or the head of a `data:` URL.
pub(super) fn inlined(text: &str) -> Option<(&str, Vec<u8>)> {
    let at = if text.starts_with(BASE64_HEADER) {
        0
    } else {
        let head = text.strip_prefix("data:")?;
        let at = text.len() - head.len() + head.find(";base64,")? + ";base64,".len();
        text[at..].starts_with(BASE64_HEADER).then_some(at)?
    };
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(Indifferent);
    let bytes = GeneralPurpose::new(&ALPHABET, lenient).decode(&text[at..]).ok()?;
    Interface::of(&bytes)?;
    Some((&text[..at], bytes))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// `(module (import "./env.js" "log" (func)) (export "run" (func 0)))`
    const SMALL: &[u8] =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x10\x01\x08./env.js\x03log\0\0\x07\x07\x01\x03run\0\0";

    #[test]
    fn reads_imports_and_exports() {
        let interface = Interface::of(SMALL).unwrap();
        assert_eq!((interface.imports, interface.exports), (vec!["./env.js".into()], vec!["run".into()]));
        assert_eq!(Interface::of(&SMALL[..20]), None);
        assert_eq!(Interface::of(b"text"), None);
    }

    #[test]
    fn finds_what_is_inlined() {
        let base64 = STANDARD.encode(SMALL);
        assert_eq!(inlined(&base64), Some(("", SMALL.to_vec())));
        assert_eq!(inlined(base64.trim_end_matches('=')).unwrap().1, SMALL);
        let url = format!("data:application/wasm;base64,{base64}");
        assert_eq!(inlined(&url).unwrap().0, "data:application/wasm;base64,");
        for other in [&base64[..12], "AGFzbQEAAA!", "data:,AGFzbQEAAA", "hello"] {
            assert_eq!(inlined(other), None, "{other}");
        }
    }
}
