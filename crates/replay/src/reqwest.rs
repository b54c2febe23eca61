//! How a request of reqwest's is sent a second time.

use claviger_auth_core::retry_unauthorized::Replay;

use crate::{ReplayStreamed, StreamedRequest};

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
        impl $replay {
            /// Sends any body in memory again, and one that streams if it has at most 64 KiB.
            #[must_use]
            pub fn new() -> Self {
                Self(ReplayStreamed::new())
            }

            /// Sets how many bytes are kept of a body that streams. Default: 64 KiB.
            #[must_use]
            pub fn with_limit(self, bytes: usize) -> Self {
                Self(self.0.with_limit(bytes))
            }
        }

        #[cfg(feature = $feature)]
        impl Default for $replay {
            fn default() -> Self {
                Self::new()
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
