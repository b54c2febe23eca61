use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls::crypto::ring::default_provider;

use super::*;

/// Made for these tests, by OpenSSL.
const RSA: &[u8] = include_bytes!("rsa.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("rsa.public.der");

fn key(pem: impl AsRef<[u8]>) -> Result<SigningKey, Error> {
    SigningKey::from_pem_with(&default_provider(), pem.as_ref())
}

fn generated(algorithm: &'static rcgen::SignatureAlgorithm) -> rcgen::KeyPair {
    rcgen::KeyPair::generate_for(algorithm).unwrap()
}

fn verify(algorithm: &'static dyn VerificationAlgorithm, public: &[u8], key: &SigningKey) {
    // Often, for the integers of an ECDSA signature are not always of the same length.
    for message in 0..200_u16 {
        let message = message.to_be_bytes();
        let signature = key.sign(&message).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(&message, &signature).unwrap();
    }
}

#[test]
fn signs_by_each_algorithm_as_somebody_else_verifies() {
    let rsa = key(RSA).unwrap();
    assert_eq!(rsa.algorithm(), SigningAlgorithm::Rs256);
    verify(&signature::RSA_PKCS1_2048_8192_SHA256, RSA_PUBLIC, &rsa);
    let pss = rsa.with_algorithm(SigningAlgorithm::Ps256).unwrap();
    verify(&signature::RSA_PSS_2048_8192_SHA256, RSA_PUBLIC, &pss);

    let pair = generated(&rcgen::PKCS_ECDSA_P256_SHA256);
    let key_of = key(pair.serialize_pem()).unwrap();
    assert_eq!(key_of.algorithm(), SigningAlgorithm::Es256);
    verify(&signature::ECDSA_P256_SHA256_FIXED, pair.public_key_raw(), &key_of);

    let pair = generated(&rcgen::PKCS_ED25519);
    let key_of = key(pair.serialize_pem()).unwrap();
    assert_eq!(key_of.algorithm(), SigningAlgorithm::EdDsa);
    verify(&signature::ED25519, pair.public_key_raw(), &key_of);
}

#[test]
fn refuses_what_it_cannot_sign_with() {
    let p384 = generated(&rcgen::PKCS_ECDSA_P384_SHA384).serialize_pem();
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let rsa = String::from_utf8(RSA.to_vec()).unwrap();
    for (pem, words) in [
        ("", "no private key"),
        ("swordfish", "no private key"),
        (certificate, "no private key"),
        ("-----BEGIN PRIVATE KEY-----\nswordfish!\n-----END PRIVATE KEY-----\n", "not PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "does not take"),
        (&rsa.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "encrypted"),
        (&rsa.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n"), "encrypted"),
        (&p384, "does not fit"),
    ] {
        let error = key(pem).unwrap_err();
        assert!(error.to_string().contains(words), "{pem}: {error}");
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some("signing_key_file")));
        assert!(!format!("{error:?}").contains("swordfish"), "{error:?}");
    }
    let error = key(RSA).unwrap().with_algorithm(SigningAlgorithm::Es256).unwrap_err();
    assert!(error.advice().contains("P-256 key for ES256"), "{error}");
}

#[test]
fn shows_no_part_of_the_key() {
    let shown = format!("{:?}", key(RSA).unwrap().with_id("2026"));
    assert!(shown.contains("Rs256") && shown.contains("2026"), "{shown}");
    let pem = String::from_utf8(RSA.to_vec()).unwrap();
    assert!(pem.lines().all(|line| !shown.contains(line)), "{shown}");
}

#[test]
fn reads_the_names_that_it_writes() {
    for algorithm in ALL {
        assert_eq!(algorithm.to_string().parse::<SigningAlgorithm>().unwrap(), algorithm);
    }
    assert_eq!("RS512".parse::<SigningAlgorithm>().unwrap_err().kind(), ErrorKind::Configuration);
}

#[test]
fn widens_short_integers_and_refuses_what_is_none() {
    // Two integers: 1, and one of 33 bytes with its zero before it.
    let long = [[0x80; 1].as_slice(), &[7; 31]].concat();
    let der = [&[0x30, 38, 0x02, 1, 1, 0x02, 33, 0][..], &long].concat();
    let fixed = fixed_width(&der).unwrap();
    assert_eq!((fixed.len(), fixed[31], &fixed[32..]), (64, 1, &*long));
    for bad in [&[][..], &[0x30, 0], &[0x30, 3, 2, 1, 1], &[0x30, 6, 2, 1, 1, 2, 9, 1], &[2, 1, 1]] {
        assert_eq!(fixed_width(bad), None, "{bad:?}");
    }
    assert_eq!(fixed_width(&[&der[..], &[0]].concat()), None, "something behind it");
}

#[test]
fn shows_no_part_of_a_key_that_shows_itself() {
    #[derive(Debug)]
    struct Open {
        _bytes: &'static str,
    }

    impl TlsKey for Open {
        fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
            None
        }

        fn algorithm(&self) -> SignatureAlgorithm {
            SignatureAlgorithm::RSA
        }
    }

    let key = Arc::new(Open { _bytes: "swordfish" });
    let key = SigningKey { key, algorithm: SigningAlgorithm::Rs256, id: Some("2026-1".to_owned()) };
    let shown = format!("{key:?}");
    assert!(!shown.contains("swordfish") && shown.contains("2026-1"), "{shown}");
}
