//! What a bundle changes in the code of a module: places that mean something on a disk, and nothing in an isolate.
//!
//! ```text
//!  new Worker(new URL("./w.js", import.meta.url))  ─► a URL of the module that the Worker became
//!  new URL("./x.wasm", import.meta.url), "x.wasm", inlined wasm, WebAssembly, fetch  ─► see `wasm`
//!  import.meta.url, import.meta.dirname, __filename, __dirname  ─► neutral ones
//!  const require = createRequire(import.meta.url)  ─► the bundler's own `require`
//! ```

use std::collections::{BTreeMap, BTreeSet};

use oxc::allocator::{Allocator, FromIn as _};
use oxc::ast::ast::{
    Argument, BindingPattern, CallExpression, Expression, IdentifierReference, ImportMeta, NewExpression,
    ObjectProperty, Program, PropertyKind, Statement, VariableDeclarator,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{Visit, VisitMut, walk_mut};
use oxc::parser::Parser;
use oxc::semantic::{Scoping, SemanticBuilder, SymbolId};
use oxc::span::{SPAN, SourceType, Span};
use oxc::str::Str;
use oxc::syntax::operator::BinaryOperator;

use super::created_require::created_requires;
use super::wasm::{self, BASE64_HEADER, HEADER};

/// What the rewriting asks of the bundle.
pub(super) trait Surroundings {
    /// The bundler's name for the entry that a Worker's script became; nothing where it is left alone.
    fn worker(&self, specifier: &str) -> Option<String>;
    /// The asset for a `.wasm` file; nothing where there is none.
    fn wasm_file(&self, specifier: &str) -> Option<String>;
    /// The asset for a binary that stood in the code.
    fn wasm_bytes(&self, bytes: Vec<u8>) -> Option<String>;
    /// The module with the stand-ins for an asset.
    fn stand_in(&self, asset: &str) -> String;
    /// The module with the `WebAssembly` that knows them; nothing where the package has no binaries.
    fn shim(&self) -> Option<String>;
    /// Whether the package shows the face that it has for browsers, and must not find Node.js behind it.
    fn is_for_browsers(&self) -> bool;
    /// Whether `require` finds something.
    fn can_require(&self, specifier: &str) -> bool;
}

/// Whether there may be anything to change; it costs little to ask.
pub(super) fn concerns(source: &str) -> bool {
    [
        "import.meta",
        "WebAssembly",
        ".wasm",
        "process.versions",
        BASE64_HEADER,
        "__filename",
        "__dirname",
        "createRequire",
    ]
    .iter()
    .any(|word| source.contains(word))
        || holds_byte_list(source)
}

/// Whether there may be WebAssembly in a module, or beside it.
pub(super) fn may_hold_wasm(source: &str) -> bool {
    let beside = source.contains(".wasm") && source.contains("import.meta");
    beside || source.contains(BASE64_HEADER) || holds_byte_list(source)
}

/// `0, 97, 115, 109`, with or without spaces.
fn holds_byte_list(source: &str) -> bool {
    source.match_indices("97,").any(|(at, _)| {
        source[at + 3..]
            .trim_start()
            .strip_prefix("115,")
            .is_some_and(|rest| rest.trim_start().starts_with("109"))
    })
}

/// Changes a program in place. `path` is the neutral path of the module, with a `/` at its begin.
pub(super) fn rewrite<'a>(
    program: &mut Program<'a>,
    allocator: &'a Allocator,
    path: &str,
    surroundings: &dyn Surroundings,
) {
    let is_esm = program.body.iter().any(Statement::is_module_declaration) || has_import_meta(program);
    let scoping = SemanticBuilder::new().build(program).semantic.into_scoping();
    let shim = surroundings.shim();
    let mut rewriter = Rewriter {
        builder: AstBuilder::new(allocator),
        allocator,
        created: created_requires(program, &scoping),
        scoping,
        path,
        surroundings,
        // What sets WebAssembly up would look for its binary on a disk.
        hides_node: surroundings.is_for_browsers()
            || shim.is_some() && program.source_text.contains("WebAssembly"),
        fetches: shim.is_some() && program.source_text.contains(".wasm"),
        shim,
        imports: BTreeMap::new(),
    };
    rewriter.visit_program(program);
    let imports = std::mem::take(&mut rewriter.imports);
    if imports.is_empty() {
        return;
    }
    let header: String = imports
        .iter()
        .map(|((module, name), local)| {
            let module = serde_json::Value::from(module.as_str());
            if is_esm {
                format!("import {{ {name} as {local} }} from {module};")
            } else {
                format!("const {{ {name}: {local} }} = require({module});")
            }
        })
        .collect();
    let header = Str::from_in(header.as_str(), allocator).as_str();
    let kind = if is_esm { SourceType::mjs() } else { SourceType::cjs() };
    let mut parsed = Parser::new(allocator, header, kind).parse().program;
    Nowhere.visit_program(&mut parsed);
    program.body.splice(0..0, parsed.body);
}

