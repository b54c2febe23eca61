//! Every form of identity and trust that openssl makes, on both crypto providers: what must load, what must not, and
//! with which words.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_mtls::{Identity, Tls, Trust};
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};

use crate::zoo_files::Zoo;

/// What must come of a row.
#[derive(Clone, Copy)]
enum Outcome {
    /// It is refused in these words, with this in the advice.
    Fails(&'static str, &'static str),
    /// It loads, with as many certificates in its chain; a trust, with as many authorities.
    Loads(usize),
    /// aws-lc-rs has such keys, ring has not.
    LoadsOnAwsLcRs,
}

use Outcome::{Fails, Loads, LoadsOnAwsLcRs};

/// Files, or what is made of them (see [`Zoo::cook`]); a passphrase; what must come of it.
type Row = (&'static str, &'static str, Outcome);

const KINDS: &[Row] = &[
    ("p256.crt p256.key", "", Loads(1)),
    ("p384.crt p384.key", "", Loads(1)),
    ("p521.crt p521.key", "", LoadsOnAwsLcRs),
    ("ed25519.crt ed25519.key", "", Loads(1)),
    ("rsa2048.crt rsa2048.key", "", Loads(1)),
    ("rsa3072.crt rsa3072.key", "", Loads(1)),
    ("rsa4096.crt rsa4096.key", "", Loads(1)),
    ("p256.crt p256-sec1.key", "", Loads(1)),
    ("p384.crt p384-sec1.key", "", Loads(1)),
    ("p256.crt p256.parameters+p256-sec1.key", "", Loads(1)),
    ("rsa2048.crt rsa2048-pkcs1.key", "", Loads(1)),
    ("rsa4096.crt rsa4096-pkcs1.key", "", Loads(1)),
    ("p256.cer p256-pkcs8.der", "", Loads(1)),
    ("p256.cer p256-sec1.der", "", Loads(1)),
    ("ed25519.cer ed25519-pkcs8.der", "", Loads(1)),
    ("rsa2048.cer rsa2048-pkcs1.der", "", Loads(1)),
    ("p256.cer+lower.cer p256.key", "", Loads(2)),
    ("p256.cer+p256-sec1.der", "", Loads(1)),
    ("p256-self-signed.crt p256.key", "", Loads(1)),
    ("p256.crt p256-without-public.key", "", LoadsOnAwsLcRs),
    ("rsa1024.crt rsa1024.key", "", Fails(UNSUPPORTED_KEY, "2048")),
    ("ed448.crt ed448.key", "", Fails(UNSUPPORTED_KEY, "P-256")),
    ("k256.crt k256.key", "", Fails(UNSUPPORTED_KEY, "P-256")),
    // The providers give different reasons.
    ("explicit.crt explicit.key", "", Fails("the private key ", "key")),
];

const TEXTS: &[Row] = &[
    ("p256.crt+p256.key", "", Loads(1)),
    ("p256.key+p256.crt", "", Loads(1)),
    ("crlf:p256.crt+p256.key", "", Loads(1)),
    ("cr:p256.crt+p256.key", "", Loads(1)),
    ("bom:p256.crt p256.key", "", Loads(1)),
    ("bom:p256.key p256.crt", "", Loads(1)),
    ("blank-lines:p256.crt+p256.key", "", Loads(1)),
    ("commented:p256.crt+p256.key", "", Loads(1)),
    ("indented:p256.crt+p256.key", "", Loads(1)),
    ("unended:p256.crt+p256.key", "", Loads(1)),
    ("unwrapped:p256.crt+p256.key", "", Loads(1)),
    ("notes.txt+p256.crt+p256.key+notes.txt", "", Loads(1)),
    ("p256-text.crt p256.key", "", Loads(1)),
    ("bag-attributes.pem", "", Loads(4)),
    ("cut:p256.crt p256.key", "", Fails("the PEM text is cut off", "again")),
    ("escaped:p256.crt p256.key", "", Fails("the PEM text has lost its line breaks", "printf")),
    ("utf16:p256.crt p256.key", "", Fails("the file is UTF-16 text", "UTF-8")),
];

