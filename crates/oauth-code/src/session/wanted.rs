//! Which of the stored tokens will do.

use std::time::SystemTime;

use claviger_auth_core::{AccessToken, Fetch};

use crate::StoredSession;

pub(super) enum Wanted {
    /// Any that is another than the one that the cache has.
    Ahead(Option<AccessToken>),
    Any,
    OtherThan(AccessToken),
}

impl Wanted {
    pub(super) fn of(why: Fetch<'_>, last: Option<AccessToken>) -> Self {
        match why {
            Fetch::Cold => Self::Any,
            Fetch::Rejected(token) => Self::OtherThan(token.clone()),
            Fetch::Early | _ => Self::Ahead(last),
        }
    }

    pub(super) fn find_in(&self, session: &StoredSession, now: SystemTime) -> Option<AccessToken> {
        let former = match self {
            Self::Ahead(None) => return None,
            Self::Any => None,
            Self::Ahead(Some(former)) | Self::OtherThan(former) => Some(former),
        };
        let token = session.hand_out(now)?;
        former.is_none_or(|former| former.header() != token.header()).then_some(token)
    }

    /// As [`find_in`](Self::find_in), where there can be no other token.
    pub(super) fn find_last_in(&self, session: &StoredSession, now: SystemTime) -> Option<AccessToken> {
        match self {
            Self::Ahead(_) => session.hand_out(now),
            Self::Any | Self::OtherThan(_) => None,
        }
    }
}
