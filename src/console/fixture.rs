//! A made-up evening for tests: lookups run, the provider fails, its breaker opens.

mod desks;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::effect::{Answer, Query};
use super::message::{Msg, Pulse};
use super::model::{Facts, Model};
use super::update::update;
use crate::contacts::contact::{ContactDetail, ContactRow};
use crate::contacts::page::{Estimate, Page};
use crate::operations::actions::{Action, Plan, Tier};
use crate::operations::views::*;
use crate::telemetry::LogLine;
pub use desks::{answered, memory, prepared, proposal, slots};

pub fn now() -> DateTime<Utc> {
    "2026-08-22T12:02:34Z".parse().unwrap()
}

fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

fn lane(name: &str, state: &str, depth: i64) -> LaneView {
    let working = depth > 0;
    LaneView {
        lane: name.into(),
        state: state.into(),
        reason: (state == "parked").then(|| "breaker open: 503 upstream overloaded".into()),
        since: (state != "ok").then(|| ago(214)),
        depth,
        running: if state == "ok" && working { 18 } else { 0 },
        scheduled: if working { 12 } else { 0 },
        dead: if name == "twilio" { 41 } else { 0 },
        oldest_s: working.then_some(if depth > 2000 { 542 } else { 41 }),
        done_per_s: Some(if state == "ok" && working { 38.0 } else { 0.0 }),
        failed_per_s: Some(0.0),
        p50_ms: working.then_some(180),
        p95_ms: working.then_some(420),
        p99_ms: working.then_some(610),
        concurrency: None,
        node_concurrency: None,
        budget_usd: None,
        spent_today: 0.0,
        rate_limit: 16,
        done_total: depth * 2,
    }
}

fn breaker(name: &str, lane: Option<&str>, state: &str, waiting: i64) -> BreakerView {
    let open = state != "closed";
    BreakerView {
        name: name.into(),
        lane: lane.map(Into::into),
        state: state.into(),
        consecutive_failures: if open { 5 } else { 0 },
        waiting,
        waiting_contacts: waiting,
        next_probe_s: (state == "open").then_some(38),
        opened_at: open.then(|| ago(214)),
        ramp_limit: 0,
        cool_offs: i32::from(open),
        held_by: state.starts_with("forced").then(|| "bo".into()),
        held_reason: state.starts_with("forced").then(|| "vendor maintenance".into()),
        held_until: state.starts_with("forced").then(|| now() + TimeDelta::hours(2)),
        last_failure: open.then(|| "503 upstream overloaded".into()),
        last_failure_at: open.then(|| ago(214)),
        changed_at: ago(82),
        probes: (state == "open").then_some(2),
        back_off_s: (state == "open").then_some(120),
    }
}

pub fn pulse(outage: bool) -> Pulse {
    let (state, breaker_state) = if outage { ("parked", "open") } else { ("ok", "closed") };
    let idle = ["clearbit-company", "clearbit-email", "clearbit-phone", "hunter", "local", "truecaller", "whitepages"];
    let mut lanes: Vec<LaneView> = idle.iter().map(|name| lane(name, "ok", 0)).collect();
    lanes.extend([lane("twilio", state, 8412), lane("zerobounce", "ok", 731), lane("numverify", "paused", 66)]);
    let mut breakers = vec![breaker("twilio", Some("twilio"), breaker_state, 8412)];
    breakers.push(breaker("truecaller-api", Some("truecaller"), if outage { "forced_open" } else { "closed" }, 0));
    breakers.extend(["hunter-api", "openai-api", "zerobounce-api"].map(|name| breaker(name, None, "closed", 0)));
    let alert = AlertView {
        severity: "critical".into(),
        subject: "twilio".into(),
        summary: "depth 8,412 is over 2,000".into(),
        incident: true,
        raised_at: ago(200),
        ..AlertView::default()
    };
    let nodes = vec![NodeView {
        node: "eu-1:4711".into(),
        epoch: 3,
        kind: "console".into(),
        version: "0.1.0".into(),
        state: "live".into(),
        heartbeat_age_s: 1.0,
        runs_jobs: true,
        in_flight: 18,
        capacity: 64,
        started_at: ago(4000),
        wish: None,
    }];
    let status = Status {
        contacts: ContactCounts { pending: 8_450, processing: 18, completed: 31_500, failed: 32 },
        lanes,
        breakers,
        nodes,
        alerts: if outage { vec![alert] } else { Vec::new() },
        leader: Some(LeaderView { node: "eu-1:4711".into(), present: true, until: now() }),
        cost_today: 84.12,
        today: Some(Today { cached: 1_204, oldest_credential: Some(ago(12 * 86_400)) }),
        environment: EnvironmentView { name: "local".into(), production: false },
    };
    Pulse {
        at: now(),
        status,
        trend: trend(outage),
        recent: timeline(),
        costs: [("twilio".to_owned(), 0.01)].into(),
        deck: Deck::default(),
    }
}

