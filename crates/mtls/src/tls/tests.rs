//! What a handle is made of.

use super::*;
use crate::fixture::Authority;

#[test]
fn publishes_the_identity_that_it_presents() {
    let authority = Authority::new("authority");
    let identity = authority.issue("client").identity();
    let thumbprint = identity.thumbprint();
    let tls = authority.tls().with_identity(identity).build().unwrap();
    assert_eq!(PublishIdentity::thumbprint(&tls), Some(thumbprint));
    assert_eq!(authority.tls().build().unwrap().thumbprint(), None);
}

#[test]
fn offers_both_protocols_or_only_the_old_one() {
    let tls = Authority::new("authority").tls();
    assert_eq!(tls.clone().build().unwrap().client_config().alpn_protocols, [&b"h2"[..], b"http/1.1"]);
    let old = tls.with_http1_only().build().unwrap();
    assert_eq!(old.client_config().alpn_protocols, [b"http/1.1"]);
}

#[test]
fn a_key_that_the_provider_cannot_use_is_told_at_once() {
    #[derive(Debug)]
    struct NoKeys;
    impl rustls::crypto::KeyProvider for NoKeys {
        fn load_private_key(
            &self,
            _: rustls_pki_types::PrivateKeyDer<'static>,
        ) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
            Err(rustls::Error::General("swordfish".into()))
        }
    }
    let authority = Authority::new("authority");
    let blind = CryptoProvider { key_provider: &NoKeys, ..rustls::crypto::ring::default_provider() };
    let error = Tls::builder(authority.trust())
        .with_identity(authority.issue("client").identity())
        .with_crypto_provider(Arc::new(blind))
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!format!("{error:?}").contains("swordfish"));
    assert!(error.to_string().starts_with("the crypto provider cannot use the private key"), "{error}");
}

#[test]
#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
fn without_a_crypto_provider_it_says_which_call_and_which_feature() {
    // No test of this binary installs a default.
    let error = Tls::builder(Authority::new("authority").trust()).build().unwrap_err();
    assert_eq!(error.to_string(), "there is no crypto provider");
    assert!(error.advice().contains("with_crypto_provider") && error.advice().contains("feature ring"));
}

#[test]
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
fn takes_the_provider_of_the_features() {
    Tls::builder(Authority::new("authority").trust()).build().unwrap();
    assert!(CryptoProvider::get_default().is_none(), "a library does not install one for everybody");
}
