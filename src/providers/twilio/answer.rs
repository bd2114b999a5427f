//! Reading Twilio's answers: leniently where a field may be null or a string, strictly about what an error means.

use serde::Deserialize;
use serde_json::Value;

use crate::outcome::ErrorKind;
use crate::providers::call::{CallError, Exchange};

/// A Lookup v2 answer. Any field may be null or missing; packages stay JSON until they are mapped.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answer {
    /// Whether the number is valid; an answer without it is no answer.
    pub valid: bool,
    /// Number as Twilio names it: compared with ours, never taken over.
    pub phone_number: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    /// `1`, `44`.
    pub calling_country_code: Option<String>,
    /// For display.
    pub national_format: Option<String>,
    /// Why it is not valid.
    pub validation_errors: Option<Vec<String>>,
    /// `caller_name`.
    pub caller_name: Option<Value>,
    /// `sim_swap`.
    pub sim_swap: Option<Value>,
    /// `call_forwarding`.
    pub call_forwarding: Option<Value>,
    /// `line_status`.
    pub line_status: Option<Value>,
    /// `line_type_intelligence`.
    pub line_type_intelligence: Option<Value>,
    /// `identity_match`.
    pub identity_match: Option<Value>,
    /// `reassigned_number`.
    pub reassigned_number: Option<Value>,
    /// `sms_pumping_risk`.
    pub sms_pumping_risk: Option<Value>,
    /// `phone_number_quality_score`.
    pub phone_number_quality_score: Option<Value>,
    /// `pre_fill`.
    pub pre_fill: Option<Value>,
}

impl Answer {
    /// The packages that came, by name.
    pub fn packages(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        [
            ("caller_name", &self.caller_name),
            ("sim_swap", &self.sim_swap),
            ("call_forwarding", &self.call_forwarding),
            ("line_status", &self.line_status),
            ("line_type_intelligence", &self.line_type_intelligence),
            ("identity_match", &self.identity_match),
            ("reassigned_number", &self.reassigned_number),
            ("sms_pumping_risk", &self.sms_pumping_risk),
            ("phone_number_quality_score", &self.phone_number_quality_score),
            ("pre_fill", &self.pre_fill),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_ref().filter(|v| v.is_object())?)))
    }

    /// The packages that were answered without an error code of their own: these are charged.
    pub fn answered(&self) -> impl Iterator<Item = &'static str> {
        self.packages().filter(|(_, value)| code_of(value).is_none()).map(|(name, _)| name)
    }

    /// Each package's own error code: a number, or (one package) a string that holds it.
    pub fn codes(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.packages().filter_map(|(name, value)| Some((name, code_of(value)?)))
    }
}

fn code_of(package: &Value) -> Option<i64> {
    match &package["error_code"] {
        Value::Number(n) => n.as_i64().filter(|n| *n != 0),
        Value::String(s) => s.trim().parse().ok().filter(|n| *n != 0),
        _ => None,
    }
}

/// Reads an answer, or says what kind of error it is.
pub fn judge(exchange: &Exchange) -> Result<Answer, CallError> {
    if exchange.status != 200 {
        return Err(error(exchange));
    }
    serde_json::from_slice(&exchange.body)
        .map_err(|_| CallError::new(ErrorKind::InvalidResponse, "HTTP 200 without an answer that can be read"))
}

/// The error of an exchange that is not a success: by Twilio's code first, then by HTTP status.
pub fn error(exchange: &Exchange) -> CallError {
    #[derive(Deserialize)]
    struct Body {
        code: Option<i64>,
        message: Option<String>,
    }
    let body: Option<Body> = serde_json::from_slice(&exchange.body).ok();
    let code = body.as_ref().and_then(|b| b.code);
    let kind = code.and_then(kind_of_code).unwrap_or_else(|| kind_of_status(exchange.status));
    let message = body.and_then(|b| b.message).map_or_else(|| format!("HTTP {}", exchange.status), |m| short(&m));
    CallError {
        kind,
        http_status: Some(i32::from(exchange.status)),
        code: code.map(|c| c.to_string()),
        message,
        retry_after: exchange.retry_after,
    }
}

/// Codes of <https://www.twilio.com/docs/api/errors>; messaging codes (211xx) don't come from Lookup.
fn kind_of_code(code: i64) -> Option<ErrorKind> {
    Some(match code {
        20003 | 20403 | 70051 => ErrorKind::Auth,
        20005 | 60611 => ErrorKind::Quota,
        20404 => ErrorKind::InvalidInput,
        20429 | 60616 => ErrorKind::RateLimited,
        // The account lives in another region, whose host is a setting.
        60614 => ErrorKind::Configuration,
        60600..=60699 => ErrorKind::NotSupported,
        _ => return None,
    })
}

/// What a code of one number in a batch means: an unknown one is about our input.
pub(super) fn kind_of_number(code: i64) -> ErrorKind {
    kind_of_code(code).unwrap_or(ErrorKind::InvalidInput)
}

fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Auth,
        402 => ErrorKind::Quota,
        408 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        405 => ErrorKind::Internal,
        400..=499 => ErrorKind::InvalidInput,
        500..=599 => ErrorKind::UpstreamError,
        _ => ErrorKind::InvalidResponse,
    }
}

/// At most 200 characters of a provider's own words; control characters become spaces.
fn short(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn exchange(status: u16, body: &str) -> Exchange {
        Exchange::new(status, body.as_bytes())
    }

    fn kind(status: u16, code: Option<i64>) -> ErrorKind {
        error(&exchange(status, &json!({"code": code, "message": "x", "status": status}).to_string())).kind
    }

    #[test]
    fn codes_say_more_than_the_status() {
        assert_eq!(kind(401, Some(20003)), ErrorKind::Auth);
        assert_eq!(kind(404, Some(20404)), ErrorKind::InvalidInput);
        assert_eq!(kind(400, Some(60600)), ErrorKind::NotSupported);
        assert_eq!(kind(403, Some(60606)), ErrorKind::NotSupported);
        assert_eq!(kind(400, Some(60616)), ErrorKind::RateLimited);
        assert_eq!(kind(403, Some(20005)), ErrorKind::Quota);
        assert_eq!(kind(503, None), ErrorKind::UpstreamError);
        assert_eq!(kind(404, None), ErrorKind::InvalidInput);
    }

    #[test]
    fn a_success_that_can_not_be_read_is_no_answer() {
        for body in ["<html>", "", "{}", "[]", r#"{"valid":"perhaps"}"#] {
            assert_eq!(judge(&exchange(200, body)).unwrap_err().kind, ErrorKind::InvalidResponse, "{body}");
        }
    }

    #[test]
    fn a_package_with_a_code_of_its_own_is_kept_and_not_charged() {
        let body = json!({"valid": true, "line_type_intelligence": {"error_code": 60600}, "caller_name": {"error_code": null},
                          "reassigned_number": {"error_code": "60606"}});
        let answer = judge(&exchange(200, &body.to_string())).unwrap();
        assert_eq!(answer.answered().collect::<Vec<_>>(), ["caller_name"]);
        assert_eq!(
            answer.codes().collect::<Vec<_>>(),
            [("line_type_intelligence", 60600), ("reassigned_number", 60606)]
        );
    }
}
