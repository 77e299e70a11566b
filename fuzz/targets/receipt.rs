//! See `cidery_fuzz::receipt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cidery_fuzz::receipt(data));
