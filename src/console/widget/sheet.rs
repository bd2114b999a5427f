//! The paper that screens draw on: text that can do no harm, lines of coloured pieces, frames.
//!
//! Every text passes through [`Sheet::put`], so foreign text is inert by construction.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::console::theme::{Theme, Token};

/// Column, row, and cells at most.
pub type Spot = (u16, u16, u16);

/// A text with its meaning.
pub type Piece<'a> = (Cow<'a, str>, Token);

/// Cells to draw on, with the theme to draw in.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The cells.
    pub buf: &'a mut Buffer,
    /// What tokens and glyphs look like.
    pub theme: &'a Theme,
    /// Heavy frames: a production environment.
    pub heavy: bool,
    /// What lies where, for the mouse; what was drawn last lies on top.
    pub spots: Vec<(Rect, crate::console::message::Spot)>,
    /// Where a person's data stand (`true`), and what was emptied above them (`false`), in the order of drawing.
    pub veils: Vec<(Rect, bool)>,
}

impl Sheet<'_> {
    /// Writes `text` at column, row, in at most so many cells, cut with `~`; returns the column behind it.
    pub fn put(&mut self, at: Spot, text: &str, token: Token) -> u16 {
        self.put_styled(at, text, self.theme.style(token))
    }

    fn put_styled(&mut self, (x, y, width): Spot, text: &str, style: Style) -> u16 {
        let area = self.buf.area;
        let width = width.min(area.right().saturating_sub(x));
        if width == 0 || y < area.top() || y >= area.bottom() || x < area.left() {
            return x;
        }
        let safe = crate::telemetry::inert::inert(text);
        let (mut at, end) = (x, x + width);
        let fits = safe.width() <= usize::from(width);
        for grapheme in safe.graphemes(true) {
            let cells = grapheme.width() as u16;
            if cells == 0 {
                continue;
            }
            if at + cells > end || (!fits && at + cells > end - 1) {
                self.cell(at, y, "~", style);
                return at + 1;
            }
            self.cell(at, y, grapheme, style);
            for covered in 1..cells {
                self.cell(at + covered, y, "", style);
            }
            at += cells;
        }
        at
    }

    fn cell(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if let Some(cell) = self.buf.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// Writes pieces one behind the other; returns the column behind them.
    pub fn line(&mut self, area: Rect, pieces: &[Piece<'_>]) -> u16 {
        let mut x = area.x;
        for (text, token) in pieces {
            if x >= area.right() || area.height == 0 {
                break;
            }
            x = self.put((x, area.y, area.right() - x), text, *token);
        }
        x
    }

    /// Writes lines below each other, as many as there is room for.
    pub fn lines(&mut self, area: Rect, lines: &[Vec<Piece<'_>>]) {
        for (row, line) in area.rows().zip(lines) {
            self.line(row, line);
        }
    }

    /// Writes text over as many rows as it needs; returns the rows used.
    pub fn wrapped(&mut self, area: Rect, text: &str, token: Token) -> u16 {
        let mut rows = 0;
        let mut line = String::new();
        let safe = crate::telemetry::inert::inert(text);
        for word in safe.split_whitespace() {
            if !line.is_empty() && line.width() + 1 + word.width() > usize::from(area.width) {
                if rows >= area.height {
                    return rows;
                }
                self.put((area.x, area.y + rows, area.width), &line, token);
                (line, rows) = (String::new(), rows + 1);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() && rows < area.height {
            self.put((area.x, area.y + rows, area.width), &line, token);
            rows += 1;
        }
        rows
    }

    /// Writes pieces that end at the right edge, when there is room for them behind column `from`.
    pub fn right(&mut self, area: Rect, from: u16, pieces: &[Piece<'_>]) {
        let width: usize = pieces.iter().map(|(text, _)| text.width()).sum();
        let x = area.right().saturating_sub(u16::try_from(width).unwrap_or(u16::MAX));
        if x > from {
            self.line(Rect { x, width: area.right() - x, ..area }, pieces);
        }
    }

    /// Draws a frame with a title; returns the room inside.
    pub fn pane(&mut self, area: Rect, title: &str, focus: bool) -> Rect {
        let area = area.intersection(self.buf.area);
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let set = if self.heavy { self.theme.glyphs.heavy } else { self.theme.glyphs.border };
        let style = self.theme.style(if focus { Token::Focus } else { Token::Border });
        let (left, right, top, bottom) = (area.left(), area.right() - 1, area.top(), area.bottom() - 1);
        for x in left + 1..right {
            self.cell(x, top, set.horizontal_top, style);
            self.cell(x, bottom, set.horizontal_bottom, style);
        }
        for y in top + 1..bottom {
            self.cell(left, y, set.vertical_left, style);
            self.cell(right, y, set.vertical_right, style);
        }
        for (x, y, corner) in [
            (left, top, set.top_left),
            (right, top, set.top_right),
            (left, bottom, set.bottom_left),
            (right, bottom, set.bottom_right),
        ] {
            self.cell(x, y, corner, style);
        }
        if !title.is_empty() && area.width > 6 {
            self.put((left + 2, top, area.width - 4), &format!(" {title} "), Token::Title);
        }
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// Says that a person's data stand there: a recording shows them blanked.
    pub fn private(&mut self, area: Rect) {
        self.veils.push((area, true));
    }

    /// Empties an area, before something is laid over it.
    pub fn clear(&mut self, area: Rect) {
        self.veils.push((area, false));
        let area = area.intersection(self.buf.area);
        for position in area.positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Lays a style over a row that is drawn already.
    pub fn mark(&mut self, area: Rect, token: Token) {
        let style = self.theme.style(token);
        // A chosen row has one look: what its cells mean stays in their glyphs and words.
        let plain = Style::reset().patch(style);
        self.buf.set_style(area.intersection(self.buf.area), plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::{Depth, Glyphs, load};

    fn drawn(text: &str, width: u16) -> String {
        let theme = load("mono", Depth::Mono, Glyphs::UNICODE).unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        Sheet { buf: &mut buf, theme: &theme, heavy: false, spots: Vec::new(), veils: Vec::new() }.put(
            (0, 0, width),
            text,
            Token::Text,
        );
        buf.content().iter().map(|c| c.symbol()).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn text_is_cut_with_a_sign_and_never_inside_a_grapheme() {
        assert_eq!(drawn("hello", 5), "hello");
        assert_eq!(drawn("hello!", 5), "hell~");
        assert_eq!(drawn("日本語", 5), "日本~");
        assert_eq!(drawn("日本語", 4), "日~");
    }

    #[test]
    fn foreign_text_is_inert_on_every_sheet() {
        let shown = drawn("a\x1b[2Jb", 12);
        assert!(!shown.contains('\x1b') && shown.starts_with("a\\x1b"), "{shown}");
    }
}
