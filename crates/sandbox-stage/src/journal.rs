//! Keeps the requests as they arrived, in order.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};
use tokio::sync::watch;

use crate::clock;
use crate::event::Event;
use crate::fault::Target;
use crate::server::Peer;

/// Keeps the last 20,000 requests, each as it arrived: with its secrets, for a test must be able to find them.
#[derive(Debug)]
pub struct Journal {
    start: Instant,
    pages: Mutex<Pages>,
    arrivals: watch::Sender<u64>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { start: clock::now(), pages: Mutex::default(), arrivals: watch::Sender::new(0) }
    }

    /// Forgets all requests and failed handshakes.
    pub fn clear(&self) {
        let mut pages = self.pages();
        pages.entries.clear();
        pages.failed_handshakes.clear();
        pages.kept = 0;
    }

    /// Gives all requests in the order of their arrival.
    pub fn entries(&self) -> Vec<Entry> {
        self.pages().entries.iter().cloned().collect()
    }

    /// Gives the requests to the API alone.
    pub fn api_entries(&self) -> Vec<Entry> {
        self.pages().to(Target::Api).cloned().collect()
    }

    /// Gives the requests to the token endpoint alone.
    pub fn token_entries(&self) -> Vec<Entry> {
        self.pages().to(Target::Token).cloned().collect()
    }

    /// Counts the requests to the API.
    pub fn api_requests(&self) -> usize {
        self.pages().to(Target::Api).count()
    }

    /// Counts the requests to the token endpoint.
    pub fn token_requests(&self) -> usize {
        self.pages().to(Target::Token).count()
    }

    /// Gives the reasons of the handshakes that failed, in order: those peers never got as far as HTTP.
    pub fn failed_handshakes(&self) -> Vec<String> {
        self.pages().failed_handshakes.iter().cloned().collect()
    }

    /// Gives what came of the requests to an authorization server, in order.
    pub fn events(&self) -> Vec<Event> {
        self.pages().entries.iter().filter_map(|entry| entry.event).collect()
    }

    /// Waits until `count` requests to the API have arrived, answered or not.
    pub async fn wait_for_api_requests(&self, count: usize) {
        self.wait(|| self.api_requests() >= count).await;
    }

    /// Waits until `count` handshakes have failed.
    pub async fn wait_for_failed_handshakes(&self, count: usize) {
        self.wait(|| self.pages().failed_handshakes.len() >= count).await;
    }

    /// Waits until `count` requests to the token endpoint have arrived, answered or not.
    pub async fn wait_for_token_requests(&self, count: usize) {
        self.wait(|| self.token_requests() >= count).await;
    }

    pub(crate) fn arrived(&self, head: &Parts, peer: Peer, target: Target) -> u64 {
        let mut pages = self.pages();
        let sequence = pages.next;
        pages.next += 1;
        pages.entries.push_back(Entry {
            sequence,
            at: self.start.elapsed(),
            target,
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(ToOwned::to_owned),
            headers: head.headers.clone(),
            body: Vec::new(),
            body_length: 0,
            version: head.version,
            peer,
            status: None,
            event: None,
        });
        pages.prune();
        drop(pages);
        self.arrivals.send_modify(|count| *count += 1);
        sequence
    }

    pub(crate) fn received(&self, sequence: u64, data: &Bytes) {
        let mut pages = self.pages();
        let Some(entry) = pages.entry(sequence) else { return };
        entry.body_length += data.len() as u64;
        let room = MAX_BODY.saturating_sub(entry.body.len()).min(data.len());
        entry.body.extend_from_slice(&data.slice(..room));
        pages.kept += room;
        pages.prune();
    }

    pub(crate) fn answered(&self, sequence: u64, status: StatusCode, event: Option<Event>) {
        if let Some(entry) = self.pages().entry(sequence) {
            entry.status = Some(status);
            entry.event = event;
        }
    }

    pub(crate) fn handshake_failed(&self, reason: String) {
        let mut pages = self.pages();
        pages.failed_handshakes.push_back(reason);
        if pages.failed_handshakes.len() > MAX_ENTRIES {
            pages.failed_handshakes.pop_front();
        }
        drop(pages);
        self.arrivals.send_modify(|count| *count += 1);
    }

    async fn wait(&self, done: impl Fn() -> bool) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.arrivals.subscribe().wait_for(|_| done()).await;
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records one request and the status it was answered with.
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Counts the requests from 0; clearing the journal does not start it anew.
    pub sequence: u64,
    /// Tells when it arrived, from the start of the sandbox.
    pub at: Duration,
    /// Tells which side of the provider it went to.
    pub target: Target,
    /// Gives the method.
    pub method: Method,
    /// Gives the path.
    pub path: String,
    /// Gives the query.
    pub query: Option<String>,
    /// Gives all headers, in clear.
    pub headers: HeaderMap,
    /// Gives the first 64 KiB of the body, as far as it was read.
    pub body: Vec<u8>,
    /// Gives the length of the body, as far as it was read.
    pub body_length: u64,
    /// Gives the version of HTTP.
    pub version: Version,
    /// Tells who sent it.
    pub peer: Peer,
    /// Gives the status of the answer; `None` while there is none.
    pub status: Option<StatusCode>,
    /// Tells what came of a request to an authorization server.
    pub event: Option<Event>,
}

