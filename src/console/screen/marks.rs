//! States as glyph, word and meaning: the same on every screen. Colour is never the only signal.

use crate::console::theme::Token;
use crate::console::widget::{Cell, words};
use crate::fleet::alerts::Thresholds;
use crate::operations::views::{BreakerView, LaneView};

/// A lane's state.
pub fn lane(lane: &LaneView) -> Cell {
    let idle = lane.depth + lane.running + lane.scheduled == 0;
    let no_key = lane.reason.as_deref().is_some_and(|reason| reason.starts_with("no_credential"));
    match lane.state.as_str() {
        "parked" if idle && no_key => Cell::new("- no key", Token::Muted),
        "parked" if idle => Cell::new("x parked", Token::Muted),
        "parked" => Cell::new("x PARKED", Token::Critical),
        "paused" => Cell::new("= paused", Token::Held),
        "ramping" => Cell::new("/ ramping", Token::Half),
        _ if idle => Cell::new("- idle", Token::Muted),
        _ => Cell::new("o ok", Token::Ok),
    }
}

/// A lane's depth with its mark: `C` critical, `W` warning, strictly above what alerts of either kind are raised at.
pub fn depth(depth: i64, alerts: &Thresholds) -> Cell {
    let number = words::count(depth);
    match depth {
        _ if depth > alerts.depth_critical => Cell::new(format!("{number} C"), Token::Critical),
        _ if depth > alerts.depth_warning => Cell::new(format!("{number} W"), Token::Warn),
        0 => Cell::new("0  ", Token::Muted),
        _ => Cell::new(format!("{number}  "), Token::Text),
    }
}

/// The age of the oldest waiting job.
pub fn oldest(seconds: Option<i64>, alerts: &Thresholds) -> Cell {
    match seconds {
        Some(s) if s > alerts.oldest_warning_s => Cell::new(words::span(s), Token::Warn),
        Some(s) => Cell::new(words::span(s), Token::Text),
        None => Cell::new("-", Token::Muted),
    }
}

/// How long the lane's work lasts at its present rate.
pub fn empty_in(lane: &LaneView) -> Cell {
    let rate = lane.done_per_s.unwrap_or(0.0);
    let work = lane.depth + lane.running + lane.scheduled;
    match lane.state.as_str() {
        _ if work == 0 => Cell::new("-", Token::Muted),
        "parked" => Cell::new("parked", Token::Critical),
        "paused" => Cell::new("paused", Token::Held),
        _ if rate < 0.05 => Cell::new("-", Token::Muted),
        _ => Cell::new(format!("~{}", words::span((work as f64 / rate).ceil() as i64)), Token::Text),
    }
}

/// A number that is muted when it is nothing.
pub fn number(n: i64) -> Cell {
    Cell::new(words::count(n), if n == 0 { Token::Muted } else { Token::Text })
}

/// Milliseconds, or none.
pub fn millis(ms: Option<i32>) -> Cell {
    match ms {
        Some(ms) => Cell::new(words::millis(i64::from(ms)), Token::Text),
        None => Cell::new("-", Token::Muted),
    }
}

/// A rate, or none.
pub fn rate(per_s: Option<f64>) -> Cell {
    match per_s {
        Some(r) if r > 0.0 => Cell::new(words::rate(r), Token::Text),
        Some(_) => Cell::new("0/s", Token::Muted),
        None => Cell::new("-", Token::Muted),
    }
}

/// A breaker's state in one word or two.
pub fn breaker_word(breaker: &BreakerView) -> &'static str {
    match breaker.state.as_str() {
        "open" => "OPEN",
        "half_open" if breaker.ramp_limit > 0 => "ramping",
        "half_open" => "half-open",
        "forced_open" => "held open",
        "forced_closed" => "held closed",
        _ => "closed",
    }
}

/// A breaker's state with glyph and colour.
pub fn breaker(breaker: &BreakerView) -> Cell {
    let (glyph, token) = match breaker.state.as_str() {
        "open" => ('x', Token::Critical),
        "half_open" => ('/', Token::Half),
        "forced_open" => ('^', Token::Held),
        "forced_closed" => ('v', Token::Held),
        _ => ('o', Token::Ok),
    };
    Cell::new(format!("{glyph} {}", breaker_word(breaker)), token)
}

/// When the next probe starts.
pub fn next_probe(breaker: &BreakerView) -> String {
    match (breaker.state.as_str(), breaker.next_probe_s) {
        ("open", Some(0)) => "now".into(),
        ("open", Some(s)) => words::span(if s <= 10 { s } else { (s + 4) / 5 * 5 }),
        ("half_open", _) => "now".into(),
        _ => "-".into(),
    }
}

/// A contact's status.
pub fn contact(status: &str) -> Token {
    match status {
        "completed" => Token::Ok,
        "failed" => Token::Warn,
        "processing" => Token::Half,
        _ => Token::Muted,
    }
}

/// What a timeline line means for its reader.
pub fn severity(severity: &str, kind: &str) -> Token {
    match (severity, kind) {
        ("critical", _) => Token::Critical,
        ("warning", _) => Token::Warn,
        (_, "person") => Token::Accent,
        _ => Token::Text,
    }
}
