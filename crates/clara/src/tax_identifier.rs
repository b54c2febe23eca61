//! For which company of a group a request is.

use claviger_auth_core::{Error, ErrorKind, set_tenant::Tenant};

use crate::Country;

/// Names a company by its national tax number, as `X-Tax-Identifier` carries it.
///
/// The token of a group of companies can act for each of them (Clara's guide, "Multi-Entity Project"). In
/// capitals, as the tax offices write it; `Debug` does not show it.
///
/// # Example
///
/// ```
/// use claviger_clara::{Country, TaxIdentifier};
///
/// assert!(TaxIdentifier::new("ACME8001011H0", Country::Mexico).is_ok());
/// assert!(TaxIdentifier::new("ACME8001011H0", Country::Brazil).is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaxIdentifier(Tenant);

impl TaxIdentifier {
    /// Takes a tax number of a country.
    ///
    /// - Mexico: an RFC, of 3 letters (a company) or 4 (a person), 6 digits (a date) and 3 letters or digits.
    /// - Colombia: a NIT, of 6 to 10 digits, with or without a hyphen and a check digit.
    /// - Brazil: a CNPJ, of 12 letters or digits and 2 check digits, with or without its punctuation.
    ///
    /// Only the form is checked: whether there is such a company, Clara knows.
    ///
    /// # Errors
    ///
    /// [`Tenant`](ErrorKind::Tenant) if it has another form.
    pub fn new(number: &str, country: Country) -> Result<Self, Error> {
        let number = number.trim().to_uppercase();
        let (formed, advice) = match country {
            Country::Brazil => (is_cnpj(&number), "a CNPJ has 14 characters, such as 12.345.678/0001-95"),
            Country::Colombia => (is_nit(&number), "a NIT has 6 to 10 digits, such as 900123456-7"),
            Country::Mexico => (is_rfc(&number), "an RFC has 12 or 13 characters, such as ACM800101AB1"),
        };
        if !formed {
            return Err(Error::new(ErrorKind::Tenant, "this is not a tax number of the country")
                .with_subject(format!("country {country}"))
                .with_advice(advice));
        }
        Tenant::new(&number).map(Self)
    }
}

impl From<TaxIdentifier> for Tenant {
    fn from(identifier: TaxIdentifier) -> Self {
        identifier.0
    }
}

fn is_rfc(number: &str) -> bool {
    let letters = number.chars().take_while(|letter| is_rfc_letter(*letter)).count().min(4);
    // Each of the three parts, whichever way the letters of the first run into the digits of the second.
    [3, 4].into_iter().filter(|length| *length <= letters).any(|length| {
        let rest: String = number.chars().skip(length).collect();
        rest.len() == 9
            && rest.chars().take(6).all(|digit| digit.is_ascii_digit())
            && rest.chars().skip(6).all(|mark| mark.is_ascii_alphanumeric())
    })
}

/// The tax office's alphabet has Ñ and the ampersand of trade names.
fn is_rfc_letter(letter: char) -> bool {
    letter.is_ascii_uppercase() || matches!(letter, 'Ñ' | '&')
}

fn is_nit(number: &str) -> bool {
    let (digits, check) =
        number.split_once('-').map_or((number, None), |(digits, check)| (digits, Some(check)));
    let digits = digits.replace('.', "");
    (6..=10).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && check.is_none_or(|check| check.len() == 1 && check.bytes().all(|digit| digit.is_ascii_digit()))
}

fn is_cnpj(number: &str) -> bool {
    let bare: String = match number.len() {
        14 => number.to_owned(),
        18 if has_cnpj_punctuation(number) => number.replace(['.', '/', '-'], ""),
        _ => return false,
    };
    // Since 2026 the first twelve may be letters, too.
    bare.len() == 14
        && bare.bytes().all(|mark| mark.is_ascii_alphanumeric())
        && bare.bytes().skip(12).all(|digit| digit.is_ascii_digit())
}

fn has_cnpj_punctuation(number: &str) -> bool {
    let marks = number.char_indices().filter(|(_, mark)| !mark.is_ascii_alphanumeric());
    marks.eq([(2, '.'), (6, '.'), (10, '/'), (15, '-')])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(country: Country, good: &[&str], bad: &[&str]) {
        for number in good {
            assert!(TaxIdentifier::new(number, country).is_ok(), "{number}");
        }
        for number in bad {
            let error = TaxIdentifier::new(number, country).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tenant, "{number}");
            assert!(number.is_empty() || !format!("{error} {error:?}").contains(number), "a value is shown");
        }
    }

    #[test]
    fn mexico() {
        check(
            Country::Mexico,
            &["ACME8001011H0", "ACM800101AB1", "Ñ&A800101AB1", "acm800101ab1", " ACM800101AB1\n"],
            &[
                "",
                "ACME",
                "ACM8001011",
                "AC800101AB1",
                "ACMEX800101AB1",
                "ACM80010AAB1",
                "ACM800101AB1X",
                "ACM 800101AB1",
            ],
        );
    }

    #[test]
    fn colombia() {
        check(
            Country::Colombia,
            &["900123456", "900123456-7", "9001234567", "900.123.456-7"],
            &["", "12345", "12345678901", "900123456-", "900123456-77", "90012345A", "-7"],
        );
    }

    #[test]
    fn brazil() {
        check(
            Country::Brazil,
            &["12345678000195", "12.345.678/0001-95", "12ABC34501DE35", "12.abc.345/01de-35"],
            &[
                "",
                "1234567800019",
                "123456780001955",
                "12345678/0001-95..",
                "12ABC34501DEXY",
                "12.345.678/0001.95",
            ],
        );
    }

    #[test]
    fn shows_no_number() {
        let identifier = TaxIdentifier::new("ACME8001011H0", Country::Mexico).unwrap();
        assert!(!format!("{identifier:?}").contains("ACME"));
    }
}
