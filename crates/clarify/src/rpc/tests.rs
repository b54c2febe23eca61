use std::sync::Mutex;

use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::{ApiVersion, Credentials};

/// What clients are put over.
trait Api:
    Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = BoxError, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> Api for S where
    S: Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + 'static
{
}

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn config() -> Config {
    Config::new(Credentials::basic_auth("acme", "swordfish".into()))
}

/// What a service was asked: the headers and the message.
type Asked = Arc<Mutex<Vec<(http::HeaderMap, Value)>>>;

/// A client below which this is answered, with the id that was sent in the place of `ID`; and what was asked.
fn answered(status: u16, answer: &'static str) -> (RpcClient<impl Api>, Asked) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let seen = Arc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            assert_eq!((head.method.as_str(), head.uri.to_string()), ("POST", URL.to_owned()));
            let message: Value = serde_json::from_slice(&body.collect().await?.to_bytes()).unwrap();
            let answer = answer.replace("ID", &message["id"].to_string());
            seen.lock().unwrap().push((head.headers, message));
            let response = Response::builder().status(status).header("traceparent", TRACEPARENT);
            Ok(response.header("x-api-version", "1.2beta1").body(Full::from(answer)).unwrap())
        }
    });
    (RpcClient::new(&config(), service), asked)
}

const URL: &str = "https://api.clarify.io/v1/rpc";

async fn call(status: u16, answer: &'static str) -> Result<Value, CallError> {
    answered(status, answer).0.call("clarify.groups", &()).await
}

