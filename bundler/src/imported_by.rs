//! What a finished module imports.

use std::collections::BTreeSet;

use oxc::allocator::Allocator;
use oxc::parser::Parser;
use oxc::span::SourceType;

/// The literal specifiers of an ES module's imports, static and dynamic; none where it is no such module.
///
/// ```
/// let code = "import { a } from './a.js'; export * from 'node:fs'; await import(\"./b.js\"); import(c);";
/// let imports: Vec<String> = cidery_bundler::imported_by(code).into_iter().collect();
/// assert_eq!(imports, ["./a.js", "./b.js", "node:fs"]);
/// ```
pub fn imported_by(code: &str) -> BTreeSet<String> {
    let allocator = Allocator::default();
    let record = Parser::new(&allocator, code, SourceType::mjs()).parse().module_record;
    let dynamic = record.dynamic_imports.iter().filter_map(|import| {
        let text = code.get(import.module_request.start as usize..import.module_request.end as usize)?;
        let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'))?;
        text.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned)
    });
    record.requested_modules.keys().map(ToString::to_string).chain(dynamic).collect()
}
