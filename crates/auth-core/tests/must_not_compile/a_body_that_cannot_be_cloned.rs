//! A body that is gone once it was sent is not sent again by a layer that clones.

use claviger_auth_core::retry_unauthorized::RetryUnauthorizedLayer;
use http::{Request, Response};
use tower::{BoxError, Service, ServiceBuilder, service_fn};

struct Stream;

fn takes<R>(_: impl Service<R>) {}

fn main() {
    let service = ServiceBuilder::new()
        .layer(RetryUnauthorizedLayer::cloned())
        .service(service_fn(|_: Request<Stream>| async { Ok::<_, BoxError>(Response::new(())) }));
    takes::<Request<Stream>>(service);
}
