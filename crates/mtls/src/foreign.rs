//! Words for what is neither a certificate nor a key that can be loaded: what it is, and the command that helps.

use claviger_auth_core::Error;

use crate::{der::Form, part::problem};

/// Names DER that cannot be used.
pub(crate) fn of_der(form: Form) -> Error {
    match form {
        Form::Ber => problem(
            "this is PKCS#12 or PKCS#7 in BER form, with lengths left open",
            "convert it with: openssl pkcs12 -in FILE -nodes -out client.pem",
        ),
        Form::Pkcs7 => problem(
            "this is a PKCS#7 file, not plain certificates",
            "convert it with: openssl pkcs7 -inform der -in FILE -print_certs -out client.crt",
        ),
        Form::PublicKey => public_key(),
        Form::Request => request(),
        Form::RevocationList => revocation_list(),
        Form::Certificate
        | Form::EncryptedKey
        | Form::Pkcs1
        | Form::Pkcs12
        | Form::Pkcs8
        | Form::Sec1
        | Form::Unknown => problem(
            "this is binary data (DER) that is cut off or damaged, or neither a certificate nor a key",
            "copy or download the file again, as binary; to see what is in it: openssl asn1parse -inform der -in FILE",
        ),
    }
}

/// Names a PEM block which has in it what is wanted, in a form that cannot be read.
pub(crate) fn of_label(label: &[u8]) -> Option<Error> {
    Some(match label {
        b"TRUSTED CERTIFICATE" => problem(
            "this is an OpenSSL trusted certificate, not a plain one",
            "convert it with: openssl x509 -in FILE -out client.crt",
        ),
        b"PKCS7" | b"CMS" => problem(
            "this is a PKCS#7 file, not plain certificates",
            "convert it with: openssl pkcs7 -in FILE -print_certs -out client.crt",
        ),
        _ => return None,
    })
}

/// Names a PEM block that is of no use, where there is nothing else.
pub(crate) fn of_useless_label(label: &[u8]) -> Error {
    match label {
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => request(),
        b"DSA PRIVATE KEY" => problem("this is a DSA key, which TLS no longer takes", ASK_FOR_ANOTHER),
        b"OPENSSH PRIVATE KEY" | b"SSH2 ENCRYPTED PRIVATE KEY" => ssh_key(),
        b"PUBLIC KEY" | b"RSA PUBLIC KEY" | b"SSH2 PUBLIC KEY" => public_key(),
        b"X509 CRL" => revocation_list(),
        label if label.starts_with(b"PGP ") => problem(
            "this is a PGP file, not a TLS key or certificate",
            "if it is an encrypted message, open it with: gpg --decrypt FILE",
        ),
        _ => problem(
            "this PEM text has neither a certificate nor a private key in it",
            "give the file that has -----BEGIN CERTIFICATE----- or -----BEGIN PRIVATE KEY----- in it",
        ),
    }
}

/// Names what is neither PEM nor DER.
pub(crate) fn of_bytes(bytes: &[u8]) -> Error {
    let start = bytes.trim_ascii_start();
    let begins = |marks: &[&[u8]]| marks.iter().any(|mark| begins_with(start, mark));
    if begins(&[b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"]) {
        return problem(
            "this is a Java keystore (JKS), not PEM or PKCS#12",
            "convert it with: keytool -importkeystore -srckeystore FILE -destkeystore client.p12 -deststoretype PKCS12",
        );
    }
    if begins(&[b"\xff\xfe", b"\xfe\xff"]) {
        return problem("the file is UTF-16 text, not plain text", "save the file as UTF-8");
    }
    if begins(&[b"<!doctype html", b"<html", b"<head", b"<?xml", b"<svg"]) {
        return problem(
            "this is a web page (HTML or XML), not PEM: perhaps what a server said instead of the file",
            "download the file again, and look at it: head FILE",
        );
    }
    if is_specification(start) {
        return problem(
            "this is an API specification (OpenAPI), not a certificate or key",
            "give the file that begins with -----BEGIN CERTIFICATE----- or -----BEGIN PRIVATE KEY-----",
        );
    }
    if begins(&[b"PuTTY-User-Key-File", b"ssh-", b"ecdsa-sha2-"]) {
        return ssh_key();
    }
    if begins(&[b"PK\x03\x04", b"\x1f\x8b"]) {
        return problem("this is an archive (ZIP or gzip), not PEM", "unpack it, and give the file in it");
    }
    if is_bare_base64(start) {
        return problem(
            "this is base64 without its BEGIN and END lines",
            "decode it with: openssl base64 -d -A -in FILE -out client.der",
        );
    }
    problem(
        "this is not a PEM file: it has no BEGIN line",
        "give the file that begins with -----BEGIN CERTIFICATE----- or -----BEGIN PRIVATE KEY-----",
    )
}

/// RFC 1421 §4.6.1.1, in which OpenSSL encrypts with one round of MD5.
pub(crate) fn encrypted_as_of_old() -> Error {
    problem(
        "the private key is encrypted in OpenSSL's old form (Proc-Type: 4,ENCRYPTED), which is not read",
        "encrypt it anew with: openssl pkcs8 -topk8 -in FILE -out client.key",
    )
}

fn public_key() -> Error {
    problem(
        "this is a public key, not a private one or a certificate",
        "give the private key that was made with it, and the certificate that was issued for it",
    )
}

fn request() -> Error {
    problem(
        "this is a request for a certificate, not a certificate",
        "give the certificate that was issued for it; to see whose it is: openssl req -in FILE -noout -subject",
    )
}

fn revocation_list() -> Error {
    problem(
        "this is a list of revoked certificates (CRL), not a certificate",
        "give the file that begins with -----BEGIN CERTIFICATE-----",
    )
}

fn ssh_key() -> Error {
    problem(
        "this is an SSH key, not a TLS key",
        "give the private key that belongs to the client certificate",
    )
}

/// Knows OpenAPI, which older ones call Swagger, and AsyncAPI: in JSON or YAML, near the beginning.
fn is_specification(text: &[u8]) -> bool {
    let head = text.get(..1024).unwrap_or(text);
    let words: [&[u8]; 3] = [b"openapi", b"swagger", b"asyncapi"];
    let is_word = |line: &[u8]| {
        let line = line.trim_ascii_start();
        let line = line.strip_prefix(b"\"").unwrap_or(line);
        words.iter().any(|word| {
            let rest = line.strip_prefix(*word).map(|rest| rest.strip_prefix(b"\"").unwrap_or(rest));
            rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
        })
    };
    head.split(|byte| matches!(byte, b'\n' | b'{' | b',')).any(is_word)
}

/// Knows DER by how its base64 begins: a SEQUENCE of 128 bytes or more.
fn is_bare_base64(text: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
    text.starts_with(b"MI") && text.iter().all(is_letter)
}

fn begins_with(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark))
}

const ASK_FOR_ANOTHER: &str = "ask for an RSA or EC key and a certificate for it";
