//! Who is let in, and what they are told.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use claviger_auth_core::Error;
use http::{Method, Request, Response, StatusCode, header::HOST};
use http_body_util::Full;
use secrecy::SecretString;
use tokio::sync::{Notify, mpsc, watch};

use super::pages::{self, Page};
use crate::login::Expected;

/// What the connections of one login share.
pub(super) struct Desk {
    expected: Arc<Expected>,
    /// As a browser names it in `Host`.
    hosts: [String; 2],
    path: String,
    /// Where there are no parameters.
    clean_path: String,
    /// With room for one.
    answer: mpsc::Sender<Result<SecretString, Error>>,
    outcome: watch::Sender<Outcome>,
    shown: Notify,
}

/// What came of the login.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    Unanswered,
    /// There is an answer, and tokens are being made of it.
    Unknown,
    Failed,
    Worked,
}

pub(super) struct Answer {
    pub(super) response: Response<Full<Bytes>>,
    /// Whether it says what came of the login.
    pub(super) is_page: bool,
}

impl Desk {
    /// Comes with where the one answer arrives.
    pub(super) fn new(
        expected: Arc<Expected>,
        address: SocketAddr,
        path: &str,
    ) -> (Arc<Self>, mpsc::Receiver<Result<SecretString, Error>>) {
        let (answer, arriving) = mpsc::channel(1);
        // The port of the scheme is left out by browsers.
        let short =
            if address.port() == 80 { address.to_string().replace(":80", "") } else { address.to_string() };
        let desk = Self {
            expected,
            hosts: [address.to_string(), short],
            path: path.to_owned(),
            clean_path: format!("{}/done", path.trim_end_matches('/')),
            answer,
            outcome: watch::Sender::new(Outcome::Unanswered),
            shown: Notify::new(),
        };
        (Arc::new(desk), arriving)
    }

    pub(super) fn tell(&self, outcome: Outcome) {
        self.outcome.send_replace(outcome);
    }

    /// Waits until a browser has the last page.
    pub(super) async fn shown(&self) {
        self.shown.notified().await;
    }

    pub(super) fn note_shown(&self) {
        self.shown.notify_one();
    }

    /// Answers a request. Nothing of it is ever shown.
    pub(super) async fn answer<B>(&self, request: &Request<B>) -> Answer {
        let junk = |status| Answer { response: pages::page(status, Page::Junk), is_page: false };
        let path = request.uri().path();
        // A name that leads here may be anybody's, and so may the page that sends the request (DNS rebinding).
        if !self.is_host(request) {
            return junk(StatusCode::MISDIRECTED_REQUEST);
        }
        if path != self.path && path != self.clean_path {
            return junk(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::GET {
            return junk(StatusCode::METHOD_NOT_ALLOWED);
        }
        if path == self.clean_path {
            return self.last_page().await;
        }
        let Some(code) = self.expected.read(request.uri().query().unwrap_or_default()) else {
            return junk(StatusCode::BAD_REQUEST);
        };
        // A second one, in a tab that was reloaded, is passed over and sees the same.
        let _ = self.answer.try_send(code);
        self.outcome.send_if_modified(|outcome| {
            let is_first = *outcome == Outcome::Unanswered;
            if is_first {
                *outcome = Outcome::Unknown;
            }
            is_first
        });
        Answer { response: pages::see_other(&self.clean_path), is_page: false }
    }

    async fn last_page(&self) -> Answer {
        let mut outcome = self.outcome.subscribe();
        // Who asks before there is an answer is one of those who have no business here.
        if *outcome.borrow() == Outcome::Unanswered {
            return Answer { response: pages::page(StatusCode::NOT_FOUND, Page::Junk), is_page: false };
        }
        let known = outcome.wait_for(|outcome| *outcome != Outcome::Unknown).await;
        let worked = known.is_ok_and(|outcome| *outcome == Outcome::Worked);
        let page = if worked { Page::Worked } else { Page::Failed };
        Answer { response: pages::page(StatusCode::OK, page), is_page: true }
    }

    fn is_host<B>(&self, request: &Request<B>) -> bool {
        let mut hosts = request.headers().get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        hosts.next().is_none() && host.is_some_and(|host| self.hosts.iter().any(|own| own == host))
    }
}
