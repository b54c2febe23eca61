//! Everybody who is measured.

mod aliri;
mod aws;
mod azure;
mod cf_gears;
mod floor;
pub mod gcp;
mod google;
pub mod kube;
mod middle;
mod oauth2;
pub mod ours;
mod tower_http;

use futures_util::future::BoxFuture;
use tower::BoxError;

use crate::peer::{Setup, Subject, start};

/// One who is measured.
pub struct Contestant {
    /// As tables name it.
    pub name: &'static str,
    /// What it is compared as.
    pub kind: Kind,
    /// Builds it.
    pub start: fn(Setup) -> BoxFuture<'static, Result<Box<dyn Subject>, BoxError>>,
}

/// What a contestant is compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A measure for the others, or a header that never changes.
    Fixed,
    /// The measure of a peer that has requests of its own: azure_core.
    FixedAzure,
    /// One of ours, measured for what it costs.
    Ours,
    /// The one of ours that is put through the scenarios.
    OurCache,
    /// Somebody else's, with a token that is fetched.
    Peer,
    /// The same, with requests of its own.
    PeerAzure,
}

impl Kind {
    /// Whether it is ours.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OurCache)
    }

    /// Whether it fetches tokens.
    pub fn fetches(self) -> bool {
        matches!(self, Self::OurCache | Self::Peer | Self::PeerAzure)
    }
}

/// The service below, with nothing in front.
pub const NOTHING: &str = "no-op service";
/// The insertion of a ready value.
pub const FLOOR: &str = "floor: insert(clone)";
/// azure_core's chain, with nothing in front.
pub const AZURE_NOTHING: &str = "azure_core chain, no auth";
/// What the bar is for.
pub const OURS: &str = "claviger: Authorization over TokenCache";

/// All of them, in the order of the tables.
pub const ALL: &[Contestant] = &[
    Contestant { name: NOTHING, kind: Kind::Fixed, start: start::<floor::Nothing> },
    Contestant { name: FLOOR, kind: Kind::Fixed, start: start::<floor::Insert> },
    Contestant {
        name: "claviger: Authorization over Basic",
        kind: Kind::Ours,
        start: start::<ours::OverBasic>,
    },
    Contestant { name: OURS, kind: Kind::OurCache, start: start::<ours::OverCache> },
    Contestant { name: "claviger: + SetTenant", kind: Kind::Ours, start: start::<ours::WithTenant> },
    Contestant { name: "claviger: + RetryUnauthorized", kind: Kind::Ours, start: start::<ours::WithRetry> },
    Contestant {
        name: "tower-http SetRequestHeader",
        kind: Kind::Fixed,
        start: start::<tower_http::TowerHttp>,
    },
    Contestant { name: "middle authorizer", kind: Kind::Peer, start: start::<middle::Middle> },
    Contestant { name: "aliri_tokens TokenWatcher", kind: Kind::Peer, start: start::<aliri::Aliri> },
    Contestant { name: "oauth2 + tokio Mutex (by hand)", kind: Kind::Peer, start: start::<oauth2::OAuth2> },
    Contestant { name: "kube-client AuthLayer (exec)", kind: Kind::Peer, start: start::<kube::Kube> },
    Contestant { name: "gcp_auth token()", kind: Kind::Peer, start: start::<gcp::Gcp> },
    Contestant { name: "google-cloud-auth headers()", kind: Kind::Peer, start: start::<google::Google> },
    Contestant { name: "aws-smithy-runtime LazyCache", kind: Kind::Peer, start: start::<aws::Aws> },
    Contestant { name: "cf-gears BearerAuthLayer", kind: Kind::Peer, start: start::<cf_gears::CfGears> },
    Contestant { name: AZURE_NOTHING, kind: Kind::FixedAzure, start: azure::start_without },
    Contestant { name: "azure_core BearerTokenPolicy", kind: Kind::PeerAzure, start: azure::start },
];
