//! What of a row can be copied. It goes to the terminal as OSC 52; nothing confirms that it arrived.

use serde::Serialize;

use super::press::Press;
use super::{contacts, credentials, lanes, records};
use crate::console::effect::{Answer, Effect};
use crate::console::model::{Level, Model, Screen, TimelineTab};

/// Longest text: 74,994 bytes in base64, which every terminal takes.
const COPY_MAX: usize = 74_994 / 4 * 3;

type Said = Vec<(&'static str, String)>;

/// Everything of the selected row that can be copied, and the twin of the last action.
pub(super) fn of_row(model: &Model) -> Said {
    let mut said = match (model.screen, &model.lanes.level) {
        (Screen::Overview, _) | (Screen::Lanes, Level::Lanes) => lane(model),
        (Screen::Lanes, _) => job(model),
        (Screen::Breakers, _) => breaker(model),
        (Screen::Contacts, _) => contact(model),
        (Screen::Ask, _) => question(model),
        (Screen::Credentials, _) => {
            credentials::chosen(model).map(|s| vec![("slot", s.slot.to_owned()), json(&s)]).unwrap_or_default()
        }
        (Screen::Timeline, _) => record(model),
        (Screen::Fleet, _) => {
            let node = model.node_rows().get(model.fleet.at);
            node.map(|n| vec![("node", n.node.clone()), json(n)]).unwrap_or_default()
        }
        (Screen::Usage, _) => {
            let row = super::usage_rows(model).get(model.usage.at);
            row.map(|r| vec![("provider", r.provider.clone()), json(r)]).unwrap_or_default()
        }
    };
    if let Some(twin) = &model.twin {
        said.push(("last action as a command", twin.clone()));
    }
    said
}

fn json<T: Serialize>(row: &T) -> (&'static str, String) {
    ("row as JSON", serde_json::to_string(row).unwrap_or_default())
}

fn lane(model: &Model) -> Said {
    let Some(lane) = model.lane() else { return Vec::new() };
    vec![
        ("lane", lane.lane.clone()),
        json(lane),
        ("as a command", format!("switchboard jobs list --lane {}", lane.lane)),
    ]
}

fn job(model: &Model) -> Said {
    let row = match (&model.lanes.level, model.answer()) {
        (Level::Job(_), Some(Answer::Job(Some(detail)))) => Some(&detail.job),
        _ if model.lanes.grouped() => {
            let group = lanes::group_rows(model).get(model.lanes.groups.at);
            return group.map(|g| vec![("error", g.error.clone()), json(g)]).unwrap_or_default();
        }
        _ => lanes::job_rows(model).get(model.lanes.jobs.at).copied(),
    };
    let Some(row) = row else { return Vec::new() };
    let mut said = vec![("number", row.id.to_string())];
    said.extend(row.phone.clone().map(|phone| ("phone", phone)));
    said.extend(row.last_error.clone().map(|error| ("error", error)));
    said.extend([json(row), ("as a command", format!("switchboard jobs show {}", row.id))]);
    said
}

fn question(model: &Model) -> Said {
    let Some((question, proposal)) = &model.ask.proposal else { return Vec::new() };
    let command = format!("switchboard contacts list --filter {}", shell_words::quote(&proposal.filter));
    let mut said = vec![("filter", proposal.filter.clone()), ("question", question.clone())];
    said.extend([("statement", proposal.sql.clone()), ("as a command", command)]);
    said
}

fn breaker(model: &Model) -> Said {
    let Some(row) = model.breaker() else { return Vec::new() };
    let mut said = vec![("breaker", row.name.clone())];
    said.extend(row.last_failure.clone().map(|failure| ("last failure", failure)));
    said.extend([json(row), ("as a command", format!("switchboard breakers show {}", row.name))]);
    said
}

fn contact(model: &Model) -> Said {
    if let (Some((id, _)), Some(Answer::Contact(Some(detail)))) = (model.contacts.open, model.answer()) {
        let known = |name: &str| {
            let value = detail.fields.iter().find(|(n, _)| *n == name)?.1.as_str()?.to_owned();
            Some(value)
        };
        let mut said: Said = Vec::new();
        said.extend(known("phone_e164").map(|phone| ("phone", phone)));
        said.extend(known("email").map(|email| ("e-mail", email)));
        said.extend([("id", id.to_string()), ("all of it as JSON", detail.to_json().to_string())]);
        said.push(("as a command", format!("switchboard contacts show {id}")));
        return said;
    }
    let Some(row) = contacts::contact_rows(model).get(model.contacts.list.at) else { return Vec::new() };
    let mut said = vec![("phone", row.phone_e164.clone()), ("id", row.id.to_string())];
    said.extend(row.email.clone().map(|email| ("e-mail", email)));
    said.extend([json(row), ("as a command", format!("switchboard contacts show {}", row.id))]);
    if !model.contacts.filter.is_empty() {
        said.push(("filter", model.contacts.filter.clone()));
    }
    said
}

fn record(model: &Model) -> Said {
    match model.timeline.tab {
        TimelineTab::Events => {
            let row = records::event_rows(model).get(model.timeline.list.at).copied();
            row.map(|r| vec![("line", format!("{} {} {}", r.at.to_rfc3339(), r.subject, r.summary)), json(r)])
        }
        TimelineTab::Logs => {
            let line = records::log_rows(model).get(model.timeline.line.at).copied();
            line.map(|l| vec![("line", format!("{} {} {}", l.at.to_rfc3339(), l.level, l.text))])
        }
        TimelineTab::Audit => {
            let row = records::audit_rows(model).get(model.timeline.audit.at).copied();
            row.map(|r| {
                let mut said = vec![("number", r.id.to_string()), json(r)];
                said.extend(r.twin.clone().map(|twin| ("as a command", twin)));
                said.push(("undo as a command", format!("switchboard undo {}", r.id)));
                said
            })
        }
    }
    .unwrap_or_default()
}

pub(super) fn send(model: &mut Model, text: String, press: &mut Press<'_>) {
    if text.len() > COPY_MAX {
        let words = format!("{} bytes are more than terminals take ({COPY_MAX}): export it instead", text.len());
        return model.say(words, true, press.now);
    }
    model.say("sent to your terminal's clipboard, if it takes OSC 52", false, press.now);
    press.effects.push(Effect::Copy(text));
}
