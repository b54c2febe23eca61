//! What an integration has sent: signals, their attributes and their data. Each is published as an item at once.

use std::collections::BTreeMap;

use claviger_sandbox_stage::clock;
use claviger_sandbox_stage::identifier::{hex, xid};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Keeps the signals of one integration by their input.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) by_input: BTreeMap<String, Signal>,
}

impl Signals {
    /// Gives the signal of an input, and tells whether it is new.
    pub(super) fn enter(&mut self, integration: &str, input: &str) -> (bool, &mut Signal) {
        let created = !self.by_input.contains_key(input);
        let signal = self.by_input.entry(input.to_owned()).or_insert_with(|| Signal {
            id: xid(&format!("signal/{integration}/{input}")),
            item: xid(&format!("item/{integration}/{input}")),
            attributes: Map::from_iter([("name".to_owned(), input.into())]),
            annotations: json!({}),
            data: BTreeMap::new(),
            created_at: clock::timestamp(),
            updated_at: clock::timestamp(),
        });
        (created, signal)
    }
}

/// Holds one series of data.
#[derive(Debug)]
pub(super) struct Signal {
    pub(super) id: String,
    pub(super) item: String,
    pub(super) attributes: Map<String, Value>,
    pub(super) annotations: Value,
    /// By microseconds since 1970: the time as it was sent, and the value.
    pub(super) data: BTreeMap<i64, (String, Value)>,
    created_at: String,
    updated_at: String,
}

impl Signal {
    /// Replaces the attributes, and tells whether that changed anything.
    pub(super) fn save(&mut self, mut attributes: Map<String, Value>) -> bool {
        let annotations = attributes.remove("annotations").filter(Value::is_object);
        let annotations = annotations.unwrap_or_else(|| self.annotations.clone());
        if self.attributes == attributes && self.annotations == annotations {
            return false;
        }
        (self.attributes, self.annotations) = (attributes, annotations);
        self.updated_at = clock::timestamp();
        true
    }

    pub(super) fn describe_signal(&self, integration: &str, input: &str) -> Value {
        let mut attributes = self.attributes.clone();
        for (name, value) in [("input", input), ("integration", integration), ("item", &self.item)] {
            attributes.insert(name.to_owned(), value.into());
        }
        let relationships = json!({
            "integration": { "data": { "type": "integrations", "id": integration } },
            "item": { "data": { "type": "items", "id": self.item } },
        });
        self.describe("signals", &self.id, attributes, relationships)
    }

    pub(super) fn describe_item(&self) -> Value {
        let mut attributes = self.attributes.clone();
        attributes.insert("visible".to_owned(), true.into());
        let relationships = json!({ "signals": { "data": [{ "type": "signals", "id": self.id }] } });
        self.describe("items", &self.item, attributes, relationships)
    }

    fn describe(&self, kind: &str, id: &str, attributes: Map<String, Value>, relationships: Value) -> Value {
        let attributes = Value::from(attributes);
        json!({
            "type": kind,
            "id": id,
            "meta": {
                "annotations": self.annotations,
                "attributesHash": hash(&attributes),
                "relationshipsHash": hash(&relationships),
                "createdAt": self.created_at,
                "updatedAt": self.updated_at,
            },
            "attributes": attributes,
            "relationships": relationships,
        })
    }
}

/// Makes what looks like a SHA-1: nobody can check it, for the form that is hashed is not documented.
fn hash(value: &Value) -> String {
    hex(&Sha256::digest(value.to_string())).chars().take(40).collect()
}
