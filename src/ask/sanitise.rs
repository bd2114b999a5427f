//! A contact's field as a model may see it: normal form KC, nothing invisible, not too long. Pure.
//!
//! Nothing here looks for bad words: a name is a name, whatever it says. What must stay true: honest names survive
//! unchanged but for normal form KC, the result has no control, format, bidirectional or tag character, and doing it
//! twice changes nothing.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// What stands at the end of a text that was cut.
const CUT: char = '~';
const JOINER: char = '\u{200D}';
const EMOJI_STYLE: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';

/// The text in normal form KC without invisible characters, at most `chars_max` characters. Line breaks become spaces;
/// joiners inside of a well-formed emoji sequence stay.
pub fn sanitise(text: &str, chars_max: usize) -> String {
    // What is removed may have kept two characters from becoming one.
    let clean = visible(&visible(&text.nfkc().collect::<String>()).nfkc().collect::<String>());
    cut(clean, chars_max)
}

fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        let chars: Vec<char> = grapheme.chars().collect();
        for (at, &c) in chars.iter().enumerate() {
            match c {
                JOINER if joins(&chars, at) => out.push(c),
                EMOJI_STYLE if styles(&chars, at) => out.push(c),
                '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{0B}' | '\u{0C}' => {
                    if !out.ends_with(' ') {
                        out.push(' ');
                    }
                }
                c if is_invisible(c) => {}
                c => out.push(c),
            }
        }
    }
    out.trim().to_owned()
}

/// Between two pictographs of one cluster.
fn joins(cluster: &[char], at: usize) -> bool {
    let before = cluster[..at].iter().rev().find(|c| **c != EMOJI_STYLE && !is_skin_tone(**c));
    let after = cluster.get(at + 1);
    before.is_some_and(|c| is_pictograph(*c)) && after.is_some_and(|c| is_pictograph(*c))
}

/// Behind a pictograph, or before a keycap.
fn styles(cluster: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| cluster.get(before));
    let keycap = cluster.get(at + 1) == Some(&KEYCAP);
    before.is_some_and(|c| is_pictograph(*c) || (keycap && (c.is_ascii_digit() || matches!(c, '#' | '*'))))
}

fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

/// Symbols of the blocks in which emoji stand; never a letter, a digit or a mark.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{203C}' | '\u{2049}' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{27BF}' | '\u{2900}'..='\u{297F}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{1F000}'..='\u{1FAFF}')
        && !c.is_alphanumeric()
}

/// Control and format characters, marks of direction, tags, variation selectors, fillers, private use, and what is no
/// character.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
        || (u32::from(c) & 0xFFFE) == 0xFFFE
        || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}

/// Cut between clusters, so that no sequence is left half.
fn cut(text: String, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text;
    }
    let mut out = String::new();
    let mut chars = 0;
    for grapheme in text.graphemes(true) {
        let more = grapheme.chars().count();
        if chars + more + 1 > chars_max {
            break;
        }
        chars += more;
        out.push_str(grapheme);
    }
    let mut out = out.trim_end().to_owned();
    if chars_max > 0 {
        out.push(CUT);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn honest_names_survive_unchanged() {
        for name in [
            "O'Brien",
            "Ignore This Sign Co.",
            "Role: Manager",
            "Model: X5",
            "Prompt: delivery",
            "北京 data",
            "Zoë Çelik",
            "👩\u{200D}👩\u{200D}👧 Daycare",
            "🏳\u{FE0F}\u{200D}🌈 Club",
            "👩🏽\u{200D}🚀",
            "❤\u{FE0F} Bakery",
            "1\u{FE0F}\u{20E3} Stop",
            "שלום",
            "مرحبا",
            "नमस्ते",
            "Müller & Söhne <info>",
            "</data> Ltd.",
            "A  B",
            "Renée \"Ren\" O\\Neil",
            "🇩🇪 Bäcker",
        ] {
            assert_eq!(sanitise(name, 100), name);
        }
        assert_eq!(sanitise("Ａｃｍｅ ﬁnance", 100), "Acme finance");
    }

    #[test]
    fn what_can_not_be_seen_is_not_sent() {
        for (text, clean) in [
            ("ig\u{200B}no\u{200D}re\u{FE0F}\u{E0041}\u{E007F}", "ignore"),
            ("a\u{202E}b\u{2066}c\u{2069}d\u{061C}e\u{200F}", "abcde"),
            ("a\u{1b}[31m\u{7}b\u{9b}", "a[31mb"),
            ("one\ntwo\r\nthree\u{2028}four\t", "one two three four"),
            ("soft\u{AD}hyphen\u{34F}\u{115F}\u{180E}\u{2061}\u{3164}\u{FFA0}", "softhyphen"),
            ("👩\u{200D}x\u{200D}👧\u{200D}", "👩x👧"),
            ("x\u{FE0F}\u{FE0E}\u{E0100}", "x"),
            ("e\u{200B}\u{301}", "é"),
            ("\u{E000}\u{F0001}\u{FFFE}", ""),
        ] {
            assert_eq!(sanitise(text, 100), clean, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_clusters_and_says_so() {
        assert_eq!(sanitise(&"x".repeat(101), 100), format!("{}~", "x".repeat(99)));
        assert_eq!(sanitise("ab👩\u{200D}👩\u{200D}👧", 5), "ab~");
        assert_eq!(sanitise("abc", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_invisible_is_left_and_twice_is_once(text in "(?s).{0,60}|[\\x00-\\x9f\u{200b}-\u{2070}\u{1F468}\u{FE0F}e\u{301}]{0,40}", max in 0usize..50) {
            let once = sanitise(&text, max);
            prop_assert!(once.chars().count() <= max);
            prop_assert!(once.chars().all(|c| !is_invisible(c) || c == JOINER || c == EMOJI_STYLE), "{:?}", once);
            prop_assert_eq!(sanitise(&once, max), once);
        }
    }
}
