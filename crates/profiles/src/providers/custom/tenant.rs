//! The tenant of a custom provider, and the header that names it.

use claviger_auth_core::{Error, ErrorKind, set_tenant::Tenant};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::{headers::belongs_to_the_client, settings::Client};

/// Holds the header that names the tenant, and the one to name.
#[derive(Debug)]
pub(super) struct Tenancy {
    pub(super) header: HeaderName,
    pub(super) tenant: Option<Tenant>,
    /// The same, for token requests.
    pub(super) value: Option<HeaderValue>,
}

pub(super) fn read(client: &Client<'_>) -> Result<Option<Tenancy>, Error> {
    let section = client.section;
    let header = section.parsed("tenant_header", |name| {
        let bad = |what| Error::new(ErrorKind::Configuration, what).with_advice("such as X-Tenant");
        let header: HeaderName = name.parse().map_err(|_| bad("this is no name of a header"))?;
        if header == AUTHORIZATION || belongs_to_the_client(&header) {
            return Err(bad("this header has a meaning of its own, and names no tenant"));
        }
        Ok(header)
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
        return Ok(Some(Tenancy { header, tenant: None, value: None }));
    };
    let tenant = Tenant::new(name).map_err(|error| client.bad_tenant(error))?;
    let mut value = HeaderValue::from_bytes(name.as_bytes()).ok();
    value.iter_mut().for_each(|value| value.set_sensitive(true));
    Ok(Some(Tenancy { header, tenant: Some(tenant), value }))
}
