//! From the model to cells: draw only. Which panes are shown depends on the size class.

mod breakers;
mod contacts;
mod dialog;
mod help;
mod lanes;
mod logs;
mod marks;
mod overview;
mod timeline;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::keys::{Binding, Do, REGISTRY, in_place};
use super::model::{Model, Overlay, SCREENS, Screen, TimelineTab};
use super::theme::{Theme, Token};
use super::widget::{Piece, Sheet, words};

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// One line.
    Tiny,
    /// A table: from 60x16.
    Small,
    /// Complete: from 80x24.
    Medium,
    /// Everything side by side: from 120x36.
    Full,
}

/// The class of a terminal with so many columns and rows.
pub fn size_class(columns: u16, rows: u16) -> Size {
    match (columns, rows) {
        (120.., 36..) => Size::Full,
        (80.., 24..) => Size::Medium,
        (60.., 16..) => Size::Small,
        _ => Size::Tiny,
    }
}

/// Draws everything.
pub fn draw(model: &Model, theme: &Theme, buf: &mut Buffer, area: Rect) {
    let heavy = model.pulse.as_ref().is_some_and(|p| p.status.environment.production);
    let mut sheet = Sheet { buf, theme, heavy };
    let size = size_class(area.width, area.height);
    if size == Size::Tiny {
        return tiny(model, &mut sheet, area);
    }
    let (head, foot) = if size == Size::Small { (1, 1) } else { (2, 2) };
    header(model, &mut sheet, Rect { height: head, ..area }, size);
    footer(model, &mut sheet, Rect { y: area.bottom() - foot, height: foot, ..area });
    let body = Rect { y: area.y + head, height: area.height - head - foot, ..area };
    if model.pulse.is_none() {
        waiting(model, &mut sheet, body);
    } else {
        match model.screen {
            Screen::Overview => overview::draw(model, &mut sheet, body, size),
            Screen::Lanes => lanes::draw(model, &mut sheet, body, size),
            Screen::Breakers => breakers::draw(model, &mut sheet, body, size),
            Screen::Contacts => contacts::draw(model, &mut sheet, body, size),
            Screen::Timeline if model.timeline.tab == TimelineTab::Logs => logs::draw(model, &mut sheet, body, size),
            Screen::Timeline => timeline::draw(model, &mut sheet, body, size),
        }
    }
    if model.failing.is_some() && model.pulse.is_some() {
        sheet.mark(body, Token::Muted);
    }
    match &model.overlay {
        Some(Overlay::Help(scrolled)) => help::draw(model, &mut sheet, body, *scrolled),
        Some(Overlay::Confirm(question)) => dialog::draw(question, &mut sheet, body),
        Some(Overlay::Quit) => dialog::quit(model, &mut sheet, body),
        None => {}
    }
}

fn waiting(model: &Model, sheet: &mut Sheet<'_>, body: Rect) {
    let text = match &model.failing {
        Some(failing) => format!("no database since {}Z: {}", failing.since.format("%H:%M:%S"), failing.error),
        None => "reading the database".to_owned(),
    };
    let area = Rect {
        x: body.x + 2,
        y: body.y + 1,
        width: body.width.saturating_sub(4),
        height: body.height.saturating_sub(2),
    };
    sheet.wrapped(area, &text, if model.failing.is_some() { Token::Critical } else { Token::Muted });
}

fn header(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    let mut facts: Vec<Piece<'_>> = vec![(" Switchboard".into(), Token::Title)];
    if let Some(pulse) = &model.pulse {
        let status = &pulse.status;
        let name = if status.environment.production { "PROD " } else { "" };
        facts.push((
            format!("  {name}{}", status.environment.name).into(),
            if heavy(model) { Token::Critical } else { Token::Text },
        ));
        let nodes = status.nodes.iter().filter(|n| n.state == "live").count();
        let role = if model.facts.read_only { " (read-only)" } else { "" };
        if size >= Size::Medium {
            facts.push((format!("  {}{role}", model.facts.actor).into(), Token::Muted));
            facts.push((format!("  nodes {nodes}  running {}", words::count(model.in_flight())).into(), Token::Muted));
        }
        if size == Size::Full && status.cost_today > 0.0 {
            facts.push((format!("  spent today {}", words::dollars(status.cost_today)).into(), Token::Muted));
        }
        if status.leader.as_ref().is_none_or(|l| !l.present) && size >= Size::Medium {
            facts.push(("  no leader".into(), Token::Warn));
        }
    }
    if model.facts.slow {
        facts.push(("  slow link".into(), Token::Muted));
    }
    let line = Rect { height: 1, ..area };
    let end = sheet.line(line, &facts);
    sheet.right(line, end + 1, &data_state(model));
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
        let label = format!(" {digit} {name} ");
        let end = sheet.put((x, area.y, area.right().saturating_sub(x)), &label, token);
        if screen == model.screen {
            sheet.mark(Rect { x, width: end - x, ..area }, Token::Selected);
        }
        x = end + 1;
    }
    sheet.right(area, x, &trouble(model));
}

