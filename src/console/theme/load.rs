//! Reading a theme: a table of tokens, each a colour and modifiers in words (`light-red bold`, `#20262e on #d0d4da`).

use ratatui::style::{Color, Modifier, Style};

use super::{Depth, Glyphs, TOKENS, Theme, downsample};
use crate::catalogue::nearest;

/// The themes that the program carries, by name.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("terminal", include_str!("../../../themes/terminal.toml")),
    ("dusk", include_str!("../../../themes/dusk.toml")),
    ("paper", include_str!("../../../themes/paper.toml")),
    ("contrast", include_str!("../../../themes/contrast.toml")),
    ("deuteranopia", include_str!("../../../themes/deuteranopia.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];

/// Why a theme is not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ThemeError {
    /// No built-in theme has this name.
    #[error(
        "there is no theme {0}; the themes are terminal, dusk, paper, contrast, deuteranopia, mono and your own files in themes/"
    )]
    Unknown(String),
    /// The file is no TOML, or holds something else than tokens.
    #[error("the theme can't be read: {0}")]
    Syntax(String),
    /// A token or colour that does not exist.
    #[error("the theme says {token} = \"{value}\", but {word} is no {kind}{hint}")]
    Word {
        /// The token.
        token: String,
        /// Its whole value.
        value: String,
        /// The word that is wrong.
        word: String,
        /// `colour` or `token`.
        kind: &'static str,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
}

/// The built-in theme of this name, for a terminal with `depth` colours and these glyphs.
pub fn load(name: &str, depth: Depth, glyphs: Glyphs) -> Result<Theme, ThemeError> {
    let text = BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text);
    read(text.ok_or_else(|| ThemeError::Unknown(name.to_owned()))?, depth, glyphs)
}

/// A theme from its text, as the user's own files hold it.
pub fn read(text: &str, depth: Depth, glyphs: Glyphs) -> Result<Theme, ThemeError> {
    let styles = parse(text)?.map(|style| downsample::style(style, depth));
    Ok(Theme { styles, glyphs })
}

/// Names of all themes that can be chosen: ours, then the user's own.
pub fn names(own: &[String]) -> Vec<String> {
    let ours = BUILT_IN.iter().map(|(name, _)| (*name).to_owned());
    ours.chain(own.iter().filter(|name| BUILT_IN.iter().all(|(n, _)| n != name)).cloned()).collect()
}

fn parse(text: &str) -> Result<[Style; TOKENS.len()], ThemeError> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| ThemeError::Syntax(e.to_string()))?;
    let mut styles = [Style::default(); TOKENS.len()];
    for (name, value) in &table {
        let value = value.as_str().ok_or_else(|| ThemeError::Syntax(format!("{name} is no text")))?;
        let at = TOKENS.iter().position(|(_, n)| n == name);
        let at = at.ok_or_else(|| wrong(name, value, name, "token", TOKENS.iter().map(|(_, n)| *n)))?;
        styles[at] = style(name, value)?;
    }
    Ok(styles)
}

fn style(token: &str, value: &str) -> Result<Style, ThemeError> {
    let mut style = Style::default();
    let mut background = false;
    for word in value.split_whitespace() {
        if word == "on" {
            background = true;
            continue;
        }
        if let Some(modifier) = MODIFIERS.iter().find(|(n, _)| *n == word).map(|(_, m)| *m) {
            style = style.add_modifier(modifier);
            continue;
        }
        let color = color(word).ok_or_else(|| {
            wrong(token, value, word, "colour", COLORS.iter().map(|c| c.0).chain(MODIFIERS.iter().map(|m| m.0)))
        })?;
        style = if background { style.bg(color) } else { style.fg(color) };
    }
    Ok(style)
}

fn wrong<'a>(
    token: &str,
    value: &str,
    word: &str,
    kind: &'static str,
    known: impl IntoIterator<Item = &'a str>,
) -> ThemeError {
    let hint = nearest(word, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    ThemeError::Word { token: token.into(), value: value.into(), word: word.into(), kind, hint }
}

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// The 16 names of a terminal, and `default` for its own foreground or background. Black and white are left out: each
/// is invisible on half of all terminals.
const COLORS: [(&str, Color); 15] = [
    ("default", Color::Reset),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("grey", Color::Gray),
    ("dark-grey", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
];

fn color(word: &str) -> Option<Color> {
    if let Some(hex) = word.strip_prefix('#') {
        let value = (hex.len() == 6).then(|| u32::from_str_radix(hex, 16).ok()).flatten()?.to_be_bytes();
        return Some(Color::Rgb(value[1], value[2], value[3]));
    }
    COLORS.iter().find(|(name, _)| *name == word).map(|(_, color)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_sets_every_token_at_every_depth() {
        for (name, text) in BUILT_IN {
            let table: toml::Table = text.parse().unwrap();
            assert_eq!(table.len(), TOKENS.len(), "{name}");
            for depth in [Depth::True, Depth::Indexed, Depth::Named, Depth::Mono] {
                assert!(load(name, depth, Glyphs::UNICODE).is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn states_can_be_told_apart_without_colour() {
        let theme = load("mono", Depth::Mono, Glyphs::ASCII).unwrap();
        assert_ne!(theme.style(super::super::Token::Critical), theme.style(super::super::Token::Ok));
        assert_ne!(theme.style(super::super::Token::Selected), theme.style(super::super::Token::Text));
    }

    #[test]
    fn a_wrong_word_is_named_with_its_neighbour() {
        let error = style("ok", "gren bold").unwrap_err().to_string();
        assert_eq!(error, "the theme says ok = \"gren bold\", but gren is no colour; did you mean green?");
        let error = parse("okay = \"red\"").unwrap_err().to_string();
        assert!(error.contains("okay is no token"), "{error}");
    }

    #[test]
    fn colours_of_both_kinds_and_modifiers_are_read() {
        let read = style("field", "#102030 on light-blue bold").unwrap();
        assert_eq!(read, Style::default().fg(Color::Rgb(16, 32, 48)).bg(Color::LightBlue).add_modifier(Modifier::BOLD));
    }
}
