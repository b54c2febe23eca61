//! The way to the servers: proxy, name, TCP. No credentials go along.

use std::{io, time::Duration};

use claviger_auth_core::{Error, ErrorKind, Origin};
use claviger_client::Proxies;
use claviger_mtls::Tls;
use claviger_profiles::{Stack, TokenRequests};
use http::{Uri, uri::Scheme};
use tokio::{
    net::{self, TcpStream},
    time,
};

use super::{
    handshake,
    report::{Report, Stopped},
};
use crate::failure::Failure;

/// A server that the profile speaks to.
pub(super) struct Server {
    pub(super) uri: Uri,
    /// Stands before the names of its steps.
    of: &'static str,
}

/// Lists the API's server, and that of the token endpoint if it is another.
pub(super) fn servers(
    stack: &Stack,
    requests: Option<&TokenRequests>,
    report: &mut Report,
) -> Result<Vec<Server>, Stopped> {
    let api = stack.base().origin();
    let mut servers = vec![report.need("proxy", server(api, ""))?];
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
    handshake::all(server, tls, proxies, report).await
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
        let (what, advice) = if address == server.address() {
            (
                "no connection",
                "check the port, that the server is running, and firewalls; HTTPS_PROXY if there must be a proxy",
            )
        } else {
            (
                "no connection to the proxy",
                "check the proxy's address in HTTPS_PROXY (or ALL_PROXY); if this host needs none, name it in NO_PROXY",
            )
        };
        let failure =
            Error::new(ErrorKind::Connect, what).with_subject(address).with_advice(advice).with_source(error);
        report.fail(server.step("tcp"), &failure.into())
    })?;
    report.ok(server.step("tcp"), format!("connected to {peer}"));
    Ok(())
}

impl Server {
    pub(super) fn is_api(&self) -> bool {
        self.of.is_empty()
    }

    pub(super) fn step(&self, name: &str) -> String {
        format!("{}{name}", self.of)
    }

    pub(super) fn address(&self) -> String {
        let default = if self.uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
        format!("{}:{}", self.uri.host().unwrap_or_default(), self.uri.port_u16().unwrap_or(default))
    }
}

pub(super) const PATIENCE: Duration = Duration::from_secs(10);
