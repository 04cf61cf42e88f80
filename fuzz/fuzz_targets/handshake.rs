#![no_main]

#[allow(dead_code)] // the other fuzzers call the rest
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::handshake(octets));
