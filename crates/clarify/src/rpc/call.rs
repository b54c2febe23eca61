//! One call of a method.

use std::fmt;

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
use http::{
    HeaderName, HeaderValue, Request, Uri,
    header::{CONTENT_TYPE, USER_AGENT},
};
use http_body_util::Full;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Traceparent;
use crate::ApiVersion;

/// Calls one method with its parameters.
///
/// # Example
///
/// ```
/// use claviger_clarify::{ApiVersion, RpcCall};
///
/// let call = RpcCall::new("clarify.evaluate", &[["c4ut7kgjm0j3q41gdtqg"]])?
///     .with_api_version(ApiVersion::new("1.2alpha1")?);
/// assert_eq!(call.method(), "clarify.evaluate");
/// assert!(RpcCall::new("clarify.evaluate", &"neither object nor array").is_err());
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone)]
pub struct RpcCall {
    method: String,
    params: Option<Box<RawValue>>,
    is_answered: bool,
    api_version: Option<ApiVersion>,
    traceparent: Option<Traceparent>,
}

impl RpcCall {
    /// Takes a method's name and its parameters: an object or an array, or `&()` for none.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the parameters are of another kind, or cannot be written.
    pub fn new(method: impl Into<String>, params: &impl Serialize) -> Result<Self, Error> {
        let bad = |what| Error::new(ErrorKind::Configuration, what).with_subject("params");
        // What serde says may quote a value.
        let params = serde_json::value::to_raw_value(params)
            .map_err(|_| bad("the parameters cannot be written as JSON"))?;
        let params = match params.get().trim_start().bytes().next() {
            Some(b'{' | b'[') => Some(params),
            _ if params.get().trim() == "null" => None,
            _ => {
                let error = bad("the parameters are neither an object nor an array");
                return Err(error.with_advice("name each parameter, or write them in a list"));
            }
        };
        let method = method.into();
        Ok(Self { method, params, is_answered: true, api_version: None, traceparent: None })
    }

    /// Makes it a notification: it has no id, and Clarify answers with status 204 and nothing else.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn notification(method: impl Into<String>, params: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { is_answered: false, ..Self::new(method, params)? })
    }

    /// Asks for this version of the API. Default: that of the client.
    #[must_use]
    pub fn with_api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = Some(version);
        self
    }

    /// Makes the call a part of this trace. Default: of none.
    #[must_use]
    pub fn with_traceparent(mut self, traceparent: Traceparent) -> Self {
        self.traceparent = Some(traceparent);
        self
    }

    /// Returns the method's name.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    pub(super) fn is_answered(&self) -> bool {
        self.is_answered
    }

    /// Makes the request (Clarify's documentation, API 1.1, "JSON RPC"), unless it is too large.
    pub(super) fn request(
        &self,
        url: &Uri,
        api_version: &HeaderValue,
        id: Option<u64>,
    ) -> Result<Request<Full<Bytes>>, Error> {
        let message = Message { jsonrpc: "2.0", method: &self.method, id, params: self.params.as_deref() };
        let body =
            serde_json::to_vec(&message).expect("it has names, a number, and JSON that was written before");
        if body.len() > MAX_CALL {
            let error =
                Error::new(ErrorKind::Configuration, "the call has more than 8 MiB, and was not sent");
            return Err(error.with_subject("params").with_advice("send it in parts"));
        }
        let mut request = Request::post(url.clone()).body(Full::from(body)).expect("both were parsed before");
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(OURS));
        let version = self.api_version.as_ref().map(ApiVersion::header_value);
        headers.insert(X_API_VERSION, version.unwrap_or_else(|| api_version.clone()));
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT, traceparent.header_value());
        }
        Ok(request)
    }
}

impl fmt::Debug for RpcCall {
    /// Leaves out the parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcCall").field("method", &self.method).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Message<'a> {
    jsonrpc: &'static str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
}

/// Clarify's documentation, API 1.1, "Rate limits": about 8 MiB of JSON, not compressed.
const MAX_CALL: usize = 8 * 1024 * 1024;
/// As the SDKs of Clarify's own name themselves.
const OURS: &str = concat!("claviger-clarify/", env!("CARGO_PKG_VERSION"));
const X_API_VERSION: HeaderName = HeaderName::from_static("x-api-version");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
