//! Makes what must not be guessed: secrets, tokens, identifiers.
//!
//! ```
//! use claviger_sandbox_stage::random;
//!
//! assert_eq!(random::text::<24>()?.len(), 32);
//! assert_ne!(random::text::<24>()?, random::text::<24>()?);
//! # Ok::<(), claviger_sandbox_stage::Error>(())
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;

/// Draws `N` random bytes and writes them in the URL-safe alphabet, as Auth0 writes its secrets.
///
/// # Errors
///
/// If no random bytes can be had.
pub fn text<const N: usize>() -> Result<String, Error> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new("could not draw random bytes", error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_draws_the_same_text_twice() {
        let (one, other) = (text::<32>().unwrap(), text::<32>().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
    }
}
