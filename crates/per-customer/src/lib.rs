//! A bounded map from customer to what was made for them: a token cache, or a whole client.
//!
//! # What it does
//!
//! [`PerCustomer`] makes something for each customer when their first request comes, and keeps it for the next
//! ones: a token cache as [`UseCredentials`](claviger_auth_core::UseCredentials), where customers have client ids
//! and secrets of their own; a client, where they have certificates of their own. The one used least recently goes
//! when there are too many, and each that nobody has used for a while.
//!
//! # Where it sits
//!
//! ```text
//! PerCustomer ─▶ UseCredentials, in the request's extensions
//!                       │
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ provider
//!
//! PerCustomer ─▶ one of these stacks for each customer, where each has a certificate of their own
//! ```
//!
//! # Example
//!
//! ```
//! use std::{collections::HashMap, sync::Arc};
//! use claviger_auth_core::{
//!     Error, ErrorKind, Origin, PerRequest, StaticToken, UseCredentials, authorization::AuthorizationLayer,
//! };
//! use claviger_per_customer::PerCustomer;
//! use http::{Request, Response, header::AUTHORIZATION};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let secrets = HashMap::from([("acme", "swordfish"), ("other", "sardine")]);
//! let customers = PerCustomer::builder(move |customer: &&str| {
//!     let secret = secrets.get(customer);
//!     let secret = secret.ok_or_else(|| Error::new(ErrorKind::Configuration, "no such customer"))?;
//!     // In earnest: a TokenCache.
//!     Ok(UseCredentials::new(Arc::new(StaticToken::bearer((*secret).into())?)))
//! })
//! .build();
//!
//! let service = ServiceBuilder::new()
//!     .layer(AuthorizationLayer::new(PerRequest::default(), Origin::https("https://api.example")?))
//!     .service(service_fn(|request: Request<()>| async move {
//!         Ok::<_, BoxError>(Response::new(request.headers()[AUTHORIZATION].clone()))
//!     }));
//! for (customer, header) in [("acme", "Bearer swordfish"), ("other", "Bearer sardine")] {
//!     let mut request = Request::get("https://api.example/things").body(())?;
//!     request.extensions_mut().insert(customers.of(&customer)?);
//!     assert_eq!(service.clone().oneshot(request).await?.body(), header);
//! }
//! assert!(customers.of(&"nobody").is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It runs no task: what is idle goes when somebody asks for something. It does not wait, so making a customer's
//! value must not either: that is for the value to do, when a request uses it. It keeps no errors.

mod per_customer;

pub use per_customer::{PerCustomer, PerCustomerBuilder};
