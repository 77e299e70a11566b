//! See `cidery_fuzz::record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cidery_fuzz::record(data));
