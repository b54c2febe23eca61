//! Makes identifiers out of names, so that they are the same at every start.
//!
//! ```
//! use claviger_sandbox_stage::identifier::{hex, uuid, xid};
//!
//! assert_eq!(uuid("a"), "ca978112-ca1b-bdca-fac2-31b39a23dc4d");
//! assert_eq!(xid("a").len(), 20);
//! assert_eq!(hex(&[0, 255]), "00ff");
//! ```

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Makes an identifier in the form of a UUID.
pub fn uuid(name: &str) -> String {
    let digits = hex(&Sha256::digest(name));
    let mut parts = Vec::new();
    let mut rest = digits.as_str();
    for length in [8, 4, 4, 4, 12] {
        let Some((part, next)) = rest.split_at_checked(length) else { break };
        parts.push(part);
        rest = next;
    }
    parts.join("-")
}

/// Makes an identifier of 20 characters from 0-9 and a-v, as Clarify's are.
pub fn xid(name: &str) -> String {
    let digest = Sha256::digest(name);
    digest.iter().take(20).filter_map(|byte| char::from_digit(u32::from(byte % 32), 32)).collect()
}

/// Writes `bytes` in lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_identifier_of_each_form() {
        assert_eq!(uuid("a"), "ca978112-ca1b-bdca-fac2-31b39a23dc4d");
        assert_eq!(xid("a"), xid("a"));
        assert_ne!(xid("a"), xid("b"));
        assert!(xid("a").len() == 20 && xid("a").chars().all(|character| character.is_digit(32)));
    }
}
