//! What goes wrong with real packages when they leave Node.js, each in real workerd.

// The test is a crate of its own.
#![allow(unreachable_pub)]

mod builtins;
mod code;
mod faces;
mod modules;
#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};
use support::workerd::run;
use support::{Project, Registry};

/// One package, `pkg`, with these files and fields of its `package.json`.
pub fn package(mut fields: Value, files: &[(&str, &str)]) -> Registry {
    let mut registry = Registry::start();
    fields["name"] = json!("pkg");
    fields["version"] = json!("1.0.0");
    registry.publish(fields, files);
    registry
}

/// What a program gives that uses `pkg`.
pub async fn value_of(fields: Value, files: &[(&str, &str)], program: &str) -> Value {
    let registry = package(fields, files);
    run(&Project::depending(&registry, json!({ "pkg": "1" }), program).bundle().await.unwrap())
}

/// Gives what it exports.
pub const USE: &str = "import pkg from 'pkg'; export default pkg;";
