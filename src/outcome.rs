//! How a call can end, and what each ending means for the job, the attempt and the breaker.
//!
//! A closed list under every other floor: the table of domain kinds is here once, and nobody decides from error texts.

use serde::{Deserialize, Serialize};

/// Why a call gave no answer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The provider says that our input is wrong (400, 404 on the path, 422).
    InvalidInput,
    /// Outside what the provider, the package or the account covers.
    NotSupported,
    /// The credential was refused.
    Auth,
    /// The call was refused although the provider takes the credential.
    Denied,
    /// Paid quota or credits are used up.
    Quota,
    /// Too many calls now.
    RateLimited,
    /// The provider is still looking; the same call again later.
    Pending,
    /// No whole answer in time.
    Timeout,
    /// Connection refused, reset, DNS, TLS.
    Network,
    /// 5xx.
    UpstreamError,
    /// A success whose body can't be decoded.
    InvalidResponse,
    /// Our breaker said no: no call was made.
    CircuitOpen,
    /// No credential is there: no call was made.
    NoCredential,
    /// The address or the plan is wrong for all calls alike: another base URL, dialect or contract is needed.
    Configuration,
    /// Our own mistake.
    Internal,
}

/// What an ending says about the provider's health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// No information.
    #[default]
    Neutral,
}

impl ErrorKind {
    /// All kinds.
    pub const ALL: [ErrorKind; 15] = [
        ErrorKind::InvalidInput,
        ErrorKind::NotSupported,
        ErrorKind::Auth,
        ErrorKind::Denied,
        ErrorKind::Quota,
        ErrorKind::RateLimited,
        ErrorKind::Pending,
        ErrorKind::Timeout,
        ErrorKind::Network,
        ErrorKind::UpstreamError,
        ErrorKind::InvalidResponse,
        ErrorKind::CircuitOpen,
        ErrorKind::NoCredential,
        ErrorKind::Configuration,
        ErrorKind::Internal,
    ];

    /// The name in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::InvalidInput => "invalid_input",
            ErrorKind::NotSupported => "not_supported",
            ErrorKind::Auth => "auth",
            ErrorKind::Denied => "denied",
            ErrorKind::Quota => "quota",
            ErrorKind::RateLimited => "rate_limited",
            ErrorKind::Pending => "pending",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Network => "network",
            ErrorKind::UpstreamError => "upstream_error",
            ErrorKind::InvalidResponse => "invalid_response",
            ErrorKind::CircuitOpen => "circuit_open",
            ErrorKind::NoCredential => "no_credential",
            ErrorKind::Configuration => "configuration",
            ErrorKind::Internal => "internal",
        }
    }

    /// What it says about the provider. Throttling is the limiter's matter; only throttling that goes on although the
    /// limiter is at its floor is a failure, and the gateway decides that.
    pub fn verdict(self) -> Verdict {
        match self {
            ErrorKind::Timeout | ErrorKind::Network | ErrorKind::UpstreamError | ErrorKind::InvalidResponse => {
                Verdict::Failure
            }
            ErrorKind::Pending => Verdict::Success,
            _ => Verdict::Neutral,
        }
    }

    /// Whether the attempt is used up.
    pub fn burns(self) -> bool {
        matches!(
            self,
            ErrorKind::InvalidInput
                | ErrorKind::NotSupported
                | ErrorKind::Timeout
                | ErrorKind::Network
                | ErrorKind::UpstreamError
                | ErrorKind::InvalidResponse
                | ErrorKind::Internal
        )
    }

    /// Whether no retry can help.
    pub fn is_permanent(self) -> bool {
        matches!(self, ErrorKind::InvalidInput | ErrorKind::NotSupported)
    }

    /// Whether the whole lane has to wait for its cause to end, and not this job alone.
    pub fn parks_lane(self) -> bool {
        matches!(
            self,
            ErrorKind::Auth
                | ErrorKind::Quota
                | ErrorKind::NoCredential
                | ErrorKind::Configuration
                | ErrorKind::CircuitOpen
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parks_a_lane_never_burns_an_attempt() {
        for kind in ErrorKind::ALL {
            assert!(!(kind.parks_lane() && kind.burns()), "{}", kind.name());
        }
    }

    #[test]
    fn only_outages_count_for_the_breaker() {
        let failures: Vec<_> =
            ErrorKind::ALL.into_iter().filter(|k| k.verdict() == Verdict::Failure).map(ErrorKind::name).collect();
        assert_eq!(failures, ["timeout", "network", "upstream_error", "invalid_response"]);
    }

    #[test]
    fn the_name_in_tables_is_the_name_in_json() {
        for kind in ErrorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
