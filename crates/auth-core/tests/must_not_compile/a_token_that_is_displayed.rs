//! A token is not printed by mistake.

use claviger_auth_core::AccessToken;

fn main() {
    let token = AccessToken::bearer(&"swordfish".into()).unwrap();
    println!("{token}");
}