/// What a name stands for; nothing for a global one.
pub(super) fn symbol(name: &IdentifierReference<'_>, scoping: &Scoping) -> Option<SymbolId> {
    scoping.get_reference(name.reference_id.get()?).symbol_id()
}

/// The first argument of `new URL("…", import.meta.url)`.
fn relative_url<'b>(
    new: &'b NewExpression<'_>,
    name_is_global: impl Fn(&IdentifierReference<'_>) -> bool,
) -> Option<&'b str> {
    let Expression::Identifier(callee) = &new.callee else { return None };
    let [first, second] = new.arguments.as_slice() else { return None };
    let base = second.as_expression()?.as_member_expression()?;
    let is_base = is_import_meta(base.object()) && base.static_property_name() == Some("url");
    if callee.name != "URL" || !name_is_global(callee) || !is_base {
        return None;
    }
    literal(first.as_expression()?)
}

fn is_import_meta(expression: &Expression<'_>) -> bool {
    matches!(expression, Expression::ImportMeta(_))
}

/// The text of a string, or of a template without substitutions.
fn literal<'b>(expression: &'b Expression<'_>) -> Option<&'b str> {
    match expression {
        Expression::StringLiteral(text) => Some(text.value.as_str()),
        Expression::TemplateLiteral(text) if text.expressions.is_empty() => {
            text.quasis.first()?.value.cooked.as_ref().map(|text| text.as_str())
        }
        _ => None,
    }
}

/// Whether there is `import.meta` in the code: in a comment it says nothing.
fn has_import_meta(program: &Program<'_>) -> bool {
    struct Search(bool);
    impl<'a> Visit<'a> for Search {
        fn visit_import_meta(&mut self, _: &ImportMeta) {
            self.0 = true;
        }
    }
    let mut search = Search(false);
    if program.source_text.contains("import.meta") {
        search.visit_program(program);
    }
    search.0
}

struct Rewriter<'a, 'b> {
    builder: AstBuilder<'a>,
    allocator: &'a Allocator,
    scoping: Scoping,
    created: BTreeSet<SymbolId>,
    path: &'b str,
    surroundings: &'b dyn Surroundings,
    shim: Option<String>,
    fetches: bool,
    hides_node: bool,
    /// Local names by module and exported name.
    imports: BTreeMap<(String, &'static str), String>,
}

impl<'a> Rewriter<'a, '_> {
    fn is_global(&self, name: &IdentifierReference<'_>) -> bool {
        symbol(name, &self.scoping).is_none()
    }

