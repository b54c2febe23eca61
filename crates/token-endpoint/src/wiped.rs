//! Memory for secrets: wiped when it is let go, also when it grows.

use std::io;

use bytes::Bytes;
use zeroize::Zeroizing;

/// Collects bytes that may hold a secret.
///
/// A plain `Vec` leaves its old buffer behind, unwiped, each time it grows. Best effort all the same: what a
/// transport copies into its own buffers is out of our hands.
#[derive(Default)]
pub(crate) struct Wiped(Zeroizing<Vec<u8>>);

impl Wiped {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            let doubled = self.0.capacity().saturating_mul(2);
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(doubled).max(SMALLEST)));
            larger.extend_from_slice(&self.0);
            self.0 = larger; // the smaller one is wiped as it is dropped
        }
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.push(text.as_bytes());
    }

    /// Makes `Bytes` of it, wiped when the last clone goes.
    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl io::Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const SMALLEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_byte_as_it_grows() {
        let mut wiped = Wiped::default();
        for _ in 0..1000 {
            wiped.push_str("swordfish ");
        }
        assert_eq!(wiped.into_bytes(), "swordfish ".repeat(1000));
    }
}
