//! Any HTTP client as the way to the token endpoint.

use std::{error, fmt, future::poll_fn, io, pin::pin};

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_ENCODING, RETRY_AFTER},
};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use crate::{
    endpoint::{Endpoint, said},
    wiped::Wiped,
};

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
    /// In an encoding that nobody asked for, and that the transport does not decode.
    Encoded,
    /// More than [`LIMIT`]; the rest was not read.
    TooLarge,
    Whole(Wiped),
}

/// Sends token requests: any HTTP client that is a tower service, takes a `Full<Bytes>` and can be cloned. It
/// must follow no redirect: a token request carries a secret.
///
/// It must be `Sync`, as an endpoint is shared: of tower's boxes, take `BoxCloneSyncService`, and not
/// `BoxCloneService`. Every such service is one; it cannot be implemented in another way.
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
    /// Sends it to this endpoint: what fails is told of it.
    #[doc(hidden)]
    async fn exchange(&self, request: Request<Full<Bytes>>, endpoint: Endpoint) -> Result<Answer, Failure>;
}

/// There is no answer.
#[expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "it is between a transport and the endpoint"
)]
pub struct Failure {
    pub(crate) error: Error,
    /// Whether it is certain that not a byte was sent.
    pub(crate) before_the_first_byte: bool,
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
    async fn exchange(&self, request: Request<Full<Bytes>>, endpoint: Endpoint) -> Result<Answer, Failure> {
        let mut service = self.clone();
        let failed = |error: S::Error| {
            let error = error.into();
            // Nothing but an attempt to connect ends in this way.
            let before_the_first_byte = io_error_kind(&*error) == Some(io::ErrorKind::ConnectionRefused);
            Failure {
                error: failure(&error, said!(endpoint, "could not reach the ", "")),
                before_the_first_byte,
            }
        };
        poll_fn(|cx| service.poll_ready(cx)).await.map_err(failed)?;
        let response = service.call(request).await.map_err(failed)?;
        let (mut parts, body) = response.into_parts();
        let retry_after = parts.headers.remove(RETRY_AFTER);
        // What a redirect says beside its status is of no use.
        let body = if parts.status.is_redirection() {
            AnswerBody::Whole(Wiped::default())
        } else if is_encoded(&parts.headers) {
            AnswerBody::Encoded
        } else {
            read(body, endpoint).await
        };
        Ok(Answer { status: parts.status, retry_after, body })
    }
}

/// Tells whether the body is in an encoding still: who decodes it takes the header away.
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    encodings.any(|encoding| {
        let encoding = encoding.as_bytes().trim_ascii();
        !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity")
    })
}

async fn read<B>(body: B, endpoint: Endpoint) -> AnswerBody
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
                let what = said!(endpoint, "the ", "'s answer broke off");
                return AnswerBody::Broken(failure(&error.into(), what));
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

/// Keeps of a transport's error what cannot hold a server's text.
///
/// What stands beside and below an error of ours may quote anything: h2 shows the debug data of a GOAWAY, in which
/// a server can echo the request's `Authorization`.
fn failure(error: &BoxError, what: &'static str) -> Error {
    let (kind, advice) = match (Error::find(&**error), io_error_kind(&**error)) {
        (Some(ours), _) => (ours.kind(), Some(ours.advice())),
        (None, Some(io::ErrorKind::TimedOut)) => (ErrorKind::Timeout, None),
        (None, _) => (ErrorKind::Connect, None),
    };
    let failure = Error::new(kind, what);
    let failure = if let Some(advice) = advice { failure.with_advice(advice) } else { failure };
    match own_words(&**error) {
        Some(source) => failure.with_source(source),
        None => failure,
    }
}

/// Copies the texts of our errors, and the kind of an I/O error at their end.
fn own_words(error: &(dyn error::Error + 'static)) -> Option<BoxError> {
    match Error::find(error) {
        Some(ours) => {
            let source = error::Error::source(ours).and_then(own_words);
            Some(Box::new(Words { text: ours.to_string(), source }))
        }
        None => io_error_kind(error).map(|kind| io::Error::from(kind).into()),
    }
}

/// What an error of ours says, without the error that it came with.
#[derive(Debug)]
struct Words {
    text: String,
    source: Option<BoxError>,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for Words {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Finds the kind of the first I/O error that has one, and looks into the payloads of those that wrap another.
fn io_error_kind(error: &(dyn error::Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        if let Some(kind) = io.map(io::Error::kind).filter(|kind| *kind != io::ErrorKind::Other) {
            return Some(kind);
        }
        next = match io.and_then(io::Error::get_ref) {
            Some(payload) => Some(payload),
            None => error.source(),
        };
    }
    None
}

/// An answer of a token endpoint has some kilobytes; more is a mistake or an attack.
const LIMIT: usize = 1 << 20;