const CHAINS: &[Row] = &[
    ("p256.crt+lower.crt+upper.crt p256.key", "", Loads(3)),
    ("p256.crt+lower.crt+upper.crt+root.crt p256.key", "", Loads(4)),
    ("root.crt+upper.crt+lower.crt+p256.crt p256.key", "", Loads(4)),
    ("upper.crt+p256.crt+p256.key+root.crt+lower.crt", "", Loads(4)),
    ("p256.crt p256.key chain.pem", "", Loads(4)),
    ("p256.crt+upper.crt p256.key", "", Loads(1)),
    ("twice:p256.crt+lower.crt+upper.crt p256.key", "", Loads(3)),
    ("p256.crt+lower.crt p256.key lower.cer", "", Loads(2)),
    ("p256.crt+stranger.crt+lower.crt p256.key", "", Loads(2)),
    ("p256.crt+p256-renewed.crt+lower.crt p256.key", "", Loads(2)),
    ("p256.crt+lower.crt+upper-as-root.crt p256.key", "", Loads(3)),
    ("p256.crt p256.key+other.key", "", Loads(1)),
    ("p256.crt other.key+rsa2048.key+p256.key", "", Loads(1)),
    ("p256.crt p256.key p256-sec1.key p256-pkcs8.der", "", Loads(1)),
    ("p256.crt+p256.key+root.crt+root.key", "", Loads(1)),
    ("p256.crt+p256.key public.pem p256.csr", "", Fails("this is a public key", "private key")),
    ("public.pem+p256.csr+p256.crt+p256.key", "", Loads(1)),
    ("p256.crt other.key", "", Fails("the private key belongs to another certificate", "together")),
    ("p256.crt other.key+p384.key", "", Fails("none of the private keys belongs", "together")),
    ("p256.crt+p256.key+p384.crt+p384.key", "", Fails("there are several private keys", "only")),
    ("p256.key", "", Fails("there is no client certificate", "BEGIN CERTIFICATE")),
    ("p256.crt", "", Fails("there is no private key", "BEGIN PRIVATE KEY")),
    ("root.crt", "", Fails("this is the certificate of an authority (CA)", "to trust")),
    ("chain.pem p256.key", "", Fails("this is the certificate of an authority (CA)", "to trust")),
];

const ENCRYPTED: &[Row] = &[
    ("p256.crt default.key", "swordfish", Loads(1)),
    ("p256.crt aes128-sha1.key", "swordfish", Loads(1)),
    ("p256.crt aes192-sha224.key", "swordfish", Loads(1)),
    ("p256.crt aes256-sha384.key", "swordfish", Loads(1)),
    ("p256.crt aes256-sha512.key", "swordfish", Loads(1)),
    ("p256.crt des3-sha1.key", "swordfish", Loads(1)),
    ("p256.crt des3-sha256.key", "swordfish", Loads(1)),
    ("p256.crt scrypt.key", "swordfish", Loads(1)),
    ("p256.crt one-round.key", "swordfish", Loads(1)),
    ("p256.crt many-rounds.key", "swordfish", Loads(1)),
    ("rsa2048.crt rsa2048-encrypted.key", "swordfish", Loads(1)),
    ("ed25519.crt+ed25519-encrypted.key", "swordfish", Loads(1)),
    ("p256.cer p256-encrypted.der", "swordfish", Loads(1)),
    ("crlf:p256.crt+default.key", "swordfish", Loads(1)),
    ("p256.crt words.key", "contraseña-密碼", Loads(1)),
    ("p256.crt p256.key", "not needed", Loads(1)),
    ("p256.crt+p256.key default.key", "", Loads(1)),
    ("p256.crt default.key", "", Fails("the private key is encrypted", "openssl pkcs8 -topk8 -nocrypt")),
    ("p256.crt p256-encrypted.der", "", Fails("the private key is encrypted", "openssl pkcs8")),
    ("p256.crt default.key", "sharkfish", Fails("the passphrase is wrong", "check the passphrase")),
    ("p256.crt des3-sha1.key", "sharkfish", Fails("the passphrase is wrong", "check the passphrase")),
    ("p256.crt scrypt.key", "sharkfish", Fails("the passphrase is wrong", "check the passphrase")),
    ("p256.crt scrypt-large.key", "swordfish", Fails("the encryption asks for more work", "openssl pkcs8")),
    ("p256.crt camellia.key", "swordfish", Fails("the private key is encrypted in a way", "openssl pkcs8")),
    (
        "p256.crt pbes1.key",
        "swordfish",
        Fails("the private key is encrypted in an old form", "openssl pkcs8"),
    ),
    ("rsa2048.crt md5.key", "", Fails("the private key is encrypted in an old form", "-provider legacy")),
    ("rsa2048.crt rsa2048-old.key", "swordfish", Fails(OLD_FORM, "openssl pkcs8 -topk8")),
    ("p256.crt p256-old.key", "", Fails(OLD_FORM, "openssl pkcs8 -topk8")),
    ("cut:p256-encrypted.der p256.crt", "swordfish", Fails(BINARY, "again")),
];

