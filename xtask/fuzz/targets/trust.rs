//! Authorities, in a file that is theirs and in one that may be anything.
#![no_main]

use claviger_mtls::Trust;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let found = Trust::authorities_in(file);
    assert!(found.is_empty() || Trust::given(found).is_ok());
    let _ = Trust::given([file]);
});
