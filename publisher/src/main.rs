//! The `cidery` command.
fn main() {}
