//! From the colours that a theme asks for to those that a terminal has.

use ratatui::style::{Color, Style};

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 24 bits.
    True,
    /// The palette of 256.
    Indexed,
    /// The 16 names.
    Named,
    /// None: weight and reversal alone.
    Mono,
}

/// The style with colours that a terminal of this depth has.
pub fn style(style: Style, depth: Depth) -> Style {
    let fg = style.fg.map(|c| color(c, depth));
    let bg = style.bg.map(|c| color(c, depth));
    Style { fg, bg, ..style }
}

fn color(color: Color, depth: Depth) -> Color {
    match (depth, color) {
        (Depth::Mono, _) => Color::Reset,
        (Depth::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(indexed(r, g, b)),
        (Depth::Named, Color::Rgb(r, g, b)) => named(r, g, b),
        (_, other) => other,
    }
}

/// Nearest of the 6x6x6 cube or of the 24 greys.
fn indexed(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |v: u8| (0..6u8).min_by_key(|i| STEPS[usize::from(*i)].abs_diff(v)).unwrap_or(0);
    let (cr, cg, cb) = (nearest(r), nearest(g), nearest(b));
    let cube = [STEPS[usize::from(cr)], STEPS[usize::from(cg)], STEPS[usize::from(cb)]];
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let step = (mean.saturating_sub(8) / 10).min(23) as u8;
    let grey = 8 + 10 * step;
    if distance(cube, [r, g, b]) <= distance([grey; 3], [r, g, b]) { 16 + 36 * cr + 6 * cg + cb } else { 232 + step }
}

fn named(r: u8, g: u8, b: u8) -> Color {
    const NAMES: [(Color, [u8; 3]); 14] = [
        (Color::Red, [170, 0, 0]),
        (Color::Green, [0, 170, 0]),
        (Color::Yellow, [170, 120, 0]),
        (Color::Blue, [0, 0, 170]),
        (Color::Magenta, [170, 0, 170]),
        (Color::Cyan, [0, 150, 170]),
        (Color::DarkGray, [110, 110, 110]),
        (Color::LightRed, [255, 90, 90]),
        (Color::LightGreen, [90, 255, 90]),
        (Color::LightYellow, [255, 220, 90]),
        (Color::LightBlue, [90, 120, 255]),
        (Color::LightMagenta, [255, 90, 255]),
        (Color::LightCyan, [90, 220, 255]),
        (Color::Reset, [200, 200, 200]),
    ];
    NAMES.iter().min_by_key(|(_, rgb)| distance(*rgb, [r, g, b])).map_or(Color::Reset, |(color, _)| *color)
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(y)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_falls_to_its_nearest_neighbour() {
        assert_eq!(color(Color::Rgb(255, 0, 0), Depth::Indexed), Color::Indexed(196));
        assert_eq!(color(Color::Rgb(128, 128, 128), Depth::Indexed), Color::Indexed(244));
        assert_eq!(color(Color::Rgb(250, 80, 80), Depth::Named), Color::LightRed);
        assert_eq!(color(Color::Green, Depth::Named), Color::Green);
        assert_eq!(color(Color::Rgb(1, 2, 3), Depth::Mono), Color::Reset);
    }
}
