//! The way to the servers: proxy, name, TCP, TLS, client certificate. No credentials go along.

use std::{io, time::Duration};

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error, ErrorKind, Origin};
use claviger_client::{Client, Proxies};
use claviger_mtls::Tls;
use claviger_profiles::{Profile, Stack};
use http::{Request, Uri, Version, uri::Scheme};
use http_body_util::Full;
use tokio::{
    net::{self, TcpStream},
    time,
};
use tower::ServiceExt;

use super::report::{Report, Stopped};
use crate::failure::Failure;

/// A server that the profile speaks to.
pub(super) struct Server {
    uri: Uri,
    /// Stands before the names of its steps.
    of: &'static str,
}

/// Lists the API's server, and that of the token endpoint if it is another.
pub(super) fn servers(stack: &Stack, profile: &Profile, report: &mut Report) -> Result<Vec<Server>, Stopped> {
    let api = stack.base().origin();
    let mut servers = vec![report.need("proxy", server(api, ""))?];
    let requests = report.need("token", profile.token_requests().map_err(Into::into))?;
    if let Some(requests) = requests {
        let token = requests.facts.token_url.parse::<Uri>();
        let token = token.ok().and_then(|uri| Origin::of_with_loopback(&uri).ok());
        if let Some(token) = token.filter(|token| token != api) {
            servers.push(report.need("token", server(&token, "token server: "))?);
        }
    }
    Ok(servers)
}

fn server(origin: &Origin, of: &'static str) -> Result<Server, Failure> {
    let uri = format!("{origin}/").parse().map_err(|_| {
        Error::new(ErrorKind::Configuration, "the server has no proper name").with_subject(origin.to_string())
    })?;
    Ok(Server { uri, of })
}

/// Goes all the way to a server.
pub(super) async fn all(
    server: &Server,
    tls: &Tls,
    proxies: Option<&Proxies>,
    report: &mut Report,
) -> Result<(), Stopped> {
    let address = proxy(server, proxies, report);
    name(server, &address, report).await?;
    tcp(server, &address, report).await?;
    handshake(server, tls, proxies, report).await
}

/// Says whether connections go through a proxy, and returns who is connected to.
fn proxy(server: &Server, proxies: Option<&Proxies>, report: &mut Report) -> String {
    let name = server.step("proxy");
    let straight = server.address();
    match proxies.map(|proxies| proxies.proxy_for(&server.uri)) {
        None => report.ok(name, format!("none; straight to {straight}")),
        Some(None) => report.ok(name, format!("not for this host; straight to {straight}")),
        Some(Some(proxy)) => {
            report.ok(name, format!("{straight} by way of {proxy}"));
            return proxy;
        }
    }
    straight
}

async fn name(server: &Server, address: &str, report: &mut Report) -> Result<(), Stopped> {
    let found = match time::timeout(PATIENCE, net::lookup_host(address)).await {
        Ok(found) => found.map(Iterator::collect::<Vec<_>>),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    let addresses = found.map_err(|error| {
        let failure = Error::new(ErrorKind::Connect, "the name of the host is not known")
            .with_subject(address)
            .with_advice("check the spelling of the host name, and the network (DNS, VPN)")
            .with_source(error);
        report.fail(server.step("name"), &failure.into())
    })?;
    let addresses: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
    report.ok(server.step("name"), addresses.join(", "));
    Ok(())
}

async fn tcp(server: &Server, address: &str, report: &mut Report) -> Result<(), Stopped> {
    let connected = match time::timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(connected) => connected.and_then(|stream| stream.peer_addr()),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    let peer = connected.map_err(|error| {
        let failure = Error::new(ErrorKind::Connect, "no connection")
            .with_subject(address)
            .with_advice("check the port, that the server is running, and firewalls; HTTPS_PROXY if there must be a proxy")
            .with_source(error);
        report.fail(server.step("tcp"), &failure.into())
    })?;
    report.ok(server.step("tcp"), format!("connected to {peer}"));
    Ok(())
}

/// Asks for the head of `/`, as nobody: in TLS 1.3 a client certificate is judged with the first answer.
async fn handshake(
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
    let request = Request::head(server.uri.clone()).body(Full::default()).map_err(BoxError::from);
    let answer = match request {
        Ok(request) => time::timeout(2 * PATIENCE, client.oneshot(request)).await.unwrap_or_else(|_| {
            let words = "the server took the connection and did not answer";
            Err(Error::new(ErrorKind::Timeout, words).with_subject(server.address()).into())
        }),
        Err(error) => Err(error),
    };
    let answer = answer.map_err(|error| match Error::find(&*error) {
        Some(error) if error.kind() == ErrorKind::ClientCertificate => {
            report.ok(step.as_str(), "the server is who it says");
            report.fail(certificate.as_str(), &error.clone().into())
        }
        _ => report.fail(step.as_str(), &error.into()),
    })?;
    let version = if answer.version() == Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" };
    report.ok(step, format!("the server is who it says; {version}"));
    // 511 from Clara (its troubleshooting guide); 495 and 496 from nginx.
    if matches!(answer.status().as_u16(), 495 | 496 | 511) {
        let error =
            Error::new(ErrorKind::ClientCertificate, "the server does not take the client certificate");
        return Err(report.fail(certificate, &error.with_status(answer.status()).into()));
    }
    match tls.identity() {
        Some(_) => report.ok(certificate, "presented to whoever asks; the server took the connection"),
        None => report.ok(certificate, "none, and the server demands none for a connection"),
    }
    Ok(())
}

impl Server {
    fn step(&self, name: &str) -> String {
        format!("{}{name}", self.of)
    }

    fn address(&self) -> String {
        let default = if self.uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
        format!("{}:{}", self.uri.host().unwrap_or_default(), self.uri.port_u16().unwrap_or(default))
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
