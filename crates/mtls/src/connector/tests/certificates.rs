//! Whose certificates are taken, and what is said of those that are not.

use super::*;

#[tokio::test]
async fn a_server_that_asks_for_no_certificate_gets_none() {
    let server = Server { asks: Asks::Nothing, ..Server::new(&TLS13) };
    let address = server.listen().await;
    let identity = server.clients.issue("client").identity();
    for tls in [server.authority.tls(), server.authority.tls().with_identity(identity)] {
        assert_eq!(converse(tls.build().unwrap(), &https(address)).await.unwrap().0, "hello");
    }
}

#[tokio::test]
async fn a_missing_client_certificate_is_told_as_such() {
    for version in BOTH {
        let server = Server::new(version);
        let address = server.listen().await;
        let error = refusal(server.authority.tls().build().unwrap(), &https(address)).await;
        assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{error:?}");
        let text = told(&error, address);
        assert!(text.contains("client certificate"), "{text}");
        assert_eq!(error.advice(), "give the client certificate and its key");
    }
}

#[tokio::test]
async fn a_client_certificate_of_a_foreign_authority_is_told_as_such() {
    for version in BOTH {
        let server = Server::new(version);
        let address = server.listen().await;
        let foreign = Authority::new("foreign").issue("client").identity();
        let tls = server.authority.tls().with_identity(foreign).build().unwrap();
        let error = refusal(tls, &https(address)).await;
        assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{error:?}");
        assert_eq!(told(&error, address), "the server does not know the authority of the client certificate");
    }
}

#[tokio::test]
async fn an_expired_client_certificate_is_told_as_such() {
    for version in BOTH {
        let server = Server::new(version);
        let address = server.listen().await;
        // It was valid when it was loaded.
        let pair = server.clients.issue_for_years("client", 2020, 2021);
        let identity = Identity::builder()
            .with_crypto_provider(provider())
            .with_pem("client.crt", pair.certificate.as_bytes())
            .with_pem("client.key", pair.key.as_bytes())
            .with_time(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000))
            .build()
            .unwrap();
        let tls = server.authority.tls().with_identity(identity).build().unwrap();
        let error = refusal(tls, &https(address)).await;
        assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{error:?}");
        assert_eq!(told(&error, address), "the server says that the client certificate expired");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_server_certificate_is_told() {
    for version in BOTH {
        let fresh = || Server::new(version);
        let stranger = Authority::new("stranger");
        let expired = |server: &Server| server.authority.issue_for_years("localhost", 2020, 2021);
        let early = |server: &Server| server.authority.issue_for_years("localhost", 2100, 2101);
        let cases: [(Pair, Server, &str); 5] = [
            (
                stranger.issue("localhost"),
                fresh(),
                "the server's certificate is from an authority that is not trusted",
            ),
            {
                let server = fresh();
                let pair = server.authority.issue("elsewhere.example");
                (pair, server, "the server's certificate is for another name")
            },
            {
                let server = fresh();
                (expired(&server), server, "the server's certificate has expired")
            },
            {
                let server = fresh();
                (early(&server), server, "the server's certificate is not valid yet")
            },
            {
                // As `openssl req -x509` makes it, and many a test server shows it.
                let server = fresh();
                let pair = Pair { certificate: server.authority.pem(), key: server.authority.key() };
                (pair, server, "the server shows the certificate of an authority (CA) as its own")
            },
        ];
        for (pair, server, text) in cases {
            let server = Server { pair, ..server };
            let address = server.listen().await;
            let error = refusal(server.authority.tls().build().unwrap(), &https(address)).await;
            assert_eq!((error.kind(), &*told(&error, address)), (ErrorKind::Tls, text), "{error:?}");
        }
    }
}
