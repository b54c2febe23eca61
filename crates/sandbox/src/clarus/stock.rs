//! What each tenant has: made up, and the same at every start.

use claviger_sandbox_stage::identifier::uuid;
use serde_json::{Value, json};

/// Lists what a tenant has of a resource, in the form of JSON:API.
pub(super) fn items(tenant: &str, resource: &str) -> Vec<Value> {
    (1..=PER_RESOURCE)
        .map(|index| {
            json!({
                "type": resource,
                "id": uuid(&format!("{tenant}/{resource}/{index}")),
                "attributes": {
                    "code": format!("{}-{index:03}", tenant.to_uppercase()),
                    "name": format!("{resource} {index} of {tenant}"),
                },
            })
        })
        .collect()
}

/// Finds one of them.
pub(super) fn item(tenant: &str, resource: &str, id: &str) -> Option<Value> {
    items(tenant, resource).into_iter().find(|item| item.get("id").and_then(Value::as_str) == Some(id))
}

const PER_RESOURCE: usize = 12;
