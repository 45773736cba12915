//! libFuzzer plays `words`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| simian_fuzz::words(data));
