//! Nobody can claim to mean another's credential.

use std::num::NonZeroU64;

use claviger_auth_core::Generation;

fn main() {
    let _ = Generation(NonZeroU64::MIN);
}
