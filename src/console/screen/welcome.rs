//! The first screen of an empty database: what is missing before work can start, and the keys that bring it.

use ratatui::layout::Rect;

use crate::console::keys::{Do, Place};
use crate::console::model::{Model, Screen};
use crate::console::theme::Token;
use crate::console::widget::{Piece, Sheet};

/// What can be done here.
pub(super) const KEYS: [Do; 6] = [Do::Import, Do::Demo, Do::Show(Screen::Credentials), Do::Palette, Do::Help, Do::Back];

/// Whether there is nothing to show yet.
pub(super) fn is_due(model: &Model) -> bool {
    let empty = model.pulse.as_ref().is_some_and(|p| p.status.contacts.total() == 0);
    empty && model.past.is_none() && model.incidents().is_empty()
}

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = sheet.pane(area, "Welcome: there are no contacts yet", true);
    let inner = Rect {
        x: inner.x + 2,
        y: inner.y + 1,
        width: inner.width.saturating_sub(4),
        height: inner.height.saturating_sub(1),
    };
    let pulse = model.pulse.as_ref();
    let works = pulse.is_some_and(|p| p.status.nodes.iter().any(|n| n.state == "live" && n.runs_jobs));
    let refused = pulse.into_iter().flat_map(|p| &p.status.lanes).any(|l| l.lane == "twilio" && l.state == "parked");
    let has_key = works && !refused;
    let import = model.facts.keymap.key_of(Do::Import, Place::Overview);
    let demo = model.facts.keymap.key_of(Do::Demo, Place::Overview);
    let done = |yes: bool| if yes { ("o ", Token::Ok) } else { ("- ", Token::Warn) };
    let (mark, token) = done(has_key);
    let key_words = if has_key {
        "a worker has a key for lookups"
    } else {
        "no worker has a key for lookups yet: what is imported waits until one has"
    };
    let slots = model.facts.keymap.key_of(Do::Show(Screen::Credentials), Place::Overview);
    let lead = if has_key {
        " leads to all credentials"
    } else {
        " leads to where one is entered; workers take it up at once"
    };
    let lines: Vec<Vec<Piece<'_>>> = vec![
        vec![(mark.into(), token), ("1  credential   ".into(), Token::Title), (key_words.into(), Token::Text)],
        vec![("                  ".into(), Token::Text), (slots.into(), Token::Accent), (lead.into(), Token::Text)],
        Vec::new(),
        vec![
            ("- ".into(), Token::Warn),
            ("2  contacts     ".into(), Token::Title),
            (import.into(), Token::Accent),
            (" imports a CSV, TSV or XLSX file and looks its numbers up".into(), Token::Text),
        ],
        Vec::new(),
        vec![
            ("  ".into(), Token::Text),
            ("or look around  ".into(), Token::Title),
            (demo.into(), Token::Accent),
            (" starts a demo: its own database, stand-ins for every provider, no key, no cost".into(), Token::Text),
        ],
        Vec::new(),
        vec![(
            "Everything else is behind : (type any part of a name) and ? (the keys of this place).".into(),
            Token::Muted,
        )],
    ];
    sheet.lines(inner, &lines);
}
