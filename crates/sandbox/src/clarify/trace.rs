//! Puts every answer into a trace: that of the request, if it names one (W3C Trace Context), else a new one.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use claviger_sandbox_stage::identifier::hex;
use http::{HeaderName, HeaderValue};

/// Names the trace that a request is a part of, for whoever answers it.
#[derive(Clone, Debug)]
pub(super) struct Trace(pub(super) String);

pub(super) async fn attend(mut request: Request, next: Next) -> Response {
    let asked = request.headers().get(TRACEPARENT).and_then(|value| trace_id(value.to_str().ok()?));
    let trace = asked.map_or_else(random::<16>, str::to_owned);
    request.extensions_mut().insert(Trace(trace.clone()));
    let mut answer = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(format!("00-{trace}-{}-01", random::<8>())) {
        answer.headers_mut().insert(TRACEPARENT, value);
    }
    answer
}

fn trace_id(traceparent: &str) -> Option<&str> {
    let id = traceparent.strip_prefix("00-")?.split('-').next()?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

fn random<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    // Without random bytes it is all zeros, which is what W3C has for none.
    let _ = getrandom::fill(&mut bytes);
    hex(&bytes)
}

// Source: clarify-go reads it of every answer, errors of the token endpoint among them.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
