//! A handover as Markdown. Pure. Foreign text is made inert and can't become markup.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};

use super::gather::Handover;
use crate::telemetry::inert::inert;

/// The shift as Markdown: what is wrong now comes first.
pub fn markdown(shift: &Handover) -> String {
    let mut out = String::new();
    let (from, to) = (day_and_time(shift.since), day_and_time(shift.until));
    // Writing to a string never fails.
    let _ = writeln!(out, "# Handover {}: {from} to {to}", text(&shift.environment));
    section(&mut out, "Wrong now", wrong(shift), "Nothing: every lane is ok, every breaker is closed.");
    section(&mut out, "Alerts that are open", alerts(shift), "None.");
    section(&mut out, "Outages", outages(shift), "No breaker opened.");
    section(&mut out, "What else happened", events(shift), "Nothing above information.");
    section(&mut out, "What people did", actions(shift), "Nothing.");
    section(&mut out, "Dead jobs", dead(shift), "None.");
    section(&mut out, "Work", work(shift), "No call was made.");
    out
}

fn section(out: &mut String, title: &str, lines: Vec<String>, none: &str) {
    let _ = writeln!(out, "\n## {title}\n");
    if lines.is_empty() {
        let _ = writeln!(out, "{none}");
    }
    for line in lines {
        let _ = writeln!(out, "- {line}");
    }
}

fn wrong(shift: &Handover) -> Vec<String> {
    let lanes = shift.lanes.iter().map(|l| {
        let since = l.since.map_or_else(String::new, |at| format!(" since {}", time(at)));
        let why = l.reason.as_deref().map_or_else(String::new, |why| format!(": {}", text(why)));
        format!("lane **{}** is {}{since}, {} jobs wait{why}", l.lane, l.state, l.depth)
    });
    let breakers = shift.breakers.iter().map(|b| {
        let until = b.held_until.map_or("until released".to_owned(), |at| format!("until {}", day_and_time(at)));
        let hold = b.held_by.as_deref().map_or_else(String::new, |by| {
            format!(", held by {} {until}: {}", text(by), text(b.held_reason.as_deref().unwrap_or("-")))
        });
        format!("breaker **{}** is {}{hold}", b.name, b.state.replace('_', " "))
    });
    lanes.chain(breakers).collect()
}

fn alerts(shift: &Handover) -> Vec<String> {
    let line = |a: &crate::operations::views::AlertView| {
        format!("{} {} since {}: {}", a.severity, text(&a.subject), time(a.raised_at), text(&a.summary))
    };
    shift.alerts.iter().map(line).collect()
}

fn outages(shift: &Handover) -> Vec<String> {
    let line = |o: &super::Outage| {
        let end = o
            .closed_at
            .map_or("still open".to_owned(), |at| format!("closed {} after {}", time(at), lasted(at - o.opened_at)));
        let probes = if o.failed_probes == 0 { String::new() } else { format!(", {} failed probes", o.failed_probes) };
        format!("**{}** opened {}, {end}{probes}: {}", o.breaker, time(o.opened_at), text(&o.cause))
    };
    shift.outages.iter().map(line).collect()
}

fn events(shift: &Handover) -> Vec<String> {
    shift
        .events
        .iter()
        .map(|e| format!("{} {} {}: {}", time(e.at), e.severity, text(&e.subject), text(&e.summary)))
        .collect()
}

fn actions(shift: &Handover) -> Vec<String> {
    let line = |a: &crate::operations::views::AuditRow| {
        let who = a.claimed["user"].as_str().unwrap_or(&a.login);
        let reason = a.reason.as_deref().map_or_else(String::new, |why| format!(", reason: {}", text(why)));
        format!(
            "{} {} {} {} ({}; audit {}){reason}",
            time(a.at),
            text(who),
            a.verb,
            text(&a.target),
            text(&a.result),
            a.id
        )
    };
    shift.actions.iter().map(line).collect()
}

fn dead(shift: &Handover) -> Vec<String> {
    shift.dead.iter().map(|d| format!("{} in {}: {}", d.count, d.lane, text(&d.error))).collect()
}

fn work(shift: &Handover) -> Vec<String> {
    let line = |w: &super::Work| {
        format!("{}: {} calls, {} failed, {} from the cache, ${:.2}", w.provider, w.calls, w.failures, w.cached, w.cost)
    };
    shift.work.iter().map(line).collect()
}

/// Foreign text on one line, with the characters that Markdown reads escaped.
fn text(foreign: &str) -> String {
    let inert = inert(foreign);
    let mut out = String::with_capacity(inert.len());
    for c in inert.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%m-%d %H:%M:%SZ").to_string()
}

fn day_and_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

fn lasted(span: TimeDelta) -> String {
    let s = span.num_seconds().max(0);
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::handover::Outage;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn quiet() -> Handover {
        Handover {
            since: at(0),
            until: at(480),
            environment: "eu-1".into(),
            lanes: Vec::new(),
            breakers: Vec::new(),
            alerts: Vec::new(),
            outages: Vec::new(),
            events: Vec::new(),
            actions: Vec::new(),
            work: Vec::new(),
            dead: Vec::new(),
        }
    }

    #[test]
    fn a_quiet_shift_says_so_in_every_section() {
        let written = markdown(&quiet());
        assert!(written.starts_with("# Handover eu-1: 1970-01-01 00:00Z to 1970-01-01 08:00Z\n"), "{written}");
        assert!(written.contains("## Wrong now\n\nNothing: every lane is ok"), "{written}");
        assert_eq!(written.matches("## ").count(), 7);
    }

    #[test]
    fn an_outage_names_its_length_and_its_cause() {
        let outage = Outage {
            breaker: "hunter-api".into(),
            opened_at: at(10),
            closed_at: Some(at(10) + TimeDelta::seconds(215)),
            cause: "HTTP 503".into(),
            failed_probes: 2,
        };
        let written = markdown(&Handover { outages: vec![outage], ..quiet() });
        assert!(
            written.contains(
                "**hunter-api** opened 01-01 00:10:00Z, closed 01-01 00:13:35Z after 3m35s, 2 failed probes: HTTP 503"
            ),
            "{written}"
        );
    }

    #[test]
    fn foreign_text_stays_text() {
        assert_eq!(text("\u{1b}[31m<img> [x](y) `z`\n# h"), "\\\\x1b\\[31m\\<img\\> \\[x\\](y) \\`z\\`\\\\n\\# h");
    }
}
