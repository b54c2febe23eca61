//! Measures how much memory one customer takes: a token cache with its token, names and secret, and the map's part.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{alloc::System, sync::Arc};

use async_trait::async_trait;
use claviger_auth_core::{
    AccessToken, BoxError, CredentialSource, Error, Fetch, TokenCache, TokenSource, UseCredentials,
};
use claviger_per_customer::PerCustomer;
use secrecy::SecretString;
use stats_alloc::{Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: StatsAlloc<System> = StatsAlloc::system();

/// Issues tokens of 1,000 bytes; in earnest it would send the secret somewhere.
struct Issuer {
    _client_id: String,
    _client_secret: SecretString,
}

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        AccessToken::bearer(&"t".repeat(1_000).into())
    }
}

fn cache(customer: &str) -> TokenCache<Issuer> {
    let client_id = format!("client-{customer}-{}", "i".repeat(20));
    let client_secret = "s".repeat(40).into();
    TokenCache::new(Issuer { _client_id: client_id, _client_secret: client_secret })
}

/// The bytes that are taken after so many customers had a token fetched, above those before.
async fn bytes_of(count: usize) -> Result<usize, BoxError> {
    let before = Region::new(&ALLOCATOR);
    let customers = PerCustomer::builder(|customer: &String| {
        let cache = Arc::new(cache(customer));
        Ok((UseCredentials::new(cache.clone()), cache))
    })
    .build();
    for number in 0..count {
        let (_, cache) = customers.of(&format!("customer-{number:05}"))?;
        cache.obtain().await?;
    }
    assert_eq!(customers.len(), count);
    let change = before.change();
    Ok(change.bytes_allocated - change.bytes_deallocated)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    bytes_of(10).await?; // what is set up once
    let mut taken = Vec::new();
    for count in [1_000, 2_000] {
        let bytes = bytes_of(count).await?;
        println!("{count} customers: {bytes} bytes, {} each", bytes / count);
        taken.push(bytes);
    }
    if let [one, two] = taken[..] {
        println!("each of the second thousand: {} bytes", (two - one) / 1_000);
    }
    Ok(())
}
