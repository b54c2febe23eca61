//! A client of reqwest's as the way to the token endpoint.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::{Request, Response};
use http_body_util::Full;
use tower_service::Service;

use crate::Transport;

/// Implements it for one major version: their types have the same names.
macro_rules! implement {
    ($feature:literal, $reqwest:ident) => {
        /// Makes a [`Transport`] of what a client of reqwest's is built from.
        ///
        /// It takes the builder and not the client, to turn redirects off: a token request carries a secret, and
        /// reqwest would send its body on.
        ///
        /// # Errors
        ///
        /// [`Configuration`](ErrorKind::Configuration) if reqwest cannot build the client.
        ///
        /// # Panics
        ///
        /// Where reqwest does: with its rustls and no crypto provider in sight, neither the process's nor one in
        /// the TLS configuration that the builder was given.
        ///
        /// # Example
        ///
        /// ```no_run
        /// // no_run: reqwest wants a crypto provider, which the program chooses.
        #[doc = concat!("let builder = ", stringify!($reqwest), "::Client::builder();")]
        #[doc = concat!("let transport = claviger_token_endpoint::", stringify!($reqwest), "(builder)?;")]
        /// # Ok::<(), claviger_auth_core::Error>(())
        /// ```
        #[cfg(feature = $feature)]
        pub fn $reqwest(builder: $reqwest::ClientBuilder) -> Result<impl Transport + Clone, Error> {
            #[derive(Clone)]
            struct Client($reqwest::Client);

            impl Service<Request<Full<Bytes>>> for Client {
                type Response = Response<$reqwest::Body>;
                type Error = BoxError;
                // A token is fetched once in minutes.
                type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

                fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                    self.0.poll_ready(cx).map_err(Into::into)
                }

                fn call(&mut self, request: Request<Full<Bytes>>) -> Self::Future {
                    let request =
                        request.map($reqwest::Body::wrap).try_into().map(|request| self.0.execute(request));
                    Box::pin(async move { Ok(request?.await?.into()) })
                }
            }

            let client = builder.redirect($reqwest::redirect::Policy::none()).build();
            // What reqwest has to say is not kept: it may quote a header or a URL.
            client.map(Client).map_err(|_| {
                Error::new(ErrorKind::Configuration, "reqwest could not build its client")
                    .with_advice("build it alone, without this function, to see what reqwest says")
            })
        }
    };
}

implement!("reqwest-0-12", reqwest_0_12);
implement!("reqwest-0-13", reqwest_0_13);
