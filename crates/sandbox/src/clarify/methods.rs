//! The methods: as much of them as the official SDKs need to send data and to read it back.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Clarify;
use super::query::Query;
use super::rpc::Failure;
use super::signals::Signal;
use super::times::micros;

/// Calls a method by its name.
pub(super) fn call(clarify: &Clarify, method: &str, params: Value) -> Result<Value, Failure> {
    let (run, names): (Method, &[&str]) = match method {
        "admin.selectSignals" => (select_signals, &["integration", "query", "include", "format"]),
        "clarify.dataFrame" => (data_frame, &["query", "data", "include", "format"]),
        "clarify.selectItems" => (select_items, &["query", "include", "format"]),
        "integration.insert" => (insert, &["integration", "data"]),
        "integration.saveSignals" => (save_signals, &["integration", "signalsByInput", "createOnly"]),
        _ => return Err(Failure::new(-32601, "Method not found")),
    };
    if let Some(failure) = clarify.failure(method) {
        return Err(failure);
    }
    // Source: docs.clarify.io/api/1.1/protocol/jsonrpc: parameters are positional or named.
    let params = match params.as_array() {
        Some(values) => names.iter().map(|name| (*name).to_owned()).zip(values.iter().cloned()).collect(),
        None => params,
    };
    if names.contains(&"integration") {
        check_integration(clarify, &params)?;
    }
    run(clarify, &params)
}

type Method = fn(&Clarify, &Value) -> Outcome;
type Outcome = Result<Value, Failure>;

/// One integration acts for itself alone; any other is out of its reach, and that is no matter of HTTP.
fn check_integration(clarify: &Clarify, params: &Value) -> Result<(), Failure> {
    match params.get("integration").and_then(Value::as_str) {
        Some(integration) if integration == clarify.integration() => Ok(()),
        Some(_) => Err(Failure::new(-32003, "Forbidden")),
        None => Err(Failure::param("integration", "is required")),
    }
}

fn insert(clarify: &Clarify, params: &Value) -> Outcome {
    let data = params.get("data").unwrap_or(&Value::Null);
    let texts = data
        .get("times")
        .and_then(Value::as_array)
        .ok_or_else(|| Failure::param("data.times", "is required"))?;
    let times: Vec<(i64, &str)> = texts
        .iter()
        .map(|text| text.as_str().and_then(|text| Some((micros(text)?, text))))
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::param("data.times", "must be RFC 3339 times"))?;
    let series = object(data, "data", "series")?;
    for (input, values) in series {
        let name = || format!("data.series.{input}");
        check_input(input).map_err(|reason| Failure::param(name(), reason))?;
        let values = values.as_array().ok_or_else(|| Failure::param(name(), "must be an array"))?;
        if values.len() != times.len() {
            return Err(Failure::param(name(), "not same length as times"));
        }
        if !values.iter().all(|value| value.is_number() || value.is_null()) {
            return Err(Failure::param(name(), "must be numbers or null"));
        }
    }
    let mut signals = clarify.signals();
    let mut summaries = Map::new();
    for (input, values) in series {
        let (created, signal) = signals.enter(clarify.integration(), input);
        for ((micros, text), value) in times.iter().zip(values.as_array().into_iter().flatten()) {
            if !value.is_null() {
                signal.data.insert(*micros, ((*text).to_owned(), value.clone()));
            }
        }
        summaries.insert(input.clone(), json!({ "id": signal.id, "created": created }));
    }
    Ok(json!({ "signalsByInput": summaries }))
}

fn save_signals(clarify: &Clarify, params: &Value) -> Outcome {
    // API 1.0 calls them `inputs`.
    let name = if params.get("inputs").is_some() { "inputs" } else { "signalsByInput" };
    let inputs =
        params.get(name).and_then(Value::as_object).ok_or_else(|| Failure::param(name, "is required"))?;
    let creates_only = params.get("createOnly").and_then(Value::as_bool).unwrap_or_default();
    for (input, attributes) in inputs {
        let place = format!("{name}.{input}");
        check_input(input).map_err(|reason| Failure::param(&place, reason))?;
        if attributes.get("name").and_then(Value::as_str).is_none() {
            return Err(Failure::param(format!("{place}.name"), "is required"));
        }
    }
    let mut signals = clarify.signals();
    let mut summaries = Map::new();
    for (input, attributes) in inputs {
        let (created, signal) = signals.enter(clarify.integration(), input);
        let attributes = attributes.as_object().cloned().unwrap_or_default();
        let is_saved = (created || !creates_only) && signal.save(attributes);
        let updated = is_saved && !created;
        let summary = json!({ "id": signal.id, "created": created, "updated": updated });
        summaries.insert(input.clone(), summary);
    }
    Ok(json!({ "signalsByInput": summaries }))
}

