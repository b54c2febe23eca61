//! The pool of connections, begun anew with each identity.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use claviger_mtls::{MtlsConnector, MtlsLayer, Tls};
use http_body::Body;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use tower_layer::Layer;

use crate::{
    connect::Deadline,
    connections::Connections,
    joined::Joined,
    proxy::{Proxied, Proxies},
};

/// Has the pool whose connections show the identity that is current.
///
/// A pool's key is the origin and does not include the certificate: after a rotation, it would hand out a
/// connection of the old identity for as long as there are requests for it.
pub(crate) struct Pools<B> {
    settings: Settings,
    current: ArcSwap<Pool<B>>,
    /// Held by whoever makes a pool, so that one is made.
    making: Mutex<()>,
}

/// What a pool is made with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) tls: Tls,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) loopback_http: bool,
    pub(crate) proxies: Option<Proxies>,
}

/// Connections with one identity. Its idle ones are closed with it; a request under way holds its own.
pub(crate) struct Pool<B> {
    pub(crate) client: legacy::Client<Joined<Deadline<MtlsConnector<Proxied<HttpConnector>>>>, B>,
    pub(crate) connections: Connections,
    /// Which tells one identity from the next.
    config: Arc<ClientConfig>,
}

impl<B: Body<Data: Send> + Send> Pools<B> {
    pub(crate) fn new(settings: Settings) -> Self {
        let pool = settings.pool();
        Self { settings, current: ArcSwap::from_pointee(pool), making: Mutex::new(()) }
    }

    pub(crate) fn current(&self) -> Guard<Arc<Pool<B>>> {
        let pool = self.current.load();
        if self.is_current(&pool) {
            return pool;
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_current(&self.current.load()) {
            self.current.store(Arc::new(self.settings.pool()));
        }
        self.current.load()
    }

    fn is_current(&self, pool: &Pool<B>) -> bool {
        Arc::ptr_eq(&pool.config, &self.settings.tls.client_config())
    }
}

impl<B> Pools<B> {
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl Settings {
    fn pool<B: Body<Data: Send> + Send>(&self) -> Pool<B> {
        // Its connections have this identity, also those that are made when there is another: a request that came
        // before carries what was made for this one.
        let tls = self.tls.pinned();
        let config = tls.client_config();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Shared out among the addresses of the host, so that one that is dead does not take it all.
        tcp.set_connect_timeout(Some(self.connect_timeout));
        let tcp = Proxied::new(tcp, self.proxies.clone());
        let layer = MtlsLayer::new(tls);
        let layer = if self.loopback_http { layer.with_loopback_http() } else { layer };
        let connections = Connections::default();
        let one = Deadline::new(layer.layer(tcp), self.connect_timeout, self.proxies.clone());
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .build(Joined::new(one, connections.clone()));
        Pool { client, connections, config }
    }
}

impl<B> fmt::Debug for Pools<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pools").field("settings", &self.settings).finish_non_exhaustive()
    }
}
