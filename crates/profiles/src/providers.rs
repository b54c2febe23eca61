//! The providers: what each reads of the settings, and the client that it makes of that.
//!
//! One more costs a file, which is named here twice: as a module, and in [`PROVIDERS`].

mod clara;
mod clarify;
mod clarus;
mod clazar;
mod custom;
mod logins;
mod requests;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error, Thumbprint, TokenCache, TokenSource};
use claviger_clarify::RpcClient;
use claviger_clarify::mqtt::PublisherBuilder;
use claviger_mtls::{Identity, Tls};
use claviger_token_endpoint::{ClientAuthenticationMethod, TokenEndpoint};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use secrecy::SecretString;
use tower::util::BoxCloneService;

pub use self::logins::Logins;
use crate::{
    location::Base,
    settings::{Client, Names},
};

/// Provides for the requests of one profile.
pub(crate) trait Provide: fmt::Debug + Send + Sync {
    /// Lists the settings that have a meaning in this profile, beside those that have one in all.
    fn meaningful(&self) -> Vec<Names>;

    /// Returns the client certificate.
    fn identity(&self) -> Option<&Identity> {
        None
    }

    /// Makes what connections are made with: the certificate, if there is one, and whom to trust.
    fn tls(&self) -> Result<Tls, Error>;

    /// Makes what fetches tokens; none where credentials go to the API as they are, or where there are none.
    fn token_requests(&self) -> Result<Option<TokenRequests>, Error>;

    /// Puts the layers on a client. `tokens` are there where there are [token requests](Self::token_requests).
    fn service(&self, tokens: Option<Tokens>) -> Result<Service, Error>;

    /// Makes what calls methods over `service`; none where the provider has no JSON-RPC.
    fn rpc(&self, _service: &Service) -> Option<RpcClient<Service>> {
        None
    }

    /// Tells where typed paths begin.
    fn base(&self) -> Base;

    /// Lists the headers that the layers set, and that nobody else may.
    fn own_headers(&self) -> Vec<HeaderName>;

    /// Names a call that changes nothing and that any client may make: what `check` sends.
    fn probe(&self) -> Probe {
        Probe::get("")
    }

    /// Begins what publishes to the provider's MQTT broker; none where there is no broker.
    fn publishing(&self) -> Option<Result<Publishing, Error>> {
        None
    }
}

/// Publishes to a provider's MQTT broker.
#[derive(Debug)]
#[non_exhaustive]
pub struct Publishing {
    /// It has the profile's credentials, broker and trust.
    pub publisher: PublisherBuilder,
    /// What to call the spool, so that frames for one user at one broker never go to another.
    pub spool_name: String,
}

/// A harmless call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// As it would be typed: [`Base::locate`](crate::Base::locate) makes a URL of it.
    pub path: String,
    /// JSON to be sent with `POST`; none for `GET`.
    pub body: Option<&'static str>,
}

impl Probe {
    /// Gets what is at this path.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self { path: path.to_owned(), body: None }
    }

    fn post(path: &str, json: &'static str) -> Self {
        Self { path: path.to_owned(), body: Some(json) }
    }
}

/// Fetches tokens, and tells which.
#[expect(clippy::exhaustive_structs, reason = "whoever keeps tokens must go by all of it")]
pub struct TokenRequests {
    /// One token request each. Of a [login](Self::login), it is a session that nobody has begun.
    pub source: Arc<dyn TokenSource>,
    /// What tells its tokens from others.
    pub facts: TokenRequestFacts,
    /// How they prove who asks. It tells no token from another.
    pub method: ClientAuthenticationMethod,
    /// The secret that goes with them, so that whoever keeps tokens notices another, such as one mistyped.
    pub client_secret: Option<SecretString>,
    /// Where the tokens are revoked and looked up, if that is known of the provider.
    pub endpoint: Option<TokenEndpoint>,
    /// How users log in, where that is how tokens come: whoever keeps the session asks it in the place of `source`.
    pub login: Option<Logins>,
}

impl fmt::Debug for TokenRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequests").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// Tells the tokens of one token request from those of any other: whoever keeps tokens goes by all of it.
///
/// Nothing in it is secret. The secret itself is left out: a new one is for the same client.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "whoever keeps tokens must go by all of it")]
pub struct TokenRequestFacts {
    /// As the settings name it: `clara`.
    pub provider: &'static str,
    /// Whole.
    pub token_url: String,
    /// Who asks.
    pub client_id: String,
    /// As it is sent.
    pub scope: Option<String>,
    /// As it is sent.
    pub audience: Option<String>,
    /// As they are sent (RFC 8707).
    pub resources: Vec<String>,
    /// Those of the provider's own, by name, as they are sent.
    pub parameters: Vec<(String, String)>,
    /// The client certificate that asks, and that the token may be bound to.
    pub certificate: Option<Thumbprint>,
    /// The tenant's header, where token requests carry it: the token may be for that tenant alone.
    pub tenant: Option<HeaderValue>,
}

impl TokenRequestFacts {
    /// Begins with what every token request has.
    #[must_use]
    pub fn new(provider: &'static str, token_url: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            provider,
            token_url: token_url.into(),
            client_id: client_id.into(),
            scope: None,
            audience: None,
            resources: Vec::new(),
            parameters: Vec::new(),
            certificate: None,
            tenant: None,
        }
    }
}

/// Reads what the settings say of one provider.
pub(crate) type Read = fn(&Client<'_>) -> Result<Box<dyn Provide>, Error>;
/// Sends a request with all that it takes.
pub(crate) type Service = BoxCloneService<Request<Full<Bytes>>, Response<Incoming>, BoxError>;
/// The tokens of one run, kept elsewhere too or not.
pub(crate) type Tokens = TokenCache<Arc<dyn TokenSource>>;

/// By the name that the settings give them.
pub(crate) const PROVIDERS: &[(&str, Read)] = &[
    ("clara", clara::read),
    ("clarify", clarify::read),
    ("clarus", clarus::read),
    ("clazar", clazar::read),
    ("custom", custom::read),
];

#[cfg(test)]
mod tests;
