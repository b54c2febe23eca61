//! The layers and the client of a profile, ready to send.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use claviger_auth_core::{AccessToken, BoxError, Error, ErrorKind, TokenCache, TokenSource};
use claviger_clarify::{CallError, RpcAnswer, RpcCall, RpcClient};
use claviger_token_endpoint::TokenEndpoint;
use http::{HeaderName, Request, Response, header::AUTHORIZATION};
use http_body_util::Full;
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::{
    location::Base,
    providers::{Service, TokenRequests, Tokens},
    settings::Profile,
};

/// Sends requests as a profile says.
#[derive(Debug)]
pub struct Stack {
    service: Service,
    authentication: Authentication,
    rpc: Option<RpcClient<Service>>,
    tokens: Option<Tokens>,
    base: Base,
    own_headers: Vec<HeaderName>,
    endpoint: Option<TokenEndpoint>,
    scope: Option<String>,
}

impl Stack {
    /// Puts it together. Nothing is sent or connected yet.
    ///
    /// `keep` may put a store of tokens over the source that fetches them: it is given the source with all that
    /// tells its tokens from others, and what it returns is asked in its place, below the cache of this run.
    /// It has 70 s for all of it: one token request takes up to 30 s, and so may another run's that it waits for.
    /// It must never hand back the token of [`Fetch::Rejected`](claviger_auth_core::Fetch::Rejected), and says
    /// by [`AccessToken::with_age`](claviger_auth_core::AccessToken::with_age) how old a kept one is, so that
    /// one that is rejected is replaced. Where tokens come of a [login](TokenRequests::login), what it returns is the
    /// session: there is one only where it is kept. It is not called where a profile fetches no tokens.
    ///
    /// # Errors
    ///
    /// Those of [`Profile::tls`] and [`Profile::token_requests`], and those of `keep`.
    pub fn new(
        profile: &Profile,
        keep: impl FnOnce(TokenRequests) -> Result<Arc<dyn TokenSource>, Error>,
    ) -> Result<Self, Error> {
        let provider = &profile.provider;
        let (mut endpoint, mut scope) = (None, None);
        let own_headers = provider.own_headers();
        let mut authentication =
            if own_headers.contains(&AUTHORIZATION) { Authentication::Given } else { Authentication::None };
        let tokens = match provider.token_requests()? {
            Some(requests) => {
                authentication = match requests.login {
                    Some(_) => Authentication::LoggedIn,
                    None => Authentication::Fetched,
                };
                endpoint.clone_from(&requests.endpoint);
                scope.clone_from(&requests.facts.scope);
                Some(TokenCache::builder(keep(requests)?).with_fetch_deadline(FETCH_DEADLINE).build())
            }
            None => None,
        };
        let service = provider.service(tokens.clone())?;
        Ok(Self {
            rpc: provider.rpc(&service),
            service,
            authentication,
            tokens,
            base: provider.base(),
            own_headers,
            endpoint,
            scope,
        })
    }

    /// Where typed paths begin.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// The headers that the layers set, and that nobody else may.
    #[must_use]
    pub fn own_headers(&self) -> &[HeaderName] {
        &self.own_headers
    }

    /// How requests are authenticated, as far as it matters to whoever is refused.
    #[must_use]
    pub fn authentication(&self) -> Authentication {
        self.authentication
    }

    /// The tokens, where the profile has any.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<Arc<dyn TokenSource>>> {
        self.tokens.as_ref()
    }

    /// Where the tokens are revoked and looked up, if that is known of the provider.
    #[must_use]
    pub fn endpoint(&self) -> Option<&TokenEndpoint> {
        self.endpoint.as_ref()
    }

    /// Lists the scopes that the profile asks for and this token was not granted; none where the server did not say.
    #[must_use]
    pub fn withheld_scopes(&self, token: &AccessToken) -> Vec<&str> {
        let asked = self.scope.iter().flat_map(|scope| scope.split_ascii_whitespace());
        let is_granted = |word: &&str| token.scopes().iter().any(|scope| scope == word);
        asked.filter(|word| !token.scopes().is_empty() && !is_granted(word)).collect()
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// If it is answered with 401 and its token had been kept since an earlier run, it is sent once more with
    /// another; with a token that was fetched for it, it is not.
    ///
    /// # Errors
    ///
    /// Those of the token request, the layers and the client; ours is found by [`Error::find`].
    pub async fn send(self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, BoxError> {
        self.service.oneshot(request).await
    }

    /// Calls a method. The token does not count for the time that the answer is waited for.
    ///
    /// # Errors
    ///
    /// Those of the token request and of [`RpcClient::send`]; of kind [`Configuration`](ErrorKind::Configuration) if
    /// the profile's provider has no methods to be called.
    pub async fn call(self, call: RpcCall) -> Result<RpcAnswer, CallError> {
        let Some(rpc) = self.rpc else {
            let error =
                Error::new(ErrorKind::Configuration, "the profile's provider has no JSON-RPC methods");
            let error = error.with_advice("choose a profile whose provider is clarify, with --profile");
            return Err(CallError::NoAnswer(error));
        };
        if let Some(tokens) = &self.tokens {
            tokens.token().await.map_err(CallError::NoAnswer)?;
        }
        rpc.send(call).await
    }
}

/// Tells where the credential of requests comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever explains a refusal has words for each")]
pub enum Authentication {
    /// A token endpoint was asked, in this run or in an earlier one.
    Fetched,
    /// The settings hold it: user and password, or a token.
    Given,
    /// Somebody logged in, in an earlier run.
    LoggedIn,
    /// Nobody is told who asks.
    None,
}

/// For a store that waits for another run's token request, in vain, and then for one of its own. Each of these ends
/// by itself (the token endpoint's client gives it 30 s).
const FETCH_DEADLINE: Duration = Duration::from_secs(70);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, Overrides, Variables};

    #[test]
    fn tells_which_scopes_were_not_granted() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("claviger.toml");
        let settings = "[profiles.a]\nprovider = 'custom'\napi_url = 'https://api.example/'\nscope = 'a  b'\n\
                        auth = 'client-credentials'\nclient_id = 'acme'\nclient_auth = 'none'\n\
                        token_url = 'https://api.example/t'\n";
        std::fs::write(&file, settings).unwrap();
        let section = Document::open(&file).unwrap().choose(None).unwrap();
        let profile = Profile::read(section, &Overrides::default(), &Variables::of(&[])).unwrap();
        let stack = Stack::new(&profile, |requests| Ok(requests.source)).unwrap();
        assert!(stack.endpoint().is_some());
        let token = AccessToken::bearer(&"t".into()).unwrap();
        for (granted, withheld) in [(&[][..], &[][..]), (&["b", "a"], &[]), (&["b", "c"], &["a"])] {
            assert_eq!(stack.withheld_scopes(&token.clone().with_scopes(granted.to_vec())), withheld);
        }
    }
}