/// Alerts, in two words.
fn trouble(model: &Model) -> Vec<Piece<'static>> {
    let Some(pulse) = &model.pulse else { return Vec::new() };
    let alerts = &pulse.status.alerts;
    let Some(worst) = alerts.first() else { return Vec::new() };
    let token = if worst.severity == "critical" { Token::Critical } else { Token::Warn };
    vec![(format!("! {} ", words::of(alerts.len() as i64, "alert", "alerts")).into(), token)]
}

/// What was just done, or the notes of this environment; below it the keys that work here.
fn footer(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let said = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    match &model.toast {
        Some(toast) => {
            sheet.put((said.x, said.y, said.width), &toast.text, if toast.bad { Token::Warn } else { Token::Accent });
            if area.height == 1 {
                return;
            }
        }
        None if area.height > 1 => {
            sheet.put((said.x, said.y, said.width), &notes(&model.facts.notes, said.width), Token::Muted);
        }
        None => {}
    }
    keys(model, sheet, Rect { y: area.bottom() - 1, ..said });
}

/// The notes that fit, none of them cut.
fn notes(notes: &[String], width: u16) -> String {
    let mut line = String::new();
    for note in notes {
        if line.width() + note.width() + 2 <= usize::from(width) {
            line.push_str(if line.is_empty() { "" } else { "  " });
            line.push_str(note);
        }
    }
    line
}

/// The keys that work here; help and the way out always stay.
fn keys(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let hint = |binding: &Binding| -> (String, &str) {
        let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
        let back = binding.does == Do::Back && super::update::can_go_back(model);
        (key, if back { "back" } else { binding.short })
    };
    let width = |b: &Binding| hint(b).0.width() as u16 + hint(b).1.width() as u16 + 3;
    if model.screen == Screen::Contacts && model.contacts.editing.is_some() {
        return filter_keys(sheet, area);
    }
    let place = model.place();
    let shown = REGISTRY.iter().filter(|b| in_place(b, place) && !b.short.is_empty());
    let (last, first): (Vec<&Binding>, Vec<&Binding>) = shown.partition(|b| matches!(b.does, Do::Help | Do::Back));
    let mut room = area.width.saturating_sub(last.iter().map(|b| width(b)).sum());
    let fits = |b: &&Binding| {
        let takes = width(b) <= room;
        room = if takes { room - width(b) } else { 0 };
        takes
    };
    let kept: Vec<&Binding> = first.into_iter().filter(fits).collect();
    let mut x = area.x;
    for binding in kept.into_iter().chain(last) {
        let (key, short) = hint(binding);
        let off = binding.writes && model.facts.read_only;
        x = sheet.put(
            (x, area.y, area.right().saturating_sub(x)),
            &key,
            if off { Token::Muted } else { Token::Accent },
        );
        x = sheet.put((x + 1, area.y, area.right().saturating_sub(x + 1)), short, Token::Muted) + 2;
    }
}

fn filter_keys(sheet: &mut Sheet<'_>, area: Rect) {
    let keys = [("Enter", " keep  "), ("Esc", " as before  "), ("Tab", " complete  "), ("Ctrl-U", " clear")];
    let line: Vec<Piece<'_>> =
        keys.iter().flat_map(|(key, word)| [((*key).into(), Token::Accent), ((*word).into(), Token::Muted)]).collect();
    sheet.line(area, &line);
}

/// All that fits below 60x16: what is wrong, in one line.
fn tiny(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let depth: i64 = model.pulse.iter().flat_map(|p| &p.status.lanes).map(|l| l.depth).sum();
    let alerts = model.pulse.as_ref().map_or(0, |p| p.status.alerts.len());
    let text = match (&model.failing, model.incidents().first()) {
        (Some(failing), _) => format!("no database since {}Z", failing.since.format("%H:%M:%S")),
        (None, Some(b)) => {
            format!(
                "! {}, {} {} {}",
                words::of(alerts as i64, "alert", "alerts"),
                b.name,
                marks::breaker_word(b),
                words::count(b.waiting)
            )
        }
        (None, None) if model.pulse.is_none() => "reading the database".into(),
        (None, None) => format!("ok, {} waiting", words::count(depth)),
    };
    sheet.put((area.x, area.y, area.width), &text, Token::Text);
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
