//! What a server says of a client certificate by an alert: in TLS 1.2 in the handshake, in 1.3 after it seemed done.

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::UnixTime,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

use super::*;

/// Finds this wrong with every client certificate.
#[derive(Debug)]
struct Fault(CertificateError);

impl ClientCertVerifier for Fault {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _issuers: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Err(self.0.clone().into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn each_is_told_in_words_of_its_own_and_alike_over_both_versions() {
    let faults = [
        (CertificateError::BadEncoding, "the server says that the client certificate is bad"),
        (CertificateError::Expired, "the server says that the client certificate expired"),
        (CertificateError::Revoked, "the server says that the client certificate was revoked"),
        (CertificateError::UnknownIssuer, "the server does not know the authority of the client certificate"),
        (
            CertificateError::ApplicationVerificationFailure,
            "the server knows the client certificate and denies it access",
        ),
    ];
    for version in BOTH {
        for (fault, words) in &faults {
            let server = Server::new(version);
            let chain = vec![CertificateDer::from_pem_slice(server.pair.certificate.as_bytes()).unwrap()];
            let config = ServerConfig::builder_with_provider(provider())
                .with_protocol_versions(&[version])
                .unwrap()
                .with_client_cert_verifier(Arc::new(Fault(fault.clone())))
                .with_single_cert(chain, PrivateKeyDer::from_pem_slice(server.pair.key.as_bytes()).unwrap());
            let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
            let address = serve(move |tcp| {
                let acceptor = acceptor.clone();
                async move { drop(acceptor.accept(tcp).await) }
            })
            .await;
            let identity = server.clients.issue("client").identity();
            let tls = server.authority.tls().with_identity(identity).build().unwrap();
            // Nothing is written, so nothing can race the alert.
            let error = match connect(MtlsLayer::new(tls), &https(address)).await {
                Err(error) => error,
                Ok(mut stream) => stream.read(&mut [0; 1]).await.unwrap_err().into(),
            };
            let error = Error::find(&*error).unwrap();
            assert_eq!((error.kind(), &*told(error, address)), (ErrorKind::ClientCertificate, *words));
        }
    }
}
