//! The requests and responses of reqwest, as they are.

/// Implements the traits for one major version: their types have the same names.
macro_rules! implement {
    ($feature:literal, $reqwest:ident) => {
        #[cfg(feature = $feature)]
        const _: () = {
            use http::{Extensions, HeaderMap, StatusCode};
            use $reqwest::{Request, Response};

            use crate::{HttpRequest, HttpResponse, Target};

            impl HttpRequest for Request {
                fn headers(&self) -> &HeaderMap {
                    self.headers()
                }

                fn headers_mut(&mut self) -> &mut HeaderMap {
                    self.headers_mut()
                }

                fn target(&self) -> Target<'_> {
                    let url = self.url();
                    match url.host_str() {
                        Some(host) if url.username().is_empty() && url.password().is_none() => {
                            Target::Absolute { scheme: url.scheme(), host, port: url.port() }
                        }
                        _ => Target::Unclear,
                    }
                }

                /// Returns none: reqwest keeps its own to itself.
                fn extensions(&self) -> Option<&Extensions> {
                    None
                }
            }

            impl HttpResponse for Response {
                fn status(&self) -> StatusCode {
                    self.status()
                }

                fn headers(&self) -> &HeaderMap {
                    self.headers()
                }

                fn extensions_mut(&mut self) -> &mut Extensions {
                    self.extensions_mut()
                }
            }
        };
    };
}

implement!("reqwest-0-12", reqwest_0_12);
implement!("reqwest-0-13", reqwest_0_13);
