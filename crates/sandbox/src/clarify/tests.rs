use axum::body::Body;
use axum::extract::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::*;
use crate::tests::{FORM, JSON, basic, json_of, post, send, with};

fn clarify() -> Clarify {
    Clarify::new("127.0.0.1:9".parse().unwrap(), Duration::from_secs(300)).unwrap()
}

fn form(clarify: &Clarify, rest: &str) -> String {
    let (id, secret) = (clarify.client_id(), clarify.client_secret());
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{rest}")
}

async fn ask(clarify: &Clarify, request: Request) -> (u16, Value) {
    let answer = send(clarify.router(), request).await;
    (answer.status().as_u16(), json_of(answer).await)
}

/// Calls with HTTP Basic, as the integration.
async fn call(clarify: &Clarify, body: &Value) -> Value {
    let (status, body) = ask(clarify, request(clarify, body.to_string())).await;
    assert_eq!(status, 200);
    body
}

fn request(clarify: &Clarify, body: impl Into<Body>) -> Request {
    let credentials = basic(clarify.integration(), &clarify.basic_password());
    with(post("/v1/rpc", JSON, body), "authorization", &credentials)
}

fn method(name: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": name, "params": params })
}

#[tokio::test]
async fn issues_what_decodes_as_a_jwt() {
    let clarify = clarify();
    let body = form(&clarify, "&audience=https://127.0.0.1:9/v1/");
    let (status, answer) = ask(&clarify, post("/v1/oauth/token", FORM, body.clone())).await;
    assert_eq!(status, 200);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&"Bearer".into(), &300.into()));
    assert_eq!(answer["scope"], "invoke:integration");
    let token = answer["access_token"].as_str().unwrap();
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    let claims: Value = serde_json::from_slice(&parts[1]).unwrap();
    assert_eq!((parts.len(), &claims["aud"]), (3, &clarify.api_url().into()));
    assert_eq!(parts[2].len(), 64);
    let (_, other) = ask(&clarify, post("/v1/oauth/token", FORM, body)).await;
    assert_ne!(other["access_token"], token);
}

