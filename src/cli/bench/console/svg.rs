//! A screen as SVG: text stays text, every run of cells is held to its width, so any monospace font keeps the columns. Pure.

use std::fmt::Write;

use vt100::{Cell, Color, Screen};

/// Width and height of a cell, and the size of its letters, in units of the picture.
const CELL: (f64, f64) = (8.4, 17.0);
const LETTERS: f64 = 14.0;
const MARGIN: f64 = 12.0;
const PAPER: &str = "#16181d";
const INK: &str = "#d5d9e0";

/// The 16 named colours.
const NAMED: [&str; 16] = [
    "#2b303b", "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#56c8d8", "#c0c5ce", "#7d8590", "#ff8fa3",
    "#b5e48c", "#ffd580", "#9bbcff", "#d3b8ff", "#86e1ee", "#ffffff",
];

#[derive(Clone, PartialEq)]
struct Look {
    ink: String,
    paper: Option<String>,
    bold: bool,
    underlined: bool,
    dim: bool,
}

/// The picture of a screen, with a title for those who can't see it.
pub fn svg(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f64::from(columns) * CELL.0 + 2.0 * MARGIN, f64::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" width=\"{width:.0}\" role=\"img\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"{LETTERS}\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n",
        escaped(title)
    );
    for row in 0..rows {
        line(screen, row, columns, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// One row: runs of cells that look alike.
fn line(screen: &Screen, row: u16, columns: u16, out: &mut String) {
    let mut column = 0;
    while column < columns {
        let Some(cell) = screen.cell(row, column) else { return };
        let look = look_of(cell);
        let begin = column;
        let mut text = String::new();
        while column < columns {
            let Some(cell) = screen.cell(row, column).filter(|cell| look_of(cell) == look) else { break };
            // A gap between columns ends a run: it keeps its place in any font.
            if text.ends_with("  ") && cell.has_contents() && cell.contents() != " " {
                break;
            }
            if !cell.is_wide_continuation() {
                text.push_str(if cell.has_contents() { cell.contents() } else { " " });
            }
            column += 1;
        }
        run(&look, &text, (begin, row, column - begin), out);
    }
}

fn run(look: &Look, text: &str, (column, row, cells): (u16, u16, u16), out: &mut String) {
    let (x, y) = (MARGIN + f64::from(column) * CELL.0, MARGIN + f64::from(row) * CELL.1);
    let width = f64::from(cells) * CELL.0;
    if let Some(paper) = &look.paper {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{paper}\"/>",
            CELL.1
        );
    }
    let shown = text.trim_end();
    if shown.is_empty() {
        return;
    }
    let kept = f64::from(cells) - (text.chars().count() - shown.chars().count()) as f64;
    let mut style = String::new();
    style.push_str(if look.bold { " font-weight=\"bold\"" } else { "" });
    style.push_str(if look.underlined { " text-decoration=\"underline\"" } else { "" });
    style.push_str(if look.dim { " opacity=\"0.7\"" } else { "" });
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{style}>{}</text>",
        y + CELL.1 * 0.76,
        look.ink,
        kept * CELL.0,
        escaped(shown)
    );
}

fn look_of(cell: &Cell) -> Look {
    let (mut ink, mut paper) = (color(cell.fgcolor(), INK), color(cell.bgcolor(), PAPER));
    if cell.inverse() {
        std::mem::swap(&mut ink, &mut paper);
    }
    let paper = Some(paper).filter(|paper| paper != PAPER);
    Look { ink, paper, bold: cell.bold(), underlined: cell.underline(), dim: cell.dim() }
}

fn color(color: Color, default: &str) -> String {
    match color {
        Color::Default => default.into(),
        Color::Idx(n @ 0..16) => NAMED[usize::from(n)].into(),
        Color::Idx(n @ 16..232) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let n = n - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_colours_and_places_are_kept_and_nothing_breaks_out() {
        let mut parser =
            vt100::Parser::new(std::num::NonZeroU16::new(2).unwrap(), std::num::NonZeroU16::new(20).unwrap(), 0);
        parser.process(b"\x1b[31;1m<a & b>\x1b[0m   right\r\n\x1b[7mchosen\x1b[0m");
        let picture = svg(parser.screen(), "a <title>");
        assert!(
            picture.contains("&lt;a &amp; b&gt;")
                && picture.contains("#f7768e")
                && picture.contains("font-weight=\"bold\"")
        );
        assert!(picture.contains(&format!("fill=\"{INK}\"/>")), "a chosen row has paper of its own");
        assert!(picture.contains("a &lt;title&gt;") && picture.ends_with("</svg>\n"));
        let right = format!("x=\"{:.1}\"", MARGIN + 10.0 * CELL.0);
        assert!(picture.contains(&right), "what stands apart keeps its own place");
    }
}
