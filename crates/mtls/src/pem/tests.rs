//! What is not PEM is called by its name.

use super::*;

fn refusal(bytes: &[u8]) -> Error {
    let Err(error) = parse(bytes, Some("the-file".into())) else { panic!("it should have been refused") };
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.subject(), Some("the-file"));
    error
}

#[test]
fn says_what_a_file_is_and_which_command_converts_it() {
    let cases: &[(&[u8], &str, &str)] = &[
        (
            include_bytes!("../identity/testdata/client.p12"),
            "this is a PKCS#12 file (.p12, .pfx), not PEM",
            "openssl pkcs12 ",
        ),
        (
            include_bytes!("../identity/testdata/ec.key.der"),
            "this is a private key in DER form, not PEM",
            "openssl pkey -inform der",
        ),
        (
            include_bytes!("../identity/testdata/ec.crt.der"),
            "this is a certificate in DER form, not PEM",
            "openssl x509 -inform der",
        ),
        (
            include_bytes!("../identity/testdata/ec-encrypted-pkcs8.key"),
            "the private key is encrypted",
            "openssl pkcs8 -topk8 -nocrypt",
        ),
        (
            include_bytes!("../identity/testdata/ec-encrypted-legacy.key"),
            "the private key is encrypted",
            "openssl pkcs8 -topk8 -nocrypt",
        ),
        (
            include_bytes!("../identity/testdata/trusted.pem"),
            "this is an OpenSSL trusted certificate, not a plain one",
            "openssl x509 ",
        ),
        (
            include_bytes!("../identity/testdata/ec.p7b"),
            "this is a PKCS#7 file, not plain certificates",
            "openssl pkcs7 ",
        ),
        (b"", "the file is empty", "again"),
        (b" \r\n\n", "the file is empty", "again"),
        (b"\xef\xbb\xbf", "the file is empty", "again"),
        (b"\xff\xfe-\0-\0", "the file is UTF-16 text, not plain text", "UTF-8"),
        (b"<html>Sign in</html>", "this is not a PEM file: it has no BEGIN line", "-----BEGIN"),
        (b"0123", "this is not a PEM file: it has no BEGIN line", "-----BEGIN"),
    ];
    for (bytes, text, advice) in cases {
        let error = refusal(bytes);
        assert_eq!(error.to_string(), format!("{text} (the-file)"));
        assert!(error.advice().contains(advice), "{}", error.advice());
    }
}

#[test]
fn tells_what_is_cut_off_from_what_is_damaged() {
    const CUT_OFF: &str = "the PEM text is cut off: a BEGIN line without its END line (the-file)";
    const DAMAGED: &str = "the PEM text is damaged (the-file)";
    let cut: &[&[u8]] = &[
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ];
    for text in cut {
        assert_eq!(refusal(text).to_string(), CUT_OFF);
    }
    let damaged: &[&[u8]] = &[
        b"-----BEGIN PRIVATE KEY-----\nAA!A\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END CERTIFICATE-----\n",
    ];
    for text in damaged {
        assert_eq!(refusal(text).to_string(), DAMAGED);
    }
}

#[test]
fn never_panics_on_a_prefix() {
    let files: [&[u8]; 3] = [
        include_bytes!("../identity/testdata/client.p12"),
        include_bytes!("../identity/testdata/ec-sec1.pem"),
        include_bytes!("../identity/testdata/bag-attributes.pem"),
    ];
    for file in files {
        for end in 0..file.len() {
            let _ = parse(&file[..end], None);
        }
    }
}

#[test]
fn every_prefix_of_an_identity_is_refused() {
    let file = include_bytes!("../identity/testdata/rsa-pkcs1.pem");
    for end in (0..file.len()).step_by(7) {
        let build = crate::Identity::builder()
            .with_crypto_provider(crate::fixture::provider())
            .with_pem("prefix", &file[..end])
            .build();
        // The last line may lose its dashes' line break and no more.
        assert!(build.is_err() || end + 2 >= file.len(), "{end}");
    }
}
