//! What can be sent to another thread, shared among threads, and moved while it is polled.
//!
//! To lose one of these is a breaking change that no compiler tells: a private field of another type is enough. A new
//! public type goes into the list.

use std::{rc::Rc, sync::Arc};

use claviger_auth_core::{
    AccessToken, CacheState, Credential, CredentialSource, Error, ErrorKind, ExistingHeader, ForeignOrigin,
    Generation, ManualClock, Moment, Origin, Origins, PerRequest, StaticToken, SystemClock, Thumbprint,
    TokenCache, TokenCacheBuilder, TokenChanges, UseCredentials,
    authorization::{self, Authorization, AuthorizationLayer, CredentialSuperseded, WatchCredential},
    retry_unauthorized::{self, ReplayCloned, RetryUnauthorized, RetryUnauthorizedLayer},
    set_tenant::{self, SetTenant, SetTenantLayer, Tenant},
};
use claviger_client::Client;
use claviger_mtls::{
    ConnectionReport, Identity, IdentityBuilder, MtlsConnector, MtlsLayer, MtlsStream, Tls, TlsBuilder, Trust,
};
use claviger_oauth_cc::ClientCredentials;
use claviger_oauth_code::{
    AuthorizationCode, AuthorizationCodeBuilder, DeviceGrant, DeviceLogin, Login, MemorySessionStore,
    Receiver, Session, StoredSession,
};
use claviger_per_customer::{PerCustomer, PerCustomerBuilder};
use claviger_replay::{ReplayReqwest012, ReplayReqwest013, ReplayStreamed, StreamedBody, StreamedRequest};
use claviger_session_store_file::{FileSessionStore, FileSessionStoreBuilder, SessionName};
use claviger_token_endpoint::{
    BaseUrl, ClientAuthentication, ClientAuthenticationMethod, DeviceAuthorization, TokenAnswer,
    TokenEndpoint, TokenEndpointBuilder, TokenRequest,
};
use claviger_tonic::{GrpcAuthorization, GrpcAuthorizationLayer, WatchedBody};
use http::{Request, Response};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use tokio::net::TcpStream;

use crate::clara_sandbox::Full;

/// Names types, each of which is all three.
macro_rules! all_three {
    ($($type:ty),* $(,)?) => { $(assert_impl_all!($type: Send, Sync, Unpin);)* };
}

type Source = Arc<dyn CredentialSource>;
type Cache = TokenCache<ClientCredentials>;
type Authorized = Authorization<Client<Full>, Cache>;
type Retried = RetryUnauthorized<Authorized, ReplayCloned>;

// auth-core
all_three![
    AccessToken,
    CacheState,
    Credential,
    CredentialSuperseded,
    Error,
    ErrorKind,
    ExistingHeader,
    ForeignOrigin,
    Generation,
    ManualClock,
    Moment,
    Origin,
    Origins,
    PerRequest,
    Source,
    StaticToken,
    SystemClock,
    Tenant,
    Thumbprint,
    UseCredentials,
    WatchCredential,
];
all_three![Cache, TokenCacheBuilder<ClientCredentials>, TokenChanges];
all_three![AuthorizationLayer<Cache>, AuthorizationLayer<Source>, Authorized];
all_three![ReplayCloned, RetryUnauthorizedLayer<ReplayCloned>, Retried];
all_three![SetTenantLayer, SetTenant<Retried>];

// mtls and client
all_three![ConnectionReport, Identity, IdentityBuilder<'static>, Tls, TlsBuilder, Trust];
all_three![MtlsLayer, MtlsConnector<HttpConnector>, MtlsStream<TokioIo<TcpStream>>];
all_three![Client<Full>, claviger_client::ClientBuilder<Full>, claviger_client::Proxies];

// token-endpoint, oauth-cc and basic
all_three![BaseUrl, ClientAuthentication, ClientAuthenticationMethod, TokenAnswer, TokenEndpoint];
all_three![TokenEndpointBuilder, TokenRequest, ClientCredentials, claviger_basic::Basic];

// oauth-code and session-store-file
all_three![AuthorizationCode, AuthorizationCodeBuilder, Login, Receiver, DeviceAuthorization, DeviceGrant];
all_three![DeviceLogin, Session, StoredSession, MemorySessionStore];
all_three![FileSessionStore, FileSessionStoreBuilder, SessionName];

// replay, tonic and per-customer
all_three![ReplayStreamed, ReplayReqwest012, ReplayReqwest013, StreamedBody<Full>];
all_three![StreamedRequest<http::request::Parts, Full>];
all_three![GrpcAuthorizationLayer<Cache>, claviger_tonic::Channel, claviger_tonic::ChannelBuilder];
all_three![GrpcAuthorization<Authorization<claviger_tonic::Channel, Cache>>];
all_three![PerCustomer<String, UseCredentials>, PerCustomerBuilder<String, UseCredentials>];
// As the body below is: tonic's can be sent and not shared.
assert_impl_all!(WatchedBody<tonic::body::Body>: Send);
assert_impl_all!(WatchedBody<Full>: Send, Sync, Unpin);

// The providers.
all_three![claviger_clara::Client, claviger_clara::ClaraLayer, claviger_clara::Config];
all_three![claviger_clara::ClaraService<Client<Full>>, claviger_clara::Credentials];
all_three![claviger_clarify::Client, claviger_clarify::ClarifyLayer, claviger_clarify::Config];
all_three![claviger_clarify::ClarifyService<Client<Full>>, claviger_clarify::Credentials];
all_three![claviger_clarify::RpcClient<claviger_clarify::Client>, claviger_clarify::RpcCall];
all_three![claviger_clarify::CallError, claviger_clarify::RpcAnswer, claviger_clarify::RpcError];
all_three![claviger_clarus::Client, claviger_clarus::ClarusLayer, claviger_clarus::Config];
all_three![claviger_clarus::ClarusService<Client<Full>>, claviger_clarus::Credentials];
all_three![claviger_clazar::Client, claviger_clazar::ClazarLayer, claviger_clazar::Config];
all_three![claviger_clazar::ClazarService<Client<Full>>];

/// A service whose future stays where it was made.
#[derive(Clone)]
struct Local;

impl tower::Service<Request<()>> for Local {
    type Response = Response<()>;
    type Error = Error;
    type Future = std::future::Pending<Result<Response<()>, Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::pending()
    }
}

/// As [`Local`], with something in it that must not leave its thread.
#[derive(Clone)]
struct Bound(Rc<()>);

impl tower::Service<Request<()>> for Bound {
    type Response = Response<()>;
    type Error = Error;
    type Future = std::future::Pending<Result<Response<()>, Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let _ = &self.0;
        std::future::pending()
    }
}

// A layer's future can be sent exactly when what is below can be.
assert_impl_all!(authorization::ResponseFuture<Local, Request<()>, Cache>: Send);
assert_not_impl_any!(authorization::ResponseFuture<Bound, Request<()>, Cache>: Send);
assert_impl_all!(retry_unauthorized::ResponseFuture<Local, Request<()>, ReplayCloned>: Send);
assert_not_impl_any!(retry_unauthorized::ResponseFuture<Bound, Request<()>, ReplayCloned>: Send);
assert_impl_all!(set_tenant::ResponseFuture<std::future::Pending<Result<(), Error>>>: Send);
assert_impl_all!(claviger_client::ResponseFuture: Send);
