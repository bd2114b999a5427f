//! A filter over rows that are in memory: words, `!` before what must not be there, `level:warn`, `kind:breaker`.

use tui_input::Input;

/// A filter, and its line while it is edited.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// What is applied.
    pub text: String,
    /// The line while it is edited.
    pub input: Option<Input>,
}

/// One row as a filter sees it: named fields, and everything as text.
pub type Fields<'a> = &'a [(&'a str, &'a str)];

impl Search {
    /// A filter that is applied.
    pub fn of(text: impl Into<String>) -> Search {
        Search { text: text.into(), input: None }
    }

    /// Whether a row with these fields is shown: every word must be in one of them, in any case.
    pub fn takes(&self, fields: Fields<'_>) -> bool {
        self.text.split_whitespace().all(|word| match word.strip_prefix('!') {
            Some("") => true,
            Some(without) => !has(fields, without),
            None => has(fields, word),
        })
    }
}

fn has(fields: Fields<'_>, word: &str) -> bool {
    let named = word.split_once(':').and_then(|(name, value)| {
        let field = fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some((field.1, value))
    });
    match named {
        Some((text, value)) => holds(text, value),
        None => fields.iter().any(|(_, text)| holds(text, word)),
    }
}

fn holds(text: &str, part: &str) -> bool {
    part == "*" || text.to_lowercase().contains(&part.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fields_and_negation() {
        let row = [("level", "WARN"), ("text", "provider=twilio status=503"), ("from", "gateway")];
        for (text, taken) in [
            ("", true),
            ("TWILIO 503", true),
            ("level:warn twilio", true),
            ("level:error", false),
            ("!hunter", true),
            ("!level:warn", false),
            ("from:* status=503", true),
            ("a:b", false),
        ] {
            assert_eq!(Search::of(text).takes(&row), taken, "{text}");
        }
    }
}