fn trend(outage: bool) -> Vec<SamplePoint> {
    let point = |step: i64, lane: &str, depth: i64, done_total: i64| SamplePoint {
        at: ago(600 - step * 5),
        lane: lane.into(),
        depth,
        done_total,
        breaker: if outage && step > 77 && lane == "twilio" {
            if step % 12 == 0 { "half_open" } else { "open" }
        } else {
            "closed"
        }
        .into(),
    };
    let wave = |step: i64| 40 + 25 * ((step / 6) % 3);
    let mut done = 0;
    let mut samples = Vec::new();
    for step in 1..=120 {
        done += if outage && step > 77 { 190 } else { 5 * wave(step) };
        samples.push(point(step, "twilio", 2000 + step * 53, done));
        samples.push(point(step, "zerobounce", 900 - step, step * 38));
    }
    samples
}

pub fn timeline() -> Vec<TimelineRow> {
    let row =
        |id: i64, seconds: i64, kind: &str, severity: &str, subject: &str, summary: &str, actor: &str| TimelineRow {
            id,
            at: ago(seconds),
            kind: kind.into(),
            severity: severity.into(),
            subject: subject.into(),
            summary: summary.into(),
            actor: actor.into(),
            audit_id: (kind == "person").then_some(4813),
        };
    vec![
        row(9, 10, "person", "info", "numverify", "paused lane numverify; reason 'cost'", "bo"),
        row(8, 82, "breaker", "critical", "twilio", "half-open -> open: probe failed: 503 in 0.8s", "switchboard"),
        row(7, 84, "person", "info", "twilio", "reset breaker twilio; reason 'vendor says fixed'", "bo"),
        row(6, 194, "alert", "critical", "twilio", "depth 2,000 passed", "switchboard"),
        row(
            5,
            215,
            "breaker",
            "critical",
            "twilio",
            "closed -> open: 5 consecutive failures: 503 x4, timeout x1",
            "switchboard",
        ),
        row(4, 90_000, "node", "info", "eu-1:4711", "joined with \u{1b}[31m64\u{1b}[0m workers", "switchboard"),
    ]
}

pub fn jobs() -> Answer {
    let row = |id: i64| JobRow {
        id,
        lane: "twilio".into(),
        kind: "lookup".into(),
        state: "waiting".into(),
        contact_id: 5_512_000 + id,
        phone: Some(format!("+1415555{:04}", 100 + id % 100)),
        attempt: 1,
        max_attempts: 5,
        priority: 100,
        run_at: ago(542 - id % 100),
        created_at: ago(4000),
        last_error: (id % 3 == 0).then(|| "503 upstream overloaded".into()),
    };
    Answer::Jobs(JobPage { rows: (0..60).map(|i| row(88_200 - i)).collect(), next: Some(88_141) })
}

pub fn groups() -> Answer {
    let group = |error: &str, count, example| JobGroup {
        lane: "twilio".into(),
        error: error.into(),
        count,
        example,
        first_at: ago(5000),
        last_at: ago(215),
    };
    Answer::Groups(vec![group("503 upstream overloaded", 38, 88_120), group("invalid JSON at line 1", 3, 71_002)])
}

