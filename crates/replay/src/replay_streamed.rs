//! Sends a streamed body a second time, out of a bounded copy.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use claviger_auth_core::retry_unauthorized::Replay;
use http::{HeaderMap, Request, request};
use http_body::{Body, Frame, SizeHint};

/// Keeps a copy of a body while it streams, up to a limit, so that it can be sent again.
///
/// Nothing is read ahead and nothing held back. Over the limit the copy is let go and the body streams on: if
/// the credential is rejected then, the answer is passed on, and the next request has a fresh credential. So it is
/// while the client below still holds the first body, because the server answered before it had read all of it.
///
/// The service below gets a [`StreamedBody`]. Where it wants a body of one type, convert:
/// `map_request(|request: Request<StreamedBody<_>>| request.map(axum::body::Body::new))`.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone, Copy, Debug)]
pub struct ReplayStreamed {
    limit: usize,
}

impl ReplayStreamed {
    /// Keeps at most 64 KiB of each body.
    #[must_use]
    pub fn new() -> Self {
        Self { limit: DEFAULT_LIMIT }
    }

    /// Sets how many bytes of a body are kept. Default: 64 KiB.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Begins to stream a body, and tells where it is put down; nowhere if it is too large from the start.
    pub(crate) fn stream<B: Body>(self, body: B) -> (StreamedBody<B>, Option<Returned<B>>) {
        let (returned, kept) = if body.size_hint().lower() <= self.limit as u64 {
            let slot = Arc::new(Mutex::new(None));
            let kept = Kept::Pieces { pieces: VecDeque::new(), room: self.limit };
            (Some(slot), kept)
        } else {
            (None, Kept::Nothing)
        };
        let content = Content { first: VecDeque::new(), rest: Box::pin(body), kept };
        let streamed = StreamedBody { content: Some(content), returned: returned.clone().map(Returned) };
        (streamed, returned.map(Returned))
    }
}

impl Default for ReplayStreamed {
    fn default() -> Self {
        Self::new()
    }
}

impl<B: Body> Replay<Request<B>> for ReplayStreamed {
    type Request = Request<StreamedBody<B>>;
    type Copy = StreamedRequest<request::Parts, B>;

    fn prepare(&self, request: Request<B>) -> (Self::Request, Option<Self::Copy>) {
        let (head, body) = request.into_parts();
        let (body, returned) = self.stream(body);
        let copy = returned.map(|returned| StreamedRequest::new(head.clone(), returned));
        (Request::from_parts(head, body), copy)
    }

    fn again(copy: Self::Copy) -> Option<Self::Request> {
        let (head, body) = copy.again()?;
        Some(Request::from_parts(head, body?))
    }
}

/// Waits to be sent again: the head of a request, and the place where its body comes back to.
pub struct StreamedRequest<H, B> {
    head: H,
    /// None if the head is the whole request.
    returned: Option<Returned<B>>,
}

impl<H, B: Body> StreamedRequest<H, B> {
    pub(crate) fn new(head: H, returned: Returned<B>) -> Self {
        Self { head, returned: Some(returned) }
    }

    /// Keeps a request that has its body with it.
    #[cfg(any(feature = "reqwest-0-12", feature = "reqwest-0-13"))]
    pub(crate) fn whole(request: H) -> Self {
        Self { head: request, returned: None }
    }

    /// Takes the body up again; none at all if the first is still under way, or no copy of it was kept.
    pub(crate) fn again(self) -> Option<(H, Option<StreamedBody<B>>)> {
        let Some(returned) = self.returned else { return Some((self.head, None)) };
        let Content { rest, kept, .. } = returned.take()?;
        let Kept::Pieces { pieces, .. } = kept else { return None };
        let content = Content { first: pieces, rest, kept: Kept::Nothing };
        Some((self.head, Some(StreamedBody { content: Some(content), returned: None })))
    }
}

