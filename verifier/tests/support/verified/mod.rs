//! What must be accepted.

use super::vector::Vector;

mod chain;
mod channel;
mod everything;
mod evidence;
mod linked;
mod newest;
mod standing;
mod witness;

pub use channel::{asked, stable};
pub use witness::witness_floor;

pub fn vectors() -> Vec<Vector> {
    [
        evidence::vectors(),
        chain::vectors(),
        standing::vectors(),
        linked::vectors(),
        channel::vectors(),
        newest::vectors(),
        witness::vectors(),
        everything::vectors(),
    ]
    .concat()
}
