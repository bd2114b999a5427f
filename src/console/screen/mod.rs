//! From the model to cells: draw only. Which panes are shown depends on the size class.

mod ask;
mod audit;
mod breakers;
mod contacts;
mod credentials;
mod deck;
mod dialog;
mod done;
mod entering;
mod events;
mod fleet;
mod footer;
mod header;
mod help;
mod incident;
mod lanes;
mod logs;
mod marks;
mod menu;
mod overview;
mod paper;
mod past;
mod today;
mod usage;
mod welcome;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::message::Spot;
use super::model::{Model, Overlay, Screen, TimelineTab};
use super::theme::{Theme, Token};
use super::widget::{Sheet, words};

pub use menu::work_line;

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

/// What lies where on a picture.
#[derive(Debug, Default)]
pub struct Drawn {
    /// For the mouse; what was drawn last lies on top.
    pub spots: Vec<(Rect, Spot)>,
    /// A person's data (`true`) and what lies over them (`false`), in the order of drawing.
    pub veils: Vec<(Rect, bool)>,
}

/// Draws everything; returns what lies where.
pub fn draw(model: &Model, theme: &Theme, buf: &mut Buffer, area: Rect) -> Drawn {
    let heavy = model.pulse.as_ref().is_some_and(|p| p.status.environment.production);
    let mut sheet = Sheet { buf, theme, heavy, spots: Vec::new(), veils: Vec::new() };
    let size = size_class(area.width, area.height);
    if size == Size::Tiny {
        tiny(model, &mut sheet, area);
        return Drawn::default();
    }
    let (head, foot) = if size == Size::Small { (1, 1) } else { (2, 2) };
    header::draw(model, &mut sheet, Rect { height: head, ..area }, size);
    footer::draw(model, &mut sheet, Rect { y: area.bottom() - foot, height: foot, ..area });
    let body = Rect { y: area.y + head, height: area.height - head - foot, ..area };
    if model.pulse.is_none() {
        waiting(model, &mut sheet, body);
    } else if past::keeps_none(model) {
        past::draw(model, &mut sheet, body);
    } else {
        pane(model, &mut sheet, body, size);
    }
    if model.failing.is_some() && model.pulse.is_some() {
        sheet.mark(body, Token::Muted);
    }
    overlay(model, &mut sheet, body);
    Drawn { spots: sheet.spots, veils: sheet.veils }
}

fn pane(model: &Model, sheet: &mut Sheet<'_>, body: Rect, size: Size) {
    match model.screen {
        Screen::Overview if welcome::is_due(model) => welcome::draw(model, sheet, body),
        Screen::Overview => overview::draw(model, sheet, body, size),
        Screen::Lanes => lanes::draw(model, sheet, body, size),
        Screen::Breakers => breakers::draw(model, sheet, body, size),
        Screen::Contacts => contacts::draw(model, sheet, body, size),
        Screen::Ask => ask::draw(model, sheet, body, size),
        Screen::Credentials => credentials::draw(model, sheet, body, size),
        Screen::Timeline => match model.timeline.tab {
            TimelineTab::Events => events::draw(model, sheet, body, size),
            TimelineTab::Logs => logs::draw(model, sheet, body, size),
            TimelineTab::Audit => audit::draw(model, sheet, body, size),
        },
        Screen::Fleet => fleet::draw(model, sheet, body, size),
        Screen::Usage => usage::draw(model, sheet, body, size),
    }
}

fn overlay(model: &Model, sheet: &mut Sheet<'_>, body: Rect) {
    match &model.overlay {
        Some(Overlay::Help(scrolled, typed)) => help::draw(model, sheet, body, (*scrolled, typed)),
        Some(Overlay::Entering(open)) => entering::draw(open, sheet, body),
        Some(Overlay::Confirm(question)) => dialog::draw(question, model, sheet, body),
        Some(Overlay::Palette(open)) => menu::palette(open, sheet, body),
        Some(Overlay::Paper(open)) => paper::draw(open, sheet, body),
        Some(Overlay::Menu(open)) => menu::draw(open, sheet, body),
        Some(Overlay::Prompt(open)) => menu::prompt(open, sheet, body),
        Some(Overlay::Quit) => dialog::quit(model, sheet, body),
        None => {}
    }
}

/// What the terminal's title says: the worst state in a few words.
pub fn title(model: &Model) -> String {
    let name = model.pulse.as_ref().map_or("", |pulse| pulse.status.environment.name.as_str());
    let alerts = model.pulse.as_ref().map_or(0, |pulse| pulse.status.alerts.len());
    let state = match (&model.failing, model.incidents().first()) {
        (Some(_), _) => "no database".to_owned(),
        (None, Some(breaker)) => format!("{} {}", breaker.name, marks::breaker_word(breaker)),
        (None, None) if alerts > 0 => words::of(alerts as i64, "alert", "alerts"),
        (None, None) => "ok".to_owned(),
    };
    // Foreign text: a title must not end before its end.
    crate::telemetry::inert(&format!("Switchboard {name}: {state}")).chars().filter(|c| !c.is_control()).collect()
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
