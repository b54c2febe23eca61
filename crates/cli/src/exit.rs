//! The exit codes, and which of our errors ends in which: the one table.

use std::process::ExitCode;

use claviger_auth_core::ErrorKind;

/// Says how the program ends. Scripts depend on the numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All was done.
    Done = 0,
    /// The API answered with an error.
    Api = 1,
    /// A setting, a file or an argument is wrong.
    Settings = 2,
    /// The token endpoint or the API refused the credentials.
    Refused = 3,
    /// There is no connection: network, TLS, client certificate.
    Connection = 4,
    /// Anything else.
    Other = 5,
}

impl Exit {
    /// The table.
    pub(crate) fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::ClientCertificate | ErrorKind::Connect | ErrorKind::Tls => Self::Connection,
            ErrorKind::Configuration | ErrorKind::Origin | ErrorKind::Tenant => Self::Settings,
            ErrorKind::CredentialsRefused => Self::Refused,
            ErrorKind::Protocol | ErrorKind::Runtime | ErrorKind::Timeout | ErrorKind::Unavailable => {
                Self::Other
            }
            // The kinds may become more; the tests know all that there are.
            _ => Self::Other,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_exit_code() {
        let table = [
            (ErrorKind::ClientCertificate, 4),
            (ErrorKind::Configuration, 2),
            (ErrorKind::Connect, 4),
            (ErrorKind::CredentialsRefused, 3),
            (ErrorKind::Origin, 2),
            (ErrorKind::Protocol, 5),
            (ErrorKind::Runtime, 5),
            (ErrorKind::Tenant, 2),
            (ErrorKind::Timeout, 5),
            (ErrorKind::Tls, 4),
            (ErrorKind::Unavailable, 5),
        ];
        for (kind, code) in table {
            assert_eq!(Exit::of(kind) as u8, code, "{kind:?}");
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_contract() {
        let all = [Exit::Done, Exit::Api, Exit::Settings, Exit::Refused, Exit::Connection, Exit::Other];
        assert_eq!(all.map(|exit| exit as u8), [0, 1, 2, 3, 4, 5]);
    }
}