    fn text(&self, text: &str) -> Expression<'a> {
        Expression::new_string_literal(SPAN, Str::from_in(text, self.allocator), None, &self.builder)
    }

    fn name(&self, name: &str) -> Expression<'a> {
        Expression::new_identifier(SPAN, Str::from_in(name, self.allocator), &self.builder)
    }

    /// An expression for something that a module of the bundler exports.
    fn import(&mut self, module: String, name: &'static str) -> Expression<'a> {
        let next = format!("__cidery{}", self.imports.len());
        let local = self.imports.entry((module, name)).or_insert(next).clone();
        self.name(&local)
    }

    fn stand_in(&mut self, asset: &str, name: &'static str) -> Expression<'a> {
        self.import(self.surroundings.stand_in(asset), name)
    }

    fn url(&self, argument: Expression<'a>) -> Expression<'a> {
        let arguments = [Argument::from(argument)];
        Expression::new_new_expression(SPAN, self.name("URL"), None, arguments, &self.builder)
    }

    fn new_expression(&mut self, new: &NewExpression<'a>) -> Option<Expression<'a>> {
        let specifier = relative_url(new, |name| self.is_global(name))?.to_owned();
        let asset = specifier.ends_with(".wasm").then(|| self.surroundings.wasm_file(&specifier))??;
        let url = self.stand_in(&asset, "url");
        Some(self.url(url))
    }

    /// The script of `new Worker(new URL("…", import.meta.url))`.
    fn worker_script(&self, new: &NewExpression<'a>) -> Option<Expression<'a>> {
        let Expression::Identifier(callee) = &new.callee else { return None };
        if !matches!(callee.name.as_str(), "Worker" | "SharedWorker") || !self.is_global(callee) {
            return None;
        }
        let Some(Argument::NewExpression(script)) = new.arguments.first() else { return None };
        let specifier = relative_url(script, |name| self.is_global(name))?;
        let reference = self.surroundings.worker(specifier)?;
        let source = format!("import.meta.ROLLDOWN_FILE_URL_{reference}");
        let source = Str::from_in(source.as_str(), self.allocator).as_str();
        let parser = Parser::new(self.allocator, source, SourceType::mjs());
        let mut url = parser.parse_expression().ok()?;
        Nowhere.visit_expression(&mut url);
        Some(self.url(url))
    }

    fn inlined_text(&mut self, expression: &Expression<'a>) -> Option<Expression<'a>> {
        let (head, bytes) = wasm::inlined(literal(expression)?)?;
        let head = head.to_owned();
        let asset = self.surroundings.wasm_bytes(bytes)?;
        let base64 = self.stand_in(&asset, "base64");
        if head.is_empty() {
            return Some(base64);
        }
        // The head of a data: URL stays as it is: some ask by it whether a URL has a binary in it.
        Some(Expression::new_binary_expression(
            SPAN,
            self.text(&head),
            BinaryOperator::Addition,
            base64,
            &self.builder,
        ))
    }

    /// The name of a `.wasm` file beside the module: whoever asks for it will look for it by this name.
    fn file_name(&mut self, expression: &Expression<'a>) -> Option<Expression<'a>> {
        let name = literal(expression)?;
        if !name.ends_with(".wasm") || name.contains('/') || self.shim.is_none() {
            return None;
        }
        let asset = self.surroundings.wasm_file(name)?;
        Some(self.stand_in(&asset, "file"))
    }

    fn inlined_bytes(&mut self, expression: &Expression<'a>) -> Option<Expression<'a>> {
        let Expression::ArrayExpression(list) = expression else { return None };
        if list.elements.len() <= HEADER.len() {
            return None;
        }
        let byte = |element: Option<&Expression<'a>>| match element {
            Some(Expression::NumericLiteral(number)) => (number.value.fract() == 0.0
                && (0.0..256.0).contains(&number.value))
            .then_some(number.value as u8),
            _ => None,
        };
        let mut bytes = list.elements.iter().map(|element| byte(element.as_expression()));
        if !HEADER.iter().all(|wanted| bytes.next() == Some(Some(*wanted))) {
            return None;
        }
        let rest: Option<Vec<u8>> = bytes.collect();
        let all: Vec<u8> = HEADER.into_iter().chain(rest?).collect();
        wasm::Interface::of(&all)?;
        let asset = self.surroundings.wasm_bytes(all)?;
        Some(self.stand_in(&asset, "bytes"))
    }

    fn member(&self, expression: &Expression<'a>) -> Option<Expression<'a>> {
        let member = match expression {
            Expression::ChainExpression(chain) => chain.expression.as_member_expression()?,
            expression => expression.as_member_expression()?,
        };
        let property = member.static_property_name()?;
        if is_import_meta(member.object()) {
            return match property {
                "url" => {
                    let url = url::Url::from_file_path(self.path).ok()?;
                    Some(self.text(url.as_str()))
                }
                "filename" => Some(self.text(self.path)),
                "dirname" => Some(self.text(self.folder())),
                _ => None,
            };
        }
        // A package that finds Node.js would read its binaries from a disk, or call what its `browser` map took away.
        let versions = member.object().as_member_expression()?;
        let Expression::Identifier(process) = versions.object() else { return None };
        let asks = property == "node"
            && versions.static_property_name() == Some("versions")
            && process.name == "process"
            && self.is_global(process);
        (asks && self.hides_node).then(|| Expression::new_void_0(SPAN, &self.builder))
    }

    fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("/", |(folder, _)| folder)
    }

    fn identifier(&mut self, name: &IdentifierReference<'a>) -> Option<Expression<'a>> {
        if !self.is_global(name) {
            return None;
        }
        match name.name.as_str() {
            "__filename" => Some(self.text(self.path)),
            "__dirname" => Some(self.text(self.folder())),
            "WebAssembly" => self.shim.clone().map(|shim| self.import(shim, "WebAssembly")),
            "fetch" if self.fetches => self.shim.clone().map(|shim| self.import(shim, "fetch")),
            _ => None,
        }
    }
}

impl<'a> VisitMut<'a> for Rewriter<'a, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        let replacement = match expression {
            Expression::NewExpression(new) => {
                if let Some(script) = self.worker_script(new) {
                    new.arguments[0] = Argument::from(script);
                    walk_mut::walk_arguments(self, &mut new.arguments);
                    return;
                }
                let new = &*new;
                self.new_expression(new)
            }
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => {
                self.inlined_text(expression).or_else(|| self.file_name(expression))
            }
            Expression::ArrayExpression(_) => self.inlined_bytes(expression),
            Expression::Identifier(name) => self.identifier(name),
            Expression::StaticMemberExpression(_)
            | Expression::ComputedMemberExpression(_)
            | Expression::ChainExpression(_) => self.member(expression),
            _ => None,
        };
        match replacement {
            Some(replacement) => *expression = replacement,
            None => walk_mut::walk_expression(self, expression),
        }
    }

    fn visit_call_expression(&mut self, call: &mut CallExpression<'a>) {
        if let Expression::Identifier(name) = &call.callee
            && symbol(name, &self.scoping).is_some_and(|symbol| self.created.contains(&symbol))
            && let [only] = call.arguments.as_slice()
            && let Some(specifier) = only.as_expression().and_then(literal)
            && self.surroundings.can_require(specifier)
        {
            call.callee = self.name("require");
            return;
        }
        walk_mut::walk_call_expression(self, call);
    }

    fn visit_variable_declarator(&mut self, declarator: &mut VariableDeclarator<'a>) {
        walk_mut::walk_variable_declarator(self, declarator);
        // The name `require` becomes the bundler's.
        if let BindingPattern::BindingIdentifier(name) = &mut declarator.id
            && name.name == "require"
            && name.symbol_id.get().is_some_and(|symbol| self.created.contains(&symbol))
        {
            name.name = Str::from_in(CREATED, self.allocator).into();
        }
    }

    fn visit_identifier_reference(&mut self, name: &mut IdentifierReference<'a>) {
        if name.name == "require"
            && symbol(name, &self.scoping).is_some_and(|symbol| self.created.contains(&symbol))
        {
            name.name = Str::from_in(CREATED, self.allocator).into();
        }
    }

    fn visit_object_property(&mut self, property: &mut ObjectProperty<'a>) {
        walk_mut::walk_object_property(self, property);
        let same = matches!(&property.value, Expression::Identifier(name) if property.key.is_specific_static_name(&name.name));
        property.shorthand &= same && property.kind == PropertyKind::Init;
    }
}

/// What a created `require` is called that was called `require`.
const CREATED: &str = "__createdRequire";

/// Takes the positions off code.
pub(super) struct Nowhere;

impl VisitMut<'_> for Nowhere {
    fn visit_span(&mut self, span: &mut Span) {
        *span = SPAN;
    }
}
