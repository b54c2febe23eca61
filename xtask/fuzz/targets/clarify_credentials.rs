//! The file that Clarify issues.
#![no_main]

use claviger_clarify::Credentials;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let _ = Credentials::from_json(file);
});