const PKCS12: &[Row] = &[
    ("default.p12", "swordfish", Loads(1)),
    ("legacy.p12", "swordfish", Loads(1)),
    ("des3.p12", "swordfish", Loads(1)),
    ("nomac.p12", "swordfish", Loads(1)),
    ("plain.p12", "swordfish", Loads(1)),
    ("bare.p12", "", Loads(1)),
    ("bare.p12", "not needed", Loads(1)),
    ("empty-passphrase.p12", "", Loads(1)),
    ("words.p12", "contraseña-密碼", Loads(1)),
    ("words-legacy.p12", "contraseña-密碼", Loads(1)),
    ("chain.p12", "swordfish", Loads(4)),
    ("rsa2048.p12", "swordfish", Loads(4)),
    ("ed25519.p12", "swordfish", Loads(1)),
    ("many-rounds.p12", "swordfish", Loads(1)),
    ("key-alone.p12 p256.crt chain.pem", "swordfish", Loads(4)),
    ("certificate-alone.p12 default.key", "swordfish", Loads(1)),
    ("default.p12", "", Fails("the PKCS#12 file is encrypted", "openssl pkcs12")),
    ("default.p12", "sharkfish", Fails("the passphrase is wrong", "check the passphrase")),
    ("legacy.p12", "sharkfish", Fails("the passphrase is wrong", "check the passphrase")),
    ("nomac.p12", "sharkfish", Fails("the passphrase is wrong", "")),
    ("certificate-alone.p12", "swordfish", Fails("there is no private key", "BEGIN PRIVATE KEY")),
    ("key-alone.p12", "swordfish", Fails("there is no client certificate", "BEGIN CERTIFICATE")),
    ("rc2-128.p12", "swordfish", Fails("the PKCS#12 file is protected in a way", "-legacy")),
    ("cut:default.p12", "swordfish", Fails(BINARY, "again")),
];

const FOREIGN: &[Row] = &[
    ("empty p256.key", "", Fails("the file is empty", "again")),
    ("whitespace p256.key", "", Fails("the file is empty", "again")),
    ("public.pem p256.crt", "", Fails("this is a public key", "private key")),
    ("public.der p256.crt", "", Fails("this is a public key", "private key")),
    ("public-pkcs1.pem p256.crt", "", Fails("this is a public key", "private key")),
    ("p256.csr p256.key", "", Fails("this is a request for a certificate", "openssl req")),
    ("csr.der p256.key", "", Fails("this is a request for a certificate", "openssl req")),
    ("root.crl p256.key", "", Fails("this is a list of revoked certificates", "BEGIN CERTIFICATE")),
    ("crl.der p256.key", "", Fails("this is a list of revoked certificates", "BEGIN CERTIFICATE")),
    ("p256.p7b p256.key", "", Fails("this is a PKCS#7 file", "openssl pkcs7 -in")),
    ("p256.p7c p256.key", "", Fails("this is a PKCS#7 file", "openssl pkcs7 -inform der")),
    ("trusted.pem p256.key", "", Fails("this is an OpenSSL trusted certificate", "openssl x509")),
    ("key.jks", "", Fails("this is a Java keystore (JKS)", "keytool -importkeystore")),
    ("ssh.key p256.crt", "", Fails("this is an SSH key", "client certificate")),
    ("ssh.pub p256.crt", "", Fails("this is an SSH key", "client certificate")),
    ("openapi.json p256.key", "", Fails("this is an API specification", "BEGIN CERTIFICATE")),
    ("openapi.yaml p256.key", "", Fails("this is an API specification", "BEGIN CERTIFICATE")),
    ("page.html p256.key", "", Fails("this is a web page (HTML or XML)", "again")),
    ("bare.base64 p256.key", "", Fails("this is base64 without its BEGIN", "openssl base64")),
    ("notes.txt p256.key", "", Fails("this is not a PEM file", "BEGIN CERTIFICATE")),
    ("cut:p256.cer p256.key", "", Fails(BINARY, "again")),
    (". p256.key", "", Fails("this is a folder", "in it")),
    ("no-such-file p256.key", "", Fails("the file cannot be read", "path")),
];

