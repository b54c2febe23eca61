//! The settings file. It is read from a file alone, for its permissions count.
#![no_main]

use std::{fs, sync::LazyLock};

use claviger_profiles::Document;
use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;

static FILE: LazyLock<NamedTempFile> =
    LazyLock::new(|| NamedTempFile::new().expect("a folder for such files"));

fuzz_target!(|file: &[u8]| {
    fs::write(FILE.path(), file).expect("it is ours");
    let _ = Document::open(FILE.path()).and_then(|document| document.choose(None));
});
