//! Whether a provider takes a credential: its cheapest call, through the same client and network as the real work.
//!
//! A provider adds one row to [`CHECKS`]; a slot without one has no call that could tell without a cost, and is judged by
//! the calls themselves. Neither breaker nor limiter hears of these calls, and they wait for neither.

use reqwest::header::HeaderValue;
use reqwest::{Client, RequestBuilder};

use super::call::{CallError, Exchange};
use super::gateway::{Gateway, Line};
use super::{clearbit, hunter, models, numverify, twilio, zerobounce};
use crate::outcome::ErrorKind;
use crate::vault::{Credential, Verdict};

/// The cheap call of one slot.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Credential slot.
    pub slot: &'static str,
    /// Provider on whose line it is made.
    pub provider: &'static str,
    /// The request.
    pub build: fn(&Client, &Line, &Credential) -> RequestBuilder,
    /// Whether the answer shows that the credential is taken; an error of kind `auth` shows that it is not.
    pub judge: fn(&Exchange) -> Result<(), CallError>,
}

/// All of them.
pub static CHECKS: &[&Check] = &[
    &twilio::CHECK,
    &clearbit::CHECK,
    &numverify::CHECK,
    &hunter::CHECK,
    &zerobounce::CHECK,
    &models::OPENAI,
    &models::ANTHROPIC,
    &models::GEMINI,
    &models::OPENROUTER,
    &models::COMPATIBLE,
];

/// A secret as a header's value, which no `Debug` output shows. One with characters that no header holds is no key: what is
/// sent instead is refused by the provider.
pub(super) fn hidden(secret: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(secret).unwrap_or_else(|_| HeaderValue::from_static("unreadable"));
    value.set_sensitive(true);
    value
}

/// Asks the slot's provider whether it takes `credential`.
pub async fn verify(gateway: &Gateway, credential: Credential) -> Verdict {
    let Some(check) = CHECKS.iter().find(|check| check.slot == credential.slot) else { return Verdict::NoCall };
    let Some(line) = gateway.line(check.provider) else {
        return Verdict::Unknown(format!("{} is switched off here, or has no address", check.provider));
    };
    let build = |client: &Client| (check.build)(client, line, &credential);
    match gateway.try_once(line, build).await.and_then(|exchange| (check.judge)(&exchange)) {
        Ok(()) => Verdict::Accepted,
        Err(error) => {
            let said = gateway.plain(&error.to_string());
            tracing::info!(provider = check.provider, version = credential.version, error = said, "not verified");
            if error.kind == ErrorKind::Auth { Verdict::Refused(said) } else { Verdict::Unknown(said) }
        }
    }
}
