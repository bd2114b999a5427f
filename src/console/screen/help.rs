//! The help: every key that works, this screen's first, out of the same table that dispatches them; what is typed is
//! searched for.

use ratatui::layout::Rect;

use crate::console::keys::{Binding, PLACES, Place, REGISTRY};
use crate::console::model::Model;
use crate::console::theme::Token;
use crate::console::update::allowed;
use crate::console::widget::{Piece, Sheet};

/// Words that mean one thing everywhere, for those who have not met them.
const WORDS: [(&str, &str); 8] = [
    ("lane", "a queue with one provider behind it"),
    ("parked", "the lane waits by itself: breaker open, no credential, budget spent; no attempt is spent"),
    ("paused", "a person stopped the lane: what runs ends, nothing more is claimed"),
    ("breaker", "stops calls to a provider that fails; probes by itself until it answers again"),
    ("probe", "one real job that finds out whether the provider answers again"),
    ("ramping", "calls come back step by step: 1 2 4 8 to full load"),
    ("dead", "all attempts of the job are used up; it waits for a person"),
    ("node", "one process of the fleet"),
];

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, (scrolled, typed): (u16, &str)) {
    let all = lines(model, model.place());
    let lines = if typed.is_empty() { all } else { matching(&all, typed) };
    let width = 84.min(area.width);
    let height = (lines.len() as u16 + 2).clamp(3, area.height.max(3));
    let frame = Rect { x: area.x + (area.width - width) / 2, y: area.y, width, height: height.min(area.height) };
    sheet.clear(frame);
    let title = match typed {
        "" => "Help: type to search, arrows scroll, Esc closes".to_owned(),
        typed => format!("Help: {typed}_   ({} found)", lines.len()),
    };
    let inner = sheet.pane(frame, &title, true);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let most = lines.len().saturating_sub(usize::from(inner.height));
    sheet.lines(inner, &lines[usize::from(scrolled).min(most)..]);
}

type Line = Vec<Piece<'static>>;

/// Lines that hold every word that was typed; no heads.
fn matching(lines: &[Line], typed: &str) -> Vec<Line> {
    let holds = |line: &&Line| {
        let text: String = line.iter().map(|(t, _)| t.to_lowercase()).collect();
        line.len() > 1 && typed.to_lowercase().split_whitespace().all(|word| text.contains(word))
    };
    let mut found: Vec<Line> = lines.iter().filter(holds).cloned().collect();
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|line| seen.insert(line.iter().map(|(t, _)| t.to_string()).collect::<String>()));
    found
}

fn lines(model: &Model, here: Place) -> Vec<Line> {
    let mut places: Vec<(Place, &str)> = PLACES.to_vec();
    places.sort_by_key(|(place, _)| (*place != here, !matches!(place, Place::Lists | Place::Anywhere)));
    let mut lines = Vec::new();
    for (place, name) in places {
        let bindings: Vec<&Binding> = REGISTRY.iter().filter(|b| b.places.contains(&place)).collect();
        lines.push(vec![(name.into(), Token::Title)]);
        lines.extend(bindings.into_iter().map(|b| line(model, b)));
    }
    lines.push(vec![("Words".into(), Token::Title)]);
    lines.extend(
        WORDS.map(|(word, means)| vec![(format!("  {word:<18}").into(), Token::Accent), (means.into(), Token::Text)]),
    );
    lines
}

fn line(model: &Model, binding: &Binding) -> Line {
    let keys: Vec<String> = model.facts.keymap.keys(binding).iter().map(ToString::to_string).collect();
    let off = allowed::refusal(model, binding);
    let token = if off.is_some() { Token::Muted } else { Token::Accent };
    let why = off.as_ref().map_or_else(String::new, |why| format!("  (off: {why})"));
    vec![
        (format!("  {:<18}", keys.join(" ")).into(), token),
        (format!("{}{why}", binding.words).into(), if off.is_some() { Token::Muted } else { Token::Text }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture;

    #[test]
    fn every_key_of_the_table_is_in_the_help_of_every_screen() {
        let model = fixture::model((80, 24), true);
        for (place, _) in PLACES {
            let text: String = lines(&model, place).iter().flatten().map(|(t, _)| t.to_string() + "\n").collect();
            for binding in REGISTRY {
                assert!(text.contains(binding.words), "{} is missing", binding.words);
                assert!(binding.keys.iter().all(|k| text.contains(&k.to_string())));
            }
        }
    }

    #[test]
    fn a_search_finds_keys_by_their_words_and_greys_with_the_reason() {
        let mut model = fixture::model((80, 24), true);
        model.facts.read_only = true;
        let found = matching(&lines(&model, Place::Breakers), "hold OPEN");
        let text: String = found.iter().flatten().map(|(t, _)| t.as_ref()).collect();
        assert!(text.contains("no call passes") && text.contains("off: this console is read-only"), "{text}");
    }
}
