//! One exchange with the authorization server as one client.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
use http::{
    HeaderName, HeaderValue, Method, Request,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::Full;

#[cfg(feature = "jwt")]
use crate::assertion::assertion;
use crate::{
    ClientAuthentication, Proof,
    address::Address,
    encode::{self, Parameters},
    endpoint::Endpoint,
    transport::{Answer, Transport},
};

/// Sends what a client has to say, with the proof of who it is.
pub(crate) struct Caller {
    client: Mutex<Arc<Identified>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    transport: Box<dyn Transport>,
}

/// A client that was found to be whole, with the header of the methods that have one.
pub(crate) struct Identified {
    client: ClientAuthentication,
    authorization: Option<HeaderValue>,
}

impl Identified {
    fn new(client: ClientAuthentication) -> Result<Arc<Self>, Error> {
        let authorization = encode::authorization(&client)?;
        Ok(Arc::new(Self { client, authorization }))
    }

    pub(crate) fn proof(&self) -> Proof {
        self.client.method.proof()
    }
}

impl Caller {
    pub(crate) fn new(
        client: ClientAuthentication,
        headers: Vec<(HeaderName, HeaderValue)>,
        transport: impl Transport,
    ) -> Result<Self, Error> {
        Ok(Self { client: Mutex::new(Identified::new(client)?), headers, transport: Box::new(transport) })
    }

    /// Calls as this client from now on. What is under way goes on as the former one.
    pub(crate) fn replace(&self, client: ClientAuthentication) -> Result<(), Error> {
        let client = Identified::new(client)?;
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
        Ok(())
    }

    pub(crate) fn client(&self) -> ClientAuthentication {
        self.identified().client.clone()
    }

    pub(crate) fn headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.headers.iter().map(|(name, _)| name)
    }

    /// Returns the client as it is now.
    pub(crate) fn identified(&self) -> Arc<Identified> {
        Arc::clone(&self.client.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks once; and once more, at once, if the connection was refused: not a byte was sent. Any other failure
    /// is left to whoever spaces the attempts.
    pub(crate) async fn call(
        &self,
        client: &Identified,
        endpoint: Endpoint,
        address: &Address,
        audience: &str,
        parameters: &Parameters<'_>,
        now: SystemTime,
    ) -> Result<Answer, Error> {
        let message = self.message(client, address, audience, parameters, now)?;
        match self.transport.exchange(message.clone(), endpoint).await {
            Err(failure) if failure.before_the_first_byte => {
                self.transport.exchange(message, endpoint).await.map_err(|failure| failure.error)
            }
            answer => answer.map_err(|failure| failure.error),
        }
    }

    fn message(
        &self,
        Identified { client, authorization }: &Identified,
        address: &Address,
        audience: &str,
        parameters: &Parameters<'_>,
        now: SystemTime,
    ) -> Result<Request<Full<Bytes>>, Error> {
        let assertion = assertion(client, audience, now)?;
        let (content_type, body) = encode::body(client, assertion.as_ref(), parameters)?;
        let mut message = Request::new(Full::new(body));
        *message.method_mut() = Method::POST;
        *message.uri_mut() = address.url.clone();
        let headers = message.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        Ok(message)
    }
}

/// No method that has one is let through without the feature.
#[cfg(not(feature = "jwt"))]
fn assertion(
    _client: &ClientAuthentication,
    _server: &str,
    _now: SystemTime,
) -> Result<Option<secrecy::SecretString>, Error> {
    Ok(None)
}

/// Tells whether the error is that of a runtime that is missing: tokio's timer panics without one.
pub(crate) fn need_runtime() -> Result<(), Error> {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::new(ErrorKind::Runtime, "there is no tokio runtime to fetch a token on")),
    }
}
