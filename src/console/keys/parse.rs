//! A key from its name, as the help writes it: `r`, `Ctrl-R`, `Space`, `PgUp`, `F5`.

use super::{Code, Key};
use crate::catalogue::nearest;

const NAMED: [(&str, Code); 15] = [
    ("Space", Code::Char(' ')),
    ("Enter", Code::Enter),
    ("Esc", Code::Esc),
    ("Tab", Code::Tab),
    ("Shift-Tab", Code::BackTab),
    ("Backspace", Code::Backspace),
    ("Del", Code::Delete),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PgUp", Code::PageUp),
    ("PgDn", Code::PageDown),
];

/// Reads a key's name.
pub(super) fn key(text: &str) -> Result<Key, String> {
    let mut letters = text.chars();
    if let (Some(c), None) = (letters.next(), letters.next())
        && !c.is_control()
    {
        return Ok(Key::char(c));
    }
    if let Some((_, code)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(Key::plain(*code));
    }
    if let Some(n) = text.strip_prefix(['F', 'f']).and_then(|n| n.parse::<u8>().ok()).filter(|n| (1..=12).contains(n)) {
        return Ok(Key::plain(Code::F(n)));
    }
    match text.split_once('-') {
        Some((ctrl, letter)) if ctrl.eq_ignore_ascii_case("ctrl") => with_ctrl(letter),
        _ => {
            let ctrl = text
                .chars()
                .last()
                .filter(char::is_ascii_alphabetic)
                .map(|c| format!("Ctrl-{}", c.to_ascii_uppercase()));
            let known = NAMED.iter().map(|(name, _)| *name).chain(ctrl.as_deref());
            let hint = nearest(text, known).map_or_else(
                || "; write a letter, Ctrl-R, Space, Enter, PgUp or F5".to_owned(),
                |near| format!("; did you mean {near}?"),
            );
            Err(format!("there is no key {text}{hint}"))
        }
    }
}

fn with_ctrl(letter: &str) -> Result<Key, String> {
    let mut letters = letter.chars();
    match (letters.next().map(|c| c.to_ascii_lowercase()), letters.next()) {
        (Some('a' | 'b'), None) => Err("screen and tmux take this key for themselves".into()),
        (Some('h' | 'i' | 'j' | 'm' | '['), None) => Err("terminals send this as Backspace, Tab, Enter or Esc".into()),
        (Some(c), None) if c.is_ascii_alphabetic() => Ok(Key::ctrl(c)),
        _ => Err("Ctrl goes with one letter, as Ctrl-R".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::REGISTRY;
    use super::*;

    #[test]
    fn every_key_of_the_table_can_be_written_down_and_read_again() {
        for key in REGISTRY.iter().flat_map(|b| b.keys) {
            assert_eq!(super::key(&key.to_string()), Ok(*key), "{key}");
        }
    }

    #[test]
    fn keys_that_terminals_can_not_tell_apart_are_refused() {
        assert!(key("Ctrl-M").unwrap_err().contains("Enter"));
        assert!(key("Ctrl-A").unwrap_err().contains("tmux"));
        assert!(key("Alt-x").is_err() && key("").is_err() && key("F13").is_err() && key("\x1b").is_err());
    }
}
