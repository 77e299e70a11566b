//! What must hold for any input, one function a target; `targets/` hands them to libFuzzer.
//!
//! | targets | what must hold |
//! |---|---|
//! | [`names`], [`ranges`] | what is read is written again as it was, and keeps its grammar |
//! | [`manifest`], [`record`], [`entry`], [`envelope`], [`checkpoint`], [`receipt`], [`policy`] | the same, byte for byte where the form is the only one, and the rules of SPEC that the type promises |
//! | [`entry`], [`envelope`], [`checkpoint`], [`receipt`] | nothing that was altered passes for what the [`Fixture`] signed |
//!
//! No input makes anything panic: that is checked by running it. `examples/seeds.rs` writes inputs to begin with.

mod fixture;
mod log;
mod records;
mod text;
mod trust;

pub use fixture::Fixture;
pub use log::checkpoint;
pub use records::{entry, envelope, manifest, record};
pub use text::{names, ranges};
pub use trust::{policy, receipt};
