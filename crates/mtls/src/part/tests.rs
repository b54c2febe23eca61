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
            include_bytes!("../identity/testdata/ec-encrypted-legacy.key"),
            "the private key is encrypted in OpenSSL's old form (Proc-Type: 4,ENCRYPTED), which is not read",
            "openssl pkcs8 -topk8 ",
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
        (b"0123", "this is not a PEM file: it has no BEGIN line", "-----BEGIN"),
        (b"\n<!DOCTYPE html><p>Sign in", PAGE, "again"),
        (b"<HTML>", PAGE, "again"),
        (b"{\n  \"openapi\": \"3.0.0\"", SPECIFICATION, "-----BEGIN"),
        (b"{\"info\":{},\"swagger\":\"2.0\"", SPECIFICATION, "-----BEGIN"),
        (b"# Clara\nopenapi: 3.1.0\n", SPECIFICATION, "-----BEGIN"),
        (b"\xfe\xed\xfe\xed\0\0\0\x02", "this is a Java keystore (JKS), not PEM or PKCS#12", "keytool "),
        (b"PuTTY-User-Key-File-2: ssh-rsa", "this is an SSH key, not a TLS key", "client certificate"),
        (b"ssh-ed25519 AAAAC3Nz acme", "this is an SSH key, not a TLS key", "client certificate"),
        (b"PK\x03\x04", "this is an archive (ZIP or gzip), not PEM", "unpack"),
        (b"MIIBkTCB\nAAAA==\n", "this is base64 without its BEGIN and END lines", "openssl base64 -d"),
        (b"-----BEGIN CERTIFICATE-----\\nMII=\\n-----END CERTIFICATE-----", BREAKS, "printf"),
        (b"-----BEGIN PRIVATE KEY----- MII= -----END PRIVATE KEY-----", BREAKS, "printf"),
        (
            b"\x30\x80\x02\x01\x03",
            "this is PKCS#12 or PKCS#7 in BER form, with lengths left open",
            "openssl ",
        ),
        (b"\x30\x82\x01\x00", BINARY, "openssl asn1parse"),
    ];
    for (bytes, text, advice) in cases {
        let error = refusal(bytes);
        assert_eq!(error.to_string(), format!("{text} (the-file)"));
        assert!(error.advice().contains(advice), "{}", error.advice());
    }
}

#[test]
fn names_blocks_of_no_use_where_there_is_nothing_else() {
    let block = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
    for (label, text) in [
        ("CERTIFICATE REQUEST", "this is a request for a certificate, not a certificate"),
        ("DSA PRIVATE KEY", "this is a DSA key, which TLS no longer takes"),
        ("OPENSSH PRIVATE KEY", "this is an SSH key, not a TLS key"),
        ("PGP MESSAGE", "this is a PGP file, not a TLS key or certificate"),
        ("PUBLIC KEY", "this is a public key, not a private one or a certificate"),
        ("X509 CRL", "this is a list of revoked certificates (CRL), not a certificate"),
        ("DH PARAMETERS", "this PEM text has neither a certificate nor a private key in it"),
    ] {
        assert_eq!(refusal(block(label).as_bytes()).to_string(), format!("{text} (the-file)"));
        let beside = block(label) + &block("CERTIFICATE");
        assert_eq!(parse(beside.as_bytes(), None).unwrap().certificates.len(), 1);
    }
}

#[test]
fn a_file_larger_than_any_is_not_read() {
    let text = b"-----BEGIN X-----\n-----END X-----\n".repeat(40_000);
    assert_eq!(refusal(&text).to_string(), "the file is larger than 1 MiB (the-file)");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    std::fs::write(&path, text).unwrap();
    let Err(error) = Part::File(path).read() else { panic!("it should have been refused") };
    assert!(error.to_string().starts_with("the file is larger than 1 MiB"), "{error}");
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_named() {
    use std::os::unix::{fs::symlink, net::UnixListener};

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    symlink("gone", path("dangling")).unwrap();
    let _socket = UnixListener::bind(path("socket")).unwrap();
    for (name, text, advice) in [
        ("", "this is a folder, not a file", "the file in it"),
        ("dangling", "this is a link to a file that is not there", "ls -l"),
        ("missing", "the file cannot be read", "the path is right"),
        ("socket", "this is a pipe, a socket or a device, not a file", "a file"),
    ] {
        let Err(error) = Part::File(path(name)).read() else { panic!("{name}") };
        assert!(error.to_string().starts_with(text), "{error}");
        assert!(error.advice().contains(advice), "{}", error.advice());
        assert_eq!(error.subject(), Some(&*path(name).display().to_string()));
    }
}

const BINARY: &str =
    "this is binary data (DER) that is cut off or damaged, or neither a certificate nor a key";
const BREAKS: &str = "the PEM text has lost its line breaks";
const PAGE: &str =
    "this is a web page (HTML or XML), not PEM: perhaps what a server said instead of the file";
const SPECIFICATION: &str = "this is an API specification (OpenAPI), not a certificate or key";

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
