//! What a request is stamped with, and whom to ask for it.

use std::{
    fmt,
    num::NonZeroU64,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::SecretString;

use crate::{AccessToken, Error, ErrorKind, Moment, SourceId, sensitive};

/// Tells one credential from another, for as long as the process lives.
///
/// A credential that is renewed gets a new generation, so that a late 401 is never held against the
/// credential that came after.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Generation(NonZeroU64);

impl Generation {
    /// Returns a generation that nobody else has.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX))
    }

    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }
}

/// Identifies a client certificate by the SHA-256 of its DER form (RFC 8705 §3.1, `x5t#S256`).
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// Takes the digest of a certificate.
    #[must_use]
    pub fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

/// Publishes the client certificate that a client presents.
///
/// [`AuthorizationLayer`](crate::authorization::AuthorizationLayer) compares it with what a token is bound to.
pub trait PublishIdentity: fmt::Debug + Send + Sync {
    /// Returns the thumbprint of the certificate of new connections; none without a certificate.
    fn thumbprint(&self) -> Option<Thumbprint>;
}

/// A certificate that does not change.
impl PublishIdentity for Thumbprint {
    fn thumbprint(&self) -> Option<Thumbprint> {
        Some(*self)
    }
}

impl<T: PublishIdentity + ?Sized> PublishIdentity for Arc<T> {
    fn thumbprint(&self) -> Option<Thumbprint> {
        (**self).thumbprint()
    }
}

/// Carries a ready, sensitive header and who it is.
///
/// A clone is a few words and one atomic increment; the header's memory is wiped with the last clone.
///
/// # Example
///
/// ```
/// use claviger_auth_core::Credential;
/// use http::header::AUTHORIZATION;
/// use secrecy::SecretString;
///
/// let credential = Credential::new(AUTHORIZATION, &SecretString::from("Bearer swordfish"))?;
/// assert_eq!(credential.value(), "Bearer swordfish");
/// assert!(credential.value().is_sensitive());
/// assert!(!format!("{credential:?}").contains("swordfish"));
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credential {
    name: HeaderName,
    value: HeaderValue,
    generation: Generation,
    /// Shared: it is rare, and every request would copy it.
    binding: Option<Arc<Thumbprint>>,
    is_kept: bool,
    /// Until then its source has nothing else to do than to hand it out.
    fresh_until: Moment,
}

impl Credential {
    /// Makes a credential of a whole header value, scheme included, with a generation of its own.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) if a header cannot carry the value (control
    /// characters, a line break).
    pub fn new(name: HeaderName, value: &SecretString) -> Result<Self, Error> {
        let value = sensitive::header_value("", value)?;
        Ok(Self {
            name,
            value,
            generation: Generation::next(),
            binding: None,
            is_kept: false,
            fresh_until: Moment::END,
        })
    }

    /// Binds it to a client certificate (RFC 8705 §3): it is never sent over another.
    #[must_use]
    pub fn with_binding(mut self, certificate: Thumbprint) -> Self {
        self.binding = Some(Arc::new(certificate));
        self
    }

    pub(crate) fn of(token: &AccessToken) -> Self {
        Self {
            name: AUTHORIZATION,
            value: token.header().clone(),
            generation: Generation::next(),
            binding: token.binding().map(Arc::new),
            is_kept: !token.age().is_zero(),
            fresh_until: Moment::END,
        }
    }

    pub(crate) fn with_fresh_until(mut self, due: Moment) -> Self {
        self.fresh_until = due;
        self
    }

    #[inline]
    pub(crate) fn fresh_until(&self) -> Moment {
        self.fresh_until
    }

    /// Copies the header too, which clones share.
    pub(crate) fn copied(&self) -> Self {
        Self { value: sensitive::copy(&self.value), ..self.clone() }
    }

    /// Tells whether it was issued before somebody asked for it here.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Returns the header that carries it, nearly always `Authorization`.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Returns the header's value. It is marked sensitive: its `Debug` does not show it.
    #[must_use]
    pub fn value(&self) -> &HeaderValue {
        &self.value
    }

    pub(crate) fn into_header(self) -> (HeaderName, HeaderValue) {
        (self.name, self.value)
    }

    /// Returns what tells it from every other credential.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Returns the client certificate that it is bound to (RFC 8705 §3), if it is.
    #[must_use]
    pub fn binding(&self) -> Option<Thumbprint> {
        self.binding.as_deref().copied()
    }
}

/// Waits for a credential.
pub type Obtaining = Pin<Box<dyn Future<Output = Result<Credential, Error>> + Send>>;

