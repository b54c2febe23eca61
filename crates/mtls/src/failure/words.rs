//! The words for each way in which a connection fails.

use std::io;

use claviger_auth_core::{Error, ErrorKind};
use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use super::Peer;

pub(super) fn of_tcp(kind: Option<io::ErrorKind>, text: &str) -> Error {
    let (what, advice) = match kind {
        Some(io::ErrorKind::ConnectionRefused) => {
            ("the connection was refused", "check the port, and whether the server is running")
        }
        Some(io::ErrorKind::TimedOut) => {
            ("the server did not answer in time", "check the network, a firewall, and the port")
        }
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            ("the network does not reach the server", "check the network, or the VPN")
        }
        // hyper-util has no other mark for it; at worst the advice is the general one.
        _ if text.starts_with("dns error") => {
            ("the host name cannot be resolved", "check the host name, and the network")
        }
        _ => return Error::new(ErrorKind::Connect, "could not connect to the server"),
    };
    Error::new(ErrorKind::Connect, what).with_advice(advice)
}

/// The server went away before it answered.
pub(super) fn of_hang_up(peer: &Peer) -> Error {
    match (peer.asked, peer.has_identity) {
        (true, false) => Error::new(
            ErrorKind::ClientCertificate,
            "the server asked for a client certificate, and hung up when there was none",
        )
        .with_advice(GIVE_ONE),
        (true, true) if peer.is_accepted => {
            Error::new(ErrorKind::Connect, "the server hung up before it answered")
        }
        // Some servers refuse a certificate like this; but any that restarts, or a network, does the same.
        (true, true) => {
            Error::new(ErrorKind::Connect, "the server hung up after it was shown the client certificate")
                .with_advice("try again; if it stays, check the client certificate with whoever issued it")
        }
        (false, _) => Error::new(ErrorKind::Connect, "the server hung up before it answered").with_advice(
            "check that the server speaks TLS on this port, and whether it demands a client certificate",
        ),
    }
}

pub(super) fn of_tls(error: &rustls::Error, peer: &Peer) -> Error {
    let told = tls_words(error, peer);
    match unquoted(error) {
        Some(source) => told.with_source(source),
        None => told,
    }
}

/// Keeps of rustls's error what is rustls's own: some quote the server's certificate.
fn unquoted(error: &rustls::Error) -> Option<rustls::Error> {
    use CertificateError as Problem;
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the other problems, and later ones, not all are")]
    let kept = match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            Problem::NotValidForNameContext { .. } => Problem::NotValidForName.into(),
            Problem::InvalidPurposeContext { .. } => Problem::InvalidPurpose.into(),
            Problem::ApplicationVerificationFailure
            | Problem::BadEncoding
            | Problem::BadSignature
            | Problem::Expired
            | Problem::ExpiredContext { .. }
            | Problem::InvalidPurpose
            | Problem::NotValidForName
            | Problem::NotValidYet
            | Problem::NotValidYetContext { .. }
            | Problem::Revoked
            | Problem::UnhandledCriticalExtension
            | Problem::UnknownIssuer
            | Problem::UnknownRevocationStatus => error.clone(),
            _ => return None,
        },
        // What another's verifier or cryptography says may be anything.
        rustls::Error::General(_) | rustls::Error::Other(_) => return None,
        rustls::Error::PeerIncompatible(PeerIncompatible::ServerRejectedEncryptedClientHello(_)) => {
            return None;
        }
        other => other.clone(),
    };
    Some(kept)
}

fn tls_words(error: &rustls::Error, peer: &Peer) -> Error {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other errors have no better words than rustls's")]
    let (what, advice) = match error {
        rustls::Error::AlertReceived(alert) => return of_alert(*alert, peer),
        rustls::Error::InvalidCertificate(problem) => of_server_certificate(problem),
        rustls::Error::InvalidMessage(_) => (
            "the server does not speak TLS on this port",
            "check the port, and whether the URL should be http",
        ),
        rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => OLD_TLS,
        rustls::Error::PeerIncompatible(_) => {
            ("the server and this client have no TLS settings in common", "update the server")
        }
        rustls::Error::NoApplicationProtocol => NO_PROTOCOL,
        _ => ("the TLS handshake failed", "try again; if it stays, ask whoever runs the server"),
    };
    Error::new(ErrorKind::Tls, what).with_advice(advice)
}

