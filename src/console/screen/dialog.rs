//! Questions: before an action, and before leaving.

use ratatui::layout::Rect;

use super::deck;
use crate::console::model::{Dialog, Field, FieldKind, Focus, Model, Work};
use crate::console::theme::Token;
use crate::console::widget::{Piece, Sheet, words};
use crate::operations::actions::{Action, Tier};

/// A frame in the middle, with room for `rows` lines.
pub(super) fn middle(sheet: &mut Sheet<'_>, area: Rect, title: &str, rows: u16) -> Rect {
    let width = 76.min(area.width);
    let height = (rows + 2).min(area.height);
    let frame = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    sheet.clear(frame);
    let inner = sheet.pane(frame, title, true);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

pub(super) fn draw(dialog: &Dialog, model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let plan = &dialog.plan;
    let width = 72.min(area.width.saturating_sub(4));
    let sentence = (plan.sentence.chars().count() as u16 / width.max(1)) + 1;
    let others = deck::beside(dialog, model);
    let rows = sentence + dialog.fields.len() as u16 + others.len() as u16 + 5;
    let inner = middle(sheet, area, &format!("{} {}", plan.action.verb(), plan.action.target()), rows);
    let mut y = inner.y + sheet.wrapped(inner, &plan.sentence, Token::Text);
    let mut line = |sheet: &mut Sheet<'_>, pieces: &[Piece<'_>]| {
        if y < inner.bottom() {
            sheet.line(Rect { y, height: 1, ..inner }, pieces);
            y += 1;
        }
    };
    line(sheet, &radius(dialog));
    line(sheet, &[(format!("same as     {}", plan.twin).into(), Token::Muted)]);
    for other in others {
        line(sheet, &[other]);
    }
    for (at, field) in dialog.fields.iter().enumerate() {
        line(sheet, &field_line(field, dialog, dialog.focus == Focus::Field(at)));
    }
    let wrong = dialog.wrong.clone().unwrap_or_default();
    line(sheet, &[(wrong.into(), Token::Warn)]);
    line(sheet, &buttons(dialog));
}

fn radius(dialog: &Dialog) -> [Piece<'static>; 1] {
    let plan = &dialog.plan;
    let undo = if plan.undoable { "can be undone" } else { "can not be undone" };
    let cost = if plan.cost_usd > 0.0 { format!(", about {}", words::dollars(plan.cost_usd)) } else { String::new() };
    let at = plan.as_of.format("%H:%M:%S");
    [(format!("changes     {}{cost}, {undo}, as of {at}Z", words::of(plan.things, "row", "rows")).into(), Token::Muted)]
}

fn field_line(field: &Field, dialog: &Dialog, focus: bool) -> Vec<Piece<'static>> {
    let label = match field.kind {
        FieldKind::Reason => "reason      ".to_owned(),
        FieldKind::Lasts => "for         ".to_owned(),
        FieldKind::Word => format!("type {:<7}", dialog.plan.word()),
    };
    let mut line: Vec<Piece<'static>> = vec![(label.into(), if focus { Token::Accent } else { Token::Muted })];
    line.extend(text_field(field.input.value(), field.input.cursor(), focus));
    if field.kind == FieldKind::Lasts && field.input.value().is_empty() && !focus {
        let end = match &dialog.plan.action {
            Action::HoldBreakerOpen { until: Some(at), .. } | Action::HoldBreakerClosed { until: Some(at), .. } => {
                format!("until {}Z", at.format("%H:%M:%S"))
            }
            _ => "until released (or 30m, 2h, 1d)".into(),
        };
        line.push((end.into(), Token::Muted));
    }
    line
}

/// A text with its cursor shown as a reversed cell.
pub(super) fn text_field(value: &str, cursor: usize, focus: bool) -> Vec<Piece<'static>> {
    if !focus {
        return vec![(value.to_owned().into(), Token::Text)];
    }
    let before: String = value.chars().take(cursor).collect();
    let under = value.chars().nth(cursor).unwrap_or(' ');
    let after: String = value.chars().skip(cursor + 1).collect();
    vec![(before.into(), Token::Field), (under.to_string().into(), Token::Selected), (after.into(), Token::Field)]
}

fn buttons(dialog: &Dialog) -> Vec<Piece<'static>> {
    let token = |focus: bool| if focus { Token::Selected } else { Token::Muted };
    let act = match dialog.plan.tier {
        _ if deck::answers(dialog) => " y Agree   n Refuse ",
        Tier::Heavy => " Act ",
        _ => " y Act ",
    };
    vec![
        (" Cancel ".into(), token(dialog.focus == Focus::Cancel)),
        ("   ".into(), Token::Text),
        (act.into(), token(dialog.focus == Focus::Act)),
        ("      Tab moves, Esc cancels".into(), Token::Muted),
    ]
}

pub(super) fn quit(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = middle(sheet, area, "Quit", 4);
    let flight = model.in_flight();
    let text = if flight > 0 {
        format!(
            "{} in flight in the fleet; those of this process are finished first.",
            words::of(flight, "job is", "jobs are")
        )
    } else {
        "Nothing is in flight.".into()
    };
    sheet.put((inner.x, inner.y, inner.width), &text, Token::Text);
    let ours = |w: &&Work| w.ended.is_none() && w.other.is_none();
    let (imports, others): (Vec<&Work>, Vec<&Work>) = model.works.iter().filter(ours).partition(|w| w.again.is_some());
    let imports = match (imports.len() as i64, model.facts.goes_on) {
        (0, _) => String::new(),
        (n, true) => {
            format!("{} on without this console; J shows it again.", words::of(n, "import goes", "imports go"))
        }
        (n, false) => format!("{} here: begun again, it goes on.", words::of(n, "import ends", "imports end")),
    };
    let others = match others.len() as i64 {
        0 => String::new(),
        n => format!(" {} here.", words::of(n, "other work ends", "other works end")),
    };
    sheet.put((inner.x, inner.y + 1, inner.width), format!("{imports}{others}").trim_start(), Token::Warn);
    let answer: [Piece<'_>; 4] = [
        ("y".into(), Token::Accent),
        (" quit    ".into(), Token::Text),
        ("Esc".into(), Token::Accent),
        (" stay".into(), Token::Text),
    ];
    sheet.line(Rect { y: inner.y + 3, height: 1, ..inner }, &answer);
}
