//! See `cidery_fuzz::manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cidery_fuzz::manifest(data));
