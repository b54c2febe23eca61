//! One attempt to connect, for all who wait for it.

use std::{
    collections::BTreeMap,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use claviger_auth_core::{BoxError, Error};

/// Makes a connection. It is boxed for being off the path of a request that has one.
pub(crate) type Connect<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Is driven by everyone who waits for it, so that it does not depend on one that leaves, or is not polled.
pub(crate) struct Attempt<T> {
    progress: Mutex<Progress<T>>,
    waiting: Arc<Waiting>,
}

enum Progress<T> {
    Connecting(Connect<T>),
    Failed(Error),
    /// One of those who wait has the connection, and the others are about to get it from the pool.
    Landing,
    /// There was a connection; those who are still here have not got it.
    Over,
}

/// What comes of an attempt for one of those who wait.
pub(crate) enum Outcome<T> {
    /// The attempt gave this one the connection, or its own error.
    Connected(Result<T, BoxError>),
    /// The attempt failed, for all.
    Failed(Error),
    /// The attempt is over, and this one has nothing of it.
    Over,
}

impl<T> Attempt<T> {
    pub(crate) fn new(connect: Connect<T>) -> Self {
        Self { progress: Mutex::new(Progress::Connecting(connect)), waiting: Arc::default() }
    }

    /// Ends the attempt when its connection has landed, and tells all who are still here.
    pub(crate) fn end(&self) {
        let mut progress = self.progress();
        if matches!(*progress, Progress::Landing) {
            *progress = Progress::Over;
        }
        drop(progress);
        self.waiting.wake_by_ref();
    }

    fn poll(&self, waker: &Waker) -> Poll<Outcome<T>> {
        let mut progress = self.progress();
        let connect = match &mut *progress {
            Progress::Connecting(connect) => connect,
            Progress::Failed(error) => return Poll::Ready(Outcome::Failed(error.clone())),
            Progress::Landing => return Poll::Pending,
            Progress::Over => return Poll::Ready(Outcome::Over),
        };
        let Poll::Ready(result) = connect.as_mut().poll(&mut Context::from_waker(waker)) else {
            return Poll::Pending;
        };
        *progress = match &result {
            Ok(_) => Progress::Landing,
            // An error that cannot be shared: the others try for themselves, one at a time again.
            Err(error) => Error::find(&**error).cloned().map_or(Progress::Over, Progress::Failed),
        };
        Poll::Ready(Outcome::Connected(result))
    }

    fn progress(&self) -> MutexGuard<'_, Progress<T>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one that waits for an attempt.
pub(crate) struct Seat<T> {
    attempt: Arc<Attempt<T>>,
    number: u64,
    waker: Waker,
}

impl<T> Seat<T> {
    pub(crate) fn new(attempt: Arc<Attempt<T>>) -> Self {
        let number = attempt.waiting.next_number();
        let waker = Waker::from(Arc::clone(&attempt.waiting));
        Self { attempt, number, waker }
    }

    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Outcome<T>> {
        // Before the attempt is polled, or what happens in between is missed.
        self.attempt.waiting.insert(self.number, cx.waker());
        self.attempt.poll(&self.waker)
    }

    pub(crate) fn attempt(&self) -> &Arc<Attempt<T>> {
        &self.attempt
    }
}

impl<T> Drop for Seat<T> {
    fn drop(&mut self) {
        self.attempt.waiting.remove(self.number);
    }
}

/// Whom to wake: all, since nobody knows which of them will be polled.
#[derive(Default)]
struct Waiting(Mutex<Wakers>);

#[derive(Default)]
struct Wakers {
    seats: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl Waiting {
    fn next_number(&self) -> u64 {
        let mut wakers = self.lock();
        wakers.seats += 1;
        wakers.seats
    }

    fn insert(&self, number: u64, waker: &Waker) {
        self.lock().wakers.insert(number, waker.clone());
    }

    fn remove(&self, number: u64) {
        let removed = self.lock().wakers.remove(&number);
        drop(removed);
    }

    fn lock(&self) -> MutexGuard<'_, Wakers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let wakers = mem::take(&mut self.lock().wakers);
        for waker in wakers.into_values() {
            waker.wake();
        }
    }
}
