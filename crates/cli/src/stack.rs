//! The layers and the client of a profile, ready to send.

use bytes::Bytes;
use claviger_auth_core::{
    BoxError, Error, TokenCache, authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer, set_tenant::SetTenantLayer,
};
use claviger_client::Client;
use claviger_mtls::Tls;
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::TokenEndpoint;
use http::{HeaderName, Request, Response, header::AUTHORIZATION};
use http_body_util::Full;
use hyper::body::Incoming;
use tower::{Layer, ServiceExt, util::BoxCloneService};

use crate::{
    location::Base,
    settings::{
        Provider,
        clara::ClaraProfile,
        custom::{Auth, ClientCredentialsSettings, CustomProfile, LoopbackHttp},
    },
};

/// Sends requests as a profile says.
#[derive(Debug)]
pub(crate) struct Stack {
    service: Service,
    tokens: Option<Tokens>,
    base: Base,
    own_headers: Vec<HeaderName>,
}

impl Stack {
    /// Puts it together. Nothing is sent or connected yet.
    pub(crate) fn new(provider: Provider) -> Result<Self, Error> {
        match provider {
            Provider::Clara(ClaraProfile { config }) => {
                let client = claviger_clara::Client::<Full<Bytes>>::new(&config)?;
                let tokens = client.tokens().cloned();
                let base = Base::Clara(Box::new(config.endpoints().clone()));
                let own_headers = vec![AUTHORIZATION, X_TAX_IDENTIFIER];
                Ok(Self { service: BoxCloneService::new(client), tokens, base, own_headers })
            }
            Provider::Custom(profile) => Self::custom(profile),
        }
    }

    fn custom(profile: CustomProfile) -> Result<Self, Error> {
        let origin = profile.loopback_http.origin(&profile.api_url)?;
        let mut tls = Tls::builder(profile.trust);
        if let Some(identity) = profile.identity {
            tls = tls.with_identity(identity);
        }
        let client = Client::<Full<Bytes>>::builder(tls.build()?);
        let client = match profile.loopback_http {
            LoopbackHttp::Allowed => client.with_loopback_http(),
            LoopbackHttp::Refused => client,
        }
        .build();
        // The order is that of every stack: tenant, retry, authorization, client.
        let (mut service, tokens) = match profile.auth {
            Auth::None => (BoxCloneService::new(client), None),
            Auth::ClientCredentials(settings) => {
                let tokens = tokens(*settings, profile.loopback_http, client.clone())?;
                let authorization = AuthorizationLayer::new(tokens.clone(), origin.clone());
                let service = RetryUnauthorizedLayer::cloned().layer(authorization.layer(client));
                (BoxCloneService::new(service), Some(tokens))
            }
        };
        let mut own_headers: Vec<_> = tokens.iter().map(|_| AUTHORIZATION).collect();
        if let Some((header, tenant)) = profile.tenant {
            own_headers.push(header.clone());
            let layer = match tenant {
                Some(tenant) => SetTenantLayer::fixed(header, tenant, origin.clone()),
                None => SetTenantLayer::optional(header, origin.clone()),
            };
            service = BoxCloneService::new(layer.layer(service));
        }
        Ok(Self { service, tokens, base: Base::Custom { api_url: profile.api_url, origin }, own_headers })
    }

    /// Where typed paths begin.
    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    /// The headers that the layers set, and that nobody else may.
    pub(crate) fn own_headers(&self) -> &[HeaderName] {
        &self.own_headers
    }

    /// The tokens, where the profile has any.
    pub(crate) fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, BoxError> {
        self.service.oneshot(request).await
    }
}

