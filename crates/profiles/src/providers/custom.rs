//! A custom provider: any API behind OAuth 2.0 (client credentials, or a login), HTTP Basic, a given token, or nothing.

mod tenant;

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::{
    CredentialSource, Error, ErrorKind, Origin, authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer, set_tenant::SetTenantLayer,
};
use claviger_basic::Basic;
use claviger_client::Proxies;
use claviger_mtls::{Identity, Tls, Trust};
use http::{HeaderName, Uri, header::AUTHORIZATION};
use http_body_util::Full;
use tower::{Layer, util::BoxCloneService};

use self::tenant::Tenancy;
use super::{
    Provide, Service, TokenRequests, Tokens,
    requests::{LoopbackHttp, Requests, Usual},
};
use crate::{
    location::Base,
    settings::{Client, IDENTITY, Names},
};

/// Holds what is known of a custom provider.
#[derive(Debug)]
struct Custom {
    api_url: Uri,
    origin: Origin,
    auth: Auth,
    trust: Trust,
    identity: Option<Identity>,
    tenancy: Option<Tenancy>,
    loopback_http: LoopbackHttp,
    proxies: Option<Proxies>,
}

/// Tells how requests are authenticated.
#[derive(Debug)]
enum Auth {
    Basic(Basic),
    None,
    /// By client credentials, or by a login.
    Requests(Box<Requests>),
    Token(claviger_auth_core::StaticToken),
}

pub(super) fn read(client: &Client<'_>) -> Result<Box<dyn Provide>, Error> {
    let section = client.section;
    let loopback_http =
        if section.flag("allow_loopback_http") { LoopbackHttp::Allowed } else { LoopbackHttp::Refused };
    let (api_url, origin) = section
        .parsed("api_url", |url| base(url, loopback_http))?
        .ok_or_else(|| section.missing("api_url"))?;
    let tenancy = tenant::read(client)?;
    let auth = match section.required("auth")? {
        "authorization-code" => {
            Auth::Requests(Box::new(Requests::login(client, usual(client, tenancy.as_ref(), loopback_http))?))
        }
        "basic" => Auth::Basic(basic(client)?),
        "client-credentials" => {
            let usual = usual(client, tenancy.as_ref(), loopback_http);
            Auth::Requests(Box::new(Requests::client_credentials(client, usual)?))
        }
        "none" => Auth::None,
        "token" => Auth::Token(client.given_token()?),
        _ => return Err(section.error("auth", "there is no such way to authenticate").with_advice(WAYS)),
    };
    Ok(Box::new(Custom {
        api_url,
        origin,
        auth,
        trust: client.trust()?.unwrap_or_else(Trust::platform),
        identity: client.identity()?,
        tenancy,
        loopback_http,
        proxies: client.proxies.clone(),
    }))
}

fn usual(client: &Client<'_>, tenancy: Option<&Tenancy>, loopback_http: LoopbackHttp) -> Usual {
    let header = match tenancy {
        Some(Tenancy { header, value: Some(value), .. })
            if client.section.flag("tenant_on_token_requests") =>
        {
            Some((header.clone(), value.clone()))
        }
        _ => None,
    };
    Usual { provider: "custom", urls: None, header, loopback_http }
}

fn basic(client: &Client<'_>) -> Result<Basic, Error> {
    let section = client.section;
    let username = section.required("username")?;
    let password = section.secret("password", client.variables)?;
    let password = password.ok_or_else(|| section.missing("password"))?;
    Basic::new(username, &password).map_err(|error| section.placed("username", error))
}

/// Checks the URL that all others are taken from.
fn base(url: &str, loopback_http: LoopbackHttp) -> Result<(Uri, Origin), Error> {
    let bad = |what| Error::new(ErrorKind::Configuration, what).with_advice("write it as https://host/path/");
    let uri: Uri = url.parse().map_err(|_| bad("this is not a URL"))?;
    if uri.query().is_some() || url.contains('#') {
        return Err(bad("the URL has a query or a fragment, which no request would keep"));
    }
    let origin = loopback_http.origin(&uri).map_err(|error| match Origin::of_with_loopback(&uri) {
        Ok(_) => error.with_advice("use https, or allow this very machine: allow_loopback_http = true"),
        Err(_) => error,
    })?;
    Ok((uri, origin))
}