#[tokio::test]
async fn refuses_token_requests_as_auth0_does() {
    let clarify = clarify();
    let right = "&audience=https://127.0.0.1:9/v1/";
    let credentials = basic(clarify.client_id(), &clarify.client_secret());
    let asking = |body: String| post("/v1/oauth/token", FORM, body);
    let header = |rest: &str| {
        let body = format!("grant_type=client_credentials{rest}");
        with(asking(body), "authorization", &credentials)
    };
    let password = basic(clarify.integration(), &clarify.basic_password());
    let as_person = with(asking(format!("grant_type=client_credentials{right}")), "authorization", &password);
    for (index, (request, status, error, text)) in [
        (
            asking(form(&clarify, "&audience=https://127.0.0.1:9/v1")),
            403,
            "access_denied",
            "Service not found: https://127.0.0.1:9/v1",
        ),
        (asking(form(&clarify, "")), 403, "access_denied", "No audience"),
        (
            asking(form(&clarify, right).replace("client_id=", "client_id=x")),
            401,
            "access_denied",
            "Unauthorized",
        ),
        (as_person, 401, "access_denied", "Unauthorized"),
        (with(asking(form(&clarify, right)), "authorization", &credentials), 400, "invalid_request", "both"),
        (header(&format!("{right}&client_id={}", clarify.client_id())), 400, "invalid_request", "both"),
        (post("/v1/oauth/token", JSON, "{}"), 400, "invalid_request", "form"),
        (
            asking(form(&clarify, right).replace("client_credentials", "password")),
            400,
            "unsupported_grant_type",
            "",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (seen, body) = ask(&clarify, request).await;
        assert_eq!((seen, &body["error"]), (status, &error.into()), "case {index}");
        assert!(body["error_description"].as_str().unwrap().contains(text), "case {index}");
    }
    // clarify-go tries HTTP Basic first.
    assert_eq!(ask(&clarify, header(right)).await.0, 200);
}

#[tokio::test]
async fn lets_in_by_token_or_by_basic_and_tells_no_failure_from_another() {
    let clarify = clarify();
    let body = || method("clarify.selectItems", json!({})).to_string();
    let credentials = basic(clarify.integration(), &clarify.basic_password());
    let (_, answer) =
        ask(&clarify, post("/v1/oauth/token", FORM, form(&clarify, "&audience=https://127.0.0.1:9/v1/")))
            .await;
    let token = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let with_value = |value: &str| with(post("/v1/rpc", JSON, body()), "authorization", value);
    for value in [&token, &credentials] {
        assert_eq!(ask(&clarify, with_value(value)).await.0, 200);
    }
    clarify.expire_all();
    let mut seen = vec![ask(&clarify, post("/v1/rpc", JSON, body())).await];
    let client = basic(clarify.client_id(), &clarify.client_secret());
    for value in [&token, &client, "Bearer unknown", "Basic !!!", &token.replace("Bearer ", "")] {
        seen.push(ask(&clarify, with_value(value)).await);
    }
    assert!(seen.iter().all(|(status, body)| *status == 401 && *body == seen[0].1), "{seen:?}");
}

#[tokio::test]
async fn serves_the_version_that_is_asked_for() {
    let clarify = clarify();
    let body = || method("clarify.selectItems", json!({})).to_string();
    for (asked, served) in [(Some("1.1"), "1.1"), (Some("1.2alpha1"), "1.2beta1"), (None, "1.2")] {
        let request = request(&clarify, body());
        let request = asked
            .map_or_else(|| self::request(&clarify, body()), |asked| with(request, "x-api-version", asked));
        let answer = send(clarify.router(), request).await;
        assert_eq!(answer.headers()["x-api-version"], served);
    }
    let twice = with(with(request(&clarify, body()), "x-api-version", "1.1"), "x-api-version", "1.1");
    let mut plain = request(&clarify, body());
    plain.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    for request in [with(request(&clarify, body()), "x-api-version", "1"), twice, plain] {
        assert_eq!(ask(&clarify, request).await.0, 400);
    }
    let charset = with(
        post("/v1/rpc", "application/json; charset=utf-8", body()),
        "authorization",
        &basic(clarify.integration(), &clarify.basic_password()),
    );
    assert_eq!(ask(&clarify, charset).await.0, 200);
}

#[tokio::test]
async fn speaks_json_rpc() {
    let clarify = clarify();
    for (body, code) in [
        ("{", -32700),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"clarify.selectItems"}]"#, -32600),
        (r#"{"id":1,"method":"clarify.selectItems"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"clarify.nothing"}"#, -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"integration.insert"}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"integration.insert","params":{"integration":"0"}}"#, -32003),
    ] {
        let (status, answer) = ask(&clarify, request(&clarify, body)).await;
        assert_eq!((status, &answer["error"]["code"]), (200, &code.into()), "{body}");
        assert_eq!(answer["error"]["data"]["trace"].as_str().unwrap().len(), 32, "{body}");
    }
    for id in ["", r#""id":null,"#] {
        let body = format!(r#"{{"jsonrpc":"2.0",{id}"method":"clarify.selectItems"}}"#);
        let answer = send(clarify.router(), request(&clarify, body)).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers()["x-api-version"], "1.2");
    }
    let large = request(&clarify, vec![b' '; 8 * 1024 * 1024 + 1]);
    assert_eq!(ask(&clarify, large).await.0, 413);
}

