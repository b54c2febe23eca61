//! Tells a connector which request it is polled by, as hyper-util does not.

use std::cell::RefCell;

use crate::connections::Number;

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// The request that is being polled on this thread.
struct Current {
    moment: Moment,
    afterwards: Vec<Box<dyn Send>>,
}

/// When a request began, and when it began to be polled.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) request: Number,
    pub(crate) poll: Number,
}

/// Stands for the poll of one request, up to its drop.
pub(crate) struct Polled {
    outer: Option<Current>,
}

impl Polled {
    /// Enters the poll of a request.
    pub(crate) fn enter(moment: Moment) -> Self {
        // Not for one request within another only: a body may send requests of its own while it is polled.
        let current = Current { moment, afterwards: Vec::new() };
        Self { outer: CURRENT.replace(Some(current)) }
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        // What is kept for afterwards is dropped after the thread is as it was: it wakes others.
        drop(CURRENT.replace(self.outer.take()));
    }
}

/// Returns since when which request is being polled.
///
/// There is none while hyper-util completes in the background what it began to connect for a request that got
/// another connection in the meantime.
pub(crate) fn moment() -> Option<Moment> {
    CURRENT.with_borrow(|current| current.as_ref().map(|current| current.moment))
}

/// Drops this when the request has been polled: in the same poll that makes a connection, hyper-util puts it
/// into its pool.
pub(crate) fn drop_afterwards(kept: Box<dyn Send>) {
    let unkept = CURRENT.with_borrow_mut(|current| match current {
        Some(current) => {
            current.afterwards.push(kept);
            None
        }
        None => Some(kept),
    });
    drop(unkept);
}
