//! What every layer that stamps a header keeps to.

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::{Error, ErrorKind, HttpRequest, Origins};

/// Says what becomes of a request to an origin that a header was not made for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ForeignOrigin {
    /// It is sent as it came, without the header.
    PassWithout,
    /// It is refused before anything is sent.
    #[default]
    Refuse,
}

/// Says what becomes of a header of that name which is already on the request.
///
/// It is never kept beside ours, nor in our place: two layers that disagree about whom a request speaks for
/// are a mistake, and the request would go out for the wrong one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ExistingHeader {
    /// The request is refused before anything is sent.
    #[default]
    Refuse,
    /// It is taken off.
    Replace,
}

/// The rules of one layer.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) origins: Origins,
    pub(crate) foreign: ForeignOrigin,
    pub(crate) existing: ExistingHeader,
}

impl Rules {
    pub(crate) fn new(origins: Origins) -> Self {
        Self { origins, foreign: ForeignOrigin::default(), existing: ExistingHeader::default() }
    }

    /// Tells whether the request may carry the header; if not, whether it may pass without.
    #[inline]
    pub(crate) fn admit<R: HttpRequest>(&self, request: &R) -> Result<Admission, Error> {
        match self.origins.check(request) {
            Ok(()) => Ok(Admission::Stamp),
            Err(error) => self.refuse(error),
        }
    }

    #[cold]
    fn refuse(&self, error: Error) -> Result<Admission, Error> {
        match self.foreign {
            ForeignOrigin::PassWithout => Ok(Admission::PassWithout),
            ForeignOrigin::Refuse => Err(error),
        }
    }

    /// Makes room for a header: none of that name is left, or the request is refused.
    pub(crate) fn clear<R: HttpRequest>(
        &self,
        request: &mut R,
        name: &HeaderName,
        refused: ErrorKind,
    ) -> Result<(), Error> {
        if !request.headers().contains_key(name) {
            return Ok(());
        }
        match self.existing {
            ExistingHeader::Replace => {
                request.headers_mut().remove(name);
                Ok(())
            }
            ExistingHeader::Refuse => Err(existing(name, refused)),
        }
    }

    /// Puts the header on the request, alone of its name.
    #[inline(always)]
    pub(crate) fn stamp<R: HttpRequest>(
        &self,
        request: &mut R,
        name: &HeaderName,
        value: HeaderValue,
        refused: ErrorKind,
    ) -> Result<(), Error> {
        // Apart, so that the usual name is known where it is hashed.
        if *name != AUTHORIZATION {
            return self.stamp_other(request.headers_mut(), name, value, refused);
        }
        match request.headers_mut().insert(AUTHORIZATION, value) {
            None => Ok(()),
            Some(_) => self.replaced(name, refused),
        }
    }

    #[inline(never)]
    fn stamp_other(
        &self,
        headers: &mut HeaderMap,
        name: &HeaderName,
        value: HeaderValue,
        refused: ErrorKind,
    ) -> Result<(), Error> {
        headers.insert(name, value).map_or(Ok(()), |_| self.replaced(name, refused))
    }

    /// A header took the place of every other of its name. Where that is not allowed, the request goes nowhere.
    #[cold]
    fn replaced(&self, name: &HeaderName, refused: ErrorKind) -> Result<(), Error> {
        match self.existing {
            ExistingHeader::Refuse => Err(existing(name, refused)),
            ExistingHeader::Replace => Ok(()),
        }
    }
}

#[cold]
fn existing(name: &HeaderName, refused: ErrorKind) -> Error {
    Error::new(refused, "the request brings a header that the layer sets")
        .with_subject(name.as_str())
        .with_advice("leave the header to the layer, or let the layer replace it")
}

/// What a layer does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Admission {
    PassWithout,
    Stamp,
}
