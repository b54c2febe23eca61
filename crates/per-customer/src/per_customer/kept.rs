//! What is kept behind the lock.

use std::{
    collections::HashMap,
    hash::Hash,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lru::LruCache;

/// The values, and when each was asked for last.
///
/// What goes is dropped when the lock is open again: a value's end may be anything, a call of ours included.
pub(super) struct Kept<K, V> {
    idle_time: Duration,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    values: LruCache<K, Used<V>>,
    /// Those for whom a value is being made, each with the ticket of whoever makes one.
    making: HashMap<K, u64>,
    tickets: u64,
}

struct Used<V> {
    value: V,
    at: Duration,
}

/// What there is for a customer.
pub(super) enum Found<'a, K: Eq + Hash, V> {
    Kept(V),
    Nothing(Making<'a, K, V>),
}

impl<K: Eq + Hash, V> Kept<K, V> {
    pub(super) fn new(capacity: NonZeroUsize, idle_time: Duration) -> Self {
        // Sparse: it takes room as customers come.
        let state = State { values: LruCache::sparse(capacity), making: HashMap::new(), tickets: 0 };
        Self { idle_time, state: Mutex::new(state) }
    }

    pub(super) fn len(&self) -> usize {
        self.state().values.len()
    }

    pub(super) fn forget(&self, customer: &K) {
        let mut state = self.state();
        let gone = (state.values.pop_entry(customer), state.making.remove_entry(customer));
        drop(state);
        drop(gone);
    }

    pub(super) fn evict_idle(&self, now: Duration) {
        let mut state = self.state();
        let idle = state.take_idle(now, self.idle_time);
        drop(state);
        drop(idle);
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Kept<K, V> {
    /// Finds a value, or room to make it; lets go those that are idle by `now`.
    pub(super) fn find<'a>(&'a self, customer: &'a K, now: Duration) -> Found<'a, K, V> {
        let mut state = self.state();
        let idle = state.take_idle(now, self.idle_time);
        let found = match state.values.get_mut(customer) {
            Some(used) => {
                used.at = used.at.max(now);
                Found::Kept(used.value.clone())
            }
            None => Found::Nothing(Making { kept: self, customer, ticket: state.ticket(customer) }),
        };
        drop(state);
        drop(idle);
        found
    }
}

/// A value that is being made. It counts until this is dropped, or the customer forgotten.
pub(super) struct Making<'a, K: Eq + Hash, V> {
    kept: &'a Kept<K, V>,
    customer: &'a K,
    ticket: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Making<'_, K, V> {
    /// Keeps the value and returns it.
    ///
    /// Returns none, and keeps nothing, if somebody else was first or the customer was forgotten meanwhile.
    pub(super) fn keep(&self, value: V, now: Duration) -> Option<V> {
        let mut state = self.kept.state();
        let gone = self.take_ticket(&mut state).map(|ticket| {
            (ticket, state.values.push(self.customer.clone(), Used { value: value.clone(), at: now }))
        });
        drop(state);
        gone.map(|_dropped| value)
    }
}

impl<K: Eq + Hash, V> Making<'_, K, V> {
    fn take_ticket(&self, state: &mut State<K, V>) -> Option<(K, u64)> {
        let counts = state.making.get(self.customer) == Some(&self.ticket);
        if counts { state.making.remove_entry(self.customer) } else { None }
    }
}

impl<K: Eq + Hash, V> Drop for Making<'_, K, V> {
    fn drop(&mut self) {
        let mut state = self.kept.state();
        let gone = self.take_ticket(&mut state);
        drop(state);
        drop(gone);
    }
}

impl<K: Clone + Eq + Hash, V> State<K, V> {
    /// Those who make a value for one customer at once have one ticket.
    fn ticket(&mut self, customer: &K) -> u64 {
        if let Some(ticket) = self.making.get(customer) {
            return *ticket;
        }
        self.tickets += 1;
        self.making.insert(customer.clone(), self.tickets);
        self.tickets
    }
}

impl<K: Eq + Hash, V> State<K, V> {
    /// Takes out what is idle: since each use moves a value to the front, it stands together at the end.
    fn take_idle(&mut self, now: Duration, idle_time: Duration) -> Vec<(K, Used<V>)> {
        let mut idle = Vec::new();
        while let Some((_, last)) = self.values.peek_lru()
            && now.saturating_sub(last.at) >= idle_time
        {
            idle.extend(self.values.pop_lru());
        }
        idle
    }
}
