//! Nor who gets the tenant's name.

use claviger_auth_core::set_tenant::{SetTenantLayer, Tenant};
use http::HeaderName;

fn main() {
    let tenant = Tenant::new("acme").unwrap();
    let _ = SetTenantLayer::fixed(HeaderName::from_static("x-tenant"), tenant);
}
