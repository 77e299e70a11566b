//! See `cidery_fuzz::policy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cidery_fuzz::policy(data));
