//! For which tenant of Clarus a request is.

use claviger_auth_core::{Error, ErrorKind, set_tenant::Tenant};
use http::HeaderValue;

/// Names a tenant by its subdomain, as `X-Clarus-Subdomain` carries it.
///
/// Every request must have one (Clarus's guide "API authentication", "The subdomain header"). In small
/// letters, since names of hosts do not tell them from capitals; `Debug` does not show it.
///
/// # Example
///
/// ```
/// use claviger_clarus::Subdomain;
///
/// assert!(Subdomain::new("acme").is_ok());
/// assert!(Subdomain::new("acme.claruswms.co.uk").is_err(), "only the first part");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subdomain(Tenant);

impl Subdomain {
    /// Takes one label of a host's name: 1 to 63 letters, digits and hyphens, no hyphen at either end
    /// (RFC 1123 §2.1).
    ///
    /// Only the form is checked: whether there is such a tenant, Clarus knows.
    ///
    /// # Errors
    ///
    /// [`Tenant`](ErrorKind::Tenant) if it is something else: an address, for one.
    pub fn new(label: &str) -> Result<Self, Error> {
        if label.is_empty() {
            return Err(refused("the subdomain is empty"));
        }
        if label.contains(['.', '/', ':']) {
            return Err(refused("this is an address and not a subdomain").with_advice(
                "write only the first part: acme, where the address is https://acme.claruswms.co.uk",
            ));
        }
        if !is_label(label) {
            return Err(refused("this is not a subdomain"));
        }
        Ok(Self(Tenant::new(&label.to_ascii_lowercase())?))
    }

    /// Returns the value of the header, marked sensitive.
    pub(crate) fn header_value(&self) -> &HeaderValue {
        self.0.header_value()
    }
}

impl From<Subdomain> for Tenant {
    fn from(subdomain: Subdomain) -> Self {
        subdomain.0
    }
}

fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn refused(what: &'static str) -> Error {
    Error::new(ErrorKind::Tenant, what)
        .with_subject("X-Clarus-Subdomain")
        .with_advice("a subdomain has 1 to 63 letters, digits and hyphens, and no hyphen at either end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_label_and_sends_small_letters() {
        let longest = "a".repeat(63);
        for (given, sent) in [
            ("acme", "acme"),
            ("ACME", "acme"),
            ("acme-2-test", "acme-2-test"),
            ("a--b", "a--b"),
            ("3pl", "3pl"),
            ("7", "7"),
            ("xn--mller-kva", "xn--mller-kva"),
            (&longest, &longest),
        ] {
            let subdomain = Subdomain::new(given).unwrap();
            assert_eq!(subdomain.header_value(), sent);
            assert!(subdomain.header_value().is_sensitive());
            assert_eq!(Tenant::from(subdomain), Tenant::new(sent).unwrap());
        }
    }

    #[test]
    fn refuses_what_is_no_label() {
        let too_long = "a".repeat(64);
        for bad in [
            "",
            " ",
            " acme",
            "acme ",
            "acme\n",
            "acme\r\nX-Evil: 1",
            "acme\0",
            "ac me",
            "ac_me",
            "-acme",
            "acme-",
            "-",
            "müller",
            "acme,other",
            "acme@x",
            &too_long,
        ] {
            let error = Subdomain::new(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tenant, "{bad:?}");
            assert_eq!(error.subject(), Some("X-Clarus-Subdomain"));
        }
    }

    #[test]
    fn says_of_an_address_that_its_first_part_is_wanted() {
        for bad in [
            "acme.claruswms.co.uk",
            "https://acme.claruswms.co.uk/",
            "https://acme",
            "acme.",
            ".acme",
            "acme/",
            "acme:443",
            "//acme",
        ] {
            let error = Subdomain::new(bad).unwrap_err();
            assert!(error.advice().contains("only the first part"), "{bad:?}");
            assert_eq!(error.kind(), ErrorKind::Tenant);
        }
    }

    #[test]
    fn shows_no_name() {
        assert!(!format!("{:?}", Subdomain::new("acme").unwrap()).contains("acme"));
        let error = Subdomain::new("canary.example").unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.advice()).contains("canary"));
    }
}
