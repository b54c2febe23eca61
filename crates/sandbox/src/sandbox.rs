//! The sandbox as a whole: what it is started with and what it consists of.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use claviger_sandbox_stage::{Authority, Error, Provider, Server};

use crate::clara::Clara;
use crate::clarify::Clarify;
use crate::clarus::Clarus;
use crate::clazar::Clazar;

/// Says how a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    listen: SocketAddr,
    token_life: Duration,
}

impl Options {
    /// Listens on free ports of 127.0.0.1, one for each provider, and issues tokens for 300 s.
    pub fn new() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), token_life: Duration::from_secs(300) }
    }

    /// Has Clara listen on `listen`, and the others on free ports of the same address. It must be a loopback address:
    /// [`Sandbox::start`] refuses any other.
    #[must_use]
    pub fn with_listen(mut self, listen: SocketAddr) -> Self {
        self.listen = listen;
        self
    }

    /// Issues tokens for `life`.
    #[must_use]
    pub fn with_token_life(mut self, life: Duration) -> Self {
        self.token_life = life;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

/// Emulates the providers until it is dropped or shut down.
///
/// ```
/// use claviger_sandbox::{Options, Provider, Sandbox};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), claviger_sandbox::Error> {
/// let sandbox = Sandbox::start(Options::new()).await?;
/// let all: [&Provider; 4] = [sandbox.clara(), sandbox.clarify(), sandbox.clarus(), sandbox.clazar()];
/// for provider in all {
///     assert!(provider.token_url().starts_with(&format!("https://{}/", provider.address())));
///     assert_eq!(provider.journal().token_requests(), 0);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sandbox {
    authority: Authority,
    clara: Clara,
    clarify: Clarify,
    clarus: Clarus,
    clazar: Clazar,
    servers: Vec<Server>,
}

impl Sandbox {
    /// Makes the authorities and the credentials afresh and starts to listen.
    ///
    /// # Errors
    ///
    /// If the address is not loopback or is taken, or if no certificate could be made.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let (first, life) = (options.listen, options.token_life);
        let others = SocketAddr::new(first.ip(), 0);
        let (clara_listener, address) = Server::bind(first).await?;
        let clara = Clara::new(address, life)?;
        let (clarify_listener, address) = Server::bind(others).await?;
        let clarify = Clarify::new(address, life)?;
        let (clarus_listener, address) = Server::bind(others).await?;
        let clarus = Clarus::new(address, life)?;
        let (clazar_listener, address) = Server::bind(others).await?;
        let clazar = Clazar::new(address, life)?;

        let authority = Authority::new("Claviger Sandbox Certificate Authority")?;
        let identity = authority.issue_server()?;
        // Clara alone asks its clients for a certificate.
        let clients = Some(clara.client_authority());
        let serve = |listener, clients, router, provider: &Provider| {
            Server::start(listener, &identity, clients, router, provider.clone())
        };
        let servers = vec![
            serve(clara_listener, clients, clara.router(), &clara)?,
            serve(clarify_listener, None, clarify.router(), &clarify)?,
            serve(clarus_listener, None, clarus.router(), &clarus)?,
            serve(clazar_listener, None, clazar.router(), &clazar)?,
        ];
        Ok(Self { authority, clara, clarify, clarus, clazar, servers })
    }

    /// Gives the certificate of the authority that issued the server's certificate, as PEM.
    pub fn ca_pem(&self) -> &str {
        self.authority.certificate_pem()
    }

    /// Gives the emulated Clara.
    pub fn clara(&self) -> &Clara {
        &self.clara
    }

    /// Gives the emulated Clarify.
    pub fn clarify(&self) -> &Clarify {
        &self.clarify
    }

    /// Gives the emulated ClarusWMS.
    pub fn clarus(&self) -> &Clarus {
        &self.clarus
    }

    /// Gives the emulated Clazar.
    pub fn clazar(&self) -> &Clazar {
        &self.clazar
    }

    /// Stops, and waits for the requests under way to end: two seconds at most.
    pub async fn shutdown(self) {
        // All stop at once: each is told before the first is waited for.
        let stopping: Vec<_> = self.servers.into_iter().map(Server::stop).collect();
        for accepting in stopping {
            // Its only failure is a panic of that task, which the runtime has told already.
            let _ = accepting.await;
        }
    }
}

#[cfg(test)]
mod tests;
