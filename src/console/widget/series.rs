//! Series as sparkline, bar and chart. A hole in the data is a hole in the picture.

use ratatui::layout::Rect;

use super::Sheet;
use crate::console::theme::{Glyphs, Token};

/// One character a value, scaled to the largest.
pub fn sparkline(values: &[Option<f64>], glyphs: &Glyphs) -> String {
    let top = values.iter().flatten().copied().fold(0.0, f64::max);
    let level = |v: f64| if top <= 0.0 { 0 } else { ((v / top * 7.0).ceil() as usize).min(7) };
    values.iter().map(|v| v.map_or(" ", |v| glyphs.levels[level(v)])).collect()
}

/// A bar of `width` cells: how many of them are full.
pub fn bar(part: i64, whole: i64, width: u16) -> u16 {
    if whole <= 0 || part <= 0 {
        return 0;
    }
    let full = (part as f64 / whole as f64 * f64::from(width)).floor() as u16;
    full.clamp(u16::from(width > 0), width)
}

/// Draws values from the left to the right edge with the axis at the left; `top` is the value of the upper edge.
pub fn chart(sheet: &mut Sheet<'_>, area: Rect, values: &[Option<f64>], top: f64) {
    if area.width < 1 || area.height < 1 || top <= 0.0 {
        return;
    }
    if sheet.theme.glyphs.braille { braille(sheet, area, values, top) } else { columns(sheet, area, values, top) }
}

/// Each cell holds two values side by side, four dots high; the area below the line is filled.
fn braille(sheet: &mut Sheet<'_>, area: Rect, values: &[Option<f64>], top: f64) {
    const LEFT: [u32; 4] = [0x40, 0x04, 0x02, 0x01];
    const RIGHT: [u32; 4] = [0x80, 0x20, 0x10, 0x08];
    let dots = usize::from(area.height) * 4;
    let height = |v: Option<f64>| v.map_or(0, |v| ((v / top * dots as f64).round() as usize).clamp(1, dots));
    for column in 0..usize::from(area.width) {
        let (left, right) = (height(at(values, column * 2)), height(at(values, column * 2 + 1)));
        for row in 0..usize::from(area.height) {
            let floor = (usize::from(area.height) - 1 - row) * 4;
            let bits = |n: usize, dots: [u32; 4]| dots.iter().take(n.saturating_sub(floor).min(4)).sum::<u32>();
            let cell = bits(left, LEFT) + bits(right, RIGHT);
            if let Some(c) = char::from_u32(0x2800 + cell).filter(|_| cell > 0) {
                sheet.put((area.x + column as u16, area.y + row as u16, 1), c.encode_utf8(&mut [0; 4]), Token::Bar);
            }
        }
    }
}

fn columns(sheet: &mut Sheet<'_>, area: Rect, values: &[Option<f64>], top: f64) {
    for column in 0..usize::from(area.width) {
        let Some(value) = at(values, column * 2).or(at(values, column * 2 + 1)) else { continue };
        let full = ((value / top * f64::from(area.height)).ceil() as u16).clamp(1, area.height);
        for row in 0..full {
            let glyph = if row + 1 == full { "." } else { ":" };
            sheet.put((area.x + column as u16, area.bottom() - 1 - row, 1), glyph, Token::Bar);
        }
    }
}

fn at(values: &[Option<f64>], index: usize) -> Option<f64> {
    values.get(index).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_shows_holes_as_holes_and_zero_as_the_floor() {
        let values = [None, Some(0.0), Some(1.0), Some(7.0)];
        assert_eq!(sparkline(&values, &Glyphs::ASCII), " _.#");
    }

    #[test]
    fn a_bar_is_full_only_when_all_is_done() {
        assert_eq!(bar(0, 100, 10), 0);
        assert_eq!(bar(1, 100_000, 10), 1);
        assert_eq!(bar(99, 100, 10), 9);
        assert_eq!(bar(100, 100, 10), 10);
        assert_eq!(bar(5, 0, 10), 0);
    }
}
