//! Tower layers that put credentials and tenant headers on requests, and the token cache behind them.
//!
//! # What it does
//!
//! - [`AuthorizationLayer`](authorization::AuthorizationLayer) stamps each request with the credential of a
//!   [`CredentialSource`]: a [`TokenCache`] over any [`TokenSource`], a [`StaticToken`], or your own.
//! - [`RetryUnauthorizedLayer`](retry_unauthorized::RetryUnauthorizedLayer) sends a request once more when
//!   its credential was rejected and a different one can be had.
//! - [`SetTenantLayer`](set_tenant::SetTenantLayer) says on each request which tenant it is for.
//! - [`Origins`] keep all of that to the servers it was made for.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ provider
//!            └────────────── this crate ──────────────────┘
//!
//! Authorization ─▶ TokenCache ─▶ TokenSource ─▶ token endpoint
//!                  └─ this crate ─┘
//! ```
//!
//! Requests, bodies and services need be neither `Send` nor `'static`; a source of credentials must be both.
//!
//! # Example
//!
//! ```
//! use async_trait::async_trait;
//! use claviger_auth_core::{
//!     AccessToken, Error, Fetch, Origin, TokenCache, TokenSource, authorization::AuthorizationLayer,
//! };
//! use http::{Request, Response, header::AUTHORIZATION};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! struct Issuer;
//!
//! #[async_trait]
//! impl TokenSource for Issuer {
//!     async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
//!         AccessToken::bearer(&"swordfish".into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let origin = Origin::https("https://api.example")?;
//! let service = ServiceBuilder::new()
//!     .layer(AuthorizationLayer::new(TokenCache::new(Issuer), origin))
//!     .service(service_fn(|request: Request<()>| async move {
//!         assert_eq!(request.headers()[AUTHORIZATION], "Bearer swordfish");
//!         Ok::<_, BoxError>(Response::new(()))
//!     }));
//! service.oneshot(Request::get("https://api.example/things").body(())?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It sends nothing itself and speaks no protocol: fetching a token is the [`TokenSource`]'s work. It retries
//! for authentication only, never after an error or a 5xx. It does not look into bodies.

mod access_token;
pub mod authorization;
mod clock;
mod credential;
mod living;
pub mod retry_unauthorized;
mod rules;
mod sensitive;
pub mod set_tenant;
mod static_token;
mod token_cache;
mod token_source;

pub use claviger_error::{BoxError, Error, ErrorKind};
pub use claviger_origin::{HttpRequest, HttpResponse, Origin, Origins, Target};
#[cfg(any(test, feature = "test-util"))]
pub use clock::ManualClock;
pub use {
    access_token::AccessToken,
    clock::{Clock, Moment, SystemClock},
    credential::{
        Credential, CredentialSource, Generation, Obtaining, PerRequest, PublishIdentity, Thumbprint,
        UseCredentials,
    },
    living::SourceId,
    rules::{ExistingHeader, ForeignOrigin},
    static_token::StaticToken,
    token_cache::{CacheState, TokenCache, TokenCacheBuilder, TokenChanges},
    token_source::{Fetch, TokenSource},
};
