//! The help: every key that works, this screen's first, out of the same table that dispatches them.

use ratatui::layout::Rect;

use crate::console::keys::{Binding, PLACES, Place, REGISTRY};
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::widget::{Piece, Sheet};

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, scrolled: u16) {
    let lines = lines(model.place(), model.facts.read_only);
    let width = 74.min(area.width);
    let height = (lines.len() as u16 + 2).min(area.height);
    let frame = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    sheet.clear(frame);
    let inner = sheet.pane(frame, "Help: j k scroll, Esc closes", true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let most = lines.len().saturating_sub(usize::from(inner.height));
    sheet.lines(inner, &lines[usize::from(scrolled).min(most)..]);
}

fn lines(here: Place, read_only: bool) -> Vec<Vec<Piece<'static>>> {
    let mut places: Vec<(Place, &str)> = PLACES.to_vec();
    places.sort_by_key(|(place, _)| (*place != here, !matches!(place, Place::Lists | Place::Anywhere)));
    let mut lines = Vec::new();
    for (place, name) in places {
        let bindings: Vec<&Binding> = REGISTRY.iter().filter(|b| b.places.contains(&place)).collect();
        lines.push(vec![(name.into(), Token::Title)]);
        lines.extend(bindings.into_iter().map(|b| line(b, read_only)));
    }
    lines
}

fn line(binding: &Binding, read_only: bool) -> Vec<Piece<'static>> {
    let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
    let off = binding.writes && read_only;
    let why = if off { "  (off: read-only)" } else { "" };
    let token = if off { Token::Muted } else { Token::Accent };
    vec![
        (format!("  {:<18}", keys.join(" ")).into(), token),
        (format!("{}{why}", binding.words).into(), if off { Token::Muted } else { Token::Text }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_in_the_help_of_every_screen() {
        for (place, _) in PLACES {
            let text: String = lines(place, false).iter().flatten().map(|(t, _)| t.to_string() + "\n").collect();
            for binding in REGISTRY {
                assert!(text.contains(binding.words), "{} is missing", binding.words);
                assert!(binding.keys.iter().all(|k| text.contains(&k.to_string())));
            }
        }
    }
}
