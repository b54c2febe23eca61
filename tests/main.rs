//! Whole stacks, against the sandbox over real TLS and against real software.
//!
//! A test belongs here if it takes more than one crate, or a socket. Anything less powerful stands beside the code.
//!
//! | module | a new test goes here if it is about |
//! | --- | --- |
//! | `stack` | what arrives at Clara, and what comes back, when all goes well |
//! | `single_flight` | many callers and one token |
//! | `revoked_token` | a token that the API no longer takes |
//! | `certificates` | who the client is, and who the server is |
//! | `token_faults` | a token endpoint that misbehaves |
//! | `api_faults` | an API that misbehaves |
//! | `origins` | where a request may go |
//! | `canary` | secrets, and where they must not show |
//! | `layers` | our layers among others |
//! | `curl`, `nginx`, `oidc_provider` | software that is not ours |
//! | `program`, `program_failures` | the program, as somebody at a terminal sees it |
//!
//! The others are what tests stand on: `clara_sandbox` starts the sandbox, `real_software` finds and starts what is
//! not ours, `program_runs` starts the program.
//!
//! There is no sleep, no fixed port, no order, and no network beyond this machine. What must be kept back is kept
//! back with `Clara::hold`.

#[cfg(test)]
mod api_faults;
#[cfg(test)]
mod clara_sandbox;
#[cfg(test)]
mod revoked_token;
#[cfg(test)]
mod single_flight;
#[cfg(test)]
mod stack;
#[cfg(test)]
mod token_faults;
