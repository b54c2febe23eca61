//! Certificates and keys in any form, with a passphrase.
#![no_main]

use claviger_mtls::Identity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let builder = Identity::builder().with_pem("file", file);
    let _ = builder.with_passphrase("swordfish".into()).build();
});
