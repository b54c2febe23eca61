//! How a request is sent a second time.

/// Prepares a request for being sent twice, before it is sent once.
pub trait Replay<R> {
    /// The request as the service below gets it, both times.
    type Request;

    /// What is kept of it until the first answer is there.
    type Copy;

    /// Returns the request to be sent, and what it takes to send it again; none if it can be sent only once.
    fn prepare(&self, request: R) -> (Self::Request, Option<Self::Copy>);

    /// Returns the request to be sent again; none if it turned out that it cannot be.
    fn again(copy: Self::Copy) -> Option<Self::Request>;
}

/// Copies requests by cloning them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReplayCloned;

impl<R: Clone> Replay<R> for ReplayCloned {
    type Request = R;
    type Copy = R;

    fn prepare(&self, request: R) -> (R, Option<R>) {
        let copy = request.clone();
        (request, Some(copy))
    }

    fn again(copy: R) -> Option<R> {
        Some(copy)
    }
}
