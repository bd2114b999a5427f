//! Others on deck: who they are, what they have open, and what they are asked.

use ratatui::layout::Rect;

use crate::console::keys::{Do, Place};
use crate::console::model::{Beside, Dialog, Model};
use crate::console::theme::Token;
use crate::console::widget::{Piece, Sheet, words};
use crate::operations::actions::{Action, Tier};
use crate::operations::views::{ConsoleView, open_question};

/// Most consoles that the pane shows.
const ROWS_MAX: usize = 6;

/// Rows of the pane with its frame.
pub(super) fn height(model: &Model) -> u16 {
    let rows = model.deck().map_or(0, |deck| deck.consoles.len()).clamp(1, ROWS_MAX);
    rows as u16 + 2
}

/// Who has a console open, on what, and with which question.
pub(super) fn pane(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let consoles = model.deck().map_or(&[][..], |deck| &deck.consoles);
    let inner =
        sheet.pane(area, &format!("On deck: {}", words::of(consoles.len() as i64, "console", "consoles")), false);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    if consoles.is_empty() {
        let words = match model.facts.deck {
            _ if model.past.is_some() => "who was there then is not kept",
            None => "nobody else; a console with --read-only is not listed",
            Some(_) => "nobody is listed yet",
        };
        sheet.put((inner.x, inner.y, inner.width), words, Token::Muted);
    }
    for (line, console) in inner.rows().zip(consoles) {
        sheet.line(line, &row(model, console));
    }
}

fn row(model: &Model, console: &ConsoleView) -> Vec<Piece<'static>> {
    let mine = Some(console.id) == model.facts.deck;
    let who = match console.login == console.name {
        true => console.name.clone(),
        false => format!("{} ({})", console.name, console.login),
    };
    let on = console.chosen.as_ref().map_or_else(|| console.screen.clone(), |c| format!("{} {c}", console.screen));
    let since = words::since(console.since, model.clock);
    let mut line: Vec<Piece<'static>> = vec![
        (format!("{:<24} ", cut(&who, 24)).into(), if mine { Token::Muted } else { Token::Accent }),
        (format!("{:<28} ", cut(&on, 28)).into(), Token::Text),
    ];
    match console.verb.as_ref().zip(console.target.as_ref()) {
        Some((verb, target)) => line.push((format!("? {verb} {target}  ").into(), Token::Warn)),
        None if mine => line.push(("this console  ".into(), Token::Muted)),
        None => {}
    }
    line.push((format!("{}  open {since}", console.node).into(), Token::Muted));
    line
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['~']).collect()
}

/// Names of the others, in few words.
pub(super) fn names(model: &Model) -> Option<String> {
    let mut names: Vec<&str> = model.others().map(|other| other.name.as_str()).collect();
    names.dedup();
    match names.as_slice() {
        [] => None,
        [one] => Some((*one).to_owned()),
        [one, two] => Some(format!("{one}, {two}")),
        [one, rest @ ..] => Some(format!("{one} and {} more", rest.len())),
    }
}

/// That somebody asks for a second person.
pub(super) fn notice(model: &Model) -> Option<String> {
    let ask = model.asked_of_me()?;
    let key = model.facts.keymap.key_of(Do::Deck, Place::Anywhere);
    let rows = words::of(ask.things, "row", "rows");
    Some(format!("{} asks for a second person: {} {}, {rows}  -  {key} answers", ask.name, ask.verb, ask.target))
}

/// What a question says of the others: who has the same one open, and what they answered.
pub(super) fn beside(dialog: &Dialog, model: &Model) -> Vec<Piece<'static>> {
    let (verb, target) = (dialog.plan.action.verb(), dialog.plan.action.target());
    let others = model.deck().into_iter().flat_map(|deck| deck.about(model.facts.deck, (verb, &target)));
    let same = others.take(2).map(|other| (format!("! {}", open_question(other, verb)).into(), Token::Warn));
    let mut lines: Vec<Piece<'static>> = same.collect();
    if dialog.plan.tier == Tier::Heavy {
        lines.push(second(dialog, model));
    }
    lines
}

fn second(dialog: &Dialog, model: &Model) -> Piece<'static> {
    let key = model.facts.keymap.key_of(Do::Second, Place::Question);
    let there = names(model).map_or_else(|| "nobody else is on deck".to_owned(), |who| format!("on deck: {who}"));
    match &dialog.beside {
        Beside::Nobody if dialog.plan.second.required => {
            (format!("needs a second person here: {key} asks ({there})").into(), Token::Warn)
        }
        Beside::Nobody => (format!("{key} asks a second person ({there})").into(), Token::Muted),
        Beside::Sending => ("asking the others".into(), Token::Half),
        Beside::Asked(id, until) => (
            format!("ask {id}: waiting for another person until {}Z ({there})", until.format("%H:%M:%S")).into(),
            Token::Half,
        ),
        Beside::Agreed(by) => (format!("{by} agreed: it can be done now").into(), Token::Ok),
        Beside::Refused(by) => (format!("{by} refused it; {key} asks again").into(), Token::Warn),
    }
}

/// Whether the question is what another person asks.
pub(super) fn answers(dialog: &Dialog) -> bool {
    matches!(dialog.plan.action, Action::AnswerSecond { yes: true, .. })
}