/// Over the same client as the API: tokens are asked for with the same certificate.
fn tokens(
    settings: ClientCredentialsSettings,
    loopback_http: LoopbackHttp,
    client: Client<Full<Bytes>>,
) -> Result<Tokens, Error> {
    let mut endpoint = TokenEndpoint::builder(settings.token_url, settings.client);
    if loopback_http == LoopbackHttp::Allowed {
        endpoint = endpoint.with_loopback_http();
    }
    if let Some((name, value)) = settings.header {
        endpoint = endpoint.with_header(name, value);
    }
    let mut source = ClientCredentials::new(endpoint.build(client)?);
    if let Some(scope) = settings.scope {
        source = source.with_scope(scope);
    }
    if let Some(audience) = settings.audience {
        source = source.with_audience(audience);
    }
    for resource in settings.resources {
        source = source.with_resource(resource);
    }
    Ok(TokenCache::new(source))
}

/// Clara's tenant header (Clara's guide, "Multi-Entity Project").
const X_TAX_IDENTIFIER: HeaderName = HeaderName::from_static("x-tax-identifier");

type Service = BoxCloneService<Request<Full<Bytes>>, Response<Incoming>, BoxError>;
type Tokens = TokenCache<ClientCredentials>;

#[cfg(test)]
mod tests {
    use std::fs;

    use claviger_sandbox::{Options, Sandbox};
    use http::StatusCode;

    use super::*;
    use crate::{args::Choice, environment::Environment, settings};

    async fn get(sandbox: &Sandbox, profile: &str, tenant: Option<&str>, more: &str) -> StatusCode {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        sandbox.write_dir(folder.path()).unwrap();
        let config = folder.path().join("claviger.toml");
        fs::write(&config, fs::read_to_string(&config).unwrap() + more).unwrap();
        let choice = Choice { config: Some(config), profile: Some(profile.into()), ..Choice::default() };
        let profile = settings::load(&choice, tenant.map(Into::into), &Environment::of(&[])).unwrap();
        let stack = Stack::new(profile.provider).unwrap();
        let url = stack.base().locate("/api/v3/users").unwrap();
        stack.send(Request::get(url).body(Full::default()).unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn sends_certificate_token_and_tenant() {
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let journal = sandbox.clara().journal();
        for (profile, path) in
            [("clara", "/api/v3/users"), ("clara-test", "/api-test/v3/users"), ("custom", "/api/v3/users")]
        {
            journal.clear();
            assert_eq!(get(&sandbox, profile, Some("TPR950612KL4"), "").await, StatusCode::OK);
            let [token, api] = &*journal.entries() else { panic!("{:?}", journal.entries()) };
            assert_eq!(api.path, path);
            assert_eq!(api.header("x-tax-identifier"), Some("TPR950612KL4"));
            assert!(api.header("authorization").unwrap().starts_with("Bearer "));
            assert!(token.peer.thumbprint.is_some() && token.peer.thumbprint == api.peer.thumbprint);
            assert_eq!(token.header("x-tax-identifier"), None);
        }
    }

    #[tokio::test]
    async fn token_requests_say_what_the_settings_add() {
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let more = "tenant_on_token_requests = true\nscope = \"a b\"\naudience = \"c\"\nresource = [\"https://d.example/\"]\n";
        assert_eq!(get(&sandbox, "custom", None, more).await, StatusCode::OK);
        let [token] = &*sandbox.clara().journal().token_entries() else { panic!("not one token request") };
        assert_eq!(token.header("x-tax-identifier"), Some("ACME8001011H0"));
        for part in ["scope=a+b", "audience=c", "resource=https%3A%2F%2Fd.example%2F"] {
            assert!(token.body_text().contains(part), "{}", token.body_text());
        }
    }

    #[tokio::test]
    async fn without_authentication_there_is_no_token() {
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let url = sandbox.clara().api_url();
        let more = format!(
            "[profiles.bare]\nprovider = \"custom\"\nauth = \"none\"\napi_url = \"{url}\"\nca_file = \"ca.pem\"\n\
             cert_file = \"clara/client.crt\"\nkey_file = \"clara/client.key\"\n"
        );
        assert_eq!(get(&sandbox, "bare", None, &more).await, StatusCode::UNAUTHORIZED);
        let [api] = &*sandbox.clara().journal().entries() else { panic!("not one request") };
        assert_eq!(api.header("authorization"), None);
    }
}
