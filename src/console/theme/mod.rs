//! What things look like: tokens that mean something, and the glyphs that carry the same meaning without colour.
//!
//! Screens name tokens only; no screen knows a colour. Nothing here reads the environment: the edge says what the
//! terminal can.

mod downsample;
mod glyphs;
mod load;

use ratatui::style::Style;

pub use downsample::Depth;
pub use glyphs::Glyphs;
pub use load::{BUILT_IN, ThemeError, load, names, read};

/// What a piece of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// Plain text.
    Text,
    /// What may be overlooked: units, ages, idle rows.
    Muted,
    /// Titles of panes.
    Title,
    /// Column heads.
    Head,
    /// Frames of panes.
    Border,
    /// Frame of the pane in focus.
    Focus,
    /// Keys, and what can be acted on.
    Accent,
    /// All is well.
    Ok,
    /// Look at it soon.
    Warn,
    /// Look at it now.
    Critical,
    /// On the way back: half-open, ramping.
    Half,
    /// Held or paused by a person.
    Held,
    /// The selected row.
    Selected,
    /// The full part of a bar; lines of charts.
    Bar,
    /// The empty part of a bar.
    Rest,
    /// A text field.
    Field,
}

/// All tokens with the names that theme files use.
pub const TOKENS: [(Token, &str); 16] = [
    (Token::Text, "text"),
    (Token::Muted, "muted"),
    (Token::Title, "title"),
    (Token::Head, "head"),
    (Token::Border, "border"),
    (Token::Focus, "focus"),
    (Token::Accent, "accent"),
    (Token::Ok, "ok"),
    (Token::Warn, "warn"),
    (Token::Critical, "critical"),
    (Token::Half, "half"),
    (Token::Held, "held"),
    (Token::Selected, "selected"),
    (Token::Bar, "bar"),
    (Token::Rest, "rest"),
    (Token::Field, "field"),
];

/// Tokens resolved for one terminal, and the glyphs that it can show.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    styles: [Style; TOKENS.len()],
    /// Unicode or ASCII.
    pub glyphs: Glyphs,
}

impl Theme {
    /// The style of a token.
    pub fn style(&self, token: Token) -> Style {
        TOKENS.iter().position(|(t, _)| *t == token).map_or_else(Style::default, |at| self.styles[at])
    }
}
