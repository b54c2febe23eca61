//! HTTPS through a proxy.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::{Uri, uri::Scheme};
use hyper::rt;
use hyper_util::client::{
    legacy::connect::proxy::Tunnel,
    proxy::matcher::{Intercept, Matcher},
};
use tower_service::Service;

/// Says which connections go through a proxy: by a tunnel (`CONNECT`, RFC 9110 §9.3.6), so that the proxy sees
/// where they go and nothing of what is in them.
///
/// Only `https` is ever sent through it. The exception for plain `http` on the loopback interface is for this
/// very machine, and stays on it.
///
/// # Example
///
/// ```
/// use claviger_client::Proxies;
///
/// let proxies = Proxies::new("http://proxy.example:3128", "localhost,.internal.example")?;
/// let proxy = proxies.proxy_for(&"https://api.example/".parse()?);
/// assert_eq!(proxy.as_deref(), Some("proxy.example:3128"));
/// assert_eq!(proxies.proxy_for(&"https://db.internal.example/".parse()?), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Proxies {
    matcher: Arc<Matcher>,
    /// `NO_PROXY` has a `*`, which the matcher takes for names and not for addresses.
    none: bool,
}

impl Proxies {
    /// Takes what people keep in `HTTPS_PROXY` and `NO_PROXY`: the proxy's URL, with a user and password where
    /// it asks for them, and the hosts, domains and networks that are reached without it, separated by commas.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the proxy is not given as `http://host:port` or
    /// `host:port`: the way to the proxy itself is plain here, what goes through it is TLS.
    pub fn new(https_proxy: &str, no_proxy: &str) -> Result<Self, Error> {
        let matcher = Matcher::builder().https(https_proxy.trim()).no(no_proxy).build();
        // Any destination: whether the proxy's URL can be used shows when it is asked for. Neither the URL nor
        // what is wrong with it is repeated: a password may stand in it.
        let open = Matcher::builder().https(https_proxy.trim()).build();
        let usable = open.intercept(&Uri::from_static("https://api.example/")).is_some_and(|proxy| {
            proxy.uri().scheme() == Some(&Scheme::HTTP)
                && proxy.uri().host().is_some_and(|host| !host.is_empty())
        });
        if !usable {
            return Err(Error::new(ErrorKind::Configuration, "the proxy's URL cannot be used")
                .with_advice("write it as http://host:port, or http://user:password@host:port"));
        }
        let none = no_proxy.split(',').any(|entry| entry.trim() == "*");
        Ok(Self { matcher: Arc::new(matcher), none })
    }

    /// Names the proxy, as `host:port`, that a request would go through.
    #[must_use]
    pub fn proxy_for(&self, uri: &Uri) -> Option<String> {
        self.intercept(uri).map(|proxy| address(&proxy))
    }

    fn intercept(&self, uri: &Uri) -> Option<Intercept> {
        (!self.none && uri.scheme() == Some(&Scheme::HTTPS)).then(|| self.matcher.intercept(uri)).flatten()
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").finish_non_exhaustive()
    }
}

/// Connects to the proxy and asks it for a tunnel, or connects straight.
#[derive(Clone, Debug)]
pub(crate) struct Proxied<C> {
    inner: C,
    proxies: Option<Proxies>,
}

impl<C> Proxied<C> {
    pub(crate) fn new(inner: C, proxies: Option<Proxies>) -> Self {
        Self { inner, proxies }
    }
}

impl<C> Service<Uri> for Proxied<C>
where
    C: Service<Uri> + Clone,
    C::Response: rt::Read + rt::Write + Send + Unpin + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    // Connections are few; and the connector above boxes, too.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(&uri)) else {
            let connecting = self.inner.call(uri);
            return Box::pin(async move { connecting.await.map_err(Into::into) });
        };
        // The connector that was polled ready makes this connection; its clone stays here.
        let clone = self.inner.clone();
        let tcp = std::mem::replace(&mut self.inner, clone);
        let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let tunneling = tunnel.call(uri);
        Box::pin(async move {
            tunneling.await.map_err(|cause| {
                let (what, advice) = told(&cause);
                Error::new(ErrorKind::Connect, what)
                    .with_subject(format!("proxy {}", address(&proxy)))
                    .with_advice(advice)
                    .with_source(cause)
                    .into()
            })
        })
    }
}

/// Says in words of ours why there is no tunnel: who carries an error on may drop a cause that is not ours.
///
/// Its type has no name outside of hyper-util; what it writes stands in `proxy/tunnel.rs` there.
fn told(cause: &impl fmt::Display) -> (&'static str, &'static str) {
    match cause.to_string().as_str() {
        "tunnel error: proxy authorization required" => (
            "the proxy asks for a user and a password, or takes neither of those it got",
            "write them into HTTPS_PROXY: http://user:password@host:port",
        ),
        "tunnel error: failed to create underlying connection" => ("the proxy cannot be reached", CHECK),
        "tunnel error: unsuccessful" => ("the proxy refused the connection to the server", CHECK),
        _ => ("the proxy gave no connection to the server", CHECK),
    }
}

pub(crate) const CHECK: &str = "check HTTPS_PROXY, or list the host in NO_PROXY";

/// Where the proxy is, without the user and password that may stand in its URL.
fn address(proxy: &Intercept) -> String {
    let host = proxy.uri().host().unwrap_or_default();
    format!("{host}:{}", proxy.uri().port_u16().unwrap_or(80))
}

#[cfg(test)]
mod tests;
