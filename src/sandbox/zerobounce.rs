//! ZeroBounce: the key in the query, errors as a text, values as text.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    provider::{Answer, Asked, Provider},
    query::{self, given},
    world::Mailbox,
};

pub(super) const PROVIDER: Provider = Provider {
    id: "zerobounce",
    settings: "ZEROBOUNCE",
    base: "/v2",
    pace: 2.5,
    answer,
    error,
    busy,
    subject: |asked| query::value(asked.query, "email"),
};

fn refusal(status: u16, words: &str) -> Answer {
    Answer::json(status, &json!({ "error": words }))
}

fn error(status: u16) -> Answer {
    match status {
        401 => refusal(200, "Invalid API key or your account ran out of credits"),
        402 => refusal(200, "Your account ran out of credits"),
        403 => Answer::html(403, "<html><body>Access denied</body></html>".to_owned()),
        404 => Answer::html(404, "<html><body>Not found</body></html>".to_owned()),
        status => Answer::html(status, "<html><body>Server error</body></html>".to_owned()),
    }
}

/// Nothing says how long.
fn busy(_: u32) -> Answer {
    refusal(429, "Too many requests")
}

fn answer(asked: &Asked<'_>) -> Answer {
    if asked.method != "GET" {
        return error(404);
    }
    let is_ours = query::value(asked.query, "api_key") == asked.keys.of("zerobounce");
    match asked.path {
        "/v2/getcredits" => Answer::json(200, &json!({ "Credits": if is_ours { "1234" } else { "-1" } })),
        "/v2/validate" if is_ours => validate(asked.query),
        "/v2/validate" => error(401),
        _ => error(404),
    }
}

fn validate(query: &str) -> Answer {
    let known = query::read(query, &["api_key", "email", "ip_address", "timeout", "activity_data"]);
    let Ok(parameters) = known else { return refusal(400, "Invalid parameter") };
    match (given(&parameters, "email"), parameters.contains_key("ip_address")) {
        (Some(email), true) => Answer::json(200, &record(&email.to_lowercase())),
        (None, _) => refusal(400, "Missing parameter: email"),
        (_, false) => refusal(400, "Missing parameter: ip_address"),
    }
}

fn record(email: &str) -> Value {
    let dice = Dice::new(0, email);
    let (account, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let (status, sub_status) = match Mailbox::of(email) {
        _ if !query::is_email(email) => ("invalid", "failed_syntax_check"),
        Mailbox::Valid => ("valid", ""),
        Mailbox::Invalid => ("invalid", dice.pick("reason", &["mailbox_not_found", "does_not_accept_mail"])),
        Mailbox::CatchAll => ("catch-all", ""),
        Mailbox::Unknown => ("unknown", dice.pick("reason", &["greylisted", "timeout_exceeded", "antispam_system"])),
        Mailbox::Disposable => ("do_not_mail", "disposable"),
    };
    json!({
        "address": email, "status": status, "sub_status": sub_status, "free_email": false, "did_you_mean": null, "account": account, "domain": domain,
        "domain_age_days": (300 + dice.below("age", 9000)).to_string(), "smtp_provider": "google", "mx_found": "true", "mx_record": format!("mx.{domain}"),
        "catchall_domain": null, "firstname": null, "lastname": null, "gender": null, "country": null, "region": null, "city": null, "zipcode": null,
        "processed_at": "2025-06-01 10:11:12.131",
    })
}
