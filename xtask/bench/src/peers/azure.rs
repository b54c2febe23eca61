//! azure_core: `BearerTokenAuthorizationPolicy` in front of a policy that answers; 5 min ahead.
//!
//! Its requests are its own, so it is measured against its chain without authentication.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    http::{
        AsyncRawResponse, Context, Method, Request, StatusCode,
        headers::Headers,
        policies::{Policy, PolicyResult, auth::BearerTokenAuthorizationPolicy},
    },
    time::OffsetDateTime,
};
use futures_util::future::BoxFuture;
use tower::BoxError;
use url::Url;

use crate::{
    issuer::Issuer,
    noop::ORIGIN,
    peer::{Setup, Subject},
    pooled::Pooled,
};

const AHEAD: Duration = Duration::from_secs(300);

/// Builds the chain with the policy.
pub fn start(setup: Setup) -> BoxFuture<'static, Result<Box<dyn Subject>, BoxError>> {
    let credential = Arc::new(Credential { issuer: setup.issuer, life: setup.due + AHEAD });
    chain(vec![Arc::new(BearerTokenAuthorizationPolicy::new(credential, ["scope"])), Arc::new(Answering)])
}

/// Builds the chain without it.
pub fn start_without(_: Setup) -> BoxFuture<'static, Result<Box<dyn Subject>, BoxError>> {
    chain(vec![Arc::new(Answering)])
}

fn chain(policies: Vec<Arc<dyn Policy>>) -> BoxFuture<'static, Result<Box<dyn Subject>, BoxError>> {
    Box::pin(async move {
        let url = Url::parse(&format!("{ORIGIN}/things?page=2"))?;
        Ok(Box::new(Chain { policies: policies.into(), url }) as Box<dyn Subject>)
    })
}

#[derive(Clone)]
struct Chain {
    policies: Arc<[Arc<dyn Policy>]>,
    url: Url,
}

impl Chain {
    async fn call(&self) -> Result<(), BoxError> {
        let mut request = Request::new(self.url.clone(), Method::Get);
        let (first, rest) = self.policies.split_first().ok_or("an empty chain")?;
        first.send(&Context::new(), &mut request, rest).await?;
        Ok(())
    }
}

impl Subject for Chain {
    fn many(&self, count: u64) -> BoxFuture<'static, Result<(), BoxError>> {
        let chain = self.clone();
        Box::pin(async move {
            for _ in 0..count {
                chain.call().await?;
            }
            Ok(())
        })
    }

    fn one(&self) -> BoxFuture<'static, Result<(), BoxError>> {
        let chain = self.clone();
        Box::pin(async move { chain.call().await })
    }

    fn send(
        &self,
        _: Pooled,
        _: String,
        _: usize,
        _: u64,
    ) -> Option<BoxFuture<'static, Result<(), BoxError>>> {
        None
    }
}

#[derive(Debug)]
struct Answering;

#[async_trait]
impl Policy for Answering {
    async fn send(&self, _: &Context, _: &mut Request, _: &[Arc<dyn Policy>]) -> PolicyResult {
        Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, Headers::new(), ""))
    }
}

struct Credential {
    issuer: Arc<Issuer>,
    life: Duration,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

#[async_trait]
impl TokenCredential for Credential {
    async fn get_token(
        &self,
        _: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.issuer.issue().await.map_err(|error| {
            azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, error.to_string())
        })?;
        Ok(AccessToken::new(token, OffsetDateTime::now_utc() + self.life))
    }
}