const TRUSTS: &[Row] = &[
    ("root.crt", "", Loads(1)),
    ("root.cer", "", Loads(1)),
    ("root.crt+stranger.crt", "", Loads(2)),
    ("root.crt stranger.crt", "", Loads(2)),
    ("chain.pem", "", Loads(3)),
    ("crlf:chain.pem", "", Loads(3)),
    ("bom:chain.pem", "", Loads(3)),
    ("indented:chain.pem", "", Loads(3)),
    ("commented:chain.pem", "", Loads(3)),
    ("root.cer+lower.cer", "", Loads(2)),
    ("root.crt+root.key+default.key", "", Loads(1)),
    ("upper-as-root.crt", "", Loads(1)),
    ("p256.crt", "", Fails("this is not the certificate of an authority (CA)", "authority")),
    ("chain.pem+p256.crt", "", Fails("this is not the certificate of an authority (CA)", "authority")),
    ("p256-self-signed.crt", "", Fails("this is not the certificate of an authority (CA)", "authority")),
    ("root-v1.crt", "", Fails("this is not the certificate of an authority (CA)", "authority")),
    ("root.key", "", Fails("there is no CA certificate in it", "BEGIN CERTIFICATE")),
    ("root.csr", "", Fails("this is a request for a certificate", "openssl req")),
    ("root.crl", "", Fails("this is a list of revoked certificates", "BEGIN CERTIFICATE")),
    ("p256.p7b", "", Fails("this is a PKCS#7 file", "openssl pkcs7")),
    ("trusted.pem", "", Fails("this is an OpenSSL trusted certificate", "openssl x509")),
    ("chain.p12", "", Fails("this is a PKCS#12 file", "-nokeys")),
    ("key.jks", "", Fails("this is a Java keystore (JKS)", "keytool")),
    ("page.html", "", Fails("this is a web page", "again")),
    ("cut:root.crt", "", Fails("the PEM text is cut off", "again")),
    ("cut:root.cer", "", Fails(BINARY, "again")),
    ("empty", "", Fails("the file is empty", "again")),
];

#[test]
fn all_of_the_zoo_loads_or_is_refused_in_its_words_on_both_providers() {
    let Some(zoo) = Zoo::make() else { return };
    let providers: [(&str, CryptoProvider); 2] =
        [("ring", ring::default_provider()), ("aws-lc-rs", aws_lc_rs::default_provider())];
    for (name, provider) in providers {
        let provider = Arc::new(provider);
        let wrong = [identities(&zoo, name, &provider), trusts(&zoo, &provider)].concat();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
        refuses_what_is_out_of_its_time(&zoo, &provider);
    }
}

/// Judges all identities.
fn identities(zoo: &Zoo, name: &str, provider: &Arc<CryptoProvider>) -> Vec<String> {
    let rows = [KINDS, TEXTS, CHAINS, ENCRYPTED, PKCS12, FOREIGN].concat();
    assert!(rows.len() >= 60);
    let trust = Trust::given([&*zoo.cook("root.crt")]).unwrap();
    let judged = rows.into_iter().filter_map(|(recipes, passphrase, outcome)| {
        let outcome = match (outcome, name) {
            (LoadsOnAwsLcRs, "ring") => Fails(UNSUPPORTED_KEY, "openssl pkey"),
            (LoadsOnAwsLcRs, _) => Loads(1),
            (same, _) => same,
        };
        let loaded = identity(zoo, recipes, passphrase, provider, now()).map(|identity| {
            assert_eq!(identity.subject(), "CN=acme", "{recipes}");
            // What loads can be used.
            let tls = Tls::builder(trust.clone()).with_crypto_provider(provider.clone());
            tls.with_identity(identity.clone()).build().unwrap();
            identity.chain_length()
        });
        judge(loaded, outcome, recipes)
    });
    judged.collect()
}

