//! What stands where a pane keeps no past: that it keeps none, and the events up to that moment.

use ratatui::layout::Rect;

use super::marks;
use crate::console::model::{Level, Model, Screen};
use crate::console::theme::Token;
use crate::console::widget::{Sheet, words};

/// Whether the pane in focus has nothing to show of the past.
pub(super) fn keeps_none(model: &Model) -> bool {
    let jobs = model.screen == Screen::Lanes && model.lanes.level != Level::Lanes;
    model.past.is_some() && (jobs || matches!(model.screen, Screen::Contacts | Screen::Ask))
}

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let Some(past) = &model.past else { return };
    let what = match model.screen {
        Screen::Contacts => "Contacts",
        Screen::Ask => "Questions",
        _ => "Jobs",
    };
    let inner = sheet.pane(area, &format!("{what} keep no past"), true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let text = format!(
        "How they stood at {}Z is not kept. 0 leads back to the present. What had happened until then:",
        past.at.format("%H:%M:%S")
    );
    let used = sheet.wrapped(inner, &text, Token::Muted) + 1;
    let rest = Rect { y: inner.y + used, height: inner.height.saturating_sub(used), ..inner };
    let recent = model.pulse.iter().filter(|_| past.known).flat_map(|p| &p.recent);
    for (line, row) in rest.rows().zip(recent) {
        let token = marks::severity(&row.severity, &row.kind);
        let time = format!("{:<10}", words::clock(row.at, model.clock));
        sheet.line(line, &[(time.into(), Token::Muted), (format!("{}  {}", row.subject, row.summary).into(), token)]);
    }
}
