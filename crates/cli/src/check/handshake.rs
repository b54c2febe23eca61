//! TLS, the client certificate and the clocks, by one request without credentials.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use claviger_auth_core::{BoxError, Clock, Error, ErrorKind, SystemClock};
use claviger_client::{Client, Proxies};
use claviger_mtls::{CertificateFacts, ConnectionReport, Handshake, Tls};
use http::{HeaderMap, Method, Request, Response, Version, header::DATE, uri::Scheme};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use tokio::time;
use tower::ServiceExt;

use super::{
    identity,
    network::{PATIENCE, Server},
    report::{Report, Stopped},
};
use crate::certificate::{LARGEST_PAGE, Verdict};

/// Asks for the head of `/`, as nobody: in TLS 1.3 a client certificate is judged with the first answer.
pub(super) async fn all(
    server: &Server,
    tls: &Tls,
    proxies: Option<&Proxies>,
    report: &mut Report,
) -> Result<(), Stopped> {
    let (step, certificate) = (server.step("tls"), server.step("client certificate"));
    if server.uri.scheme() != Some(&Scheme::HTTPS) {
        report.skip(step, "plain http to this very machine");
        report.skip(certificate, "there is no TLS to present one in");
        return Ok(());
    }
    let client: Client<Full<Bytes>> =
        Client::builder(tls.clone()).with_connect_timeout(PATIENCE).with_proxies(proxies.cloned()).build();
    let answer = ask(&client, server, Method::HEAD).await.map_err(|error| match Error::find(&*error) {
        Some(error) if error.kind() == ErrorKind::ClientCertificate => {
            report.ok(step.as_str(), "the server is who it says");
            let error = match tls.identity() {
                Some(_) => error.clone(),
                None => error.clone().with_advice(Verdict::Demanded.advice()),
            };
            report.fail(certificate.as_str(), &error.into())
        }
        _ => report.fail(step.as_str(), &error.into()),
    })?;
    let seen = answer.extensions().get::<ConnectionReport>().and_then(ConnectionReport::handshake).cloned();
    let protocol = if answer.version() == Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" };
    report.ok(step, words(seen.as_ref(), protocol));
    if let Some(verdict) = judged(&client, server, &answer).await {
        return Err(report.fail(certificate, &verdict.error(answer.status()).into()));
    }
    presented(&certificate, server, tls, seen.as_ref(), report);
    clocks(&server.step("clock"), answer.headers(), SystemClock::new().wall(), report);
    Ok(())
}

async fn ask(
    client: &Client<Full<Bytes>>,
    server: &Server,
    method: Method,
) -> Result<Response<Incoming>, BoxError> {
    let mut request = Request::new(Full::default());
    (*request.method_mut(), *request.uri_mut()) = (method, server.uri.clone());
    time::timeout(2 * PATIENCE, client.clone().oneshot(request)).await.unwrap_or_else(|_| {
        let words = "the server took the connection and did not answer";
        Err(Error::new(ErrorKind::Timeout, words).with_subject(server.address()).into())
    })
}

/// What the answer says of the certificate. For some it takes the page, which the head does not bring.
async fn judged(
    client: &Client<Full<Bytes>>,
    server: &Server,
    answer: &Response<Incoming>,
) -> Option<Verdict> {
    if answer.status() != 400 {
        return Verdict::of(answer.status(), b"");
    }
    let page = ask(client, server, Method::GET).await.ok()?;
    let status = page.status();
    let page = time::timeout(PATIENCE, Limited::new(page.into_body(), LARGEST_PAGE).collect()).await;
    Verdict::of(status, &page.ok()?.ok()?.to_bytes())
}

fn words(seen: Option<&Handshake>, protocol: &str) -> String {
    let Some(seen) = seen else { return format!("the server is who it says; {protocol}") };
    let chain = seen.server_certificates();
    let server = match chain.first() {
        Some(CertificateFacts { names, issuer, not_after, .. }) => {
            let days = identity::days_until(*not_after, SystemClock::new().wall());
            format!("its certificate is for {}, issued by {issuer}, {days} days left", names.join(", "))
        }
        None => "its certificate cannot be read".to_owned(),
    };
    format!("the server is who it says; {server}; {}, {protocol}", seen.version())
}

fn presented(step: &str, server: &Server, tls: &Tls, seen: Option<&Handshake>, report: &mut Report) {
    let asked = seen.is_some_and(Handshake::asked_for_certificate);
    match (tls.identity(), asked) {
        (Some(identity), true) => {
            report.ok(step, format!("the server asked for one, and took {}", identity.subject()));
        }
        (Some(_), false) if server.is_api() => report.warn(
            step,
            "the server asked for none, so that of the profile was not shown",
            "if it should ask, check api_url: one in between may end TLS; else the profile needs no certificate",
        ),
        (Some(_), false) => report.ok(step, "the server asked for none"),
        (None, true) => report.ok(step, "the server asked for one, and does without"),
        (None, false) => report.ok(step, "the server asked for none, and the profile has none"),
    }
}

/// Compares this machine's clock with the server's (RFC 9110 §6.6.1), which counts in whole seconds.
fn clocks(step: &str, headers: &HeaderMap, now: SystemTime, report: &mut Report) {
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let Some(theirs) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return report.skip(step, "the server does not tell the time");
    };
    let (off, word) = match now.duration_since(theirs) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if off <= TOLERANCE {
        return report.ok(step, format!("within {} s of the server's", off.as_secs() + 1));
    }
    let off = match off.as_secs() {
        seconds @ 0..600 => format!("{seconds} s"),
        seconds @ 600..172_800 => format!("{} min", seconds / 60),
        seconds => format!("{} days", seconds / 86_400),
    };
    report.warn(
        step,
        format!("this machine's clock is {off} {word} the server's"),
        "set it, or let it be set (NTP): certificates and tokens are judged by the clock",
    );
}

/// What servers and tokens put up with, mostly.
const TOLERANCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_far_the_clocks_are_apart() {
        let theirs = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let headers = HeaderMap::from_iter([(DATE, httpdate::fmt_http_date(theirs).parse().unwrap())]);
        let mut report = Report::json(&[]);
        for off in [0, 60, 61, 7200] {
            clocks("clock", &headers, theirs + Duration::from_secs(off), &mut report);
        }
        clocks("clock", &headers, theirs - Duration::from_secs(400 * 86_400), &mut report);
        clocks("clock", &HeaderMap::new(), theirs, &mut report);
        let lines = report.lines();
        for (line, words) in lines.iter().zip([
            "ok: clock: within 1 s",
            "ok: clock: within 61 s",
            "warning: clock: this machine's clock is 61 s ahead of the server's",
            "warning: clock: this machine's clock is 120 min ahead of the server's",
            "warning: clock: this machine's clock is 400 days behind the server's",
            "skipped: clock: ",
        ]) {
            assert!(line.starts_with(words), "{line}");
        }
    }
}
