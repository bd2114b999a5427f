//! The Overview's card of one incident: what is wrong, since when, who waits, what a resume would take, and what to press.

use chrono::{DateTime, Utc};

use super::marks;
use crate::console::keys::{Do, Place};
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::update::allowed;
use crate::console::widget::{Piece, words};
use crate::operations::views::{BreakerView, TimelineRow};
use crate::operations::whatif::{self, Foresight};

type Line = Vec<Piece<'static>>;

/// Name, state, since how long; `waiting`: and who waits for what.
pub(super) fn headline(model: &Model, breaker: &BreakerView, waiting: bool) -> Line {
    let state = marks::breaker(breaker);
    let mut line = vec![
        (format!("{} ", breaker.name).into(), Token::Title),
        (state.text.into(), state.token),
        (format!(" {}", words::since(begun(breaker), model.clock)).into(), Token::Text),
    ];
    if waiting {
        line.push((
            format!("  {} wait  probe {}", words::count(breaker.waiting), marks::next_probe(breaker)).into(),
            Token::Text,
        ));
    }
    line
}

/// The same as a title, with the time at which it began.
pub(super) fn title(model: &Model, breaker: &BreakerView) -> String {
    let text: String = headline(model, breaker, false).into_iter().map(|(text, _)| text).collect();
    format!("{text} ({}Z)", words::clock(begun(breaker), model.clock))
}

fn begun(breaker: &BreakerView) -> DateTime<Utc> {
    breaker.opened_at.filter(|_| !breaker.state.starts_with("forced")).unwrap_or(breaker.changed_at)
}

/// One fact a line, for a card that stands beside the lanes.
pub(super) fn lines(model: &Model, breaker: &BreakerView) -> Vec<Line> {
    let mut head = headline(model, breaker, false);
    head.push((format!(" ({}Z)", words::clock(begun(breaker), model.clock)).into(), Token::Muted));
    let waiting = format!(
        "{}, {} wait",
        words::of(breaker.waiting, "job", "jobs"),
        words::of(breaker.waiting_contacts, "contact", "contacts")
    );
    // Two pieces: a line of them is never wrapped, so a shorter time does not move what stands below.
    let next = vec![(next(breaker).into(), Token::Half), (back_off(breaker).into(), Token::Half)];
    let act = last_act(model, breaker).map_or_else(String::new, |row| {
        format!("{} {}: {}", words::clock(row.at, model.clock), row.actor, row.summary)
    });
    let mut lines = vec![head, one(cause(model, breaker), Token::Muted), one(waiting, Token::Text)];
    lines.extend([next, one(called(model, breaker), Token::Text)]);
    lines.extend([one(resume(model, breaker), Token::Text), one(act, Token::Accent)]);
    lines.retain(|line| line.iter().any(|(text, _)| !text.is_empty()));
    lines
}

/// What matters most, in one line; its cause stands behind the verbs, where a longer time does not cut it.
pub(super) fn short(model: &Model, breaker: &BreakerView) -> Line {
    let waiting = format!("{} wait", words::of(breaker.waiting, "job", "jobs"));
    let facts = [(waiting, Token::Text), (next(breaker), Token::Half), (resume(model, breaker), Token::Text)];
    let mut line: Line = Vec::new();
    for (text, token) in facts.into_iter().filter(|(text, _)| !text.is_empty()) {
        if !line.is_empty() {
            line.push((" - ".into(), Token::Muted));
        }
        line.push((text.into(), token));
    }
    line
}

/// The keys that do something about it: `w` and Enter mean the selected lane, so they are shown where that is its lane.
pub(super) fn verbs(model: &Model, breaker: &BreakerView) -> Line {
    let its_lane = breaker.lane.is_some() && breaker.lane == model.lanes.list.id;
    let writes = allowed::writes(model).is_none();
    let verbs = [
        (Do::Mend, " reset", writes),
        (Do::HoldOpen, " hold", writes && breaker.state != "forced_open"),
        (Do::Why, " why", its_lane),
        (Do::Open, "", its_lane),
    ];
    let key = |does| model.facts.keymap.key_of(does, Place::Overview);
    let shown = verbs.into_iter().filter(|(_, _, works)| *works);
    shown
        .flat_map(|(does, word, _)| [(key(does).into(), Token::Accent), (format!("{word}  ").into(), Token::Muted)])
        .collect()
}

/// What a reset would lead to, by the prices and rules that hold here.
pub(super) fn foresee(model: &Model, breaker: &BreakerView) -> Foresight {
    let lane = model.pulse.iter().flat_map(|p| &p.status.lanes).find(|l| Some(&l.lane) == breaker.lane.as_ref());
    let rules = model.facts.rules.get(&breaker.name).copied().unwrap_or_default();
    whatif::reset(breaker, lane, &rules, price(model, breaker), model.clock)
}

