//! Calls of methods: JSON-RPC 2.0 over whichever client authenticates.

mod answer;
mod call;
mod error;
mod pace;
mod traceparent;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::{HeaderValue, Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time;
use tower_service::Service;

use self::pace::Pace;
pub use self::{
    answer::RpcAnswer,
    call::RpcCall,
    error::{CallError, RpcError},
    traceparent::Traceparent,
};
use crate::Config;

/// Calls Clarify's methods over `S`: the ready client, or any other that puts credentials on requests.
///
/// Each call is sent once; the layers below send it once more if its token was revoked, and nothing does for
/// an RPC error, a status or a time limit. It is itself a service of [`RpcCall`]s, for tower's layers to be
/// put around it. Clones share connections, tokens, ids and pace. Dropping a future gives its call up; what was
/// sent may be done all the same.
///
/// # Limits
///
/// - A call has at most 8 MiB, and one with more is not sent ("Rate limits", API 1.1).
/// - An answer is read up to 64 MiB (see [`with_answer_limit`](Self::with_answer_limit)).
/// - An answer is waited for 30 s (see [`with_timeout`](Self::with_timeout)).
/// - Calls keep to the documented rates (see [`without_pace`](Self::without_pace)).
///
/// # Panics
///
/// Its futures do outside a tokio runtime with time enabled.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the file that Clarify issued, and calls Clarify.
/// # #[cfg(feature = "client")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::collections::BTreeMap;
///
/// use claviger_clarify::{CallError, Client, Config, Credentials, RpcClient};
///
/// let config = Config::new(Credentials::from_file("clarify-credentials.json")?);
/// let clarify = RpcClient::new(&config, Client::new(&config)?);
/// let data = BTreeMap::from([("times", ["2026-11-22T08:00:00Z"])]);
/// let params = (config.credentials().integration(), data);
/// match clarify.call::<BTreeMap<String, serde_json::Value>>("integration.insert", &params).await {
///     Ok(result) => println!("{} members", result.len()),
///     Err(CallError::Rpc(error)) => {
///         for (field, reasons) in error.fields() {
///             println!("{field}: {}", reasons.join(", "));
///         }
///     }
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "client"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct RpcClient<S> {
    inner: S,
    url: Uri,
    api_version: HeaderValue,
    timeout: Duration,
    answer_limit: usize,
    pace: Option<Pace>,
    ids: Arc<AtomicU64>,
}

impl<S> RpcClient<S> {
    /// Calls the API of `config` over `inner`, in the version that `config` asks for.
    #[must_use]
    pub fn new(config: &Config, inner: S) -> Self {
        let url = config.endpoints().rpc_url().parse().expect("it is the API's URL, with a word behind it");
        Self {
            inner,
            url,
            api_version: config.api_version().header_value(),
            timeout: TIMEOUT,
            answer_limit: ANSWER_LIMIT,
            pace: Some(Pace::documented()),
            ids: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Waits so long for the whole answer, a token included where one must be fetched. Default: 30 s.
    ///
    /// Clarify delays calls over its rates by up to 15 s, where others refuse them ("Rate limits", API 1.1): with
    /// less than 20 s, being slowed down looks like a failure. The wait for one's own [pace](Self::without_pace)
    /// does not count.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Reads so many bytes of an answer, and takes one with more for none. Default: 64 MiB.
    #[must_use]
    pub fn with_answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// Sends calls as they come. Default: each method is called as often as Clarify documents, evenly and in the
    /// order of the calls; one that must wait does so before it is sent ("Rate limits", API 1.1).
    ///
    /// | method | calls a second |
    /// | --- | --- |
    /// | `admin.selectSignals`, `clarify.selectItems` | 10 |
    /// | `admin.publishSignals` | 5 |
    /// | `clarify.dataFrame`, `clarify.evaluate`, `integration.insert`, `integration.saveSignals` | 1 |
    /// | any other | not limited |
    ///
    /// Without, Clarify delays what is too much, and drops what waited for 10 s. The rates are those of an
    /// integration: where several processes share one, they do not know of each other.
    #[must_use]
    pub fn without_pace(mut self) -> Self {
        self.pace = None;
        self
    }
}

impl<S, B> RpcClient<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: Body<Error: Into<BoxError>>,
{
    /// Calls a method, and reads its result as an `R`.
    ///
    /// `params` are an object or an array, or `&()` for none.
    ///
    /// # Errors
    ///
    /// Those of [`RpcCall::new`], [`send`](Self::send) and [`RpcAnswer::read`].
    pub async fn call<R: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<R, CallError> {
        let call = RpcCall::new(method, params).map_err(CallError::NoAnswer)?;
        self.send(call).await?.read()
    }

    /// Calls a method and wants no answer: Clarify says that the call has come, and not what became of it.
    ///
    /// # Errors
    ///
    /// Those of [`RpcCall::new`] and [`send`](Self::send).
    pub async fn notify(&self, method: &str, params: &impl Serialize) -> Result<(), CallError> {
        let call = RpcCall::notification(method, params).map_err(CallError::NoAnswer)?;
        self.send(call).await.map(drop)
    }

    /// Sends a call that was made before, with what may be set for it.
    ///
    /// # Errors
    ///
    /// [`CallError`] tells them apart.
    pub fn send(&self, call: RpcCall) -> impl Future<Output = Result<RpcAnswer, CallError>> + use<S, B> {
        self.clone().exchange(call)
    }

    async fn exchange(mut self, call: RpcCall) -> Result<RpcAnswer, CallError> {
        let id = call.is_answered().then(|| self.ids.fetch_add(1, Ordering::Relaxed));
        let request = call.request(&self.url, &self.api_version, id).map_err(CallError::NoAnswer)?;
        if let Some(pace) = &self.pace {
            pace.keep(call.method()).await;
        }
        let exchange = async {
            poll_fn(|cx| self.inner.poll_ready(cx)).await.map_err(CallError::no_answer)?;
            let response = self.inner.call(request).await.map_err(CallError::no_answer)?;
            answer::read(response, id, self.answer_limit).await
        };
        time::timeout(self.timeout, exchange).await.unwrap_or_else(|_| {
            let error = Error::new(ErrorKind::Timeout, "Clarify has not answered in time").with_advice(
                "look before calling again, for it may have been done all the same; call less often, or allow more time: \
                 Clarify delays what is over its rates by up to 15 s",
            );
            Err(CallError::NoAnswer(error))
        })
    }
}

impl<S, B> Service<RpcCall> for RpcClient<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Response = RpcAnswer;
    /// A [`CallError`].
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<RpcAnswer, BoxError>> + Send>>;

    /// Is always ready: the client below is asked when the call's turn has come.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: RpcCall) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { Ok(client.exchange(call).await?) })
    }
}

impl<S> fmt::Debug for RpcClient<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcClient").field("url", &self.url).finish_non_exhaustive()
    }
}

/// For the 15 s that a call may be delayed, and as much again for a token and the answer. Clarify's SDK for
/// JavaScript waits as long.
const TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests;
