//! A question cut into words, and phrases matched against them.

/// One word, quoted text or mark of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, without closing punctuation; what stands between quotation marks as it is.
    pub text: String,
    /// Where it begins in the question, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether it stood between quotation marks.
    pub quoted: bool,
    /// Whether it is written with a capital letter at its beginning.
    pub capital: bool,
}

/// The words of a question. A comma is a word of its own; `high-risk` is two words, `40-60` and `2026-11-01` are one.
pub(super) fn words(question: &str) -> Vec<Word> {
    let mut all = Vec::new();
    let mut rest = 0;
    while let Some(offset) = question[rest..].find(|c: char| !c.is_whitespace()) {
        let start = rest + offset;
        rest = match quoted(question, start) {
            Some((word, end)) => {
                all.push(word);
                end
            }
            None => {
                let length = question[start..].find(char::is_whitespace).unwrap_or(question.len() - start);
                push_pieces(&mut all, question, start, start + length);
                start + length
            }
        };
    }
    all
}

fn quoted(question: &str, start: usize) -> Option<(Word, usize)> {
    let open = question[start..].chars().next().filter(|c| matches!(c, '"' | '“' | '”'))?;
    let inner = start + open.len_utf8();
    let length = question[inner..].find(['"', '“', '”'])?;
    let close = question[inner + length..].chars().next().map_or(0, char::len_utf8);
    let text = question[inner..inner + length].trim().to_owned();
    let end = inner + length + close;
    (!text.is_empty()).then_some((Word { text, start, end, quoted: true, capital: true }, end))
}

/// Cuts one run of characters without a space: commas off, closing marks off, hyphens between letters out.
fn push_pieces(all: &mut Vec<Word>, question: &str, start: usize, end: usize) {
    let run = &question[start..end];
    let mut from = start;
    for (at, c) in run.char_indices().map(|(at, c)| (start + at, c)) {
        let before = question[start..at].chars().next_back();
        let after = question[at + c.len_utf8()..end].chars().next();
        let digits = before.is_some_and(|c| c.is_ascii_digit()) && after.is_some_and(|c| c.is_ascii_digit());
        let letters = before.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic);
        let term = run.contains([':', '<', '>', '=']);
        let comma = matches!(c, ',' | ';' | '(' | ')') && !digits && !term;
        if comma || (c == '-' && letters && !term && !run.contains(['@', '_', '.'])) {
            push(all, question, from, at);
            if comma {
                push(all, question, at, at + c.len_utf8());
            }
            from = at + c.len_utf8();
        }
    }
    push(all, question, from, end);
}

fn push(all: &mut Vec<Word>, question: &str, start: usize, end: usize) {
    let raw = &question[start..end];
    let text = raw.trim_end_matches(['?', '!', '.']);
    let text = if text.is_empty() { raw } else { text };
    if text.is_empty() || text.chars().all(|c| matches!(c, '?' | '!' | '.')) {
        return;
    }
    let lower = text.replace('’', "'").to_lowercase();
    if lower == "mail" && all.last().is_some_and(|word| word.text == "e" && word.end + 1 == start) {
        if let Some(last) = all.last_mut() {
            "email".clone_into(&mut last.text);
            last.end = start + text.len();
        }
        return;
    }
    if lower == "mails" && all.last().is_some_and(|word| word.text == "e" && word.end + 1 == start) {
        if let Some(last) = all.last_mut() {
            "emails".clone_into(&mut last.text);
            last.end = start + text.len();
        }
        return;
    }
    let capital = text.chars().next().is_some_and(char::is_uppercase);
    all.push(Word { text: lower, start, end: start + text.len(), quoted: false, capital });
}

/// How many words a phrase takes from here; none if it does not stand here. A phrase is words with spaces between;
/// `a|b` is either, `a?` may be missing. The longest reading wins.
pub(super) fn phrase(pattern: &str, words: &[Word]) -> Option<usize> {
    let Some((first, rest)) = pattern.split_once(' ').or((!pattern.is_empty()).then_some((pattern, ""))) else {
        return Some(0);
    };
    let optional = first.ends_with('?');
    let choices = first.trim_end_matches('?');
    let here = words.first().is_some_and(|word| !word.quoted && choices.split('|').any(|choice| choice == word.text));
    let taken = here.then(|| phrase(rest, &words[1..]).map(|taken| taken + 1)).flatten();
    taken.or_else(|| optional.then(|| phrase(rest, words)).flatten())
}

/// The longest of several phrases that stands here, with what belongs to it.
pub(super) fn longest<'a, T>(table: &'a [(&str, T)], words: &[Word]) -> Option<(usize, &'a T)> {
    let found = table.iter().filter_map(|(pattern, value)| Some((phrase(pattern, words)?, value)));
    found.filter(|(taken, _)| *taken > 0).reduce(|best, next| if next.0 > best.0 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &str) -> Vec<String> {
        words(question).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_cut_where_people_mean_it() {
        assert_eq!(texts("High-risk, toll-free in Austin?"), ["high", "risk", ",", "toll", "free", "in", "austin"]);
        assert_eq!(texts("quality 40-60 since 2026-11-01"), ["quality", "40-60", "since", "2026-11-01"]);
        assert_eq!(texts("1,000 e-mails at a@b-c.example"), ["1,000", "emails", "at", "a@b-c.example"]);
        assert_eq!(texts("named \"Jane Doe\" status:a,b"), ["named", "Jane Doe", "status:a,b"]);
        assert_eq!(texts("  … \" "), ["…", "\""]);
    }

    #[test]
    fn phrases_have_choices_and_missing_words() {
        let words = words("without an email address please");
        assert_eq!(phrase("no|without a|an? email|emails address?", &words), Some(4));
        assert_eq!(phrase("without email", &words), None);
        assert_eq!(longest(&[("without", 1), ("without an email", 2)], &words), Some((3, &2)));
    }

    proptest::proptest! {
        #[test]
        fn no_question_panics_the_cutter(question in "(?s).{0,80}") {
            for word in words(&question) {
                proptest::prop_assert!(question.get(word.start..word.end).is_some());
            }
        }
    }
}
