//! What a breaker let through, and when: read from its history. Pure but for the reading.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::super::Failure;
use crate::catalogue;
use crate::database::Db;

/// A stretch of time in which a breaker let so many calls through at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub at_once: u32,
}

/// One recovery: from the probe that was answered to the end of the ramp.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    pub provider: &'static str,
    /// When the first breaker of this recovery opened.
    pub opened: DateTime<Utc>,
    /// When the probe was answered.
    pub answered: DateTime<Utc>,
    /// When it closed.
    pub closed: DateTime<Utc>,
    /// The steps of the ramp.
    pub ramp: Vec<Stretch>,
}

/// One line of the history: when, which breaker, what, why.
type Event = (DateTime<Utc>, String, String, String);

async fn events(db: &Db) -> Result<Vec<Event>, Failure> {
    let sql = "SELECT at, breaker, event, cause FROM breaker_events ORDER BY id";
    Ok(sqlx::query_as(sql).fetch_all(db.pool()).await?)
}

/// What each breaker did and when, in seconds after `since`; the steps of ramps apart.
pub async fn history(db: &Db, since: DateTime<Utc>) -> Result<BTreeMap<&'static str, String>, Failure> {
    let mut told: BTreeMap<&'static str, String> = BTreeMap::new();
    for (at, breaker, event, _) in events(db).await?.iter().filter(|(_, _, event, _)| event != "ramp") {
        let Some(provider) = catalogue::by_breaker(breaker) else { continue };
        let text = told.entry(provider.id).or_default();
        let pause = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{pause}{} {:.1}", event.replace('_', " "), (*at - since).as_seconds_f64());
    }
    Ok(told)
}

/// Every recovery that came to its end.
pub async fn recoveries(db: &Db) -> Result<Vec<Recovery>, Failure> {
    let events = events(db).await?;
    Ok(catalogue::PROVIDERS.iter().filter(|p| p.has_lane).flat_map(|p| read(p, &events)).collect())
}

fn read(provider: &'static catalogue::Provider, events: &[Event]) -> Vec<Recovery> {
    let own = events.iter().filter(|(_, breaker, ..)| Some(breaker.as_str()) == provider.breaker);
    let (mut found, mut opened, mut steps) = (Vec::new(), None, Vec::new());
    for (at, _, event, cause) in own {
        match event.as_str() {
            "opened" | "ramp_failed" => {
                opened = opened.or(Some(*at));
                steps.clear();
            }
            "probe_succeeded" => steps = vec![(*at, 1)],
            "ramp" => {
                let at_once = cause.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(1);
                steps.push((*at, at_once));
            }
            "closed" => {
                if let Some((opened, (answered, _))) = opened.take().zip(steps.first().copied()) {
                    let ends = steps.iter().skip(1).map(|(at, _)| *at).chain([*at]);
                    let ramp = steps.iter().zip(ends).map(|((from, at_once), until)| Stretch {
                        from: *from,
                        until,
                        at_once: *at_once,
                    });
                    found.push(Recovery { provider: provider.id, opened, answered, closed: *at, ramp: ramp.collect() });
                }
                steps.clear();
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_is_its_last_probe_and_the_ramp_behind_it() {
        let at = |s| DateTime::<Utc>::from_timestamp(s, 0).unwrap();
        let events = [
            (0, "opened", ""),
            (5, "probe", ""),
            (6, "probe_succeeded", ""),
            (7, "ramp", "2 at once"),
            (8, "ramp_failed", ""),
            (20, "probe_succeeded", ""),
            (21, "ramp", "2 at once"),
            (23, "ramp", "4 at once"),
            (24, "closed", ""),
        ];
        let events: Vec<Event> =
            events.iter().map(|(s, e, c)| (at(*s), "twilio".to_owned(), (*e).to_owned(), (*c).to_owned())).collect();
        let found = read(catalogue::provider("twilio").unwrap(), &events);
        let stretch = |from, until, at_once| Stretch { from: at(from), until: at(until), at_once };
        let ramp = vec![stretch(20, 21, 1), stretch(21, 23, 2), stretch(23, 24, 4)];
        let (opened, answered, closed) = (at(0), at(20), at(24));
        assert_eq!(found, [Recovery { provider: "twilio", opened, answered, closed, ramp }]);
    }
}