pub fn job() -> Answer {
    let Answer::Jobs(page) = jobs() else { unreachable!() };
    let failure = |attempt: i16, seconds: i64| FailureView {
        attempt,
        burnt: true,
        probe: false,
        error_kind: "upstream".into(),
        http_status: Some(503),
        message: "upstream overloaded".into(),
        started_at: ago(seconds),
        took_ms: 1210,
        node: Some("eu-1:4711".into()),
    };
    let job = JobRow {
        state: "dead".into(),
        attempt: 5,
        last_error: Some("503 upstream overloaded".into()),
        ..page.rows[0].clone()
    };
    Answer::Job(Some(JobDetail { job, args: json!({}), failures: vec![failure(4, 300), failure(5, 230)] }))
}

pub fn history() -> Answer {
    let event = |seconds: i64, from: &str, to: &str, event: &str, cause: &str, actor: &str| BreakerEvent {
        at: ago(seconds),
        from_state: from.into(),
        to_state: to.into(),
        event: event.into(),
        cause: cause.into(),
        actor: actor.into(),
    };
    Answer::History(vec![
        event(82, "half_open", "open", "probe_failed", "503 in 0.8s; next probe in 120 s", "switchboard"),
        event(84, "open", "half_open", "reset", "vendor says fixed", "bo"),
        event(215, "closed", "open", "opened", "5 consecutive failures: 503 x4, timeout x1", "switchboard"),
        event(90_000, "half_open", "closed", "closed", "the ramp reached full load", "switchboard"),
    ])
}

pub fn contacts(filtered: bool) -> Answer {
    let row = |i: i64| ContactRow {
        id: 5_512_034 - i,
        phone_e164: format!("+1415555{:04}", 199 - i),
        status: ["completed", "failed", "pending", "processing"][(i % 4) as usize].into(),
        full_name: None,
        business_name: (i % 3 == 0).then(|| "Acme GmbH 日本".into()),
        email: None,
        line_type: (i % 4 == 0).then(|| "mobile".into()),
        carrier_name: (i % 4 == 0).then(|| "T-Mobile USA, Inc.".into()),
        country: Some("US".into()),
        quality_score: 41,
        error_kind: (i % 4 == 1).then(|| "invalid_input".into()),
        created_at: ago(3000 + i),
    };
    let estimate = filtered.then_some(Estimate { rows: 41_200, exact: false });
    Answer::Contacts { page: Page { rows: (0..60).map(row).collect(), next: None, previous: None }, estimate }
}

pub fn contact() -> Answer {
    let fields = vec![
        ("phone_e164", json!("+14155550199")),
        ("status", json!("completed")),
        ("carrier_name", json!("T-Mobile USA, Inc.")),
        ("email", json!(null)),
    ];
    let step = json!({"step": "lookup", "state": "done", "provider": "twilio", "attempts": 1});
    let result = json!({"provider": "twilio", "endpoint": "lookup", "http_status": 200, "took_ms": 180, "cost": 0.008,
                        "fetched_at": "2026-08-22T11:20:01.123+00:00"});
    let detail =
        ContactDetail { fields, extra: json!({"note": "vip"}), steps: vec![step], provider_results: vec![result] };
    Answer::Contact(Some(Box::new(detail)))
}

pub fn log_lines() -> Vec<Arc<LogLine>> {
    let line = |seq: u64, level, text: &str| {
        let target = "switchboard::providers::gateway".into();
        Arc::new(LogLine { seq, at: ago(seq as i64), level, target, text: text.into() })
    };
    vec![
        line(3, tracing::Level::WARN, "provider=twilio request=9b1c status=503 took=0.81s breaker=open"),
        line(2, tracing::Level::INFO, "joined the fleet"),
    ]
}

