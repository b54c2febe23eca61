//! Shows the page on which one logs in, and does what was pressed.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::Extension;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};

use super::asked::Asked;
use super::{AuthorizationServer, Decision, page};
use crate::event::Event;
use crate::random;
use crate::stage::drain;
use crate::token_request::parameters;

/// Keeps the requests that pages are shown for, each under a ticket that its page has. Nobody else can press a button
/// of it, and nobody twice: what is sent is the ticket alone, and the request is here.
#[derive(Default)]
pub(super) struct Tickets {
    open: Mutex<VecDeque<(String, Asked)>>,
}

impl Tickets {
    fn put(&self, ticket: String, asked: Asked) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push_back((ticket, asked));
        if open.len() > MAX_TICKETS {
            open.pop_front();
        }
    }

    fn take(&self, ticket: &str) -> Option<Asked> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let place = open.iter().position(|(other, _)| other == ticket)?;
        open.remove(place).map(|(_, asked)| asked)
    }
}

/// Answers an authorization request.
pub(super) async fn show(State(server): State<AuthorizationServer>, RawQuery(query): RawQuery) -> Response {
    match server.read(&query.unwrap_or_default()) {
        Ok(asked) => ask(&server, asked, Event::LoginShown),
        Err(wrong) => match wrong.sent {
            Some(sent) => {
                let rest = [("error", sent.code), ("error_description", wrong.text)];
                redirect(server.back(&sent.redirect_uri, sent.state.as_deref(), &rest))
            }
            None => page::refusal(StatusCode::BAD_REQUEST, wrong.text),
        },
    }
}

/// Answers what was pressed on the page.
pub(super) async fn decide(State(server): State<AuthorizationServer>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = drain(body).await;
    let form = match parameters(&head.headers, &body) {
        Ok(form) => form,
        Err(text) => return page::refusal(StatusCode::BAD_REQUEST, text),
    };
    let given = |name| form.iter().find(|(other, _)| other == name).map(|(_, value)| &**value);
    let Some(asked) = given("ticket").and_then(|ticket| server.shared.tickets.take(ticket)) else {
        return page::refusal(StatusCode::BAD_REQUEST, "this page is too old, or was sent already");
    };
    let is_known =
        given("username") == Some(server.user_name()) && given("password") == Some(server.password());
    let (decision, event) = match given("decision") {
        Some("allow") if is_known => (Decision::Allow, Event::LoginAllowed),
        Some("allow") => return ask(&server, asked, Event::LoginFailed),
        Some("deny") => (Decision::Deny, Event::LoginDenied),
        _ => return page::refusal(StatusCode::BAD_REQUEST, "decision is neither allow nor deny"),
    };
    match server.decided(&asked, decision) {
        Ok(back) => (Extension(event), redirect(back)).into_response(),
        Err(_) => page::refusal(StatusCode::INTERNAL_SERVER_ERROR, "no random bytes"),
    }
}

fn ask(server: &AuthorizationServer, asked: Asked, event: Event) -> Response {
    let Ok(ticket) = random::text::<24>() else {
        return page::refusal(StatusCode::INTERNAL_SERVER_ERROR, "no random bytes");
    };
    let page = page::login(server, &asked, &ticket, event == Event::LoginFailed);
    server.shared.tickets.put(ticket, asked);
    (Extension(event), page).into_response()
}

/// RFC 9700 §4.12: with 303 a browser does not send the password on, as it would with 307.
fn redirect(location: String) -> Response {
    let headers = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    (StatusCode::SEE_OTHER, headers, [(LOCATION, location)]).into_response()
}

const MAX_TICKETS: usize = 1_000;
