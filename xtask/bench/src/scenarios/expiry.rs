//! Tokens come due under load.

use std::time::Duration;

use tower::BoxError;

use crate::{
    Effort,
    peers::Contestant,
    scenarios::{Load, Stage, build, load::load, setup},
};

/// How often a token comes due.
pub const DUE: Duration = Duration::from_secs(2);

const FETCH: Duration = Duration::from_millis(100);

/// What was waited.
pub type Expiry = Load;

/// Puts one through it.
pub fn measure(contestant: &'static Contestant, effort: Effort, due: Duration) -> Result<Expiry, BoxError> {
    Stage::new()?.run(scene(contestant, effort.of(5, 9), due))?.ok_or_else(|| "could not be built".into())
}

async fn scene(contestant: &'static Contestant, seconds: u64, due: Duration) -> Option<Expiry> {
    let setup = setup(due);
    let subject = build(contestant, &setup).await?;
    subject.one().await.ok()?;
    setup.issuer.take_fetches();
    setup.issuer.delay(FETCH);
    Some(load(&*subject, &setup.issuer, seconds, FETCH * 2).await)
}
