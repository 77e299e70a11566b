//! `cargo xtask compat`: popular npm packages in Node, by way of Cidery, and by way of what people use today.

use crate::build::build;
use crate::failure::Failure;
use crate::place::Place;
use crate::setup::setup;
use crate::steps::run;
use crate::test::environment;

/// Runs the programs of `tests/compat`: all of them, or those of the packages that are named.
///
/// # Errors
/// What [`setup`] says of a machine that is not ready; [`Failure::Step`] where a program gives another value than Node, and
/// the list of exceptions doesn't say so.
pub(crate) fn compat(place: &Place, names: &[String]) -> Result<(), Failure> {
    setup(place)?;
    build(place)?;
    let mut node = place.node();
    node.arg("tests/compat/compat.js").args(names).envs(environment(place));
    run("compat", &mut node)
}
