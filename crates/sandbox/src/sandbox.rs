//! The sandbox as a whole: what it is started with and what it consists of.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::authority::Authority;
use crate::clara::Clara;
use crate::error::Error;
use crate::server::{self, Server};

/// Says how a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    listen: SocketAddr,
    token_life: Duration,
}

impl Options {
    /// Listens on a free port of 127.0.0.1 and issues tokens for 300 s.
    pub fn new() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), token_life: Duration::from_secs(300) }
    }

    /// Listens on `listen`, which must be a loopback address: [`Sandbox::start`] refuses any other.
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
#[derive(Debug)]
pub struct Sandbox {
    authority: Authority,
    clara: Clara,
    clara_server: Server,
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
        let listener = server::bind(options.listen).await?;
        let address = listener.local_addr().map_err(|error| Error::new("could not learn the port", error))?;
        let authority = Authority::new("Claviger Sandbox Certificate Authority")?;
        let identity = authority.issue_server()?;
        let clara = Clara::new(address, options.token_life)?;
        let config = server::config(&identity, clara.client_authority())?;
        let clara_server = Server::start(listener, config, clara.router(), clara.doorkeeper());
        Ok(Self { authority, clara, clara_server })
    }

    /// Gives the certificate of the authority that issued the server's certificate, as PEM.
    pub fn ca_pem(&self) -> &str {
        self.authority.certificate_pem()
    }

    /// Gives the emulated Clara.
    pub fn clara(&self) -> &Clara {
        &self.clara
    }

    /// Stops, and waits for the requests under way to end: two seconds at most.
    pub async fn shutdown(self) {
        self.clara_server.shutdown().await;
    }
}
