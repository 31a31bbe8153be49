//! The body of a batch: JSON, lines, an Arrow stream. What passes the checks is read to its end.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| lcr_edge::fuzzing::batch(data));
