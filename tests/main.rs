//! Whole stacks, against the sandbox over real TLS and against real software.
//!
//! A test belongs here if it takes more than one crate, or a socket. Anything less powerful stands beside the
//! code.
//!
//! | module | a new test goes here if it is about |
//! | --- | --- |
//! | `stack` | what arrives at Clara, and what comes back, when all goes well |
//! | `single_flight` | many callers and one token |
//! | `revoked_token` | a token that the API no longer takes |
//! | `certificates` | who the client is, and who the server is |
//! | `rotation` | another client certificate while requests are under way |
//! | `token_faults` | a token endpoint that misbehaves |
//! | `api_faults` | an API that misbehaves |
//! | `origins` | where a request may go |
//! | `canary` | secrets, and where they must not show |
//! | `axum`, `grpc`, `reqwest` | our layers in stacks of their own |
//! | `layers`, `tower_layers` | our layers among others; among those of tower and tower-http |
//! | `redirects` | a follower of redirects, outside and inside |
//! | `customers` | many customers in one stack, or in one process |
//! | `auto_traits`, `future_sizes` | what the types promise to the compiler |
//! | `clarify`, `clarus`, `clazar` | what arrives at each of the others, and what comes back |
//! | `clarify_rpc` | calls of Clarify's methods, and what may come back in the place of a result |
//! | `contradictions` | what is done where a provider's documents do not fit together |
//! | `all_stacks`, `all_canary` | what is alike at those three: tokens, faults, origins; their secrets |
//! | `sessions` | sessions that many processes share, and that processes die over |
//! | `examples` | the examples that the guides show |
//! | `proxies` | a proxy on the way |
//! | `curl`, `mosquitto`, `nginx`, `oidc_provider`, `openid_client`, `openssl`, `pyclarify` | software that is not ours |
//! | `zoo` | keys, certificates and what is taken for them, in every form |
//! | `program_check` | `claviger check` on a set-up that is broken |
//! | `program_rpc` | `claviger rpc` |
//! | `program`, `program_failures` | the program, as somebody at a terminal sees it |
//! | `program_profiles`, `program_profile_failures` | the same with every profile that the sandbox writes |
//! | `program_kept_tokens` | tokens that the program keeps between runs |
//! | `program_login` | `claviger login`, `logout`, `status` |
//! | `program_secret` | `claviger secret` |
//! | `program_publish` | `claviger publish`, to a real broker |
//! | `browser` | the pages of a login, in a browser that people have |
//!
//! The others are what tests stand on: `clara_sandbox` and `providers` start the sandbox, `authority` issues
//! certificates for other servers, `connect_proxy` is a proxy, `leaks` looks for secrets, `real_software` finds and
//! starts what is not ours, `program_runs` runs the program, `zoo_files` makes keys and certificates.
//!
//! There is no sleep, no fixed port, no order, and no network beyond this machine. What must be kept back is
//! kept back with `Provider::hold`. What measures its whole process is a program of its own: `hostile_files`.

#[cfg(test)]
mod all_canary;
#[cfg(test)]
mod all_stacks;
#[cfg(test)]
mod api_faults;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod auto_traits;
#[cfg(test)]
mod axum;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod clara_sandbox;
#[cfg(test)]
mod clarify;
#[cfg(test)]
mod clarify_rpc;
#[cfg(test)]
mod clarus;
#[cfg(test)]
mod clazar;
#[cfg(test)]
mod connect_proxy;
#[cfg(test)]
mod contradictions;
#[cfg(test)]
mod curl;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod future_sizes;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod mosquitto;
#[cfg(test)]
mod nginx;
#[cfg(test)]
mod oidc_provider;
#[cfg(test)]
mod openid_client;
#[cfg(test)]
mod openssl;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod program;
#[cfg(test)]
mod program_check;
#[cfg(test)]
mod program_failures;
#[cfg(test)]
mod program_kept_tokens;
#[cfg(test)]
mod program_login;
#[cfg(test)]
mod program_profile_failures;
#[cfg(test)]
mod program_profiles;
#[cfg(test)]
mod program_publish;
#[cfg(test)]
mod program_rpc;
#[cfg(test)]
mod program_runs;
#[cfg(test)]
mod program_secret;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod pyclarify;
#[cfg(test)]
mod real_software;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod reqwest;
#[cfg(test)]
mod revoked_token;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod single_flight;
#[cfg(test)]
mod stack;
#[cfg(test)]
mod token_faults;
#[cfg(test)]
mod tower_layers;
#[cfg(test)]
mod zoo;
#[cfg(test)]
mod zoo_files;