/// Has credentials, at once or after a while.
///
/// [`Authorization`](crate::authorization::Authorization) asks it; [`TokenCache`](crate::TokenCache) and
/// [`StaticToken`](crate::StaticToken) are it.
#[async_trait]
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// Names the header that its credentials go into. Default: `Authorization`.
    ///
    /// A request that brings this header is refused before a credential is obtained for nothing.
    fn header_name(&self) -> HeaderName {
        AUTHORIZATION
    }

    /// Returns the credential if one can be had at once: no wait, no lock, no allocation.
    fn ready(&self) -> Option<Credential>;

    /// Names the [`TokenCache`](crate::TokenCache) that its credentials come from, so that a request need not share in
    /// the source until its answer comes. Default: none, and it does.
    ///
    /// A 401 is then told to that cache alone, and not to [`invalidate`](Self::invalidate). So only who hands out the
    /// very credentials of one and the same cache for good, and has nothing to do with rejections itself, passes
    /// that cache's number on.
    fn source_id(&self) -> Option<SourceId> {
        None
    }

    /// Tells at a glance whether [`ready`](Self::ready) would hand out this very credential, and had nothing else to
    /// do. Default: no, it is to be asked.
    fn is_fresh(&self, credential: &Credential) -> bool {
        let _ = credential;
        false
    }

    /// Returns a credential, waiting for one where it must.
    ///
    /// # Cancellation
    ///
    /// Dropping the future loses this caller's wait and nothing else.
    async fn obtain(&self) -> Result<Credential, Error>;

    /// Does what [`obtain`](Self::obtain) does, in a future that borrows nothing: each request that waits has one.
    /// Default: a box around that one's box.
    fn obtain_owned(&self) -> Obtaining
    where
        Self: Clone + Sized + 'static,
    {
        let source = self.clone();
        Box::pin(async move { source.obtain().await })
    }

    /// Returns the generation that [`ready`](Self::ready) would hand out; none if there is none.
    fn generation(&self) -> Option<Generation>;

    /// Takes note that the credential of this generation was rejected.
    ///
    /// It is compare-and-swap: where another credential is current by now, nothing happens. A source that
    /// cannot have a different credential keeps the one it has.
    fn invalidate(&self, generation: Generation);

    /// Takes note that the credential of this generation is bound to another client certificate than the one
    /// presented, which is `certificate`: so it is after a rotation.
    ///
    /// Default: as [`invalidate`](Self::invalidate). A source that gets its credentials with the certificate that
    /// is presented throws it away however young it is, once for each certificate.
    fn rebind(&self, generation: Generation, certificate: Thumbprint) {
        let _ = certificate;
        self.invalidate(generation);
    }
}

#[async_trait]
impl<T: CredentialSource + ?Sized> CredentialSource for Arc<T> {
    fn header_name(&self) -> HeaderName {
        (**self).header_name()
    }

    fn ready(&self) -> Option<Credential> {
        (**self).ready()
    }

    fn source_id(&self) -> Option<SourceId> {
        (**self).source_id()
    }

    fn is_fresh(&self, credential: &Credential) -> bool {
        (**self).is_fresh(credential)
    }

    async fn obtain(&self) -> Result<Credential, Error> {
        (**self).obtain().await
    }

    fn obtain_owned(&self) -> Obtaining
    where
        T: 'static,
    {
        let source = Self::clone(self);
        Box::pin(async move { (*source).obtain().await })
    }

    fn generation(&self) -> Option<Generation> {
        (**self).generation()
    }

    fn invalidate(&self, generation: Generation) {
        (**self).invalidate(generation);
    }

    fn rebind(&self, generation: Generation, certificate: Thumbprint) {
        (**self).rebind(generation, certificate);
    }
}

/// Names the credentials of one request, in its extensions, above those of the layer.
///
/// So one stack serves many customers. Give the layer [`PerRequest`] as its own source then: a request that
/// lost its extensions on the way (a redirect, a retry that builds it anew) must not go out as somebody else.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use claviger_auth_core::{StaticToken, UseCredentials};
///
/// let customer = StaticToken::bearer("swordfish".into())?;
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(UseCredentials::new(Arc::new(customer)));
/// assert!(!format!("{request:?}").contains("swordfish"));
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UseCredentials(Arc<dyn CredentialSource>);

impl UseCredentials {
    /// Stamps the request from `source`.
    #[must_use]
    pub fn new(source: Arc<dyn CredentialSource>) -> Self {
        Self(source)
    }

    pub(crate) fn source(&self) -> &Arc<dyn CredentialSource> {
        &self.0
    }
}

/// Has no credentials: each request names its own, as [`UseCredentials`], or is refused.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PerRequest;

#[async_trait]
impl CredentialSource for PerRequest {
    fn ready(&self) -> Option<Credential> {
        None
    }

    async fn obtain(&self) -> Result<Credential, Error> {
        Err(Error::new(ErrorKind::Configuration, "the request names no credentials")
            .with_advice("put UseCredentials into the extensions of each request"))
    }

    fn generation(&self) -> Option<Generation> {
        None
    }

    fn invalidate(&self, _generation: Generation) {}
}
