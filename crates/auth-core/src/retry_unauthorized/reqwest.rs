//! How a request of reqwest's is sent a second time.

use super::{Replay, RetryUnauthorizedLayer, streamed::ReplayStreamed, streamed::StreamedRequest};

/// Implements it for one major version. Each has a type of its own, so that the compiler can still tell which
/// requests a service takes when both are on.
macro_rules! implement {
    ($feature:literal, $reqwest:ident, $replay:ident) => {
        /// Copies reqwest's requests: a body in memory is shared, and of one that streams a copy is kept as far as
        /// [`ReplayStreamed`] does.
        #[cfg(feature = $feature)]
        #[derive(Clone, Copy, Debug)]
        pub struct $replay(ReplayStreamed);

        #[cfg(feature = $feature)]
        impl RetryUnauthorizedLayer<$replay> {
            /// Sends reqwest's requests again: any body in memory, and one that streams if it has at most 64 KiB.
            #[must_use]
            pub fn $reqwest() -> Self {
                Self { replay: $replay(ReplayStreamed::new()) }
            }

            /// Sets how many bytes are kept of a body that streams. Default: 64 KiB.
            #[must_use]
            pub fn with_limit(mut self, bytes: usize) -> Self {
                self.replay.0 = self.replay.0.with_limit(bytes);
                self
            }
        }

        #[cfg(feature = $feature)]
        impl Replay<$reqwest::Request> for $replay {
            type Request = $reqwest::Request;
            type Copy = StreamedRequest<$reqwest::Request, $reqwest::Body>;

            fn prepare(&self, mut request: Self::Request) -> (Self::Request, Option<Self::Copy>) {
                if let Some(copy) = request.try_clone() {
                    return (request, Some(StreamedRequest::whole(copy)));
                }
                let (body, returned) = self.0.stream(request.body_mut().take().unwrap_or_default());
                // Without its body, it can be cloned.
                let copy = returned.zip(request.try_clone());
                *request.body_mut() = Some($reqwest::Body::wrap(body));
                (request, copy.map(|(returned, head)| StreamedRequest::new(head, returned)))
            }

            fn again(copy: Self::Copy) -> Option<Self::Request> {
                let (mut request, body) = copy.again()?;
                if let Some(body) = body {
                    *request.body_mut() = Some($reqwest::Body::wrap(body));
                }
                Some(request)
            }
        }
    };
}

implement!("reqwest-0-12", reqwest_0_12, ReplayReqwest012);
implement!("reqwest-0-13", reqwest_0_13, ReplayReqwest013);
