//! The Overview's card of a day on which nothing is wrong.

use chrono::{DateTime, Utc};

use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::widget::{Piece, words};
use crate::operations::views::{LaneView, Status};

/// What is missing before work can start, else that all is well; then done, failed, spent, saved, and the oldest credential.
pub(super) fn lines(model: &Model, status: &Status) -> Vec<Vec<Piece<'static>>> {
    let dead: i64 = status.lanes.iter().map(|l| l.dead).sum();
    let done: i64 = status.lanes.iter().map(|l| l.done_total).sum();
    let failed = status.contacts.failed;
    let bad = |n: i64| if n > 0 { Token::Warn } else { Token::Muted };
    let one = |text: String, token: Token| vec![(text.into(), token)];
    let mut lines = vec![vec![("o ".into(), Token::Ok), ("all breakers closed".into(), Token::Text)]];
    lines.extend(missing(status).map(|text| one(text, Token::Warn)));
    lines.push(one(format!("{} done", words::of(done, "job", "jobs")), Token::Text));
    if model.past.is_none() {
        lines.push(one(format!("{} failed", words::of(failed, "contact", "contacts")), bad(failed)));
    }
    lines.push(one(format!("{dead} dead"), bad(dead)));
    lines.push(one(spent(status), Token::Text));
    if let Some(today) = &status.today {
        lines.push(one(format!("{} from cache", words::count(today.cached)), Token::Muted));
        if let Some(since) = today.oldest_credential {
            lines.push(one(format!("oldest key {}", age(since, model.clock)), Token::Muted));
        }
    }
    let asleep = status.lanes.iter().filter(|l| l.state == "parked" && l.depth == 0).count() as i64;
    if asleep > 0 {
        lines.push(one(format!("{} parked without work", words::of(asleep, "lane", "lanes")), Token::Muted));
    }
    lines
}

fn missing(status: &Status) -> Option<String> {
    let waits = |l: &&LaneView| l.state == "parked" && l.depth > 0;
    if let Some(lane) = status.lanes.iter().find(waits) {
        return Some(format!("{} is parked: {}", lane.lane, lane.reason.as_deref().unwrap_or("no reason known")));
    }
    let works = status.nodes.iter().any(|n| n.state == "live" && n.runs_jobs);
    let work = status.lanes.iter().any(|l| l.depth > 0);
    (work && !works).then(|| "no worker is live: `switchboard worker` starts one".to_owned())
}

fn spent(status: &Status) -> String {
    let budgets: Vec<f64> = status.lanes.iter().filter_map(|l| l.budget_usd).collect();
    let spent = words::dollars(status.cost_today);
    if budgets.is_empty() {
        return format!("spent today {spent}, no budget");
    }
    format!("spent today {spent}, budget {}", words::dollars(budgets.iter().sum()))
}

/// In whole days or hours: it must not draw anew every second.
fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let hours = (now - since).num_hours();
    match hours {
        48.. => words::of(hours / 24, "day", "days"),
        1.. => words::of(hours, "hour", "hours"),
        _ => "under an hour".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture;

    fn shown(model: &Model, status: &Status) -> String {
        lines(model, status).iter().flatten().map(|(text, _)| format!("{text}\n")).collect()
    }

    #[test]
    fn a_calm_day_says_what_was_done_spent_and_saved_and_what_is_missing() {
        let model = fixture::model((120, 36), false);
        let mut status = fixture::pulse(false).status;
        let text = shown(&model, &status);
        for fact in ["32 contacts failed", "no budget", "1,204 from cache", "oldest key 12 days"] {
            assert!(text.contains(fact), "{fact} is not in:\n{text}");
        }
        status.lanes[0].budget_usd = Some(20.0);
        status.lanes[1].budget_usd = Some(5.5);
        assert!(shown(&model, &status).contains("spent today $84.12, budget $25.50"));
        assert!(!text.contains("no worker"));
        status.nodes.clear();
        assert!(shown(&model, &status).contains("no worker is live"));
    }
}
