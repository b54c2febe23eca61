//! Another identity when its files change.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use claviger_auth_core::{Error, ErrorKind};
use tokio::{
    runtime::Handle,
    task::{AbortHandle, spawn_blocking},
    time,
};

use crate::{Identity, Tls};

/// Replaces the identity of a [`Tls`] when the files change that it was read from.
///
/// It goes by what the files hold, not by their dates: so it sees a file that was overwritten, one that was renamed
/// into place, and the symbolic links that Kubernetes swaps. A certificate and a key that do not fit each other (yet),
/// or that cannot be read, leave the old identity in use; they are read again the next time.
///
/// Nothing runs until [`start`](Self::start) or [`reload`](Self::reload) is called. A clone shares what was seen.
///
/// What a rotation does to connections and to tokens stands at [`Tls::replace_identity`].
///
/// # Example
///
/// ```
/// use claviger_mtls::{Rotation, Tls, Trust};
///
/// # let _ = rustls::crypto::ring::default_provider().install_default();
/// # let folder = tempfile::tempdir()?;
/// # let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
/// # let issue = || -> Result<String, Box<dyn std::error::Error>> {
/// #     let pair = rcgen::KeyPair::generate()?;
/// #     let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
/// #     parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
/// #     let pem = parameters.self_signed(&pair)?.pem();
/// #     std::fs::write(&certificate, &pem)?;
/// #     std::fs::write(&key, pair.serialize_pem())?;
/// #     Ok(pem)
/// # };
/// # let ca = issue()?;
/// let files = [&certificate, &key];
/// let identity = claviger_mtls::Identity::from_files(files)?;
/// let tls = Tls::builder(Trust::given([ca.as_bytes()])?).with_identity(identity).build()?;
/// let rotation = Rotation::of_files(tls.clone(), files);
/// assert!(rotation.reload()?.is_none(), "the files are as they were");
///
/// # issue()?;
/// // The files change …
/// let new = rotation.reload()?.expect("there is another certificate");
/// assert_eq!(tls.identity().map(|identity| identity.thumbprint()), Some(new.thumbprint()));
/// // A service would keep this, and have it done by itself: let _watch = rotation.start()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Rotation {
    tls: Tls,
    read: Arc<dyn Fn() -> Result<Identity, Error> + Send + Sync>,
    interval: Duration,
    listener: Arc<dyn Fn(&RotationEvent) + Send + Sync>,
    /// Held from before the files are read until the listener was told: no late reader puts an old identity in the
    /// place of a new one, and what happened is told in the order in which it did.
    turn: Arc<Mutex<()>>,
    /// What the last attempt failed with.
    failure: Arc<Mutex<Option<Error>>>,
}

/// Tells what became of a change in the files.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RotationEvent {
    /// What the files hold cannot be used, for this reason; the old identity stays in use. It is told once for each
    /// reason.
    Failed(Error),
    /// This identity is presented from now on.
    Replaced(Identity),
}

impl Rotation {
    /// Reads PEM files as [`Identity::from_files`] does: one with both, or several.
    #[must_use]
    pub fn of_files<P: Into<PathBuf>>(tls: Tls, paths: impl IntoIterator<Item = P>) -> Self {
        let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
        let provider = Arc::clone(tls.client_config().crypto_provider());
        Self::new(tls, move || {
            let builder = Identity::builder().with_crypto_provider(Arc::clone(&provider));
            paths.iter().fold(builder, |builder, path| builder.with_file(path)).build()
        })
    }

    /// Reads the identity by `read`, from wherever it is kept. It is called where it may block.
    #[must_use]
    pub fn new(tls: Tls, read: impl Fn() -> Result<Identity, Error> + Send + Sync + 'static) -> Self {
        Self {
            tls,
            read: Arc::new(read),
            interval: Duration::from_secs(30),
            listener: Arc::new(|_| {}),
            turn: Arc::default(),
            failure: Arc::default(),
        }
    }

    /// Sets how long [`start`](Self::start) waits from one look at the files to the next: 1 s at least. The default
    /// is 30 s.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// Calls `listener` when the identity was replaced, or could not be. By default it is only logged, by `tracing`.
    ///
    /// It is called where it may block; the next look at the files waits for it, and so does [`reload`](Self::reload),
    /// which it must not call.
    #[must_use]
    pub fn with_listener(mut self, listener: impl Fn(&RotationEvent) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(listener);
        self
    }

    /// Reads the files now, and returns the new identity; none if they hold what is in use already.
    ///
    /// It blocks while it reads, and while another does: on a runtime, call it by `spawn_blocking` where the files may be slow.
    ///
    /// # Errors
    ///
    /// Those of [`Identity::from_files`], or of the reader that was given, and of [`Tls::replace_identity`]. The old
    /// identity stays in use then.
    pub fn reload(&self) -> Result<Option<Identity>, Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let result = (self.read)().and_then(|identity| self.replace(identity));
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let event = match &result {
            Ok(replaced) => {
                *failure = None;
                replaced.clone().map(RotationEvent::Replaced)
            }
            Err(error) => {
                let last = failure.replace(error.clone());
                let is_news = last.is_none_or(|last| last.to_string() != error.to_string());
                is_news.then(|| RotationEvent::Failed(error.clone()))
            }
        };
        drop(failure);
        if let Some(event) = event {
            event.log();
            (self.listener)(&event);
        }
        result
    }

    /// Looks at the files now and then at each interval, on the tokio runtime that this is called on, until what is
    /// returned is dropped.
    ///
    /// # Errors
    ///
    /// [`Runtime`](ErrorKind::Runtime) outside a tokio runtime.
    ///
    /// # Panics
    ///
    /// The task does, on a tokio runtime that was built without time.
    pub fn start(&self) -> Result<Watch, Error> {
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(ErrorKind::Runtime, "files can only be watched on a tokio runtime")
                .with_advice("call start on a tokio runtime, or reload without one")
        })?;
        let rotation = self.clone();
        let task = runtime.spawn(async move {
            loop {
                let rotation = rotation.clone();
                let interval = rotation.interval;
                // Whatever became of it was told; a listener that panics stops nothing.
                let _ = spawn_blocking(move || rotation.reload()).await;
                time::sleep(interval).await;
            }
        });
        Ok(Watch { task: task.abort_handle() })
    }

    /// Returns why what the files hold cannot be used; none as long as all is well.
    #[must_use]
    pub fn failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what the identity is replaced in.
    #[must_use]
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    fn replace(&self, identity: Identity) -> Result<Option<Identity>, Error> {
        // The key need not be compared: a certificate has one.
        if self.tls.identity().is_some_and(|current| current.chain() == identity.chain()) {
            return Ok(None);
        }
        self.tls.replace_identity(identity.clone())?;
        Ok(Some(identity))
    }
}

impl fmt::Debug for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotation")
            .field("tls", &self.tls)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

impl RotationEvent {
    fn log(&self) {
        match self {
            Self::Failed(error) => {
                tracing::warn!(%error, advice = error.advice(), "the old client certificate stays in use");
            }
            Self::Replaced(identity) => {
                let subject = identity.subject();
                tracing::info!(subject, "another client certificate is presented from now on");
            }
        }
    }
}

/// Watches the files of a [`Rotation`] until it is dropped.
///
/// A look at the files that has begun by then is not broken off: it may still replace the identity, and tell so.
#[derive(Debug)]
#[must_use = "the files are watched until it is dropped"]
pub struct Watch {
    task: AbortHandle,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
