//! The time, as Workers tells it: that of the last I/O.

use cidery_registry::Clock;
use worker::Date;

/// The platform's clock.
#[derive(Clone, Copy)]
pub(crate) struct PlatformClock;

impl Clock for PlatformClock {
    fn now(&self) -> u64 {
        Date::now().as_millis() / 1000
    }
}
