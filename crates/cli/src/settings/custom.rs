//! What the settings say of a custom provider: any API behind OAuth 2.0 client credentials, or behind nothing.

use claviger_auth_core::{Error, ErrorKind, Origin, set_tenant::Tenant};
use claviger_mtls::{Identity, Trust};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod};
use http::{HeaderName, HeaderValue, Uri};

use super::{profile::Client, schema};

/// Holds what is known of a custom provider.
#[derive(Debug)]
pub(crate) struct CustomProfile {
    pub(crate) api_url: Uri,
    pub(crate) auth: Auth,
    pub(crate) trust: Trust,
    pub(crate) identity: Option<Identity>,
    /// The header that names the tenant, and the one to name.
    pub(crate) tenant: Option<(HeaderName, Option<Tenant>)>,
    pub(crate) loopback_http: LoopbackHttp,
}

/// Tells how requests are authenticated.
#[derive(Debug)]
pub(crate) enum Auth {
    ClientCredentials(Box<ClientCredentialsSettings>),
    None,
}

/// Holds what it takes to ask for a token.
#[derive(Debug)]
pub(crate) struct ClientCredentialsSettings {
    pub(crate) token_url: String,
    pub(crate) client: ClientAuthentication,
    pub(crate) scope: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) resources: Vec<String>,
    /// The tenant's header, where token requests carry it too.
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

/// Tells whether plain `http` may be spoken to this very machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LoopbackHttp {
    Allowed,
    Refused,
}

impl LoopbackHttp {
    /// Takes an origin that a credential may go to.
    pub(crate) fn origin(self, uri: &Uri) -> Result<Origin, Error> {
        match self {
            Self::Allowed => Origin::of_with_loopback(uri),
            Self::Refused => Origin::of(uri),
        }
    }
}

impl CustomProfile {
    pub(crate) fn read(client: &Client<'_>) -> Result<Self, Error> {
        let section = client.section;
        section.refuse(&["pkcs12_file", "passphrase"])?;
        let loopback_http =
            if section.flag("allow_loopback_http") { LoopbackHttp::Allowed } else { LoopbackHttp::Refused };
        section.required("api_url")?;
        let api_url = section.parsed("api_url", |url| base(url, loopback_http))?;
        let tenant = tenant(client)?;
        let auth = match section.required("auth")? {
            "client-credentials" => Auth::ClientCredentials(Box::new(client_credentials(client, &tenant)?)),
            "none" => Auth::None,
            "authorization-code" | "basic" | "token" => {
                return Err(section
                    .error("auth", "this way is not supported by this version")
                    .with_advice(WAYS));
            }
            _ => return Err(section.error("auth", "there is no such way to authenticate").with_advice(WAYS)),
        };
        let files: Vec<_> =
            ["cert_file", "key_file"].into_iter().filter_map(|name| section.path(name)).collect();
        let identity = if files.is_empty() { None } else { Some(Identity::from_files(files)?) };
        Ok(Self {
            api_url: api_url.ok_or_else(|| section.missing("api_url"))?,
            auth,
            trust: client.trust()?.unwrap_or_else(Trust::platform),
            identity,
            tenant: tenant.map(|tenant| (tenant.header, tenant.tenant)),
            loopback_http,
        })
    }
}

/// Lists the settings that have a meaning for this profile.
pub(crate) fn meaningful(profile: &CustomProfile) -> Vec<&'static [&'static str]> {
    let of_auth = match profile.auth {
        Auth::ClientCredentials(_) => schema::OF_CLIENT_CREDENTIALS,
        Auth::None => &[],
    };
    vec![schema::OF_ALL, schema::OF_CUSTOM, of_auth]
}

/// Checks the URL that all others are taken from.
fn base(url: &str, loopback_http: LoopbackHttp) -> Result<Uri, Error> {
    let bad = |what| Error::new(ErrorKind::Configuration, what).with_advice("write it as https://host/path/");
    let uri: Uri = url.parse().map_err(|_| bad("this is not a URL"))?;
    if uri.query().is_some() || url.contains('#') {
        return Err(bad("the URL has a query or a fragment, which no request would keep"));
    }
    loopback_http.origin(&uri).map_err(|error| match Origin::of_with_loopback(&uri) {
        Ok(_) => error.with_advice("use https, or allow this very machine: allow_loopback_http = true"),
        Err(_) => error,
    })?;
    Ok(uri)
}

struct TenantSettings {
    header: HeaderName,
    tenant: Option<Tenant>,
    value: Option<HeaderValue>,
}

fn tenant(client: &Client<'_>) -> Result<Option<TenantSettings>, Error> {
    let section = client.section;
    let header = section.parsed("tenant_header", |name| {
        name.parse::<HeaderName>().map_err(|_| {
            Error::new(ErrorKind::Configuration, "this is no name of a header")
                .with_advice("such as X-Tenant")
        })
    })?;
    let Some(header) = header else {
        return match client.tenant() {
            None => Ok(None),
            Some(_) => Err(section.missing("tenant_header").with_advice(
                "a tenant was given: say in tenant_header by which header it is named, such as X-Tenant",
            )),
        };
    };
    let Some(name) = client.tenant() else {
        return Ok(Some(TenantSettings { header, tenant: None, value: None }));
    };
    let tenant = Tenant::new(name).map_err(|error| client.bad_tenant(error))?;
    let mut value = HeaderValue::from_bytes(name.as_bytes()).ok();
    value.iter_mut().for_each(|value| value.set_sensitive(true));
    Ok(Some(TenantSettings { header, tenant: Some(tenant), value }))
}

fn client_credentials(
    client: &Client<'_>,
    tenant: &Option<TenantSettings>,
) -> Result<ClientCredentialsSettings, Error> {
    let section = client.section;
    section.refuse(&["signing_key_file", "signing_alg"])?;
    if !section.has("token_url") {
        section.refuse(&["issuer"])?;
    }
    let method = section.parsed("client_auth", method)?;
    let method = method.unwrap_or(ClientAuthenticationMethod::ClientSecretBasic);
    let id = client.id().ok_or_else(|| section.missing("client_id"))?;
    let mut authentication = ClientAuthentication::new(method, id);
    if method != ClientAuthenticationMethod::None {
        let secret = client.secret()?.ok_or_else(|| section.missing("client_secret"))?;
        authentication = authentication.with_secret(secret);
    }
    let header = match tenant {
        Some(TenantSettings { header, value: Some(value), .. })
            if section.flag("tenant_on_token_requests") =>
        {
            Some((header.clone(), value.clone()))
        }
        _ => None,
    };
    Ok(ClientCredentialsSettings {
        token_url: section.required("token_url")?.to_owned(),
        client: authentication,
        scope: section.text("scope").map(ToOwned::to_owned),
        audience: section.text("audience").map(ToOwned::to_owned),
        resources: section.list("resource").to_vec(),
        header,
    })
}

fn method(name: &str) -> Result<ClientAuthenticationMethod, Error> {
    if LATER_METHODS.contains(&name) {
        return Err(Error::new(
            ErrorKind::Configuration,
            "the client authentication method is not supported by this version",
        )
        .with_advice("use client_secret_basic, client_secret_basic_raw, client_secret_post, json or none"));
    }
    name.parse()
}

const WAYS: &str = "this version knows client-credentials and none";
const LATER_METHODS: [&str; 4] =
    ["client_secret_jwt", "private_key_jwt", "self_signed_tls_client_auth", "tls_client_auth"];
