//! DER, as far as it takes to tell what a file is.

/// One element: its tag, what is in it, and all of it.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Walks from element to element, and ends where none is whole.
#[derive(Clone)]
pub(crate) struct Elements<'a> {
    pub(crate) rest: &'a [u8],
}

/// What an element is, as its first members tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Indefinite lengths (X.690 §8.1.3.6), which DER does not have.
    Ber,
    Certificate,
    EncryptedKey,
    Pkcs1,
    Pkcs12,
    Pkcs7,
    Pkcs8,
    PublicKey,
    Request,
    RevocationList,
    Sec1,
    Unknown,
}

impl<'a> Elements<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.rest.split_first()?;
        let (&length, rest) = rest.split_first()?;
        let (length, rest) = if length & 0x80 == 0 {
            (usize::from(length), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            // Neither without a length nor longer than any file.
            if digits.is_empty() || digits.len() > 3 {
                return None;
            }
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = self.rest.get(..self.rest.len() - rest.len())?;
        self.rest = rest;
        Some(Element { tag, content, whole })
    }
}

impl<'a> Element<'a> {
    pub(crate) fn members(&self) -> Elements<'a> {
        Elements::of(self.content)
    }

    pub(crate) fn form(&self) -> Form {
        match (self.tag, &*self.shape()) {
            (SEQUENCE, "is") if self.begins_with(&[3]) => Form::Pkcs12,
            (SEQUENCE, "iss") if self.begins_with(&[3]) => Form::Pkcs12,
            (SEQUENCE, "iso" | "iso0" | "iso1" | "iso01") => Form::Pkcs8,
            (SEQUENCE, "io" | "io0" | "io1" | "io01") => Form::Sec1,
            (SEQUENCE, "iiiii") => Form::Pkcs1,
            (SEQUENCE, "ii") => Form::PublicKey,
            (SEQUENCE, "so") => Form::EncryptedKey,
            (SEQUENCE, "sb") => Form::PublicKey,
            (SEQUENCE, "ssb") => self.signed(),
            (SEQUENCE, "d0") => Form::Pkcs7,
            _ => Form::Unknown,
        }
    }

    /// Tells what was signed (RFC 5280 §4.1, §5.1; RFC 2986 §4).
    fn signed(&self) -> Form {
        let Some(signed) = self.members().next() else { return Form::Unknown };
        match &*signed.shape() {
            shape if shape.starts_with("0is") => Form::Certificate,
            // The first version of certificates, and of lists of revoked ones.
            "issss" => Form::Certificate,
            "iss" | "iss0" => Form::Request,
            shape if shape.starts_with("isst") || shape.starts_with("sst") => Form::RevocationList,
            _ => Form::Unknown,
        }
    }

    fn begins_with(&self, integer: &[u8]) -> bool {
        self.members().next().is_some_and(|first| first.content == integer)
    }

    /// A letter for each of the first members.
    fn shape(&self) -> String {
        self.members()
            .take(5)
            .map(|member| match member.tag {
                INTEGER => 'i',
                0x03 => 'b',
                OCTETS => 'o',
                OBJECT_ID => 'd',
                0x17 | 0x18 => 't',
                SEQUENCE => 's',
                0xa0 | 0x80 => '0',
                0xa1 | 0x81 => '1',
                _ => '?',
            })
            .collect()
    }
}

/// Tells whether the bytes begin as DER does, be they whole or not.
pub(crate) fn is_likely(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    bytes.first() == Some(&SEQUENCE) && !bytes.iter().all(is_text)
}

/// What the bytes are, one element after the other; none if they are anything else, be it in part.
pub(crate) fn elements(bytes: &[u8]) -> Option<Vec<(Form, &[u8])>> {
    if bytes.get(1) == Some(&0x80) {
        return Some(vec![(Form::Ber, bytes)]);
    }
    let mut elements = Elements::of(bytes);
    let found = elements.by_ref().take(MOST).map(|element| {
        let form = element.form();
        (form != Form::Unknown).then_some((form, element.whole))
    });
    let found = found.collect::<Option<Vec<_>>>()?;
    (!found.is_empty() && elements.rest.trim_ascii_start().is_empty()).then_some(found)
}

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;
/// More than anybody puts behind each other.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_elements_that_are_whole_and_no_other() {
        let two = b"\x02\x01\x03\x04\x81\x02ab";
        let found: Vec<_> = Elements::of(two).map(|one| (one.tag, one.content, one.whole.len())).collect();
        assert_eq!(found, [(INTEGER, &b"\x03"[..], 3), (OCTETS, &b"ab"[..], 5)]);
        for cut in [
            &b"\x02"[..],
            b"\x02\x02\x01",
            b"\x30\x80\x00\x00",
            b"\x30\x84\x00\x00\x00\x01\x05",
            b"\x30\x82\x01",
        ] {
            let mut elements = Elements::of(cut);
            assert!(elements.next().is_none() && elements.rest == cut, "{cut:?}");
        }
    }

    #[test]
    fn knows_no_form_of_what_is_followed_by_something_else() {
        let request = b"\x30\x0b\x30\x07\x02\x01\x00\x30\x00\x30\x00";
        assert_eq!(elements(&[&request[..], b"\x30\x00\x03\x00"].concat()), None);
        assert_eq!(elements(b""), None);
        assert_eq!(elements(b"\x30\x80\x02\x01\x03").unwrap()[0].0, Form::Ber);
        let key = b"\x30\x05\x02\x01\x01\x04\x00".as_slice();
        assert_eq!(elements(&[key, key].concat()).unwrap(), [(Form::Sec1, key), (Form::Sec1, key)]);
        assert_eq!(elements(&key.repeat(MOST + 1)), None);
        assert_eq!(elements(&[key, b"x"].concat()), None);
    }
}
