//! The token endpoint is down.

use std::time::Duration;

use tower::BoxError;

use crate::{
    Effort,
    peers::{Contestant, Kind, ours},
    scenarios::{Load, Stage, build, load::load, setup},
};

/// One way for it to be down.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Whether there is a token that is still good.
    pub is_held: bool,
    /// How long the endpoint takes to say no.
    pub delay: Duration,
    /// As headings name it.
    pub name: &'static str,
}

/// All of them.
pub const CASES: [Case; 4] = [
    Case { is_held: false, delay: Duration::ZERO, name: "no token, 503 at once" },
    Case { is_held: false, delay: SLOW, name: "no token, 503 after 100 ms" },
    Case { is_held: true, delay: Duration::ZERO, name: "token still good, 503 at once" },
    Case { is_held: true, delay: SLOW, name: "token still good, 503 after 100 ms" },
];

const SLOW: Duration = Duration::from_millis(100);

/// Ours is due at 70 to 85 % of a life of 39 s, and over at 90.
const OURS_DUE: Duration = Duration::from_secs(30);
const OURS_END: Duration = Duration::from_millis(35_100);

/// Puts one through a case; none if it cannot be built then.
pub fn measure(
    contestant: &'static Contestant,
    effort: Effort,
    case: Case,
) -> Result<Option<Load>, BoxError> {
    Stage::new()?.run(scene(contestant, effort.of(3, 5), case))
}

async fn scene(contestant: &'static Contestant, seconds: u64, case: Case) -> Option<Load> {
    let is_ours = contestant.kind == Kind::OurCache;
    let setup = setup(if is_ours { OURS_DUE } else { Duration::from_secs(1) });
    if case.is_held {
        let subject = build(contestant, &setup).await?;
        subject.one().await.ok()?;
        setup.issuer.take_fetches();
        down(&setup.issuer, case);
        if is_ours {
            // Its end comes half a second after the load's.
            ours::advance(OURS_END - Duration::from_millis(seconds * 1_000 + 500));
        }
        return Some(load(&*subject, &setup.issuer, seconds, SLOW * 2).await);
    }
    down(&setup.issuer, case);
    let subject = build(contestant, &setup).await?;
    Some(load(&*subject, &setup.issuer, seconds, SLOW * 2).await)
}

fn down(issuer: &crate::issuer::Issuer, case: Case) {
    issuer.delay(case.delay);
    issuer.fail();
}
