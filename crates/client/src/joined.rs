//! One connection for all who ask for one at the same time.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use claviger_auth_core::{BoxError, Error, ErrorKind, Origin};
use http::Uri;
use hyper_util::client::legacy::connect::Connection;
use tower_service::Service;

use crate::{
    attempt::{Attempt, Connect, Outcome, Seat},
    attempts::{Attempts, Join, Landing, Place, Protocol},
    connections::Connections,
    polled::{self, Moment},
};

/// Connects once for all who ask while there is no connection to an origin.
///
/// Before a first connection, hyper-util cannot know that an origin speaks HTTP/2 and that one is enough: it
/// asks for one per request. Here, those who ask join the attempt that is under way. One of them gets the
/// connection, and hyper-util shares it among the others as soon as it is in the pool; then it goes on with
/// what they asked for in the background, where it is given up. If the attempt fails, it fails for all.
///
/// An origin that speaks HTTP/1.1 is remembered as such: there, each request needs a connection of its own.
pub(crate) struct Joined<C: Service<Uri>> {
    inner: C,
    attempts: Attempts<C::Response>,
    connections: Connections,
}

impl<C: Service<Uri>> Joined<C> {
    pub(crate) fn new(inner: C, connections: Connections) -> Self {
        Self { inner, attempts: Attempts::default(), connections }
    }
}

impl<C: Service<Uri> + Clone> Clone for Joined<C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            attempts: self.attempts.clone(),
            connections: self.connections.clone(),
        }
    }
}

impl<C> Service<Uri> for Joined<C>
where
    C: Service<Uri, Error = BoxError, Future: Send> + Clone + Send + Unpin + 'static,
    C::Response: Connection + Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Joining<C>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Whether the inner one is ready matters to those only who do not join others.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // Plain HTTP has no origin here: it is HTTP/1.1.
        let place = Origin::of(&uri).ok().map(Place::new);
        Joining { joined: self.clone(), uri, place, state: State::Asking }
    }
}

/// The future of [`Joined`].
pub(crate) struct Joining<C: Service<Uri>> {
    joined: Joined<C>,
    uri: Uri,
    place: Option<Place>,
    state: State<C::Response>,
}

enum State<T> {
    // To find out whether there is an attempt to join.
    Asking,
    // Waiting for an attempt, with others.
    Seated(Seat<T>),
    // Making a connection that nobody else waits for.
    Alone(Connect<T>),
}

impl<C> Joining<C>
where
    C: Service<Uri, Error = BoxError, Future: Send> + Clone + Send + Unpin + 'static,
    C::Response: Connection + Send + 'static,
{
    fn ask(&self, moment: Moment) -> Result<State<C::Response>, BoxError> {
        let (mut connector, uri) = (self.joined.inner.clone(), self.uri.clone());
        let connect = Box::pin(async move {
            poll_fn(|cx| connector.poll_ready(cx)).await?;
            connector.call(uri).await
        });
        let Some(place) = &self.place else { return Ok(State::Alone(connect)) };
        let connections = &self.joined.connections;
        // The request was to have a connection that failed: hyper-util tries once more, and it was told.
        if let Some(error) = connections.failure(place.origin(), moment.request) {
            return Err(error.into());
        }
        let missed = || connections.landed() != moment.poll;
        Ok(match self.joined.attempts.join(place, connect, missed) {
            Join::Alone(connect) => State::Alone(connect),
            Join::Attempt(attempt) => State::Seated(Seat::new(attempt)),
            Join::Missed => State::Asking,
        })
    }

    /// Sees to those who wait for the same attempt.
    fn land(&self, attempt: Arc<Attempt<C::Response>>, result: &Result<C::Response, BoxError>) {
        let Some(place) = &self.place else { return };
        let landing = Landing::new(
            self.joined.attempts.clone(),
            self.joined.connections.clone(),
            place.clone(),
            attempt,
        );
        if result.as_ref().is_ok_and(|stream| self.learn(stream) == Protocol::Http2) {
            polled::drop_afterwards(Box::new(landing));
        }
    }

    fn learn(&self, stream: &C::Response) -> Protocol {
        let connected = stream.connected();
        let protocol = if connected.is_negotiated_h2() { Protocol::Http2 } else { Protocol::Http1 };
        if let Some(place) = &self.place {
            self.joined.connections.remember(place.origin().clone(), &connected);
            self.joined.attempts.learn(place, protocol);
        }
        protocol
    }
}

impl<C> Future for Joining<C>
where
    C: Service<Uri, Error = BoxError, Future: Send> + Clone + Send + Unpin + 'static,
    C::Response: Connection + Send + 'static,
{
    type Output = Result<C::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Asking => {
                    let Some(moment) = polled::moment() else { return Poll::Ready(Err(unwanted())) };
                    this.state = this.ask(moment)?;
                    if matches!(this.state, State::Asking) {
                        // It looks into the pool again, where it did not find what has landed in between.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                State::Seated(_) if polled::moment().is_none() => return Poll::Ready(Err(unwanted())),
                State::Seated(seat) => {
                    let Poll::Ready(outcome) = seat.poll(cx) else { return Poll::Pending };
                    match outcome {
                        Outcome::Connected(result) => {
                            let attempt = Arc::clone(seat.attempt());
                            this.land(attempt, &result);
                            return Poll::Ready(result);
                        }
                        Outcome::Failed(error) => return Poll::Ready(Err(error.into())),
                        Outcome::Over => this.state = State::Asking,
                    }
                }
                State::Alone(connect) => {
                    let Poll::Ready(result) = connect.as_mut().poll(cx) else { return Poll::Pending };
                    if let Ok(stream) = &result {
                        this.learn(stream);
                    }
                    return Poll::Ready(result);
                }
            }
        }
    }
}

/// Nobody reads this: the request has a connection.
fn unwanted() -> BoxError {
    Error::new(ErrorKind::Connect, "the connection is not needed any more").into()
}