#[tokio::test]
async fn gives_back_what_was_sent() {
    let clarify = clarify();
    let integration = clarify.integration();
    let times = json!(["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+01:00"]);
    let data = json!({ "times": times, "series": { "a": [1, null], "b": [2, 3.5] } });
    let insert = method("integration.insert", json!([integration, data]));
    let first = call(&clarify, &insert).await;
    assert_eq!((&first["id"], &first["result"]["signalsByInput"]["a"]["created"]), (&7.into(), &true.into()));
    let again = call(&clarify, &insert).await;
    assert_eq!(again["result"]["signalsByInput"]["a"]["created"], false);

    let attributes = json!({ "name": "Boiler", "annotations": { "k": "v" } });
    let save = |only: bool| {
        let params =
            json!({ "integration": integration, "signalsByInput": { "a": attributes }, "createOnly": only });
        method("integration.saveSignals", params)
    };
    for (only, updated) in [(true, false), (false, true), (false, false)] {
        let saved = call(&clarify, &save(only)).await;
        assert_eq!(saved["result"]["signalsByInput"]["a"]["updated"], updated);
    }
    let query = json!({ "filter": { "name": { "$in": ["Boiler"] } } });
    let select = method("admin.selectSignals", json!({ "integration": integration, "query": query }));
    let signals = call(&clarify, &select).await["result"].clone();
    assert_eq!(
        (&signals["meta"]["total"], &signals["data"][0]["attributes"]["input"]),
        (&1.into(), &"a".into())
    );
    assert_eq!(signals["data"][0]["meta"]["annotations"]["k"], "v");
    let item = signals["data"][0]["attributes"]["item"].as_str().unwrap();
    assert!(item.len() == 20 && item.chars().all(|character| character.is_digit(32)));

    let window =
        json!({ "filter": { "times": { "$gte": "2026-01-01T01:00:00Z", "$lt": "2026-01-02T00:00:00Z" } } });
    let params = json!({ "query": {}, "data": window, "format": { "dataAsArray": false } });
    let frame = call(&clarify, &method("clarify.dataFrame", params)).await["result"].clone();
    assert_eq!(frame["data"]["times"], json!(["2026-01-01T02:00:00+01:00"]));
    assert_eq!(frame["data"]["series"][item], json!([null]));
    let items = call(&clarify, &method("clarify.selectItems", json!({ "query": { "skip": 1 } }))).await;
    assert_eq!(items["result"]["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn says_which_parameter_is_wrong() {
    let clarify = clarify();
    let integration = clarify.integration();
    let times = json!(["2026-01-01T00:00:00Z"]);
    let insert = |times: &Value, series: Value| {
        let data = json!({ "times": times, "series": series });
        method("integration.insert", json!({ "integration": integration, "data": data }))
    };
    for (body, place) in [
        (insert(&times, json!({ "a": [1, 2] })), "data.series.a"),
        (insert(&times, json!({ "a": ["x"] })), "data.series.a"),
        (insert(&times, json!({ "a b": [1] })), "data.series.a b"),
        (insert(&json!(["yesterday"]), json!({})), "data.times"),
        (method("clarify.selectItems", json!({ "query": { "limit": 1001 } })), "query.limit"),
        (method("clarify.selectItems", json!({ "query": { "filter": { "x": "y" } } })), "query.filter.x"),
        (method("clarify.dataFrame", json!({ "data": { "rollup": "PT1H" } })), "data.rollup"),
    ] {
        let answer = call(&clarify, &body).await;
        assert_eq!(answer["error"]["code"], -32602, "{place}");
        assert!(answer["error"]["data"]["params"][place].is_array(), "{answer}");
    }
    // Nothing of what was refused is kept.
    let items = call(&clarify, &method("clarify.selectItems", json!({}))).await;
    assert_eq!(items["result"]["meta"]["total"], 0);
}

#[tokio::test]
async fn every_answer_is_a_part_of_a_trace_and_of_the_callers_if_there_is_one() {
    let clarify = clarify();
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let unknown = || method("clarify.nothing", json!({})).to_string();
    let asked = with(request(&clarify, unknown()), "traceparent", &format!("00-{id}-00f067aa0ba902b7-01"));
    let answer = send(clarify.router(), asked).await;
    let traceparent = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    assert!(traceparent.starts_with(&format!("00-{id}-")) && traceparent.len() == 55, "{traceparent}");
    assert!(!traceparent.contains("00f067aa0ba902b7"), "the span is another");
    assert_eq!(json_of(answer).await["error"]["data"]["trace"], id);

    let mut seen = vec![id.to_owned()];
    let other = with(request(&clarify, unknown()), "traceparent", "00-no trace-00f067aa0ba902b7-01");
    for request in [
        other,
        request(&clarify, unknown()),
        post("/v1/rpc", JSON, "{}"),
        post("/v1/oauth/token", FORM, form(&clarify, "")),
        Request::get("/v1/nothing").body(Body::empty()).unwrap(),
    ] {
        let answer = send(clarify.router(), request).await;
        let trace = answer.headers()["traceparent"].to_str().unwrap()[3..35].to_owned();
        assert!(trace.bytes().all(|byte| byte.is_ascii_hexdigit()) && !seen.contains(&trace), "{trace}");
        seen.push(trace);
    }
}

#[tokio::test]
async fn says_no_in_a_200_as_often_as_it_is_told_to() {
    let clarify = clarify();
    let select = method("clarify.selectItems", json!({}));
    clarify.play_rpc_error(-32015);
    clarify.play_rpc_error(-32000);
    for (code, message) in [(-32015, "Try again"), (-32000, "Server error")] {
        let error = call(&clarify, &select).await["error"].clone();
        assert_eq!((&error["code"], &error["message"]), (&code.into(), &message.into()));
    }
    assert!(call(&clarify, &select).await["error"].is_null());
    clarify.withhold("admin");
    let signals = method("admin.selectSignals", json!({ "integration": clarify.integration() }));
    assert_eq!(call(&clarify, &signals).await["error"]["code"], -32003);
    assert!(call(&clarify, &select).await["error"].is_null());
}
