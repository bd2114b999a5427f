//! Glyphs: one set for Unicode terminals, one for ASCII. Each is one cell wide in both.

use ratatui::symbols::border;

/// The characters that a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glyphs {
    /// Frames of panes.
    pub border: border::Set<'static>,
    /// Frames in a production environment.
    pub heavy: border::Set<'static>,
    /// Marks the selected row.
    pub cursor: &'static str,
    /// Heights of a sparkline, the lowest first.
    pub levels: [&'static str; 8],
    /// Full and empty part of a bar.
    pub bar: [&'static str; 2],
    /// Between two facts of one line.
    pub dot: &'static str,
    /// From one state to another.
    pub arrow: &'static str,
    /// Whether charts may use braille.
    pub braille: bool,
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

const ASCII_HEAVY: border::Set<'static> = border::Set {
    horizontal_top: "=",
    horizontal_bottom: "=",
    vertical_left: "|",
    vertical_right: "|",
    ..ASCII_BORDER
};

impl Glyphs {
    /// For terminals with Unicode.
    pub const UNICODE: Glyphs = Glyphs {
        border: border::PLAIN,
        heavy: border::THICK,
        cursor: "▸",
        levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        bar: ["█", "░"],
        dot: "·",
        arrow: "→",
        braille: true,
    };
    /// For `--ascii`.
    pub const ASCII: Glyphs = Glyphs {
        border: ASCII_BORDER,
        heavy: ASCII_HEAVY,
        cursor: ">",
        levels: ["_", ".", ":", "-", "=", "+", "*", "#"],
        bar: ["#", "."],
        dot: "-",
        arrow: "->",
        braille: false,
    };
}
