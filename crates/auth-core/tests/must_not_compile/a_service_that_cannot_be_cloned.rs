//! A request that waits for its credential waits with a clone of the service.

use claviger_auth_core::{Origin, StaticToken, authorization::AuthorizationLayer};
use http::{Request, Response};
use tower::{BoxError, Service, util::BoxService};
use tower_layer::Layer;

fn takes<R>(_: impl Service<R>) {}

fn service(inner: BoxService<Request<()>, Response<()>, BoxError>) {
    let token = StaticToken::bearer("swordfish".into()).unwrap();
    let origin = Origin::https("https://api.example").unwrap();
    takes::<Request<()>>(AuthorizationLayer::new(token, origin).layer(inner));
}

fn main() {}
