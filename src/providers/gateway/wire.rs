//! One exchange over HTTP: whole-call time-out, body cap, the provider's own wait, and errors without URLs.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};

use crate::outcome::ErrorKind;
use crate::providers::call::{CallError, Exchange};

/// Largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 2 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A number of seconds above this is a moment, not a wait.
const EPOCH_FROM: u64 = 1_000_000_000;

/// Connections are kept: one client for the world, one for what stands on this machine, where a proxy of the environment
/// has no business.
#[derive(Debug)]
pub(super) struct Wire {
    outside: Client,
    direct: Client,
}

impl Wire {
    /// With a client for the world if anybody `outside` of this machine is called. Fails only when the TLS roots of the
    /// system can't be read, which takes a while: where one client will do there is one.
    pub(super) fn new(outside: bool) -> Result<Wire, reqwest::Error> {
        // A second installation is refused, which is what we want: there is one provider of cryptography.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(128)
                .pool_idle_timeout(Duration::from_secs(60))
        };
        let direct = builder().no_proxy().build()?;
        Ok(Wire { outside: if outside { builder().build()? } else { direct.clone() }, direct })
    }

    /// The client for this base URL.
    pub(super) fn client(&self, base_url: &str) -> &Client {
        if is_loopback(base_url) { &self.direct } else { &self.outside }
    }
}

/// A client that calls nobody, for what only builds requests.
#[cfg(test)]
pub(in crate::providers) fn bare_client() -> Client {
    Wire::new(false).map(|wire| wire.direct).unwrap_or_default()
}

pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Sends the request and reads the answer whole, within `limit`, or within the request's own where that is longer.
pub(in crate::providers) async fn send(request: RequestBuilder, limit: Duration) -> Result<Exchange, CallError> {
    let (client, request) = request.build_split();
    let request = request.map_err(|e| transport(&e))?;
    let limit = request.timeout().map_or(limit, |own| limit.max(*own));
    match tokio::time::timeout(limit, read(client.execute(request))).await {
        Ok(result) => result,
        Err(_) => Err(CallError::new(ErrorKind::Timeout, format!("no whole answer within {} s", limit.as_secs_f32()))),
    }
}

async fn read(sent: impl Future<Output = reqwest::Result<reqwest::Response>>) -> Result<Exchange, CallError> {
    let response = sent.await.map_err(|e| transport(&e))?;
    let status = response.status().as_u16();
    let retry_after = wait_of(status, response.headers(), Utc::now());
    let quota_left = quota_left(response.headers());
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|e| transport(&e))?);
        if body.len() > BODY_LIMIT {
            return Err(CallError::new(ErrorKind::InvalidResponse, "the answer is longer than 2 MiB"));
        }
    }
    Ok(Exchange { status, retry_after, quota_left, body })
}

/// The error without its URL, which may name a person or a key.
fn transport(error: &reqwest::Error) -> CallError {
    if error.is_timeout() {
        return CallError::new(ErrorKind::Timeout, "no connection or answer in time");
    }
    if error.is_decode() {
        return CallError::new(ErrorKind::InvalidResponse, "the answer's encoding is broken");
    }
    if error.is_builder() {
        return CallError::new(ErrorKind::Internal, "the request could not be built; check the base URL");
    }
    let what = if error.is_connect() { "no connection" } else { "the connection broke before the answer was whole" };
    CallError::new(ErrorKind::Network, what)
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// `Retry-After`; on a 429 without it the time until `X-RateLimit-Reset`, which is epoch seconds or a number of seconds.
fn wait_of(status: u16, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    if let Some(wait) = text_of(headers, "retry-after").and_then(|text| parse_retry_after(text, now)) {
        return Some(wait);
    }
    let reset: u64 = text_of(headers, "x-ratelimit-reset").filter(|_| status == 429)?.parse().ok()?;
    let now = u64::try_from(now.timestamp()).unwrap_or(0);
    Some(Duration::from_secs(if reset > EPOCH_FROM { reset.saturating_sub(now) } else { reset }))
}

/// The least that is left of a month's or day's quota (`x-ratelimit-remaining-month`, `-day`).
fn quota_left(headers: &HeaderMap) -> Option<i64> {
    let left = ["x-ratelimit-remaining-month", "x-ratelimit-remaining-day"];
    left.iter().filter_map(|name| text_of(headers, name)?.parse().ok()).min()
}

/// `Retry-After` as seconds or as an HTTP date (RFC 9110, section 10.2.3).
fn parse_retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    (date.with_timezone(&Utc) - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_its_forms() {
        let now = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(parse_retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("Thu, 01 Jan 2026 00:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(parse_retry_after("soon", now), None);
    }

    #[test]
    fn a_refusal_waits_until_the_limit_is_reset() {
        let now = DateTime::from_timestamp(1_750_000_000, 0).unwrap();
        let wait = |status: u16, name: &'static str, value: &str| {
            wait_of(status, &HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]), now)
        };
        assert_eq!(wait(429, "x-ratelimit-reset", "1750000042"), Some(Duration::from_secs(42)));
        assert_eq!(wait(429, "x-ratelimit-reset", "17"), Some(Duration::from_secs(17)));
        assert_eq!(wait(429, "x-ratelimit-reset", "1600000000"), Some(Duration::ZERO));
        assert_eq!(wait(200, "x-ratelimit-reset", "1750000042"), None);
        assert_eq!(wait(503, "retry-after", "3"), Some(Duration::from_secs(3)));
    }

    #[test]
    fn only_this_machine_is_called_without_a_proxy() {
        assert!(is_loopback("http://127.0.0.1:9090"));
        assert!(is_loopback("http://[::1]:9090/x"));
        assert!(!is_loopback("https://lookups.twilio.com"));
    }
}
