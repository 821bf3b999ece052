#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| stormglass_fuzz::request(data));
