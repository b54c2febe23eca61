//! There may be more ways tomorrow.

use claviger_auth_core::ExistingHeader;

fn words(existing: ExistingHeader) -> &'static str {
    match existing {
        ExistingHeader::Refuse => "refuse",
        ExistingHeader::Replace => "replace",
    }
}

fn main() {
    words(ExistingHeader::Refuse);
}
