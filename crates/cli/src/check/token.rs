//! The access token: kept or fetched, and how long it lives.

use claviger_profiles::Stack;

use super::report::{Report, Stopped};
use crate::keeper::Keeper;

/// Gets a token, as a request would.
pub(super) async fn fetch(stack: &Stack, keeper: &Keeper, report: &mut Report) -> Result<(), Stopped> {
    let Some(tokens) = stack.tokens() else {
        report.skip("token", "the profile fetches none: what it sends, if anything, was given");
        return Ok(());
    };
    let token = report.need("token", tokens.token().await.map_err(Into::into))?;
    let life = match token.expires_in() {
        Some(life) => format!("{} s left", life.as_secs()),
        None => "how long it lives was not told".to_owned(),
    };
    let from = match keeper.source() {
        "cache" => "kept since an earlier run (--no-cache fetches another)",
        _ => "fetched",
    };
    report.ok("token", format!("{from}, {life}"));
    Ok(())
}
