//! Any HTTP client as the way to the token endpoint.

use std::{error, future::poll_fn, io, pin::pin};

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::{HeaderValue, Request, Response, StatusCode, header::RETRY_AFTER};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use crate::wiped::Wiped;

/// What came back, read as far as is of use.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "it is between a transport and the endpoint"
)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<HeaderValue>,
    pub(crate) body: AnswerBody,
}

pub(crate) enum AnswerBody {
    /// It broke off.
    Broken(Error),
    /// More than [`LIMIT`]; the rest was not read.
    TooLarge,
    Whole(Wiped),
}

/// Sends token requests: any HTTP client that is a tower service, takes a `Full<Bytes>` and can be cloned. It
/// must follow no redirect: a token request carries a secret.
///
/// Every such service is one; it cannot be implemented in another way.
pub trait Transport: Exchange + Send + Sync + 'static {}

impl<S, B> Transport for S
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
{
}

/// One exchange with the token endpoint, over a client of some type.
///
/// The boxed future is off the request path: a token is fetched once in minutes.
#[expect(unnameable_types, reason = "what a transport does is between it and the endpoint")]
#[async_trait]
pub trait Exchange {
    #[doc(hidden)]
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Error>;
}

#[async_trait]
impl<S, B> Exchange for S
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send,
    B::Error: Into<BoxError>,
{
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Error> {
        let mut service = self.clone();
        let failed = |error: S::Error| failure(&error.into(), "could not reach the token endpoint");
        poll_fn(|cx| service.poll_ready(cx)).await.map_err(failed)?;
        let response = service.call(request).await.map_err(failed)?;
        let (mut parts, body) = response.into_parts();
        let retry_after = parts.headers.remove(RETRY_AFTER);
        // What a redirect says beside its status is of no use.
        let body = if parts.status.is_redirection() {
            AnswerBody::Whole(Wiped::default())
        } else {
            read(body).await
        };
        Ok(Answer { status: parts.status, retry_after, body })
    }
}

async fn read<B>(body: B) -> AnswerBody
where
    B: Body,
    B::Error: Into<BoxError>,
{
    if body.size_hint().lower() > LIMIT as u64 {
        return AnswerBody::TooLarge;
    }
    let mut body = pin!(body);
    let mut whole = Wiped::default();
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => {
                return AnswerBody::Broken(failure(&error.into(), "the token endpoint's answer broke off"));
            }
        };
        let Ok(mut data) = frame.into_data() else { continue };
        if whole.as_ref().len().saturating_add(data.remaining()) > LIMIT {
            return AnswerBody::TooLarge;
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            whole.push(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }
    AnswerBody::Whole(whole)
}

/// Keeps of a transport's error what cannot hold a server's text: an error of ours, or the kind of an I/O
/// error.
fn failure(error: &BoxError, what: &'static str) -> Error {
    if let Some(ours) = Error::find(&**error) {
        return Error::new(ours.kind(), what).with_advice(ours.advice()).with_source(ours.clone());
    }
    match io_error_kind(&**error) {
        Some(kind) if kind != io::ErrorKind::Other => {
            let timed_out = kind == io::ErrorKind::TimedOut;
            let ours = if timed_out { ErrorKind::Timeout } else { ErrorKind::Connect };
            Error::new(ours, what).with_source(io::Error::from(kind))
        }
        _ => Error::new(ErrorKind::Connect, what),
    }
}

fn io_error_kind(error: &(dyn error::Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}

/// An answer of a token endpoint has some kilobytes; more is a mistake or an attack.
const LIMIT: usize = 1 << 20;