impl Entry {
    /// Gives the first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Gives the kept part of the body as text.
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("sequence", &self.sequence)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_length", &self.body_length)
            .field("peer", &self.peer)
            .field("status", &self.status)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Pages {
    entries: VecDeque<Entry>,
    failed_handshakes: VecDeque<String>,
    next: u64,
    kept: usize,
}

impl Pages {
    fn entry(&mut self, sequence: u64) -> Option<&mut Entry> {
        let first = self.entries.front()?.sequence;
        self.entries.get_mut(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    fn prune(&mut self) {
        while self.entries.len() > MAX_ENTRIES || self.kept > MAX_KEPT {
            let Some(entry) = self.entries.pop_front() else { return };
            self.kept = self.kept.saturating_sub(entry.body.len());
        }
    }

    fn to(&self, target: Target) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.target == target)
    }
}

const MAX_ENTRIES: usize = 20_000;
const MAX_BODY: usize = 64 * 1024;
const MAX_KEPT: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(path: &str) -> Parts {
        let (head, ()) =
            Request::get(path).header("authorization", "Bearer swordfish").body(()).unwrap().into_parts();
        head
    }

    #[test]
    fn keeps_requests_in_order_with_their_secrets() {
        let journal = Journal::new();
        journal.arrived(&head("/oauth/token?a=b"), Peer::default(), Target::Token);
        let second = journal.arrived(&head("/api"), Peer::default(), Target::Api);
        journal.received(second, &Bytes::from_static(b"hello"));
        journal.answered(second, StatusCode::CREATED, Some(Event::Revoked));
        let entries = journal.entries();
        assert_eq!(entries[0].path, "/oauth/token");
        assert_eq!(entries[0].query.as_deref(), Some("a=b"));
        assert_eq!(entries[0].status, None);
        assert_eq!(entries[1].header("authorization"), Some("Bearer swordfish"));
        assert_eq!(entries[1].body_text(), "hello");
        assert_eq!(entries[1].status, Some(StatusCode::CREATED));
        assert_eq!(journal.events(), [Event::Revoked]);
        assert_eq!((journal.token_requests(), journal.api_requests()), (1, 1));
        assert!(!format!("{entries:?}").contains("swordfish"));
    }

    #[test]
    fn drops_the_oldest_beyond_its_bounds() {
        let journal = Journal::new();
        for _ in 0..=MAX_ENTRIES {
            journal.arrived(&head("/"), Peer::default(), Target::Api);
        }
        assert_eq!(journal.entries().len(), MAX_ENTRIES);
        assert_eq!(journal.entries()[0].sequence, 1);
        let large = Bytes::from(vec![b'x'; MAX_BODY + 1]);
        for _ in 0..=MAX_KEPT / MAX_BODY {
            let sequence = journal.arrived(&head("/"), Peer::default(), Target::Api);
            journal.received(sequence, &large);
        }
        let entries = journal.entries();
        assert!(entries.iter().map(|entry| entry.body.len()).sum::<usize>() <= MAX_KEPT);
        assert_eq!(entries.last().unwrap().body_length, (MAX_BODY + 1) as u64);
    }

    #[test]
    fn an_answer_to_a_forgotten_request_is_nobodys() {
        let journal = Journal::new();
        let sequence = journal.arrived(&head("/"), Peer::default(), Target::Api);
        journal.clear();
        journal.answered(sequence, StatusCode::OK, None);
        journal.arrived(&head("/"), Peer::default(), Target::Api);
        journal.answered(sequence, StatusCode::OK, None);
        assert_eq!(journal.entries()[0].status, None);
    }
}
