//! What must hold for any input, one function a target; `targets/` hands them to libFuzzer.
//!
//! | targets | what must hold |
//! |---|---|
//! | [`names`], [`ranges`] | what is read is written again as it was, and keeps its grammar |
//! | [`manifest`], [`record`], [`entry`], [`envelope`], [`checkpoint`], [`receipt`], [`proof`], [`page`], [`policy`] | the same, byte for byte where the form is the only one, and the rules of SPEC that the type promises |
//! | [`entry`], [`envelope`], [`checkpoint`], [`receipt`], [`proof`] | nothing that was altered passes for what the [`Fixture`] signed |
//! | [`page`] | what a page of the map says of a key, its path shows |
//!
//! No input makes anything panic: that is checked by running it. `examples/seeds.rs` writes inputs to begin with.

mod fixture;
mod log;
mod map;
mod records;
mod text;
mod trust;

pub use fixture::Fixture;
pub use log::checkpoint;
pub use map::page;
pub use records::{entry, envelope, manifest, record};
pub use text::{names, ranges};
pub use trust::{policy, proof, receipt};
