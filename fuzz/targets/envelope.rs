//! See `cidery_fuzz::envelope`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cidery_fuzz::envelope(data));
