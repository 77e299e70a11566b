//! The verifier's JavaScript side, as a function that can be called more than once.
//!
//! wasm-bindgen writes a module that holds one instance for ever. The verifier gives an instance up after a defect, so here the
//! module's body becomes the body of `bind()`: each call of it has an instance, classes and caches of its own.

/// Makes `bind()` of what wasm-bindgen wrote, and adds the version that both sides must have. Nothing where it is not of the
/// shape that is known.
pub(crate) fn as_function(glue: &str, version: &str) -> Option<String> {
    let body = glue.trim_end().strip_suffix("export { initSync, __wbg_init as default };")?;
    let (mut imports, mut lines, mut names) = (String::new(), String::new(), String::from("initSync"));
    for line in body.lines() {
        if line.starts_with("import ") {
            imports = imports + line + "\n";
            continue;
        }
        let Some(exported) = line.strip_prefix("export ") else {
            lines = lines + line + "\n";
            continue;
        };
        let item = exported.strip_prefix("class ").or_else(|| exported.strip_prefix("function "))?;
        names = names + ", " + item.split([' ', '(']).next()?;
        lines = lines + exported + "\n";
    }
    let lines = lines.trim();
    Some(format!(
        "{imports}\nexport const VERSION = \"{version}\";\n\nexport function bind() {{\n{lines}\n\nreturn {{ {names} }};\n}}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::as_function;

    #[test]
    fn what_was_exported_is_returned() {
        let glue = "import { E } from '../error.js';\n\nexport class Check {\n}\n\
                    export function prove(a) {\n}\nlet wasm;\n\nexport { initSync, __wbg_init as default };\n";
        let function = "import { E } from '../error.js';\n\nexport const VERSION = \"1.0.0\";\n\nexport function bind() {\n\
                        class Check {\n}\nfunction prove(a) {\n}\nlet wasm;\n\nreturn { initSync, Check, prove };\n}\n";
        assert_eq!(as_function(glue, "1.0.0").as_deref(), Some(function));
    }

    #[test]
    fn an_unknown_shape_is_refused() {
        assert_eq!(as_function("export default 1;\n", "1.0.0"), None);
        let glue = "export const a = 1;\nexport { initSync, __wbg_init as default };\n";
        assert_eq!(as_function(glue, "1.0.0"), None);
    }
}