fn of_server_certificate(problem: &CertificateError) -> (&'static str, &'static str) {
    use CertificateError as Problem;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other problems have no better words")]
    match problem {
        Problem::UnknownIssuer => {
            ("the server's certificate is from an authority that is not trusted", TRUST_IT)
        }
        Problem::Expired | Problem::ExpiredContext { .. } => (
            "the server's certificate has expired",
            "ask whoever runs the server to renew it, or check this machine's clock",
        ),
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => {
            ("the server's certificate is not valid yet", "check this machine's clock")
        }
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => {
            ("the server's certificate is for another name", "use a host name that stands in the certificate")
        }
        Problem::Revoked => {
            ("the server's certificate has been revoked", "do not send anything; ask whoever runs the server")
        }
        Problem::BadSignature => {
            ("the server's certificate is not signed by the authority that it names", TRUST_IT)
        }
        Problem::InvalidPurpose | Problem::InvalidPurposeContext { .. } => (
            "the server's certificate is not meant for servers",
            "ask whoever runs the server for a server certificate",
        ),
        Problem::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => (
            "the server shows the certificate of an authority (CA) as its own",
            "ask whoever runs the server for a server certificate",
        ),
        _ => ("the server's certificate cannot be verified", TRUST_IT),
    }
}

fn of_alert(alert: AlertDescription, peer: &Peer) -> Error {
    use AlertDescription as Alert;
    let certificate = |what, advice| Error::new(ErrorKind::ClientCertificate, what).with_advice(advice);
    let other = |(what, advice)| Error::new(ErrorKind::Tls, what).with_advice(advice);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other alerts have no better words")]
    match alert {
        Alert::CertificateRequired => certificate("the server demands a client certificate", GIVE_ONE),
        Alert::UnknownCA => certificate(
            "the server does not know the authority of the client certificate",
            "use a client certificate that this server's operator issued",
        ),
        Alert::BadCertificate if !peer.has_identity => {
            certificate("the server demands a client certificate", GIVE_ONE)
        }
        Alert::BadCertificate => certificate("the server says that the client certificate is bad", RENEW),
        Alert::UnsupportedCertificate => certificate(
            "the server does not support this kind of client certificate",
            "ask for a certificate for client authentication, with an RSA or P-256 key",
        ),
        Alert::CertificateExpired => {
            certificate("the server says that the client certificate expired", RENEW)
        }
        Alert::CertificateRevoked => {
            certificate("the server says that the client certificate was revoked", RENEW)
        }
        Alert::CertificateUnknown => certificate("the server refused the client certificate", RENEW),
        Alert::AccessDenied => certificate(
            "the server knows the client certificate and denies it access",
            "ask whoever runs the server to let this certificate in",
        ),
        Alert::DecryptError if peer.asked && peer.has_identity => {
            certificate("the server could not verify the signature of the client certificate's key", RENEW)
        }
        Alert::HandshakeFailure if peer.asked && !peer.has_identity => {
            certificate("the server asked for a client certificate, and refused without one", GIVE_ONE)
        }
        Alert::HandshakeFailure if !peer.has_identity => other((
            "the server refused the TLS handshake",
            "it may demand a client certificate: give one; else its TLS settings have nothing in common with ours",
        )),
        Alert::HandshakeFailure => other((
            "the server refused the TLS handshake",
            "check the client certificate, and that the server supports TLS 1.2 or 1.3",
        )),
        Alert::ProtocolVersion => other(OLD_TLS),
        Alert::UnrecognisedName => {
            other(("the server does not know this host name", "check the host name in the URL"))
        }
        Alert::NoApplicationProtocol => other(NO_PROTOCOL),
        _ => other(("the server broke off TLS", "try again; if it stays, ask whoever runs the server")),
    }
}

const GIVE_ONE: &str = "give the client certificate and its key";
const RENEW: &str = "get a new client certificate from whoever issued it";
const TRUST_IT: &str = "trust its authority: give the CA certificate, as with ca_file";
const OLD_TLS: (&str, &str) =
    ("the server speaks neither TLS 1.2 nor 1.3", "ask whoever runs the server to update it");
const NO_PROTOCOL: (&str, &str) =
    ("the server takes no version of HTTP that it was offered over TLS", "check the host name and the port");