impl Custom {
    fn client(&self) -> Result<claviger_client::Client<Full<Bytes>>, Error> {
        let client = claviger_client::Client::builder(self.tls()?).with_proxies(self.proxies.clone());
        Ok(match self.loopback_http {
            LoopbackHttp::Allowed => client.with_loopback_http(),
            LoopbackHttp::Refused => client,
        }
        .build())
    }
}

impl Provide for Custom {
    fn meaningful(&self) -> Vec<Names> {
        let mut names = match &self.auth {
            Auth::Basic(_) => vec![&["username", "password"] as Names],
            Auth::None => Vec::new(),
            Auth::Requests(requests) => requests.meaningful(),
            Auth::Token(_) => vec![&["token"] as Names],
        };
        // A passphrase for nothing is a mistake.
        names.extend([SETTINGS, if self.identity.is_some() { IDENTITY } else { &[] }]);
        names
    }

    fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    fn tls(&self) -> Result<Tls, Error> {
        let mut tls = Tls::builder(self.trust.clone());
        if let Some(identity) = &self.identity {
            tls = tls.with_identity(identity.clone());
        }
        tls.build()
    }

    /// With the same certificate as the API.
    fn token_requests(&self) -> Result<Option<TokenRequests>, Error> {
        match &self.auth {
            Auth::Requests(requests) => {
                let certificate = self.identity.as_ref().map(Identity::thumbprint);
                requests.over(self.client()?, certificate).map(Some)
            }
            Auth::Basic(_) | Auth::None | Auth::Token(_) => Ok(None),
        }
    }

    fn service(&self, tokens: Option<Tokens>) -> Result<Service, Error> {
        let credentials: Option<Arc<dyn CredentialSource>> = match &self.auth {
            Auth::Basic(basic) => Some(Arc::new(basic.clone())),
            Auth::None => None,
            Auth::Requests(_) => tokens.map(|tokens| Arc::new(tokens) as _),
            Auth::Token(token) => Some(Arc::new(token.clone())),
        };
        let client = self.client()?;
        // The order is that of every stack: tenant, retry, authorization, client.
        let mut service = match credentials {
            None => BoxCloneService::new(client),
            Some(credentials) => {
                let mut authorization = AuthorizationLayer::new(credentials, self.origin.clone());
                // A token may say itself that it is bound to the certificate.
                if let Some(identity) = &self.identity {
                    authorization = authorization.with_identity(identity.thumbprint());
                }
                BoxCloneService::new(RetryUnauthorizedLayer::cloned().layer(authorization.layer(client)))
            }
        };
        if let Some(Tenancy { header, tenant, .. }) = &self.tenancy {
            let (header, origin) = (header.clone(), self.origin.clone());
            let layer = match tenant {
                Some(tenant) => SetTenantLayer::fixed(header, tenant.clone(), origin),
                None => SetTenantLayer::optional(header, origin),
            };
            service = BoxCloneService::new(layer.layer(service));
        }
        Ok(service)
    }

    fn base(&self) -> Base {
        Base::from(&self.origin, &self.api_url)
    }

    fn own_headers(&self) -> Vec<HeaderName> {
        let authorization = match self.auth {
            Auth::None => None,
            Auth::Basic(_) | Auth::Requests(_) | Auth::Token(_) => Some(AUTHORIZATION),
        };
        authorization.into_iter().chain(self.tenancy.iter().map(|tenancy| tenancy.header.clone())).collect()
    }
}

const SETTINGS: Names = &["allow_loopback_http", "auth", "tenant", "tenant_header"];
const WAYS: &str = "write authorization-code, basic, client-credentials, token or none";
