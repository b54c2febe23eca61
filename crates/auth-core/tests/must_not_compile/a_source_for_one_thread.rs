//! A source of credentials is shared among threads.

use std::rc::Rc;

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Error, Fetch, TokenSource};

struct Issuer(Rc<str>);

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        AccessToken::bearer(&(&*self.0).into())
    }
}

fn main() {}
