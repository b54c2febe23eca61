//! Who gets the credential is not left open.

use claviger_auth_core::{StaticToken, authorization::AuthorizationLayer};

fn main() {
    let token = StaticToken::bearer("swordfish".into()).unwrap();
    let _ = AuthorizationLayer::new(token);
}
