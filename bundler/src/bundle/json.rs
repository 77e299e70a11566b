//! JSON within a module. rolldown makes code of it that has no positions: in source maps it would be a part of whatever
//! stands before it.

use oxc::ast::ast::{Expression, ObjectPropertyKind, Statement};
use oxc::ast_visit::VisitMut as _;
use oxc::span::{GetSpan as _, GetSpanMut as _, SourceType};
use rolldown_ecmascript::{EcmaAst, EcmaCompiler, WithMutFields};

use super::rewrite::Nowhere;

/// The same value with the positions of its first level; nothing where the text would be another value as JavaScript.
pub(super) fn placed(id: &str, text: &str) -> Option<EcmaAst> {
    if text.contains("__proto__") || text.contains('\u{feff}') {
        return None;
    }
    let mut ast = EcmaCompiler::parse_expr_as_program(id, text, SourceType::mjs()).ok()?;
    ast.program.with_mut(|WithMutFields { program, .. }| {
        let Some(Statement::ExpressionStatement(statement)) = program.body.first_mut() else { return };
        match &mut statement.expression {
            Expression::ObjectExpression(object) => {
                for property in &mut object.properties {
                    let ObjectPropertyKind::ObjectProperty(property) = property else { continue };
                    let (own, value) = (property.span, property.value.span());
                    Nowhere.visit_object_property(property);
                    property.span = own;
                    *property.value.span_mut() = value;
                }
            }
            Expression::ArrayExpression(list) => {
                let span = list.span;
                Nowhere.visit_array_expression(list);
                list.span = span;
            }
            _ => {}
        }
    });
    Some(ast)
}
