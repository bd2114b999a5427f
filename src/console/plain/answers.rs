//! Answers of the database as sentences, the newest line last.

use chrono::{DateTime, Utc};

use super::show::ROWS;
use crate::console::effect::Answer;
use crate::console::model::Search;
use crate::console::widget::words;
use crate::contacts::contact::ContactDetail;
use crate::contacts::page::{Estimate, Page};
use crate::operations::views::{AuditRow, JobDetail, JobRow, SlotView, TimelineRow};

/// What an answer says; `typed`: only records with these words.
pub(super) fn answer_lines(answer: &Answer, typed: &str, now: DateTime<Utc>) -> Vec<String> {
    let search = Search::of(typed);
    let mut lines: Vec<String> = match answer {
        Answer::Jobs(page) => page.rows.iter().map(job_line).collect(),
        Answer::Groups(groups) => {
            let line = |g: &crate::operations::views::JobGroup| {
                format!("{} dead by: {}. Example: job {}.", g.count, g.error, g.example)
            };
            groups.iter().map(line).collect()
        }
        Answer::Job(Some(detail)) => job_lines(detail, now),
        Answer::Job(None) => vec!["There is no such job in the queue: it has finished or never was.".into()],
        Answer::History(events) => {
            let line = |e: &crate::operations::views::BreakerEvent| {
                format!("{}Z {}: {}.", words::clock(e.at, now), e.event.replace('_', " "), e.cause)
            };
            events.iter().take(ROWS).map(line).rev().collect()
        }
        Answer::Contacts { page, estimate } => contact_lines(page, *estimate),
        Answer::Contact(Some(contact)) => detail_lines(contact),
        Answer::Contact(None) => vec!["There is no such contact.".into()],
        Answer::Timeline(rows) => timeline_lines(rows, &search, now),
        Answer::Audit(rows) => audit_lines(rows, &search, now),
        Answer::Chart(chart) => {
            let line = |p: &crate::operations::views::ChartPoint| {
                format!(
                    "{}Z: {:.1} done a second, {:.1} failed.",
                    words::clock(p.at, now),
                    p.done_per_s,
                    p.failed_per_s
                )
            };
            chart.points.iter().rev().take(ROWS).map(line).rev().collect()
        }
        Answer::Credentials(slots) => slots.iter().map(slot_line).collect(),
        Answer::Spend(rows) => {
            let line = |r: &crate::operations::views::SpendRow| {
                let usd = words::dollars(r.cost);
                format!(
                    "{} {}: {} calls, {} failed, {} from cache, {usd}.",
                    r.day, r.provider, r.calls, r.failures, r.cached
                )
            };
            rows.iter().take(ROWS).map(line).rev().collect()
        }
    };
    if lines.is_empty() {
        lines.push("Nothing matches.".into());
    }
    lines
}

fn slot_line(slot: &SlotView) -> String {
    let version = words::or_none(slot.version.clone());
    let note = slot.note.as_ref().map_or_else(String::new, |note| format!(" {note}."));
    format!("Credential {}: {}, version {version}.{note}", slot.slot, slot.source)
}

fn job_line(job: &JobRow) -> String {
    let error = job.last_error.as_ref().map_or_else(String::new, |e| format!(", last error: {e}"));
    format!(
        "Job {}: {} of contact {}, attempt {} of {}{error}.",
        job.id, job.kind, job.contact_id, job.attempt, job.max_attempts
    )
}

fn job_lines(detail: &JobDetail, now: DateTime<Utc>) -> Vec<String> {
    let job = &detail.job;
    let mut lines = vec![format!(
        "Job {}: {} in lane {}, {}, attempt {} of {}.",
        job.id, job.kind, job.lane, job.state, job.attempt, job.max_attempts
    )];
    for f in &detail.failures {
        let at = words::clock(f.started_at, now);
        lines.push(format!("Attempt {} at {at}Z: {}, {}.", f.attempt, f.error_kind, f.message));
    }
    lines
}

fn contact_lines(page: &Page, estimate: Option<Estimate>) -> Vec<String> {
    let many = estimate.map(|e| format!("{}{} match.", if e.exact { "" } else { "About " }, e.rows));
    let rows = page.rows.iter().take(ROWS).map(|c| {
        let name = words::or_none(c.business_name.clone().or_else(|| c.full_name.clone()));
        format!("Contact {}: {}, {}, {name}.", c.id, c.phone_e164, c.status)
    });
    many.into_iter().chain(rows).collect()
}

fn detail_lines(contact: &ContactDetail) -> Vec<String> {
    let known = contact.fields.iter().filter(|(_, value)| !value.is_null());
    known.map(|(name, v)| format!("{name}: {}", v.as_str().map_or_else(|| v.to_string(), str::to_owned))).collect()
}

fn timeline_lines(rows: &[TimelineRow], search: &Search, now: DateTime<Utc>) -> Vec<String> {
    let takes = |r: &&TimelineRow| {
        search.takes(&[("kind", &r.kind), ("about", &r.subject), ("who", &r.actor), ("text", &r.summary)])
    };
    let mut lines: Vec<String> = Vec::new();
    for r in rows.iter().filter(takes).take(ROWS) {
        lines.push(format!("{}Z {} {}: {}.", words::clock(r.at, now), r.kind, r.subject, r.summary));
    }
    lines.reverse();
    lines
}

fn audit_lines(rows: &[AuditRow], search: &Search, now: DateTime<Utc>) -> Vec<String> {
    let takes = |r: &&AuditRow| search.takes(&[("who", &r.login), ("verb", &r.verb), ("target", &r.target)]);
    let mut lines: Vec<String> = Vec::new();
    for r in rows.iter().filter(takes).take(ROWS) {
        let at = words::clock(r.at, now);
        lines.push(format!(
            "{at}Z audit {}: {} {} {}, {} rows, {}.",
            r.id, r.login, r.verb, r.target, r.radius, r.result
        ));
    }
    lines.reverse();
    lines
}
