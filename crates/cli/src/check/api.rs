//! One harmless call of the API, with all that a request has.

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
use claviger_profiles::{Probe, Profile, Stack};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use super::report::{Report, Stopped};
use crate::{certificate::Verdict, exit::Exit, failure::Failure};

/// Calls `check_path`, else what the provider names as harmless.
pub(super) async fn call(stack: Stack, profile: &Profile, report: &mut Report) -> Result<(), Stopped> {
    let given = profile.section().text("check_path").map(Probe::get);
    let choice = if given.is_some() { Choice::Given } else { Choice::Usual };
    let probe = given.unwrap_or_else(|| profile.probe());
    let request = stack.base().locate(&probe.path).map(|url| build(&probe, url));
    let request =
        report.need("api", request.map_err(|error| profile.section().placed("check_path", error).into()))?;
    let shown = format!("{} {}", request.method(), request.uri().path());
    let answer = report.need("api", stack.send(request).await.map_err(Into::into))?;
    let status = answer.status();
    let body = if probe.body.is_some() || status == 400 { start(answer.into_body()).await } else { None };
    if let Some(verdict) = Verdict::of(status, body.as_deref().unwrap_or_default()) {
        return Err(report.fail("api", &verdict.error(status).into()));
    }
    let rpc_error = body.as_deref().filter(|_| probe.body.is_some()).and_then(rpc_error);
    judge(&shown, status, rpc_error, choice, report)
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Choice {
    Given,
    Usual,
}

fn build(probe: &Probe, url: http::Uri) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from_static(probe.body.unwrap_or_default().as_bytes())));
    *request.uri_mut() = url;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(concat!("claviger/", env!("CARGO_PKG_VERSION"))),
    );
    if probe.body.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.method_mut() = http::Method::POST;
    }
    request
}

async fn start(body: Incoming) -> Option<Bytes> {
    Some(Limited::new(body, MAX_ANSWER).collect().await.ok()?.to_bytes())
}

/// The code of a JSON-RPC error, which comes with status 200. Nothing else of the answer is kept.
fn rpc_error(body: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Value>(body).ok()?.pointer("/error/code")?.as_i64()
}

fn judge(
    shown: &str,
    status: StatusCode,
    rpc_error: Option<i64>,
    choice: Choice,
    report: &mut Report,
) -> Result<(), Stopped> {
    let found = format!("{shown}: {status}");
    let (exit, advice) = match (status.as_u16(), rpc_error) {
        (200..300, None) => {
            report.ok("api", found);
            return Ok(());
        }
        // The call is only ours; that it was answered shows that all before it is well.
        (200..300, Some(code)) => {
            report.warn(
                "api",
                format!("{found}, RPC error {code}; the credentials were taken"),
                "see whether the namespace of this method was granted to the integration",
            );
            return Ok(());
        }
        (404 | 405, _) if choice == Choice::Usual => {
            report.warn(
                "api",
                format!("{found}; there is a server, but not this path on it"),
                "name a harmless path of the API in check_path",
            );
            return Ok(());
        }
        (300..=399, _) => {
            (Exit::Api, "name a path in check_path that answers itself: redirects are not followed")
        }
        (401, _) => (
            Exit::Refused,
            "ask whoever issued the credentials whether they are still good, and for this API; where there is a client \
             certificate, whether it is the one of this client",
        ),
        (403, _) => (Exit::Refused, "the credentials are good: ask for the permission, and check the tenant"),
        (404 | 405, _) => (Exit::Api, "check api_url and check_path"),
        (500.., _) | (429, _) => (Exit::Api, "try again later"),
        _ => (Exit::Api, "check the tenant, and that check_path needs no parameters"),
    };
    let error = Error::new(ErrorKind::Protocol, "the API answered with an error").with_subject(found);
    Err(report.fail("api", &Failure::new(exit, error, advice)))
}

const MAX_ANSWER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, rpc_error: Option<i64>, choice: Choice) -> (String, Exit) {
        let mut report = Report::json(&[]);
        let _ = judge("GET /a", StatusCode::from_u16(status).unwrap(), rpc_error, choice, &mut report);
        let [line] = &*report.lines() else { panic!("not one step") };
        (line.split(':').next().unwrap().to_owned(), report.close())
    }

    #[test]
    fn tells_what_an_answer_means() {
        for (status, rpc_error, choice, word, exit) in [
            (200, None, Choice::Usual, "ok", Exit::Done),
            (204, None, Choice::Given, "ok", Exit::Done),
            (200, Some(-32003), Choice::Usual, "warning", Exit::Done),
            (302, None, Choice::Usual, "failed", Exit::Api),
            (400, None, Choice::Usual, "failed", Exit::Api),
            (401, None, Choice::Usual, "failed", Exit::Refused),
            (403, None, Choice::Usual, "failed", Exit::Refused),
            (404, None, Choice::Usual, "warning", Exit::Done),
            (404, None, Choice::Given, "failed", Exit::Api),
            (429, None, Choice::Usual, "failed", Exit::Api),
            (503, None, Choice::Usual, "failed", Exit::Api),
        ] {
            assert_eq!(judged(status, rpc_error, choice), (word.to_owned(), exit), "{status}");
        }
    }
}
