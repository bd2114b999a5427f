//! The header: where this is, who acts, how old the picture is, what is wrong.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::{Size, deck};
use crate::console::message::Spot;
use crate::console::model::{Model, Past, SCREENS};
use crate::console::theme::Token;
use crate::console::widget::{Piece, Sheet, words};

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let mut facts: Vec<Piece<'_>> = vec![(" Switchboard".into(), Token::Title)];
    if let Some(pulse) = &model.pulse {
        let status = &pulse.status;
        let name = if status.environment.production { "PROD " } else { "" };
        facts.push((
            format!("  {name}{}", status.environment.name).into(),
            if heavy(model) { Token::Critical } else { Token::Text },
        ));
        let nodes = status.nodes.iter().filter(|n| n.state == "live").count();
        let role = match model.facts.rights.as_ref().filter(|rights| rights.enforced) {
            Some(rights) => format!(" ({})", rights.role()),
            None if model.facts.read_only => " (read-only)".to_owned(),
            None => String::new(),
        };
        if size >= Size::Medium {
            facts.push((format!("  {}{role}", model.facts.actor).into(), Token::Muted));
            if status.leader.as_ref().is_none_or(|l| !l.present) && model.past.is_none() {
                facts.push(("  no leader".into(), Token::Warn));
            }
            facts.push((format!("  nodes {nodes}  running {}", words::count(model.in_flight())).into(), Token::Muted));
        }
        if let Some(who) = deck::names(model).filter(|_| size >= Size::Medium) {
            facts.push((format!("  with {who}").into(), Token::Accent));
        }
        if size == Size::Full && status.cost_today > 0.0 {
            facts.push((format!("  spent today {}", words::dollars(status.cost_today)).into(), Token::Muted));
        }
    }
    match (model.facts.slow, model.facts.link) {
        (true, Some(bytes)) => facts.push((format!("  slow link {} KB/s", bytes.div_ceil(1000)).into(), Token::Warn)),
        (true, None) => facts.push(("  slow link".into(), Token::Warn)),
        (false, Some(bytes)) if size == Size::Full && bytes < 1_000_000 => {
            facts.push((format!("  link {} KB/s", bytes / 1000).into(), Token::Muted));
        }
        (false, _) => {}
    }
    if model.mouse {
        facts.push(("  mouse".into(), Token::Muted));
    }
    let line = Rect { height: 1, ..area };
    // How old the picture is stays, whatever has to be cut for it.
    let state = data_state(model);
    let taken: usize = state.iter().map(|(text, _)| text.width() + 1).sum();
    let room = Rect { width: line.width.saturating_sub(u16::try_from(taken).unwrap_or(u16::MAX)), ..line };
    let end = sheet.line(room, &facts);
    sheet.right(line, end, &state);
    if area.height > 1 {
        tabs(model, sheet, Rect { y: area.y + 1, height: 1, ..area });
    }
}

fn heavy(model: &Model) -> bool {
    model.pulse.as_ref().is_some_and(|p| p.status.environment.production)
}

/// How old the picture is, and what is wrong with it.
fn data_state(model: &Model) -> Vec<Piece<'static>> {
    if let Some(since) = model.leaving {
        let left = words::of(model.in_flight(), "job", "jobs");
        return vec![(format!("draining since {}Z, {left} in flight ", since.format("%H:%M:%S")).into(), Token::Warn)];
    }
    if let Some(failing) = &model.failing {
        return vec![(format!("no database since {}Z ", failing.since.format("%H:%M:%S")).into(), Token::Critical)];
    }
    if let Some(past) = &model.past {
        return at_the_past(model, past);
    }
    if let Some(frozen) = model.frozen {
        return vec![(format!("FROZEN {}Z ", frozen.format("%H:%M:%S")).into(), Token::Warn)];
    }
    if let Some(age) = model.stale {
        return vec![(format!("stale {} ", words::span(age)).into(), Token::Warn)];
    }
    match &model.pulse {
        Some(_) => {
            vec![("LIVE ".into(), Token::Ok), (format!("{}Z ", model.clock.format("%H:%M:%S")).into(), Token::Muted)]
        }
        None => Vec::new(),
    }
}

fn tabs(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let mut x = area.x + 1;
    for (screen, digit, name) in SCREENS {
        let token = if screen == model.screen { Token::Title } else { Token::Muted };
        let label = if area.width < 100 { format!(" {digit} {} ", short(name)) } else { format!(" {digit} {name} ") };
        let end = sheet.put((x, area.y, area.right().saturating_sub(x)), &label, token);
        sheet.spots.push((Rect { x, width: end - x, ..area }, Spot::Screen(screen)));
        if screen == model.screen {
            sheet.mark(Rect { x, width: end - x, ..area }, Token::Selected);
        }
        x = if area.width < 100 { end } else { end + 1 };
    }
    sheet.right(area, x, &trouble(model, area.width < 100));
}

/// Alerts, in two words.
fn trouble(model: &Model, narrow: bool) -> Vec<Piece<'static>> {
    let Some(pulse) = &model.pulse else { return Vec::new() };
    let alerts = &pulse.status.alerts;
    let Some(worst) = alerts.first() else { return Vec::new() };
    let token = if worst.severity == "critical" { Token::Critical } else { Token::Warn };
    let text = if narrow {
        format!("! {} ", alerts.len())
    } else {
        format!("! {} ", words::of(alerts.len() as i64, "alert", "alerts"))
    };
    vec![(text.into(), token)]
}

/// Where it is narrow, tabs have short names.
fn short(name: &str) -> &str {
    match name {
        "Overview" => "Over",
        "Breakers" => "Break",
        "Contacts" => "Cont",
        "Timeline" => "Time",
        "Credentials" => "Cred",
        other => other,
    }
}

fn at_the_past(model: &Model, past: &Past) -> Vec<Piece<'static>> {
    let live = past.live.as_ref().map_or(model.clock, |p| p.at);
    let age = words::span((live - past.at).num_seconds().max(0));
    let at = words::clock(past.at, live);
    match (&past.error, past.known) {
        (Some(_), _) => vec![(format!("AT {at}Z (-{age}): not known ").into(), Token::Warn)],
        (None, true) => vec![(format!("AT {at}Z (-{age}) ").into(), Token::Half)],
        (None, false) => vec![(format!("reading {at}Z (-{age}) ").into(), Token::Half)],
    }
}
