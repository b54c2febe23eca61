//! Whether tokens are kept in this run, and where.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use claviger_auth_core::{Error, TokenSource};

use super::{Found, Problem, TokenStore};
use crate::{args::Choice, console, environment::Environment, providers::TokenRequests};

/// Puts the store between a source of tokens and the cache, unless it is told to leave it alone.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    folder: Folder,
    found: Found,
}

#[derive(Clone, Debug)]
enum Folder {
    At(PathBuf),
    LeftAlone,
    Unknown,
}

impl Keeper {
    pub(crate) fn new(choice: &Choice, environment: &Environment) -> Self {
        let folder = match environment.state_folder() {
            _ if choice.no_cache => Folder::LeftAlone,
            Some(folder) => Folder::At(folder),
            None => Folder::Unknown,
        };
        Self { folder, found: Found::default() }
    }

    /// Fits [`Stack::new`](crate::stack::Stack::new).
    pub(crate) fn keep(&self, requests: TokenRequests) -> Result<Arc<dyn TokenSource>, Error> {
        let folder = match &self.folder {
            Folder::At(folder) => folder,
            Folder::LeftAlone => return Ok(requests.source),
            Folder::Unknown => {
                console::warn(
                    "tokens are not kept: there is no folder for them; name one in $CLAVIGER_STATE_DIR",
                );
                return Ok(requests.source);
            }
        };
        let source = Arc::clone(&requests.source);
        match TokenStore::open(folder, requests, self.found.clone()) {
            Ok(store) => Ok(Arc::new(store)),
            Err(Problem::Refused(error)) => Err(error),
            Err(Problem::Unusable(error)) => {
                console::warn(&format!("tokens are not kept: {error} ({})", folder.display()));
                Ok(source)
            }
        }
    }

    /// Says where the last token came from, as `token --json` has it.
    pub(crate) fn source(&self) -> &'static str {
        if self.found.0.load(Ordering::Relaxed) { "cache" } else { "fetched" }
    }
}
