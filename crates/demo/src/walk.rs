//! What the walks through the providers have in common.

use claviger_auth_core::{BoxError, Error};
use claviger_sandbox::Provider;

/// Walks through what one provider asks for, with one client, so that one step's token is there in the next.
pub(crate) trait Walk {
    /// The provider's name, and in what it differs.
    const TITLE: &'static str;
    /// How many steps there are.
    const STEPS: usize;

    fn provider(&self) -> &Provider;

    /// Does a step, from 1. The journal has been cleared before.
    async fn step(&mut self, number: usize) -> Result<Step, BoxError>;
}

/// Tells what a step did. What arrived meanwhile is in the provider's journal.
pub(crate) struct Step {
    pub(crate) title: &'static str,
    /// Where the client would have sent something, and what became of it.
    pub(crate) stopped: Option<(String, &'static str)>,
    /// What the client said, where it refused or was refused.
    pub(crate) refusal: Option<Error>,
    /// What is proven by it.
    pub(crate) proven: &'static str,
}

impl Step {
    pub(crate) fn new(title: &'static str, proven: &'static str) -> Self {
        Self { title, stopped: None, refusal: None, proven }
    }
}
