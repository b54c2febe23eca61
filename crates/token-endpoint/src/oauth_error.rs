//! The registered OAuth error codes, and what each means to a client at the token endpoint.

use claviger_auth_core::{Error, ErrorKind};

use crate::endpoint::{Endpoint, said};

/// Returns the code as a literal if it is registered. Any other is a server's free text, and not shown.
///
/// # Example
///
/// ```
/// use claviger_token_endpoint::registered;
///
/// assert_eq!(registered(&String::from("access_denied")), Some("access_denied"));
/// assert_eq!(registered("swordfish"), None);
/// ```
#[must_use]
pub fn registered(code: &str) -> Option<&'static str> {
    REGISTERED.iter().copied().find(|known| *known == code)
}

/// Says what a registered code means; none where the status says more.
pub(crate) fn meaning(code: &'static str, endpoint: Endpoint) -> Option<Error> {
    let error = match code {
        "invalid_client" | "unauthorized_client" => Error::new(
            ErrorKind::CredentialsRefused,
            said!(endpoint, "the ", " refused the client credentials"),
        ),
        "invalid_grant" => {
            Error::new(ErrorKind::CredentialsRefused, said!(endpoint, "the ", " refused the grant"))
        }
        "access_denied" => {
            Error::new(ErrorKind::CredentialsRefused, said!(endpoint, "the ", " denied access"))
                .with_advice("ask the provider whether this client may use this API, scope and audience")
        }
        "invalid_scope" => {
            Error::new(ErrorKind::Configuration, said!(endpoint, "the ", " refused the scope"))
                .with_advice("ask for scopes that the provider granted to this client, or for none")
        }
        "invalid_target" => {
            Error::new(ErrorKind::Configuration, said!(endpoint, "the ", " refused the resource or audience"))
                .with_advice("correct the resource or audience as the provider documents it")
        }
        "unsupported_grant_type" => {
            Error::new(ErrorKind::Configuration, said!(endpoint, "the ", " does not know this grant"))
                .with_advice("check with the provider that this client may use this grant")
        }
        "invalid_request" => Error::new(
            ErrorKind::Configuration,
            said!(endpoint, "the ", " found the request wrong"),
        )
        .with_advice(
            "check the client authentication method, the audience and the parameters with the provider",
        ),
        "server_error" | "slow_down" | "temporarily_unavailable" => {
            Error::new(ErrorKind::Unavailable, said!(endpoint, "the ", " is not available"))
        }
        _ => return None,
    };
    Some(error.with_oauth_error(code))
}

const REGISTERED: [&str; 23] = [
    // RFC 6749 §4.1.2.1, §5.2
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    // RFC 7009 §2.2.1
    "unsupported_token_type",
    // RFC 8628 §3.5
    "authorization_pending",
    "expired_token",
    "slow_down",
    // RFC 8707 §2
    "invalid_target",
    // OpenID Connect Core §3.1.2.6
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "invalid_request_object",
    "invalid_request_uri",
    "login_required",
    "registration_not_supported",
    "request_not_supported",
];
