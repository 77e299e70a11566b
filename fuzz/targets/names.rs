//! See `cidery_fuzz::names`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cidery_fuzz::names(data));