fn select_signals(clarify: &Clarify, params: &Value) -> Outcome {
    let query = Query::read(params)?;
    let signals = clarify.signals();
    let of = |(input, signal): (&String, &Signal)| signal.describe_signal(clarify.integration(), input);
    let wanted: Vec<Value> =
        signals.by_input.iter().map(of).filter(|resource| query.wants(resource)).collect();
    let total = wanted.len();
    Ok(query.selection(total, &query.page(wanted)))
}

fn select_items(clarify: &Clarify, params: &Value) -> Outcome {
    let query = Query::read(params)?;
    let signals = clarify.signals();
    let items = signals.by_input.values().map(Signal::describe_item);
    let wanted: Vec<Value> = items.filter(|resource| query.wants(resource)).collect();
    let total = wanted.len();
    Ok(query.selection(total, &query.page(wanted)))
}

fn data_frame(clarify: &Clarify, params: &Value) -> Outcome {
    let query = Query::read(params)?;
    let data = params.get("data").unwrap_or(&Value::Null);
    if data.get("rollup").is_some_and(|rollup| !rollup.is_null()) {
        return Err(Failure::param("data.rollup", "the sandbox gives raw data alone"));
    }
    let bound = |operator: &str, default| match data.pointer(&format!("/filter/times/{operator}")) {
        None | Some(Value::Null) => Ok(default),
        Some(text) => text.as_str().and_then(micros).ok_or_else(|| {
            Failure::param(format!("data.filter.times.{operator}"), "must be an RFC 3339 time")
        }),
    };
    let window = bound("$gte", i64::MIN)?..bound("$lt", i64::MAX)?;

    let signals = clarify.signals();
    let wanted: Vec<&Signal> =
        signals.by_input.values().filter(|signal| query.wants(&signal.describe_item())).collect();
    let total = wanted.len();
    let page = query.page(wanted);
    let within = |signal: &Signal| {
        let points = signal.data.iter().filter(|(at, _)| window.contains(*at));
        points.map(|(at, (text, _))| (*at, text.clone())).collect::<Vec<_>>()
    };
    let times: BTreeMap<i64, String> = page.iter().copied().flat_map(within).collect();
    let value = |signal: &Signal, at| signal.data.get(at).map_or(Value::Null, |(_, value)| value.clone());
    let series: Map<String, Value> = page
        .iter()
        .map(|signal| (signal.item.clone(), times.keys().map(|at| value(signal, at)).collect()))
        .collect();
    let data = json!({ "times": times.values().collect::<Vec<_>>(), "series": series });
    let includes = params.get("include").and_then(Value::as_array).into_iter().flatten();
    let items = includes
        .into_iter()
        .any(|include| include == "item")
        .then(|| json!({ "items": page.iter().map(|signal| signal.describe_item()).collect::<Vec<_>>() }));
    Ok(json!({ "meta": query.meta(total), "data": data, "included": items }))
}

fn object<'a>(params: &'a Value, place: &str, name: &str) -> Result<&'a Map<String, Value>, Failure> {
    let found = params.get(name).and_then(Value::as_object);
    found.ok_or_else(|| Failure::param(format!("{place}.{name}"), "is required"))
}

/// Source: pyclarify 0.7.0, `fields/constraints.py`, `InputID`.
fn check_input(input: &str) -> Result<(), &'static str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:.#+/".contains(&byte);
    if (1..=128).contains(&input.len()) && input.bytes().all(is_allowed) {
        Ok(())
    } else {
        Err("an input has 1 to 128 of A-Z a-z 0-9 - _ : . # + /")
    }
}
