//! The map and its builder.

mod kept;
#[cfg(test)]
mod tests;

use std::{fmt, hash::Hash, num::NonZeroUsize, sync::Arc, time::Duration};

use claviger_auth_core::{Clock, Error, SystemClock};

use self::kept::{Found, Kept};

/// Keeps what was made for each customer, for so many customers at most.
///
/// Clones share what is kept.
///
/// - Whoever asks for the same customer gets a clone of the same value, also those who ask at once.
/// - The value is made while no lock is held: a customer whose value takes long, or cannot be made, is in nobody's
///   way. An error is told to whoever asked and not remembered; it makes no other customer's value go.
/// - Past the capacity the customer goes who was asked for least recently; past the idle time, everybody who was
///   not asked for meanwhile. Whoever holds a clone of the value keeps it: a request that is under way ends as it
///   would have. The next one gets a value made anew, thus another token, another connection.
///
/// With a [`TokenCache`](claviger_auth_core::TokenCache) for each, a token endpoint that fails for one customer is
/// the business of that one's cache, errors and backoff included. With a client for each, no two customers share
/// a connection.
///
/// # Memory
///
/// A customer with a `TokenCache`, a token of 1,000 bytes and a client id and secret of 80 bytes takes 2,231 bytes on
/// a 64-bit machine, of which 130 are this map's; so ten thousand take 18 MB. `cargo run -p claviger-per-customer
/// --example memory` measures it. A whole client has TLS settings and open connections beside that.
///
/// # Example
///
/// ```
/// use std::{fs, sync::Arc};
/// use claviger_auth_core::{Error, ErrorKind, PerRequest, UseCredentials};
/// use claviger_per_customer::PerCustomer;
///
/// let customers = PerCustomer::builder(|customer: &u32| match customer {
///     1 | 2 => Ok(UseCredentials::new(Arc::new(PerRequest::default()))),
///     _ => Err(Error::new(ErrorKind::Configuration, "no such customer")),
/// })
/// .build();
/// customers.of(&1)?;
/// customers.of(&2)?;
/// assert_eq!(customers.of(&3).unwrap_err().to_string(), "no such customer");
/// assert_eq!(customers.len(), 2);
/// customers.forget(&1);
/// assert_eq!(customers.len(), 1);
/// # Ok::<(), Error>(())
/// ```
pub struct PerCustomer<K, V> {
    shared: Arc<Shared<K, V>>,
}

struct Shared<K, V> {
    make: Box<Make<K, V>>,
    clock: Arc<dyn Clock>,
    kept: Kept<K, V>,
}

type Make<K, V> = dyn Fn(&K) -> Result<V, Error> + Send + Sync;

impl<K, V> PerCustomer<K, V> {
    /// Begins a map whose values `make` makes, each when its customer is first asked for.
    ///
    /// It should not wait for anything: it runs on the caller's thread. It may run more than once for a customer
    /// who is asked for on several threads at once; all of them get the value that was ready first.
    pub fn builder(
        make: impl Fn(&K) -> Result<V, Error> + Send + Sync + 'static,
    ) -> PerCustomerBuilder<K, V> {
        PerCustomerBuilder {
            make: Box::new(make),
            clock: None,
            capacity: CAPACITY,
            idle_time: Duration::from_secs(3600),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> PerCustomer<K, V> {
    /// Returns the value of a customer, made for them if there is none.
    ///
    /// Lets go whoever is idle.
    ///
    /// # Errors
    ///
    /// What making it failed with. The next call tries again.
    pub fn of(&self, customer: &K) -> Result<V, Error> {
        let Shared { make, clock, kept } = &*self.shared;
        loop {
            match kept.find(customer, clock.monotonic()) {
                Found::Kept(value) => return Ok(value),
                Found::Nothing(making) => {
                    let made = make(customer)?;
                    if let Some(value) = making.keep(made, clock.monotonic()) {
                        return Ok(value);
                    }
                    // Somebody else was first; or the customer was forgotten, and it was made of what is no longer so.
                }
            }
        }
    }

    /// Lets the value of a customer go: they left, or their secret changed.
    ///
    /// The next [`of`](Self::of) makes it anew. A value that is being made meanwhile is not kept, either.
    pub fn forget(&self, customer: &K) {
        self.shared.kept.forget(customer);
    }

    /// Lets all values go that have been idle for too long, as [`of`](Self::of) does: for programs that may get no
    /// request for hours and want the memory back.
    pub fn evict_idle(&self) {
        self.shared.kept.evict_idle(self.shared.clock.monotonic());
    }
}

impl<K: Eq + Hash, V> PerCustomer<K, V> {
    /// Counts the values that are kept, those included that are idle and have not been let go yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.kept.len()
    }

    /// Tells whether no value is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K, V> Clone for PerCustomer<K, V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// Shows neither customers nor what is kept for them.
impl<K, V> fmt::Debug for PerCustomer<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerCustomer").finish_non_exhaustive()
    }
}

/// Sets up a [`PerCustomer`].
#[must_use = "a builder does nothing until it is built"]
pub struct PerCustomerBuilder<K, V> {
    make: Box<Make<K, V>>,
    clock: Option<Arc<dyn Clock>>,
    capacity: NonZeroUsize,
    idle_time: Duration,
}

impl<K: Eq + Hash, V> PerCustomerBuilder<K, V> {
    /// Keeps the values of so many customers. Default: 10,000.
    ///
    /// It should be more than there are customers at work at the same time: one who went has another token fetched
    /// for the next request.
    pub fn with_capacity(mut self, customers: NonZeroUsize) -> Self {
        self.capacity = customers;
        self
    }

    /// Sets how long a value is kept that nobody asks for. Default: 1 h.
    ///
    /// Asking is what counts: a value that somebody holds and uses is idle all the same.
    pub fn with_idle_time(mut self, time: Duration) -> Self {
        self.idle_time = time;
        self
    }

    /// Asks this clock for the time. Default: the operating system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Builds the map. Nothing is made.
    #[must_use]
    pub fn build(self) -> PerCustomer<K, V> {
        let Self { make, clock, capacity, idle_time } = self;
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        PerCustomer { shared: Arc::new(Shared { make, clock, kept: Kept::new(capacity, idle_time) }) }
    }
}

impl<K, V> fmt::Debug for PerCustomerBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerCustomerBuilder")
            .field("capacity", &self.capacity)
            .field("idle_time", &self.idle_time)
            .finish_non_exhaustive()
    }
}

const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");
