//! A login on another device (RFC 8628).

use std::time::Duration;

use claviger_auth_core::{Error, ErrorKind};
use claviger_token_endpoint::{DeviceAuthorization, TokenAnswer, TokenEndpoint, TokenRequest};
use secrecy::SecretString;
use tokio::time;

use crate::redirect::denied;

/// Lets users log in on another device: for machines without a browser, and far from one (RFC 8628).
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use claviger_oauth_code::DeviceGrant;
/// use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
/// use http_body_util::Full;
/// use secrecy::ExposeSecret;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// // In earnest: a pooled HTTPS client that follows no redirects.
/// let client = tower::service_fn(|request: http::Request<Full<Bytes>>| async move {
///     let answer = match request.uri().path() {
///         "/device" => r#"{"device_code":"d","user_code":"WDJB","verification_uri":"https://auth.example/go","interval":1}"#,
///         _ => r#"{"access_token":"abc","refresh_token":"r"}"#,
///     };
///     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::from(answer)))
/// });
/// let acme = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
/// let endpoint = TokenEndpoint::builder("https://auth.example/token", acme)
///     .with_device_authorization_url("https://auth.example/device")
///     .build(client)?;
///
/// let login = DeviceGrant::new(endpoint).with_scope("read").begin().await?;
/// let told = login.authorization();
/// println!("Go to {} and type in {}", told.verification_uri(), told.user_code().expose_secret());
/// let answer = login.wait().await?;
/// assert_eq!(answer.access_token().expose_secret(), "abc");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DeviceGrant {
    endpoint: TokenEndpoint,
    request: TokenRequest,
    resources: Vec<String>,
}

impl DeviceGrant {
    /// Asks this endpoint, as the client that it is built for.
    #[must_use]
    pub fn new(endpoint: TokenEndpoint) -> Self {
        Self { endpoint, request: TokenRequest::device_authorization(), resources: Vec::new() }
    }

    /// Asks for these scopes, separated by spaces (RFC 6749 §3.3).
    #[must_use]
    pub fn with_scope(mut self, scope: impl AsRef<str>) -> Self {
        self.request = self.request.with_scope(scope);
        self
    }

    /// Says for whom the tokens are, in the parameter `audience` that Auth0 and others use.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.request = self.request.with_audience(audience);
        self
    }

    /// Adds a resource that the tokens are for: an absolute URI without a fragment (RFC 8707 §2).
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        let resource = resource.into();
        self.request = self.request.with_resource(&resource);
        self.resources.push(resource);
        self
    }

    /// Sets a parameter of the provider's own, of the request that begins a login.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.request = self.request.with_parameter(name, value);
        self
    }

    /// Begins a login.
    ///
    /// # Errors
    ///
    /// As [`TokenEndpoint::authorize_device`].
    pub async fn begin(&self) -> Result<DeviceLogin, Error> {
        let authorization = self.endpoint.authorize_device(&self.request).await?;
        Ok(DeviceLogin { endpoint: self.endpoint.clone(), authorization, resources: self.resources.clone() })
    }
}

/// A login that somebody is at, on another device.
#[derive(Debug)]
pub struct DeviceLogin {
    endpoint: TokenEndpoint,
    authorization: DeviceAuthorization,
    resources: Vec<String>,
}

impl DeviceLogin {
    /// Returns what the user is to be told.
    #[must_use]
    pub fn authorization(&self) -> &DeviceAuthorization {
        &self.authorization
    }

    /// Asks until the user has logged in, as often as the server allows (RFC 8628 §3.5). It asks less often while the
    /// server cannot be reached.
    ///
    /// # Errors
    ///
    /// - [`Timeout`](ErrorKind::Timeout): nobody logged in before the code ended.
    /// - [`CredentialsRefused`](ErrorKind::CredentialsRefused): the user said no, or the server refused the client.
    /// - the others of [`TokenEndpoint::request`] that stay.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped between two questions, waiting can go on.
    pub async fn wait(&self) -> Result<TokenAnswer, Error> {
        let asking = time::timeout(self.authorization.expires_in(), self.ask());
        asking.await.unwrap_or_else(|_| Err(too_late()))
    }

    async fn ask(&self) -> Result<TokenAnswer, Error> {
        let request = TokenRequest::device_code(self.authorization.device_code().clone());
        let resources = self.resources.iter();
        let request = resources.fold(request, |request, resource| request.with_resource(resource));
        let mut interval = self.authorization.interval();
        loop {
            time::sleep(interval).await;
            let error = match self.endpoint.request(&request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match error.oauth_error() {
                Some("authorization_pending") => {}
                Some("slow_down") => interval += SLOWER,
                Some("expired_token") => return Err(too_late()),
                Some("access_denied") => return Err(denied(error.oauth_error())),
                _ if error.is_transient() => interval = (interval * 2).min(SLOWEST).max(interval),
                _ => return Err(error),
            }
        }
    }
}

fn too_late() -> Error {
    Error::new(ErrorKind::Timeout, "nobody logged in in time")
        .with_advice("log in again, and type the code in before it ends")
}

/// RFC 8628 §3.5.
const SLOWER: Duration = Duration::from_secs(5);
const SLOWEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
