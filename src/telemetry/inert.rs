//! Foreign text made visible and harmless before it reaches a cell or a log.
//!
//! What comes out has no control character, no escape sequence and nothing that reorders or hides text; doing it
//! twice changes nothing.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands for the rest of a text that was cut.
const CUT: &str = "~";

/// The text on one line: control characters as `\x1b`, `\n`, `\t`; direction overrides and line separators as
/// `<U+202E>`; zero-width characters, variation selectors and tags left out.
pub fn inert(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_inert(&mut out, c);
    }
    Cow::Owned(out)
}

/// JSON text in which every character that [`inert`] would not let pass stands as its escape: the same value, safe on a
/// terminal.
pub fn inert_json(json: &str) -> Cow<'_, str> {
    if json.chars().all(is_plain) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 32);
    for c in json.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            // Outside of its strings JSON has only plain characters here.
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| _ = write!(out, "\\u{unit:04x}"));
        }
    }
    Cow::Owned(out)
}

fn is_plain(c: char) -> bool {
    !c.is_control() && !is_shown_by_number(c) && !is_left_out(c)
}

fn push_inert(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        // Writing to a string never fails.
        _ if c.is_control() => _ = write!(out, "\\x{:02x}", u32::from(c)),
        _ if is_shown_by_number(c) => _ = write!(out, "<U+{:04X}>", u32::from(c)),
        _ if is_left_out(c) => {}
        _ => out.push(c),
    }
}

/// Overrides, embeddings, isolates and marks of direction; separators of lines; annotation and private controls.
fn is_shown_by_number(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Characters that take no room and can hide text or change the width of others.
fn is_left_out(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text cut to `width` columns, the last one `~` when something is missing; never inside a grapheme.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        let length = out.len();
        out.push_str(grapheme);
        // Measured as a whole: graphemes side by side may be narrower or wider than their sum.
        if out.width() + CUT.len() > width {
            out.truncate(length);
            break;
        }
    }
    out.push_str(CUT);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_stays_the_same_value_and_harms_no_terminal() {
        let value = serde_json::json!({"name\u{9b}": "a\u{9b}31m\u{202e}b\u{7f}\u{e0041}é"});
        let text = inert_json(&value.to_string()).into_owned();
        assert!(text.chars().all(is_plain), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn escape_sequences_become_visible_and_harmless() {
        assert_eq!(inert("a\u{1b}[31mb\u{7}\u{9b}2J"), "a\\x1b[31mb\\x07\\x9b2J");
        assert_eq!(inert("one\ntwo\tthree\r"), "one\\ntwo\\tthree\\r");
    }

    #[test]
    fn overrides_of_direction_are_named_and_hidden_characters_left_out() {
        assert_eq!(inert("abc\u{202E}cba\u{2066}"), "abc<U+202E>cba<U+2066>");
        assert_eq!(inert("ig\u{200B}no\u{200D}re\u{FE0F}\u{E0041}"), "ignore");
    }

    #[test]
    fn ordinary_text_of_any_script_is_borrowed_unchanged() {
        for text in ["Zoë Çelik", "北京 data", "שלום", "مرحبا", "नमस्ते", "x/y: 1 ~ 2"] {
            assert!(matches!(inert(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_cut_never_splits_a_grapheme_or_a_wide_character() {
        assert_eq!(cut("北京東京", 5), "北京~");
        assert_eq!(cut("北京東京", 4), "北~");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 1), "~");
        assert_eq!(cut("abcd", 0), "");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}~");
    }

    proptest! {
        #[test]
        fn nothing_inert_holds_a_control_character_and_twice_is_once(text in "(?s).{0,80}|[\\x00-\\x9f\u{200b}-\u{2070}a]{0,40}") {
            let once = inert(&text).into_owned();
            prop_assert!(once.chars().all(is_plain));
            prop_assert_eq!(inert(&once).into_owned(), once);
        }

        #[test]
        fn a_cut_text_is_never_wider_than_asked(text in "(?s).{0,60}", width in 0usize..40) {
            prop_assert!(cut(&inert(&text), width).width() <= width);
        }
    }
}
