//! What all emulated providers have in common, and how a test steers them.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use axum::{Router, middleware};
use http::StatusCode;

use crate::account::Account;
use crate::authorization::{Denial, authorization, bearer};
use crate::error::Error;
use crate::fault::{Fault, Target, Times};
use crate::journal::Journal;
use crate::stage::{self, Hold, Stage};
use crate::tokens::{Grant, Tokens};
use crate::{control, random};

/// Says in what one provider differs from the others.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "each provider writes it as a constant, and has all of it to say"
)]
pub struct Manner {
    /// What stands behind the origin in the URL of the API.
    pub api_path: &'static str,
    /// What stands there in the URL of the token endpoint.
    pub token_path: &'static str,
    /// Says in the provider's own words that a request failed.
    pub refuse: fn(Target, StatusCode, &str) -> Response,
}

/// Steers one emulated provider: each of them derefs to this. Clones steer the same one.
///
/// ```
/// use claviger_sandbox_stage::{Error, Fault, Provider, Target, Times};
///
/// fn prepare(provider: &Provider) -> Result<(), Error> {
///     provider.play(Target::Token, Fault::Unavailable, Times::ONCE);
///     let old = provider.client_secret();
///     assert_ne!(provider.rotate_secret()?, old);
///     assert!(provider.token_url().starts_with(&format!("https://{}/", provider.address())));
///     assert_eq!(provider.journal().token_requests(), 0);
///     Ok(())
/// }
/// # use axum::response::IntoResponse as _;
/// # use claviger_sandbox_stage::{Emulate as _, Manner};
/// # let refuse = |_, status: http::StatusCode, _: &str| status.into_response();
/// # let manner = Manner { api_path: "", token_path: "/token", refuse };
/// # let address = ([127, 0, 0, 1], 9).into();
/// # prepare(&Provider::new(address, std::time::Duration::from_secs(300), manner)?)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Provider {
    shared: Arc<Shared>,
}

impl Provider {
    /// Gives the base of the API: `https://127.0.0.1:PORT`, and for Clarify `https://127.0.0.1:PORT/v1/`.
    pub fn api_url(&self) -> String {
        format!("https://{}{}", self.shared.address, self.shared.manner.api_path)
    }

    /// Gives the token endpoint.
    pub fn token_url(&self) -> String {
        format!("https://{}{}", self.shared.address, self.shared.manner.token_path)
    }

    /// Gives the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Gives the client id. Clara has another one for its test environment.
    pub fn client_id(&self) -> &str {
        self.shared.account.id()
    }

    /// Gives the present client secret.
    pub fn client_secret(&self) -> String {
        self.shared.account.secret()
    }

    /// Gives the journal of all requests.
    pub fn journal(&self) -> &Journal {
        &self.shared.stage.journal
    }

    /// Queues a fault: it is played when those queued before it for the same target are through.
    pub fn play(&self, target: Target, fault: Fault, times: Times) {
        self.shared.stage.script.add(target, fault, times);
    }

    /// Forgets all faults that are queued.
    pub fn clear_faults(&self) {
        self.shared.stage.script.clear();
    }

    /// Holds back answers until the guard is dropped. Requests are judged as they arrive and only then held: a token
    /// that is revoked meanwhile is still handed out.
    pub fn hold(&self, target: Target) -> Hold {
        self.shared.stage.hold(target)
    }

    /// Revokes one access token, and tells whether it was known.
    pub fn revoke(&self, token: &str) -> bool {
        self.shared.tokens.revoke(token)
    }

    /// Revokes all access tokens, and tells how many there were.
    pub fn revoke_all(&self) -> usize {
        self.shared.tokens.revoke_all()
    }

    /// Makes all access tokens expire now, as if their life were over.
    pub fn expire_all(&self) {
        self.shared.tokens.expire_all();
    }

    /// Sets the life of the tokens issued from now on.
    pub fn set_token_life(&self, life: Duration) {
        self.shared.tokens.set_life(life);
    }

    /// Gives the client a new random secret and returns it. The old one is refused from now on; tokens already issued
    /// stay good.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    pub fn rotate_secret(&self) -> Result<String, Error> {
        let secret = random::text::<48>()?;
        self.set_client_secret(secret.clone());
        Ok(secret)
    }

    /// Gives the client this secret: for tests of characters that need encoding.
    pub fn set_client_secret(&self, secret: impl Into<String>) {
        self.shared.account.set_secret(secret.into());
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("address", &self.shared.address).finish_non_exhaustive()
    }
}

/// Gives the routes of a provider what they need of it, and tests have no use for.
pub trait Emulate: Sized + sealed::Sealed {
    /// Draws credentials for a provider that listens on `address` and issues tokens for `token_life`.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    fn new(address: SocketAddr, token_life: Duration, manner: Manner) -> Result<Self, Error>;

    /// Gives the client's account.
    fn account(&self) -> &Account;

    /// Gives the tokens that were issued.
    fn tokens(&self) -> &Tokens;

    /// Tells what the bearer token of a request is good for.
    ///
    /// # Errors
    ///
    /// If there is no token, or it is good for nothing.
    fn admit(&self, request: &Request) -> Result<Grant, Denial>;

    /// Puts the control routes beside the routes, and the journal, the faults and the holds around them.
    fn around(&self, routes: Router) -> Router;
}

impl Emulate for Provider {
    fn new(address: SocketAddr, token_life: Duration, manner: Manner) -> Result<Self, Error> {
        let shared = Shared {
            address,
            manner,
            account: Account::draw()?,
            tokens: Tokens::new(token_life),
            stage: Arc::new(Stage::new(manner, address.port())),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    fn account(&self) -> &Account {
        &self.shared.account
    }

    fn tokens(&self) -> &Tokens {
        &self.shared.tokens
    }

    fn admit(&self, request: &Request) -> Result<Grant, Denial> {
        let token = bearer(authorization(request)?)?;
        self.tokens().check(token).map_err(Denial::unauthorized)
    }

    fn around(&self, routes: Router) -> Router {
        let stage = Arc::clone(&self.shared.stage);
        let routes = routes.merge(control::routes(self));
        routes.layer(middleware::from_fn_with_state(stage, stage::attend))
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else names it, so nobody else implements `Emulate`")]
    pub trait Sealed {}

    impl Sealed for super::Provider {}
}

struct Shared {
    address: SocketAddr,
    manner: Manner,
    account: Account,
    tokens: Tokens,
    stage: Arc<Stage>,
}