impl<H, B> fmt::Debug for StreamedRequest<H, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedRequest").finish_non_exhaustive()
    }
}

/// Where a body that was sent is put down, by the client that is done with it.
pub(crate) struct Returned<B>(Arc<Mutex<Option<Content<B>>>>);

impl<B> Returned<B> {
    fn take(&self) -> Option<Content<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, content: Content<B>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(content);
    }
}

/// Streams a body, and leaves behind what it takes to stream it again.
pub struct StreamedBody<B> {
    /// None once it is put down.
    content: Option<Content<B>>,
    /// None if nobody would send it again.
    returned: Option<Returned<B>>,
}

/// A body: what was read of it and is to be sent first, and the rest.
struct Content<B> {
    /// To be sent before the rest.
    first: VecDeque<Piece>,
    /// What is not yet read.
    rest: Pin<Box<B>>,
    /// What was read of it.
    kept: Kept,
}

enum Kept {
    /// Nothing, or not any more: there is too much, it is sent for the second time, or it broke off.
    Nothing,
    Pieces {
        pieces: VecDeque<Piece>,
        room: usize,
    },
}

#[derive(Clone)]
enum Piece {
    Data(Bytes),
    Trailers(Box<HeaderMap>),
}

impl<B> StreamedBody<B> {
    fn put_down(&mut self) {
        if let (Some(content), Some(returned)) = (self.content.take(), self.returned.take()) {
            returned.put(content);
        }
    }
}

impl<B> Drop for StreamedBody<B> {
    fn drop(&mut self) {
        self.put_down();
    }
}

impl<B: Body> Body for StreamedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(content) = &mut self.content else { return Poll::Ready(None) };
        let frame = ready!(content.poll_frame(cx));
        // Put down at the end already: a client may hold what it has sent for longer than the server takes.
        if frame.is_none() || content.is_end() {
            self.put_down();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.content.as_ref().is_none_or(Content::is_end)
    }

    fn size_hint(&self) -> SizeHint {
        self.content.as_ref().map_or_else(|| SizeHint::with_exact(0), Content::size_hint)
    }
}

impl<B: Body> Content<B> {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(piece) = self.first.pop_front() {
            return Poll::Ready(Some(Ok(piece.into())));
        }
        let frame = match ready!(self.rest.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => frame.map_data(|mut data| data.copy_to_bytes(data.remaining())),
            Some(Err(error)) => {
                self.kept = Kept::Nothing;
                return Poll::Ready(Some(Err(error)));
            }
            None => return Poll::Ready(None),
        };
        self.kept.keep(&frame);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end(&self) -> bool {
        self.first.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first: usize = self.first.iter().map(Piece::len).sum();
        let (first, rest) = (first as u64, self.rest.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(first)) {
            hint.set_upper(upper);
        }
        hint
    }
}

impl Kept {
    fn keep(&mut self, frame: &Frame<Bytes>) {
        let Self::Pieces { pieces, room } = self else { return };
        let piece = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => Piece::Data(data.clone()),
            (_, Some(trailers)) => Piece::Trailers(Box::new(trailers.clone())),
            (None, None) => {
                *self = Self::Nothing;
                return;
            }
        };
        // Many small frames cost more than their bytes.
        match room.checked_sub(piece.len().max(size_of::<Piece>())) {
            Some(left) => {
                *room = left;
                pieces.push_back(piece);
            }
            None => *self = Self::Nothing,
        }
    }
}

impl Piece {
    /// Counts trailers as nothing: a server takes few, and a client that sends them knows them.
    fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Trailers(_) => 0,
        }
    }
}

impl From<Piece> for Frame<Bytes> {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Data(data) => Self::data(data),
            Piece::Trailers(trailers) => Self::trailers(*trailers),
        }
    }
}

impl<B> fmt::Debug for StreamedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedBody").finish_non_exhaustive()
    }
}

const DEFAULT_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests;
