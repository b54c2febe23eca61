//! Lets people log in, and clients have what those allow: authorization code with PKCE, refresh tokens, revocation.

mod asked;
mod form;
mod grants;
mod logins;
mod page;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::asked::Asked;
use self::form::Tickets;
use self::logins::Logins;
pub use self::logins::RefreshTokens;
use crate::error::{Error, failure};
use crate::provider::Provider;
use crate::random;
use crate::token_request::wrong_method;

/// Says in what one authorization server differs from another.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "each provider writes it as a constant, and has all of it to say"
)]
pub struct Terms {
    /// Names whom the access tokens are issued to, as [`Grant`](crate::Grant) has it.
    pub holder: &'static str,
    /// Names the provider on the page.
    pub name: &'static str,
    /// Lists where clients may have people sent back to. On `http://127.0.0.1` and `http://[::1]` any port is right.
    pub redirect_uris: &'static [&'static str],
}

/// Tells what somebody does on the page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Decision {
    /// Logs in, and lets the client have what it asks for.
    Allow,
    /// Does not.
    Deny,
}

/// Lets the one person that there is log in, and issues what is allowed then. Clones steer the same one.
///
/// It has two clients: that of the provider, with its secret, and one without any, as a program on somebody's machine
/// is (RFC 8252 §8.4). What comes of a request is in the journal, as an [`Event`](crate::Event).
///
/// ```
/// use claviger_sandbox_stage::{AuthorizationServer, Decision, Error};
///
/// fn log_in(server: &AuthorizationServer) -> Result<(), Error> {
///     let asked = format!(
///         "{}?response_type=code&client_id={}&state=s&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback\
///          &code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
///         server.authorize_url(),
///         server.public_client_id(),
///     );
///     let back = server.decide(&asked, Decision::Allow)?;
///     assert!(back.starts_with("http://127.0.0.1:9/callback?code="));
///     assert_eq!(server.end_logins(), 1);
///     Ok(())
/// }
/// # use axum::response::IntoResponse as _;
/// # use claviger_sandbox_stage::{Emulate as _, Manner, Provider, Terms};
/// # let refuse = |_, status: http::StatusCode, _: &str| status.into_response();
/// # let manner = Manner { api_path: "", token_path: "/token", refuse };
/// # let provider = Provider::new(([127, 0, 0, 1], 9).into(), std::time::Duration::from_secs(300), manner)?;
/// # let terms = Terms { holder: "client", name: "Acme", redirect_uris: &["http://127.0.0.1/callback"] };
/// # log_in(&AuthorizationServer::new(provider, terms)?)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct AuthorizationServer {
    shared: Arc<Shared>,
}

impl AuthorizationServer {
    /// Draws the id of the client without a secret, and a password for the person.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    pub fn new(provider: Provider, terms: Terms) -> Result<Self, Error> {
        let logins = Logins::new(provider.clone(), terms.holder);
        let shared = Shared {
            provider,
            terms,
            public_client_id: random::text::<24>()?,
            password: random::text::<9>()?,
            tickets: Tickets::default(),
            logins,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Gives the page on which one logs in: what the URL of an authorization request begins with.
    pub fn authorize_url(&self) -> String {
        self.at(AUTHORIZE)
    }

    /// Gives the endpoint at which a client gives a token back (RFC 7009).
    pub fn revocation_url(&self) -> String {
        self.at(REVOKE)
    }

    /// Gives the issuer, which stands in the answer to each login (RFC 9207). Its metadata (RFC 8414) name the rest.
    pub fn issuer(&self) -> String {
        self.at("")
    }

    /// Gives the id of the client that has no secret.
    pub fn public_client_id(&self) -> &str {
        &self.shared.public_client_id
    }

    /// Names the person.
    pub fn user_name(&self) -> &'static str {
        "operator"
    }

    /// Gives the password of the person. The page tells it, too: it keeps nobody out.
    pub fn password(&self) -> &str {
        &self.shared.password
    }

    /// Does what a person does who opens the URL of an authorization request, and gives the URL that the browser is
    /// sent to then. Nothing is requested, so nothing is in the journal.
    ///
    /// # Errors
    ///
    /// If the request is not as it should be, or if no random bytes can be had.
    pub fn decide(&self, url: &str, decision: Decision) -> Result<String, Error> {
        let (_, query) = url.split_once('?').unwrap_or_default();
        let asked = self.read(query).map_err(|wrong| failure("could not log in", wrong.text))?;
        self.decided(&asked, decision)
    }

    /// Ends all logins, and tells how many there were: refresh tokens and codes are good no longer, nor are the access
    /// tokens that came of them.
    pub fn end_logins(&self) -> usize {
        self.shared.logins.end_all()
    }

    /// Sets the life of the codes issued from now on: 60 s, if nobody does. With zero they have expired at once.
    pub fn set_code_life(&self, life: Duration) {
        self.shared.logins.set_code_life(life);
    }

    /// Sets what becomes of refresh tokens from now on: they are rotated, if nobody says otherwise.
    pub fn set_refresh_tokens(&self, refresh_tokens: RefreshTokens) {
        self.shared.logins.set_refresh_tokens(refresh_tokens);
    }

    /// Gives all routes but that of the token endpoint, which asks [`grant`](Self::grant).
    pub fn routes(&self) -> Router {
        Router::new()
            .route(AUTHORIZE, get(form::show).post(form::decide))
            .route(REVOKE, post(grants::revoke).fallback(wrong_method))
            .route(METADATA, get(metadata))
            .with_state(self.clone())
    }

    fn at(&self, path: &str) -> String {
        format!("https://{}{path}", self.shared.provider.address())
    }

    fn decided(&self, asked: &Asked, decision: Decision) -> Result<String, Error> {
        Ok(match decision {
            Decision::Allow => {
                let code = self.shared.logins.begin(asked)?;
                self.back(&asked.redirect_uri, Some(&asked.state), &[("code", &code)])
            }
            Decision::Deny => {
                self.back(&asked.redirect_uri, Some(&asked.state), &[("error", "access_denied")])
            }
        })
    }

    /// Says where the browser goes back to. RFC 6749 §4.1.2: the state is there as it came; RFC 9207 §2: the issuer.
    fn back(&self, redirect_uri: &str, state: Option<&str>, rest: &[(&str, &str)]) -> String {
        let start = redirect_uri.len() + 1;
        let mut query = form_urlencoded::Serializer::for_suffix(format!("{redirect_uri}?"), start);
        query.extend_pairs(rest).extend_pairs(state.map(|state| ("state", state)));
        query.append_pair("iss", &self.issuer());
        query.finish()
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

/// RFC 8414 §2, RFC 7636, RFC 9207 §3.
async fn metadata(State(server): State<AuthorizationServer>) -> Json<Value> {
    Json(json!({
        "issuer": server.issuer(),
        "authorization_endpoint": server.authorize_url(),
        "token_endpoint": server.shared.provider.token_url(),
        "revocation_endpoint": server.revocation_url(),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

struct Shared {
    provider: Provider,
    terms: Terms,
    public_client_id: String,
    password: String,
    tickets: Tickets,
    logins: Logins,
}

const AUTHORIZE: &str = "/oauth/authorize";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const REVOKE: &str = "/oauth/revoke";
/// Lists the paths of [`Target::Login`](crate::Target::Login).
pub(crate) const PATHS: [&str; 3] = [AUTHORIZE, METADATA, REVOKE];
