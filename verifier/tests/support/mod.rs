//! A log with packages in memory, made from keys that everybody knows, and the vectors that are made of it.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod case;
pub mod folder;
pub mod history;
pub mod ipld;
pub mod log;
pub mod package;
pub mod packages;
pub mod plan;
pub mod refused;
pub mod says;
pub mod signatures;
pub mod steps;
pub mod vector;
pub mod verified;