#[tokio::test]
async fn sends_what_json_rpc_has() {
    let (client, asked) = answered(200, r#"{"jsonrpc":"2.0","id":ID,"result":[1,"a"]}"#);
    let result: (u8, String) = client.call("a.b", &json!({ "query": {} })).await.unwrap();
    assert_eq!(result, (1, "a".to_owned()));
    client.call::<Value>("a.c", &[1]).await.unwrap();
    let clone = client.clone();
    clone.call::<Value>("a.d", &()).await.unwrap();
    let asked = asked.lock().unwrap();
    let messages: Vec<&Value> = asked.iter().map(|(_, message)| message).collect();
    assert_eq!(
        messages[0],
        &json!({ "jsonrpc": "2.0", "method": "a.b", "id": 1, "params": { "query": {} } })
    );
    assert_eq!(messages[1], &json!({ "jsonrpc": "2.0", "method": "a.c", "id": 2, "params": [1] }));
    assert_eq!(messages[2], &json!({ "jsonrpc": "2.0", "method": "a.d", "id": 3 }));
    let (headers, _) = &asked[0];
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-api-version"], "1.1");
    assert!(!headers.contains_key("traceparent") && !headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_call_has_a_version_and_a_trace_of_its_own() {
    let (client, asked) = answered(200, r#"{"jsonrpc":"2.0","id":ID,"result":null}"#);
    let traceparent = Traceparent::new("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
    let call = RpcCall::new("a.b", &()).unwrap().with_api_version(ApiVersion::new("1.2alpha1").unwrap());
    let answer = client.send(call.with_traceparent(traceparent)).await.unwrap();
    assert_eq!(answer.api_version(), Some("1.2beta1"));
    assert_eq!(answer.traceparent().unwrap().to_string(), TRACEPARENT);
    answer.read::<()>().unwrap();
    let (headers, _) = &asked.lock().unwrap()[0];
    assert_eq!(headers["x-api-version"], "1.2alpha1");
    assert_eq!(headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

#[tokio::test]
async fn a_notification_has_no_id_and_no_answer() {
    let (client, asked) = answered(204, "");
    client.notify("a.b", &json!({})).await.unwrap();
    assert_eq!(asked.lock().unwrap()[0].1, json!({ "jsonrpc": "2.0", "method": "a.b", "params": {} }));
    let (client, _) = answered(200, r#"{"error":{"code":-32600,"message":"no"},"id":null}"#);
    let CallError::Rpc(error) = client.notify("a.b", &()).await.unwrap_err() else { panic!("no RPC error") };
    assert_eq!(error.code(), -32600);
}

#[tokio::test]
async fn an_rpc_error_is_data_and_no_text_of_it_shows() {
    let (client, asked) = answered(
        200,
        r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"swordfish","data":{
            "trace":"0af7651916cd43dd8448eb211c80319c","partialResult":1,
            "params":{"data.times":["is required",7],"query":"swordfish"}}}}"#,
    );
    let error = client.call::<Value>("a.b", &()).await.unwrap_err();
    let CallError::Rpc(rpc) = &error else { panic!("{error:?}") };
    assert_eq!((rpc.code(), rpc.message()), (-32602, "swordfish"));
    assert_eq!(rpc.trace(), Some("0af7651916cd43dd8448eb211c80319c"));
    let fields: Vec<_> = rpc.fields().map(|(field, reasons)| (field, reasons.join(";"))).collect();
    assert_eq!(fields, [("data.times", "is required".to_owned()), ("query", String::new())]);
    assert!(rpc.data().contains("partialResult"));
    assert_eq!(
        error.to_string(),
        "Clarify answered with RPC error -32602: a parameter is wrong (trace 0af7651916cd43dd8448eb211c80319c)"
    );
    assert!(!format!("{error:?} {:?}", std::error::Error::source(&error)).contains("swordfish"));
    assert!(Error::find(&error).is_none(), "it is no failure of ours");
    assert_eq!(asked.lock().unwrap().len(), 1, "and nothing is sent again");
}

#[tokio::test]
async fn an_error_without_data_has_the_trace_of_the_answer() {
    for answer in [
        r#"{"id":ID,"error":{"code":-32000,"message":"no"}}"#,
        r#"{"id":null,"error":{"code":-32000,"data":"swordfish"},"result":null,"more":1}"#,
    ] {
        let CallError::Rpc(error) = call(200, answer).await.unwrap_err() else { panic!("{answer}") };
        assert_eq!(error.trace(), Some("4bf92f3577b34da6a3ce929d0e0e4736"), "{answer}");
        assert!(error.advice().contains("support"), "{answer}");
    }
    let (client, _) = answered(200, r#"{"id":ID,"error":{"code":1,"data":{"trace":"swordfish"}}}"#);
    let error = client.call::<Value>("a.b", &()).await.unwrap_err();
    assert!(!error.to_string().contains("swordfish"), "{error}");
}

#[tokio::test]
async fn tells_answers_that_are_none_apart() {
    for (status, answer, kind, text) in [
        (400, "", ErrorKind::Configuration, "Clarify does not take the request (TRACE, 400)"),
        (401, "", ErrorKind::CredentialsRefused, "Clarify does not take the credentials (TRACE, 401)"),
        (429, "", ErrorKind::Unavailable, "Clarify is not available (TRACE, 429)"),
        (500, "", ErrorKind::Unavailable, "Clarify is not available (TRACE, 500)"),
        (503, "{}", ErrorKind::Unavailable, "Clarify is not available (TRACE, 503)"),
        (302, "", ErrorKind::Protocol, "this is no answer of Clarify's (TRACE, 302)"),
        (404, "", ErrorKind::Protocol, "this is no answer of Clarify's (TRACE, 404)"),
        (201, "{}", ErrorKind::Protocol, "this is no answer of Clarify's (TRACE, 201)"),
        (204, "", ErrorKind::Protocol, "the call was answered as if it were a notification (TRACE)"),
        (200, "", ErrorKind::Protocol, "the answer is no JSON-RPC (TRACE)"),
        (200, "<html>swordfish</html>", ErrorKind::Protocol, "the answer is no JSON-RPC (TRACE)"),
        (200, r#"{"error":"swordfish"}"#, ErrorKind::Protocol, "the answer is no JSON-RPC (TRACE)"),
        (200, r#"{"id":ID}"#, ErrorKind::Protocol, "the answer is no JSON-RPC (TRACE)"),
        (200, r#"[{"id":ID,"result":1}]"#, ErrorKind::Protocol, "the answer is no JSON-RPC (TRACE)"),
        (200, r#"{"id":9,"result":1}"#, ErrorKind::Protocol, "the answer is to another call (TRACE)"),
        (200, r#"{"id":"ID","result":1}"#, ErrorKind::Protocol, "the answer is to another call (TRACE)"),
        (200, r#"{"result":1}"#, ErrorKind::Protocol, "the answer is to another call (TRACE)"),
        (200, r#"{"id":9,"error":{"code":1}}"#, ErrorKind::Protocol, "the answer is to another call (TRACE)"),
    ] {
        let error = call(status, answer).await.unwrap_err();
        let CallError::Answer(error) = error else { panic!("{answer}: {error:?}") };
        let text = text.replace("TRACE", "trace 4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((error.kind(), error.to_string()), (kind, text), "{answer}");
        assert!(!format!("{error:?}").contains("swordfish"));
    }
}

#[tokio::test]
async fn an_answer_is_read_up_to_the_limit() {
    let (client, _) = answered(200, r#"{"id":ID,"result":"0123456789"}"#);
    let exact = r#"{"id":1,"result":"0123456789"}"#.len();
    let fits = client.clone().with_answer_limit(exact);
    assert_eq!(fits.call::<String>("a.b", &()).await.unwrap(), "0123456789");
    let error = client.with_answer_limit(exact - 1).call::<String>("a.b", &()).await.unwrap_err();
    assert!(error.to_string().starts_with("the answer is larger than is allowed ("), "{error}");
}

#[tokio::test]
async fn a_result_of_another_type_is_told_without_its_values() {
    let (client, _) = answered(200, r#"{"id":ID,"result":"swordfish"}"#);
    let CallError::Answer(error) = client.call::<u8>("a.b", &()).await.unwrap_err() else { panic!() };
    assert_eq!(
        error.to_string(),
        "the result is not of the type that is asked for (result, line 1, column 11)"
    );
    assert!(!format!("{error:?}").contains("swordfish"));
}

#[tokio::test]
async fn what_is_too_large_or_no_parameters_is_not_sent() {
    let (client, asked) = answered(200, r#"{"id":ID,"result":null}"#);
    let frame = |length| ["x".repeat(length)];
    let rest = r#"{"jsonrpc":"2.0","method":"a.b","id":1,"params":[""]}"#.len();
    client.call::<()>("a.b", &frame(8 * 1024 * 1024 - rest)).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
    let too_large = client.call::<()>("a.b", &frame(8 * 1024 * 1024 - rest + 1)).await.unwrap_err();
    assert_eq!(too_large.to_string(), "the call has more than 8 MiB, and was not sent (params)");
    for bad in [json!("swordfish"), json!(1), json!(true)] {
        let error = client.call::<()>("a.b", &bad).await.unwrap_err();
        assert_eq!(error.to_string(), "the parameters are neither an object nor an array (params)");
        assert!(matches!(error, CallError::NoAnswer(error) if error.kind() == ErrorKind::Configuration));
    }
    let unwritable = std::collections::BTreeMap::from([(vec![1], 1)]);
    let error = client.notify("a.b", &unwritable).await.unwrap_err();
    assert_eq!(error.to_string(), "the parameters cannot be written as JSON (params)");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_clarify_may_delay_a_call_and_then_no_longer() {
    let slow = |seconds| {
        let service = service_fn(move |_: Request<Full<Bytes>>| async move {
            time::sleep(Duration::from_secs(seconds)).await;
            Ok::<Response<Full<Bytes>>, BoxError>(Response::new(Full::from(r#"{"id":1,"result":null}"#)))
        });
        RpcClient::new(&config(), service)
    };
    slow(20).call::<()>("a.b", &()).await.unwrap();
    for (client, text) in [
        (slow(31), "Clarify has not answered in time"),
        (slow(2).with_timeout(Duration::from_secs(1)), "Clarify has not answered in time"),
    ] {
        let error = client.call::<()>("a.b", &()).await.unwrap_err();
        assert_eq!(error.to_string(), text);
        let found = Error::find(&error).unwrap();
        assert_eq!(found.kind(), ErrorKind::Timeout);
        assert!(found.advice().contains("it may have been done all the same"), "{}", found.advice());
    }
}

#[test]
fn tells_all_that_is_wrong_but_not_twice() {
    for (data, lines) in [
        ("null", &[][..]),
        (r#"{"trace":"t"}"#, &[]),
        (r#"{"trace":"t","params":{"a":["b","c"],"d":"e","f":[1]}}"#, &["a: b, c", "d: \"e\"", "f: [1]"]),
        (r#"{"params":{"a":["b"]},"partial":[1]}"#, &["a: b", r#"{"partial":[1]}"#]),
        (r#"{"params":["a"]}"#, &[r#"params: ["a"]"#]),
        ("\"a\"", &["\"a\""]),
    ] {
        let error: RpcError = serde_json::from_str(&format!(r#"{{"code":-32602,"data":{data}}}"#)).unwrap();
        assert_eq!(error.details(), lines, "{data}");
    }
}

#[tokio::test(start_paused = true)]
async fn keeps_the_documented_pace_unless_told_otherwise() {
    let (client, _) = answered(200, r#"{"id":ID,"result":null}"#);
    // A time limit is for the answer, not for the calls before.
    for (client, seconds) in
        [(client.clone().with_timeout(Duration::from_millis(1)), 3), (client.without_pace(), 0)]
    {
        let start = time::Instant::now();
        let calls = (0..4).map(|_| client.clone().oneshot(RpcCall::new("clarify.evaluate", &()).unwrap()));
        let calls: tokio::task::JoinSet<_> = calls.collect();
        assert!(calls.join_all().await.iter().all(Result::is_ok));
        assert_eq!(start.elapsed().as_millis() / 100, seconds * 10);
    }
}

#[tokio::test]
async fn as_a_service_it_has_errors_that_others_can_find_ours_in() {
    let failing = service_fn(|_: Request<Full<Bytes>>| async {
        let cause = Error::new(ErrorKind::Tls, "unknown issuer");
        Err::<Response<Full<Bytes>>, BoxError>(std::io::Error::other(cause).into())
    });
    let client = RpcClient::new(&config(), failing);
    let error = client.clone().oneshot(RpcCall::new("a.b", &()).unwrap()).await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Tls);
    assert!(matches!(error.downcast_ref(), Some(CallError::NoAnswer(_))));
    assert!(!format!("{client:?} {:?}", RpcCall::new("a", &["swordfish"])).contains("swordfish"));
}
