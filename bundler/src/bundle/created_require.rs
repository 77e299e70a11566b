//! `createRequire(import.meta.url)`: how ES modules get at CommonJS in Node.js.

use std::collections::BTreeSet;

use oxc::ast::ast::{
    BindingPattern, CallExpression, Expression, ImportDeclarationSpecifier, Program, Statement,
};
use oxc::semantic::{Scoping, SymbolId};

use super::rewrite::symbol;

/// The symbols that hold what `createRequire` gave.
pub(super) fn created_requires(program: &Program<'_>, scoping: &Scoping) -> BTreeSet<SymbolId> {
    let mut makers = BTreeSet::new();
    for statement in &program.body {
        let Statement::ImportDeclaration(import) = statement else { continue };
        if !matches!(import.source.value.as_str(), "module" | "node:module") {
            continue;
        }
        for specifier in import.specifiers.iter().flatten() {
            if let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier
                && specifier.imported.name() == "createRequire"
            {
                makers.extend(specifier.local.symbol_id.get());
            }
        }
    }
    let makes = |call: &CallExpression<'_>| match &call.callee {
        Expression::Identifier(name) => symbol(name, scoping).is_some_and(|symbol| makers.contains(&symbol)),
        callee => {
            callee.as_member_expression().and_then(|member| member.static_property_name())
                == Some("createRequire")
        }
    };
    let declarations = program.body.iter().filter_map(|statement| match statement {
        Statement::VariableDeclaration(declaration) => Some(declaration),
        _ => None,
    });
    let declarators = declarations.flat_map(|declaration| &declaration.declarations);
    declarators
        .filter_map(|declarator| match (&declarator.id, &declarator.init) {
            (BindingPattern::BindingIdentifier(name), Some(Expression::CallExpression(call)))
                if makes(call) =>
            {
                name.symbol_id.get()
            }
            _ => None,
        })
        .collect()
}
