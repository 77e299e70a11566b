//! See `cidery_fuzz::page`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cidery_fuzz::page(data));
