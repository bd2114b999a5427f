//! Text over many lines, at a width: at blanks where there are some, else anywhere between graphemes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::telemetry::inert::inert;

/// Lines of at most `width` cells; foreign text is inert in them. At most `most` lines.
pub fn fold(text: &str, width: u16, most: usize) -> Vec<String> {
    let width = usize::from(width).max(1);
    let mut out = Vec::new();
    for line in text.split('\n') {
        fold_line(&inert(line), width, &mut out);
        if out.len() >= most {
            out.truncate(most);
            break;
        }
    }
    out
}

fn fold_line(line: &str, width: usize, out: &mut Vec<String>) {
    let (mut now, mut used) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ').width();
        if used > 0 && used + bare > width {
            out.push(std::mem::take(&mut now));
            used = 0;
        }
        for grapheme in word.graphemes(true) {
            let cells = grapheme.width();
            if used + cells > width {
                out.push(std::mem::take(&mut now));
                used = 0;
                if grapheme == " " {
                    continue;
                }
            }
            now.push_str(grapheme);
            used += cells;
        }
    }
    out.push(now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn at_blanks_where_there_are_some_else_anywhere() {
        assert_eq!(fold("one two three", 8, 9), ["one two ", "three"]);
        assert_eq!(fold("abcdefghij kl", 4, 9), ["abcd", "efgh", "ij ", "kl"]);
        assert_eq!(fold("a\n\nb", 4, 9), ["a", "", "b"]);
        assert_eq!(fold("日本語", 4, 9), ["日本", "語"]);
        assert_eq!(fold("a\nb\nc", 4, 2), ["a", "b"]);
        assert_eq!(fold("x\u{1b}[2J", 40, 9), ["x\\x1b[2J"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-z \n日é]{0,80}", width in 2u16..30) {
            let lines = fold(&text, width, usize::MAX);
            prop_assert!(lines.iter().all(|l| l.trim_end().width() <= usize::from(width)));
            let all = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(all(&lines.concat()), all(&text));
        }
    }
}
