//! libFuzzer plays `answers`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| simian_fuzz::answers(data));