pub fn audit() -> Vec<AuditRow> {
    let row = |id: i64, seconds: i64, verb: &str, target: &str, reason: Option<&str>, result: &str| AuditRow {
        id,
        at: ago(seconds),
        login: "operator".into(),
        claimed: json!({"user": "bo", "host": "eu-1", "ssh": null}),
        verb: verb.into(),
        target: target.into(),
        radius: 1,
        reason: reason.map(Into::into),
        result: result.into(),
        twin: Some(format!("switchboard {verb} {target}")),
    };
    vec![
        row(4813, 10, "lanes pause", "numverify", Some("cost"), "done"),
        row(4812, 84, "breakers reset", "twilio", Some("vendor says fixed"), "done"),
        row(4811, 300, "import", "spring.csv", None, "accepted"),
        row(4810, 900, "jobs retry", "dead jobs of twilio", None, "refused: needs role operator"),
    ]
}

pub fn spend() -> Vec<SpendRow> {
    let row = |days: u64, provider: &str, calls: i64, cost: f64| SpendRow {
        provider: provider.into(),
        day: now().date_naive() - chrono::Days::new(days),
        calls,
        failures: calls / 90,
        cached: calls / 4,
        cost,
        mean_ms: Some(180),
    };
    vec![
        row(0, "twilio", 12_710, 84.12),
        row(0, "hunter", 80, 4.0),
        row(1, "twilio", 31_500, 252.0),
        row(2, "twilio", 900, 7.2),
    ]
}

pub fn chart(minutes: i32) -> Answer {
    let point = |i: i64| ChartPoint {
        at: now() - TimeDelta::seconds(i64::from(minutes) * i / 2),
        done_per_s: 10.0 + (i % 7) as f64,
        failed_per_s: 0.0,
        p50_ms: Some(180),
        p95_ms: Some(420),
        p99_ms: Some(610),
    };
    let mark = |kind: &str, seconds: i64| ChartMark { at: ago(seconds), kind: kind.into() };
    let marks = vec![mark("opened", 900), mark("closed", 300), mark("alert", 200)];
    let sums = ChartSums { done: 47_900, failed: 31, retried: 28 };
    Answer::Chart(ChartView { minutes, sums, points: (1..120).rev().map(point).collect(), marks })
}

pub fn plan(tier: Tier) -> Plan {
    Plan {
        action: Action::ResetBreaker { name: "twilio".into(), reason: None },
        tier,
        things: if tier == Tier::Heavy { 8412 } else { 1 },
        sentence: "Reset breaker twilio: one probe starts at once; 8,412 jobs wait behind it.".into(),
        cost_usd: 0.0,
        undoable: false,
        as_of: now(),
        bound: 0,
        twin: "switchboard breakers reset twilio".into(),
        reason: None,
        second: Default::default(),
    }
}

pub fn facts() -> Facts {
    let notes = ["Demo: stand-ins in scenario outage.", "Cool-off 5 s, retries from 1 s."];
    let themes = crate::console::theme::names(&[]);
    let lookup = ("line_type_intelligence,caller_name".to_owned(), crate::operations::actions::Limits::default());
    Facts { actor: "ada".into(), notes: notes.map(Into::into).into(), themes, lookup, ..Facts::default() }
}

/// A console of this size that has heard its first snapshot.
pub fn model(size: (u16, u16), outage: bool) -> Model {
    let mut model = Model::new(facts(), size, now());
    update(&mut model, Msg::Pulse(Arc::new(pulse(outage))), now());
    model
}

/// Answers the question in focus, whatever it is.
pub fn answer(model: &mut Model) {
    let Some(loaded) = &model.asked.1 else { return };
    let answer = match &loaded.query {
        Query::Jobs { .. } => jobs(),
        Query::Groups(_) => groups(),
        Query::Job(_) => job(),
        Query::History(_) => history(),
        Query::Contacts { filter, .. } => contacts(!filter.is_empty()),
        Query::Contact(_) => contact(),
        Query::Timeline(_) => Answer::Timeline(timeline()),
        Query::Audit(_) => Answer::Audit(audit()),
        Query::Credentials(_) => Answer::Credentials(slots()),
        Query::Spend(_) => Answer::Spend(spend()),
        Query::Chart(minutes) => chart(*minutes),
    };
    let id = model.asked.0;
    update(model, Msg::Answer { id, at: now(), result: Ok(Arc::new(answer)) }, now());
}