/// Judges all trusts.
fn trusts(zoo: &Zoo, provider: &Arc<CryptoProvider>) -> Vec<String> {
    assert!(TRUSTS.len() >= 12);
    let judged = TRUSTS.iter().filter_map(|&(recipes, _, outcome)| {
        let files = files(zoo, recipes);
        let count = Trust::given_files(&files).map(|trust| {
            Tls::builder(trust).with_crypto_provider(provider.clone()).build().unwrap();
            let found = files.iter().map(|file| Trust::authorities_in(&fs::read(file).unwrap()).len());
            // That looks at PEM alone.
            if recipes.contains(".cer") { recipes.split('+').count() } else { found.sum() }
        });
        judge(count, outcome, recipes)
    });
    judged.collect()
}

fn refuses_what_is_out_of_its_time(zoo: &Zoo, provider: &Arc<CryptoProvider>) {
    let month = Duration::from_secs(31 * 24 * 60 * 60);
    let at = |recipes, now| identity(zoo, recipes, "", provider, now);
    for (now, words) in [(now() + month, "has expired"), (now() - month, "is not valid yet")] {
        let error = at("p256.crt p256.key", now).unwrap_err().to_string();
        assert!(error.starts_with("the client certificate ") && error.contains(words), "{error}");
    }
    // Of two for one key, the one that is still valid is taken.
    let renewed = at("p256.crt+p256-renewed.crt p256.key", now() + month).unwrap();
    assert!(renewed.is_valid_at(now() + month));
}

fn identity(
    zoo: &Zoo,
    recipes: &str,
    passphrase: &str,
    provider: &Arc<CryptoProvider>,
    now: SystemTime,
) -> Result<Identity, Error> {
    let builder = Identity::builder().with_crypto_provider(provider.clone()).with_time(now);
    let mut builder = files(zoo, recipes).into_iter().fold(builder, |builder, file| builder.with_file(file));
    if !passphrase.is_empty() {
        builder = builder.with_passphrase(passphrase.into());
    }
    builder.build()
}

/// Cooks what is not there as it is.
fn files(zoo: &Zoo, recipes: &str) -> Vec<PathBuf> {
    let file = |recipe: &str| {
        let path = zoo.path(recipe);
        if recipe.contains([':', '+']) {
            fs::write(&path, zoo.cook(recipe)).unwrap();
        }
        path
    };
    recipes.split(' ').map(file).collect()
}

/// Says what is wrong with what came of a row, if anything is.
fn judge(what: Result<usize, Error>, outcome: Outcome, recipes: &str) -> Option<String> {
    match (what, outcome) {
        (Ok(length), Loads(expected)) if length == expected => None,
        (Err(error), Fails(words, advice)) => {
            let subject = error.subject().unwrap_or_default();
            let names_file = recipes.split(' ').any(|recipe| subject.ends_with(&format!("/{recipe}")));
            let is_right = error.kind() == ErrorKind::Configuration
                && error.to_string().starts_with(words)
                && error.advice().contains(advice);
            (!is_right || !names_file).then(|| format!("{recipes}: {error}; {}", error.advice()))
        }
        (Err(error), _) => Some(format!("{recipes}: {error}; {}", error.advice())),
        (Ok(length), _) => Some(format!("{recipes} loads, with {length} certificates")),
    }
}

#[expect(clippy::disallowed_methods, reason = "openssl dates certificates by the system's clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

const BINARY: &str =
    "this is binary data (DER) that is cut off or damaged, or neither a certificate nor a key";
const OLD_FORM: &str = "the private key is encrypted in OpenSSL's old form";
const UNSUPPORTED_KEY: &str = "the private key is damaged, or of a kind that is not supported";
