//! What can be done beyond keys: lines of the palette that fit to the row in focus, offered below the keys' own actions.

use chrono::SecondsFormat;

use super::papers::item;
use super::records;
use crate::console::effect::Answer;
use crate::console::model::{Item, Level, Model, Screen, TimelineTab};
use crate::enrichment::graph::Step;
use crate::operations::views::NodeView;

/// The lines that fit here.
pub(super) fn items(model: &Model) -> Vec<Item> {
    let lines: Vec<(&str, String)> = match (model.screen, &model.lanes.level) {
        (Screen::Overview, _) => overview(),
        (Screen::Lanes, Level::Lanes) => model.lanes.list.id.as_deref().map_or_else(Vec::new, lane),
        (Screen::Lanes, Level::Jobs) => vec![("jobs of every lane that match a filter", "jobs list --filter ".into())],
        (Screen::Lanes, Level::Job(id)) => job(model, *id),
        (Screen::Contacts, _) if model.contacts.open.is_some() => steps(model),
        (Screen::Contacts, _) => contacts(model),
        (Screen::Timeline, _) if model.timeline.tab == TimelineTab::Audit => audit(model),
        (Screen::Timeline, _) if model.timeline.tab == TimelineTab::Logs => logs(model),
        (Screen::Fleet, _) => fleet(model),
        (Screen::Timeline, _) => vec![
            ("the last 8 hours for whoever comes next", "handover 8h".into()),
            ("what people did in the last 2 hours, as a script", "runbook 2h".into()),
        ],
        (Screen::Usage, _) => vec![("another number of days", "usage --days ".into())],
        _ => Vec::new(),
    };
    lines.iter().map(|(label, line)| item(model, label, line)).collect()
}

fn fleet(model: &Model) -> Vec<(&'static str, String)> {
    let node = model.node_rows().get(model.fleet.at);
    let mut lines: Vec<_> = node
        .iter()
        .flat_map(|n| {
            [
                ("the log of this node", format!("logs --node {}", n.node)),
                ("the jobs that run there", format!("jobs list --filter 'node:\"{}\"'", n.node)),
            ]
        })
        .collect();
    lines.push(("the last 8 hours for whoever comes next", "handover 8h".into()));
    lines
}

/// Every node keeps a log of its own, in a file of its own machine.
fn logs(model: &Model) -> Vec<(&'static str, String)> {
    let of_node = |n: &NodeView| {
        ("today's log of this node, where its file is on this machine", format!("logs --node {}", n.node))
    };
    model.node_rows().iter().map(of_node).collect()
}

/// What of a job can be changed before it is claimed, beginning from what it is.
fn job(model: &Model, id: i64) -> Vec<(&'static str, String)> {
    let Some(Answer::Job(Some(detail))) = model.answer() else { return Vec::new() };
    if !matches!(detail.job.state.as_str(), "waiting" | "scheduled") {
        return Vec::new();
    }
    let mut lines = vec![("let it run at once", format!("jobs edit {id} --at now"))];
    lines.push(("put it off, for example by 30m", format!("jobs edit {id} --at 30m ")));
    lines.push(("so many attempts in all", format!("jobs edit {id} --attempts {} ", detail.job.max_attempts)));
    let sources = Step::parse(&detail.job.kind).map_or(&[][..], Step::sources);
    let asked = detail.args["source"].as_str().unwrap_or_default();
    let others = sources.iter().filter(|source| sources.len() > 1 && source.name != asked);
    lines.extend(others.map(|source| ("ask somebody else", format!("jobs edit {id} --source {}", source.name))));
    if !matches!(Step::parse(&detail.job.kind), Some(Step::Lookup | Step::Duplicates)) {
        let fresh = if detail.args["fresh"] == true { "no" } else { "yes" };
        lines.push(("whether no answer of the cache will do", format!("jobs edit {id} --fresh {fresh}")));
    }
    lines
}

/// Steps of the open contact, to be run by themselves.
fn steps(model: &Model) -> Vec<(&'static str, String)> {
    let Some((id, _)) = model.contacts.open else { return Vec::new() };
    let steps = Step::ALL.into_iter().filter(|step| *step != Step::Lookup);
    steps.map(|step| ("run one step", format!("contacts step {id} {}", step.name()))).collect()
}

fn audit(model: &Model) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let marked = model.timeline.marks.ids();
    if !marked.is_empty() {
        let ids: Vec<String> = marked.iter().map(i64::to_string).collect();
        lines.push(("the marked rows as a script to be run again", format!("runbook {}", ids.join(" "))));
    } else if let Some(row) = records::audit_rows(model).get(model.timeline.audit.at) {
        let since = row.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        lines.push(("from this row until now as a script to be run again", format!("runbook --since {since}")));
    }
    lines.push(("the last 2 hours as a script to be run again", "runbook 2h".into()));
    lines.push(("check that no row was changed or taken out", "audit --verify".into()));
    lines
}

fn overview() -> Vec<(&'static str, String)> {
    [
        ("open alerts: take one on, silence it", "alerts list"),
        ("schedules: add, pause, remove", "schedules list"),
        ("dead jobs of all lanes by error", "jobs dead"),
        ("what lanes did in the last hour, and how long calls took", "throughput 1h"),
        ("the last 8 hours for whoever comes next", "handover 8h"),
        ("rehearse an outage in a database of its own", "drill outage"),
        ("what works, what is missing, what to do", "doctor"),
    ]
    .map(|(label, line)| (label, line.to_owned()))
    .to_vec()
}

fn lane(lane: &str) -> Vec<(&'static str, String)> {
    vec![
        ("so many jobs at once in the fleet, or auto", format!("lanes scale {lane} ")),
        ("so many jobs at once on each node, or auto", format!("lanes scale {lane} --per-node ")),
        ("so many calls a second in the fleet, or auto", format!("lanes rate {lane} ")),
        ("so many dollars a day, or auto", format!("lanes budget {lane} ")),
        ("pause every lane", "lanes pause all".to_owned()),
        ("resume every lane", "lanes resume all".to_owned()),
        ("give all its dead jobs their attempts anew", format!("jobs retry --lane {lane}")),
        ("take its waiting jobs out", format!("jobs cancel --filter 'lane:{lane} state:waiting'")),
        ("take its dead jobs out", format!("jobs discard --lane {lane}")),
        ("change who of its jobs is claimed first", format!("jobs reprioritise --lane {lane} --priority ")),
    ]
}

fn contacts(model: &Model) -> Vec<(&'static str, String)> {
    let which = match model.contacts.filter.trim() {
        "" => "--all".to_owned(),
        filter => format!("--filter {}", shell_words::quote(filter)),
    };
    let failed = which.replace("--all", "");
    vec![
        ("plan every step of all that match anew", format!("contacts enrich {which}")),
        ("look for duplicates of all that match anew", format!("contacts rescore {which}")),
        ("look up those of them whose lookup failed", format!("contacts retry {failed}").trim_end().to_owned()),
        ("look all that match up, completed ones too", format!("lookup {which} --again")),
        ("pairs that may be the same", "duplicates list".into()),
    ]
}