fn price(model: &Model, breaker: &BreakerView) -> Option<f64> {
    model.pulse.as_ref()?.costs.get(breaker.lane.as_ref()?).copied()
}

fn one(text: String, token: Token) -> Line {
    vec![(text.into(), token)]
}

/// Why it is not closed, in words.
pub(super) fn cause(model: &Model, breaker: &BreakerView) -> String {
    match (&breaker.held_by, &breaker.last_failure) {
        (Some(by), _) if breaker.state.starts_with("forced") => {
            let until = breaker
                .held_until
                .map_or_else(|| "until released".into(), |u| format!("until {}Z", words::clock(u, model.clock)));
            format!("held by {by} {until}: {}", breaker.held_reason.as_deref().unwrap_or("no reason given"))
        }
        (_, Some(failure)) => format!("{} failures: {failure}", breaker.consecutive_failures),
        _ => String::new(),
    }
}

fn next(breaker: &BreakerView) -> String {
    let number = breaker.probes.map_or_else(String::new, |n| format!(" {}", n + 1));
    match breaker.state.as_str() {
        "open" if breaker.next_probe_s == Some(0) => format!("probe{number} starts now"),
        "open" => format!("probe{number} in {}", marks::next_probe(breaker)),
        "half_open" if breaker.ramp_limit > 0 => format!("ramping: {} at once", breaker.ramp_limit),
        "half_open" => "one probe is on its way".to_owned(),
        _ => String::new(),
    }
}

fn back_off(breaker: &BreakerView) -> String {
    let waits = breaker.state == "open" && breaker.next_probe_s != Some(0);
    let Some(seconds) = breaker.back_off_s.filter(|s| waits && *s > 0) else { return String::new() };
    let span = words::span(seconds);
    format!(", back-off {}", span.strip_suffix("00s").or(span.strip_suffix("00m")).unwrap_or(&span))
}

/// Only probes pass while it is open; each costs a call at most.
fn called(model: &Model, breaker: &BreakerView) -> String {
    let Some(probes) = breaker.probes.filter(|_| breaker.state == "open") else { return String::new() };
    let cost = price(model, breaker).map(|usd| usd * probes as f64);
    let cost = cost.map_or_else(String::new, |usd| format!(", ~{}", words::dollars(usd)));
    format!("since opened: {}{cost}", words::of(probes, "probe", "probes"))
}

fn resume(model: &Model, breaker: &BreakerView) -> String {
    if breaker.state == "forced_closed" {
        return String::new();
    }
    let seen = foresee(model, breaker);
    let Some(seconds) = seen.empty_in_s else { return String::new() };
    let cost = seen.cost_usd.map_or_else(String::new, |usd| format!(", ~{}", words::dollars(usd)));
    format!("resume: ~{}{cost}", words::span(seconds.ceil() as i64))
}

/// What a person did about it last, among the newest events.
fn last_act<'a>(model: &'a Model, breaker: &BreakerView) -> Option<&'a TimelineRow> {
    let about = |row: &&TimelineRow| row.subject == breaker.name || Some(&row.subject) == breaker.lane.as_ref();
    model.pulse.as_ref()?.recent.iter().filter(|row| row.kind == "person").find(about)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture;

    fn text(line: &Line) -> String {
        line.iter().map(|(text, _)| text.as_ref()).collect()
    }

    #[test]
    fn it_says_who_waits_what_was_called_what_a_resume_takes_and_who_acted() {
        let model = fixture::model((120, 36), true);
        let breaker = model.incident_shown().unwrap();
        let all = lines(&model, breaker).iter().map(text).collect::<Vec<_>>().join("\n");
        for fact in [
            "8,412 jobs, 8,412 contacts wait",
            "probe 3 in 40s, back-off 2m",
            "since opened: 2 probes, ~$0.02",
            "resume: ~1m36s, ~$84.12",
            "bo: reset breaker twilio",
        ] {
            assert!(all.contains(fact), "{fact} is not in:\n{all}");
        }
    }

    #[test]
    fn only_the_verbs_that_work_are_named() {
        let mut model = fixture::model((120, 36), true);
        let breaker = model.incident_shown().unwrap().clone();
        assert_eq!(text(&verbs(&model, &breaker)).trim_end(), "r reset  o hold  w why  Enter");
        model.lanes.list.id = Some("numverify".into());
        assert_eq!(text(&verbs(&model, &breaker)).trim_end(), "r reset  o hold", "w and Enter mean numverify");
        model.facts.read_only = true;
        assert_eq!(text(&verbs(&model, &breaker)), "");
    }
}
