//! Each failure has words of its own.

use rustls::{AlertDescription, CertificateError, ExtendedKeyPurpose, ProtocolVersion};

use super::*;

fn peer(has_identity: bool, asked: bool) -> Peer {
    Peer::new(&Uri::from_static("https://api.example"), has_identity).with_asked(asked)
}

fn of(error: rustls::Error, peer: &Peer) -> Error {
    handshake(Box::new(io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error))), peer)
}

#[test]
fn every_alert_about_the_client_certificate_has_words_of_its_own() {
    let alerts = [
        AlertDescription::CertificateRequired,
        AlertDescription::UnknownCA,
        AlertDescription::BadCertificate,
        AlertDescription::UnsupportedCertificate,
        AlertDescription::CertificateExpired,
        AlertDescription::CertificateRevoked,
        AlertDescription::CertificateUnknown,
        AlertDescription::AccessDenied,
    ];
    let mut texts = Vec::new();
    for alert in alerts {
        let error = of(rustls::Error::AlertReceived(alert), &peer(true, true));
        assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{alert:?}");
        assert_eq!(error.subject(), Some("api.example:443"));
        texts.push(error.to_string());
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), alerts.len(), "{texts:#?}");
}

#[test]
fn every_problem_of_the_server_certificate_has_words_of_its_own() {
    let problems = [
        CertificateError::UnknownIssuer,
        CertificateError::Expired,
        CertificateError::NotValidYet,
        CertificateError::NotValidForName,
        CertificateError::Revoked,
        CertificateError::BadSignature,
        CertificateError::InvalidPurpose,
        CertificateError::BadEncoding,
    ];
    let count = problems.len();
    let mut texts: Vec<String> = problems
        .map(|problem| {
            let error = of(rustls::Error::InvalidCertificate(problem), &peer(true, false));
            assert_eq!(error.kind(), ErrorKind::Tls);
            error.to_string()
        })
        .into();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), count, "{texts:#?}");
}

#[test]
fn a_refused_handshake_hints_at_a_client_certificate_where_there_is_none() {
    let refused = || rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);
    let asked = of(refused(), &peer(false, true));
    assert_eq!(asked.kind(), ErrorKind::ClientCertificate);
    let unasked = of(refused(), &peer(false, false));
    assert_eq!(unasked.kind(), ErrorKind::Tls);
    assert!(unasked.advice().contains("client certificate"));
    assert_eq!(of(refused(), &peer(true, true)).kind(), ErrorKind::Tls);
}

#[test]
fn a_hang_up_is_judged_by_what_the_server_had_asked_for() {
    let hang_up = |peer: &Peer| {
        handshake(Box::new(io::Error::other(io::Error::from(io::ErrorKind::UnexpectedEof))), peer)
    };
    assert_eq!(hang_up(&peer(false, true)).kind(), ErrorKind::ClientCertificate);
    let shown = hang_up(&peer(true, true));
    assert!(shown.kind() == ErrorKind::Connect && shown.is_transient(), "it may be the network as well");
    assert!(shown.advice().contains("client certificate"), "{}", shown.advice());
    assert_eq!(hang_up(&peer(true, false)).kind(), ErrorKind::Connect);
}

#[test]
fn a_connection_that_breaks_after_an_answer_says_nothing_of_certificates() {
    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    let early = stream(reset(), &peer(false, true), false);
    assert_eq!(early.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(Error::find(&early).unwrap().kind(), ErrorKind::ClientCertificate);
    assert!(Error::find(&stream(reset(), &peer(false, true), true)).is_none());
}

#[test]
fn a_handshake_that_proved_the_certificate_good_leaves_no_word_of_it() {
    let told = |peer: &Peer| {
        let error = stream(io::Error::from(io::ErrorKind::ConnectionReset), peer, false);
        let error = Error::find(&error).unwrap().clone();
        assert_eq!(error.kind(), ErrorKind::Connect);
        format!("{error} {}", error.advice())
    };
    assert!(told(&peer(true, true)).contains("certificate"));
    let accepted = told(&peer(true, true).with_version(Some(ProtocolVersion::TLSv1_2)));
    assert!(!accepted.contains("certificate"), "{accepted}");
    assert!(told(&peer(true, true).with_version(Some(ProtocolVersion::TLSv1_3))).contains("certificate"));
}

#[test]
fn no_words_of_a_server_are_kept() {
    use CertificateError as Problem;
    let kept = |problem: Problem| {
        let tls = rustls::Error::InvalidCertificate(problem);
        let early = of(tls.clone(), &peer(true, true));
        let late = stream(io::Error::new(io::ErrorKind::InvalidData, tls), &peer(true, true), true);
        let mut text = format!("{early:?} {late:?}");
        let mut next = Some(&early as &(dyn error::Error + 'static));
        while let Some(error) = next {
            text += &format!(" {error} {error:?}");
            next = error.source();
        }
        text
    };
    #[derive(Debug)]
    struct Words;
    impl std::fmt::Display for Words {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("swordfish")
        }
    }
    impl error::Error for Words {}
    let presented = vec!["swordfish.example".to_owned()];
    let expected = "api.example".try_into().unwrap();
    let purpose = ExtendedKeyPurpose::Other(vec![4711]);
    let quoting = [
        Problem::NotValidForNameContext { expected, presented },
        Problem::InvalidPurposeContext { required: ExtendedKeyPurpose::ServerAuth, presented: vec![purpose] },
        Problem::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: b"4711".to_vec(),
            public_key_algorithm_id: b"4711".to_vec(),
        },
        Problem::Other(rustls::OtherError(Arc::new(Words))),
    ];
    for problem in quoting {
        let original = format!("{problem:?} {problem}");
        let text = kept(problem);
        for words in ["swordfish", "Words", "4711", "52, 55, 49, 49"] {
            assert!(!text.contains(words), "{words} in {text}, of {original}");
        }
    }
    assert!(kept(Problem::BadEncoding).contains("BadEncoding"), "what is rustls's own is kept");
}

#[test]
fn tcp_errors_are_told_apart() {
    #[derive(Debug)]
    struct Dns;
    impl std::fmt::Display for Dns {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("dns error")
        }
    }
    impl error::Error for Dns {}
    let of = |cause: BoxError| tcp(cause, Some("api.example:443")).to_string();
    let io = |kind| Box::new(io::Error::from(kind));
    assert_eq!(of(io(io::ErrorKind::ConnectionRefused)), "the connection was refused (api.example:443)");
    assert_eq!(of(io(io::ErrorKind::TimedOut)), "the server did not answer in time (api.example:443)");
    assert_eq!(
        of(io(io::ErrorKind::NetworkUnreachable)),
        "the network does not reach the server (api.example:443)"
    );
    assert_eq!(of(Box::new(Dns)), "the host name cannot be resolved (api.example:443)");
    assert_eq!(of(io(io::ErrorKind::Other)), "could not connect to the server (api.example:443)");
}

#[test]
fn an_error_of_ours_passes_through() {
    let ours = Error::new(ErrorKind::Configuration, "the proxy is not set");
    assert_eq!(tcp(Box::new(ours), Some("api.example:443")).to_string(), "the proxy is not set");
}
