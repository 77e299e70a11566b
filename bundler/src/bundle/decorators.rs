//! Decorators as JavaScript will have them: no runtime reads them yet, and nothing here turns them into something else.

use oxc::ast::ast::{Decorator, Program};
use oxc::ast_visit::Visit;

/// Whether a program has decorators. It costs little where there is no `@` in it.
pub(super) fn has_decorators(program: &Program<'_>) -> bool {
    let mut found = Found(false);
    if program.source_text.contains('@') {
        found.visit_program(program);
    }
    found.0
}

struct Found(bool);

impl<'a> Visit<'a> for Found {
    fn visit_decorator(&mut self, _: &Decorator<'a>) {
        self.0 = true;
    }
}
