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
use http::{Request, Response};
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
}

impl Stack {
    /// Puts it together. Nothing is sent or connected yet.
    pub(crate) fn new(provider: Provider) -> Result<Self, Error> {
        match provider {
            Provider::Clara(ClaraProfile { config }) => {
                let client = claviger_clara::Client::<Full<Bytes>>::new(&config)?;
                let tokens = Some(client.tokens().clone());
                let base = Base::Clara(Box::new(config.endpoints().clone()));
                Ok(Self { service: BoxCloneService::new(client), tokens, base })
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
        if let Some((header, tenant)) = profile.tenant {
            let layer = match tenant {
                Some(tenant) => SetTenantLayer::fixed(header, tenant, origin.clone()),
                None => SetTenantLayer::optional(header, origin.clone()),
            };
            service = BoxCloneService::new(layer.layer(service));
        }
        Ok(Self { service, tokens, base: Base::Custom { api_url: profile.api_url, origin } })
    }

    /// Where typed paths begin.
    pub(crate) fn base(&self) -> &Base {
        &self.base
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

type Service = BoxCloneService<Request<Full<Bytes>>, Response<Incoming>, BoxError>;
type Tokens = TokenCache<ClientCredentials>;
