//! Reads which resources a call asks for.

use serde_json::{Map, Value, json};

use super::rpc::Failure;

/// Says which resources are wanted, and how they are to be given.
#[derive(Debug)]
pub(super) struct Query {
    filter: Vec<(String, Vec<Value>)>,
    skip: usize,
    limit: usize,
    is_array: bool,
    groups: bool,
}

impl Query {
    /// Reads the parameters `query` and `format`.
    pub(super) fn read(params: &Value) -> Result<Self, Failure> {
        let query = params.get("query").cloned().unwrap_or_default();
        let number = |name: &str, default: u64| match query.get(name) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_u64()
                .filter(|number| name == "skip" || *number <= MAX_LIMIT)
                .ok_or_else(|| Failure::param(format!("query.{name}"), "must be a number in range")),
        };
        let flag = |name: &str, default| {
            let format = params.get("format").and_then(|format| format.get(name));
            format.and_then(Value::as_bool).unwrap_or(default)
        };
        let filter = query.get("filter").and_then(Value::as_object).into_iter().flatten();
        Ok(Self {
            filter: filter.map(|(name, condition)| read(name, condition)).collect::<Result<_, _>>()?,
            skip: usize::try_from(number("skip", 0)?).unwrap_or(usize::MAX),
            limit: usize::try_from(number("limit", DEFAULT_LIMIT)?).unwrap_or(usize::MAX),
            is_array: flag("dataAsArray", true),
            groups: flag("groupIncludedByType", true),
        })
    }

    /// Tells whether a resource is wanted.
    pub(super) fn wants(&self, resource: &Value) -> bool {
        self.filter.iter().all(|(name, values)| {
            let found = match name.as_str() {
                "id" => resource.get("id"),
                name => resource.get("attributes").and_then(|attributes| attributes.get(name)),
            };
            found.is_some_and(|found| values.contains(found))
        })
    }

    /// Cuts the page out of all that is wanted.
    pub(super) fn page<T>(&self, wanted: Vec<T>) -> Vec<T> {
        wanted.into_iter().skip(self.skip).take(self.limit).collect()
    }

    /// Writes a selection, as a list or, where that is asked for, by id.
    pub(super) fn selection(&self, total: usize, page: &[Value]) -> Value {
        let data: Value = if self.is_array {
            page.into()
        } else {
            let id =
                |resource: &Value| resource.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            page.iter().map(|resource| (id(resource), resource.clone())).collect::<Map<_, _>>().into()
        };
        json!({ "meta": self.meta(total), "data": data })
    }

    pub(super) fn meta(&self, total: usize) -> Value {
        let format = json!({ "dataAsArray": self.is_array, "groupIncludedByType": self.groups });
        json!({ "total": total, "format": format })
    }
}

/// Reads one condition. What is not emulated is refused, for to pass it over would give a wrong answer.
fn read(name: &str, condition: &Value) -> Result<(String, Vec<Value>), Failure> {
    let field = name.strip_prefix("attributes.").unwrap_or(name);
    let refused =
        || Failure::param(format!("query.filter.{name}"), "the sandbox filters by id, input and name alone");
    if !["id", "input", "name"].contains(&field) {
        return Err(refused());
    }
    let values = match condition.as_object() {
        Some(operators) if operators.len() == 1 => operators.get("$in").and_then(Value::as_array).cloned(),
        Some(_) => None,
        None => condition.is_string().then(|| vec![condition.clone()]),
    };
    let values = values.ok_or_else(refused)?;
    Ok((field.to_owned(), values))
}

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 1000;
