//! Text to a tree of words: what stands where, without knowing any field's type.

use super::{FilterError, TEXT_CHARS_MAX};

/// Parentheses and negations that may stand in one another before the text is refused; bounds the recursion.
const NESTING_MAX: usize = 32;

/// The tree of a text, before fields and values are checked.
#[derive(Debug, PartialEq)]
pub(super) enum Raw {
    All(Vec<Raw>),
    Any(Vec<Raw>),
    Not(Box<Raw>),
    Word(Atom),
    Term { field: Atom, sign: Sign, value: RawValue },
}

/// A piece of text and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Atom {
    pub text: String,
    pub quoted: bool,
    /// Whether a `*` stands behind it.
    pub star: bool,
    pub at: usize,
}

#[derive(Debug, PartialEq)]
pub(super) enum RawValue {
    List(Vec<Atom>),
    Range(Atom, Atom),
}

/// What stands between a field and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Colon,
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Longest first, so that `<=` is not read as `<`.
pub(super) const SIGNS: &[(&str, Sign)] = &[
    ("!=", Sign::NotEqual),
    ("<=", Sign::AtMost),
    (">=", Sign::AtLeast),
    ("<", Sign::Less),
    (">", Sign::More),
    ("=", Sign::Equal),
    (":", Sign::Colon),
];

/// Reads the whole text, or says which part can't be read.
pub(super) fn parse(text: &str) -> Result<Raw, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > TEXT_CHARS_MAX {
        return Err(FilterError::new(
            TEXT_CHARS_MAX,
            format!("a filter ends at {TEXT_CHARS_MAX} characters: shorten it"),
        ));
    }
    let mut parser = Parser { chars, at: 0, nesting: 0 };
    parser.skip_space();
    if parser.peek().is_none() {
        return Ok(Raw::All(Vec::new()));
    }
    let tree = parser.any()?;
    match parser.peek() {
        None => Ok(tree),
        Some(_) => Err(parser.error("this parenthesis was never opened")),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    nesting: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError::new(self.at, message)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn starts_with(&self, text: &str) -> bool {
        let mut rest = self.chars.iter().skip(self.at);
        text.chars().all(|c| rest.next() == Some(&c))
    }

    /// Takes the word if it stands here on its own, in any case.
    fn keyword(&mut self, word: &str) -> bool {
        let end = self.at + word.len();
        let here = self
            .chars
            .get(self.at..end)
            .is_some_and(|found| found.iter().collect::<String>().eq_ignore_ascii_case(word));
        let alone = self.chars.get(end).is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')'));
        if here && alone {
            self.at = end;
            self.skip_space();
        }
        here && alone
    }

    fn any(&mut self) -> Result<Raw, FilterError> {
        let mut parts = vec![self.all()?];
        while self.keyword("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() > 1 { Raw::Any(parts) } else { parts.remove(0) })
    }

    fn all(&mut self) -> Result<Raw, FilterError> {
        let mut parts = vec![self.unary()?];
        loop {
            let joined = self.keyword("and");
            let ends = self.peek().is_none_or(|c| c == ')') || self.at_or();
            if ends && !joined {
                break;
            }
            parts.push(self.unary()?);
        }
        Ok(if parts.len() > 1 { Raw::All(parts) } else { parts.remove(0) })
    }

    fn at_or(&mut self) -> bool {
        let before = self.at;
        let found = self.keyword("or");
        self.at = before;
        found
    }

    fn unary(&mut self) -> Result<Raw, FilterError> {
        if self.peek() == Some('!') {
            self.at += 1;
            self.skip_space();
            return self.nested(|parser| Ok(Raw::Not(Box::new(parser.unary()?))));
        }
        if self.keyword("not") {
            return self.nested(|parser| Ok(Raw::Not(Box::new(parser.unary()?))));
        }
        if self.peek() == Some('(') {
            return self.parenthesis();
        }
        self.term()
    }

    fn parenthesis(&mut self) -> Result<Raw, FilterError> {
        let opened = self.at;
        self.at += 1;
        self.skip_space();
        let inner = self.nested(Parser::any)?;
        if self.peek() != Some(')') {
            return Err(FilterError::new(opened, "this parenthesis is never closed"));
        }
        self.at += 1;
        self.skip_space();
        Ok(inner)
    }

    fn nested(&mut self, read: impl FnOnce(&mut Parser) -> Result<Raw, FilterError>) -> Result<Raw, FilterError> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(self.error("this is nested too deeply"));
        }
        let tree = read(self)?;
        self.nesting -= 1;
        Ok(tree)
    }

    /// A field with its sign and value, or a bare word.
    fn term(&mut self) -> Result<Raw, FilterError> {
        match self.peek() {
            None => return Err(self.error("something is missing at the end")),
            Some(')') => return Err(self.error("something is missing before this parenthesis")),
            Some('"') => return Ok(Raw::Word(self.finished(Parser::quoted)?)),
            Some(_) => {}
        }
        let start = self.at;
        // A name has no dot: with one it is still taken for a name, and refused with the nearest that there is.
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_' || (c == '.' && self.at > start)) {
            self.at += 1;
        }
        let field = Atom { text: self.chars[start..self.at].iter().collect(), quoted: false, star: false, at: start };
        let after_name = self.at;
        self.skip_space();
        let spaced = self.at > after_name;
        let sign = SIGNS.iter().find(|(text, sign)| self.starts_with(text) && !(spaced && *sign == Sign::Colon));
        let Some((text, sign)) = sign.filter(|_| !field.text.is_empty()) else {
            self.at = start;
            return Ok(Raw::Word(self.finished(Parser::bare)?));
        };
        self.at += text.len();
        // `quality:>70` is as good as `quality>70`.
        let second = SIGNS
            .iter()
            .find(|(text, second)| *sign == Sign::Colon && *second != Sign::Colon && self.starts_with(text));
        self.at += second.map_or(0, |(text, _)| text.len());
        let value = self.finished(Parser::value)?;
        Ok(Raw::Term { field, sign: second.map_or(*sign, |(_, sign)| *sign), value })
    }

    fn finished<T>(&mut self, read: impl FnOnce(&mut Parser) -> Result<T, FilterError>) -> Result<T, FilterError> {
        let value = read(self)?;
        if self.peek().is_some_and(|c| !c.is_whitespace() && !matches!(c, '(' | ')')) {
            return Err(self.error("a space is missing here"));
        }
        self.skip_space();
        Ok(value)
    }

    fn value(&mut self) -> Result<RawValue, FilterError> {
        self.skip_space();
        let first = self.atom()?;
        if !first.quoted
            && let Some((low, high)) = first.text.split_once("..")
        {
            let high_at = first.at + low.chars().count() + 2;
            let atom = |text: &str, at| Atom { text: text.to_owned(), quoted: false, star: false, at };
            return Ok(RawValue::Range(atom(low, first.at), atom(high, high_at)));
        }
        let mut list = vec![first];
        while self.peek() == Some(',') {
            self.at += 1;
            self.skip_space();
            list.push(self.atom()?);
        }
        Ok(RawValue::List(list))
    }

    fn atom(&mut self) -> Result<Atom, FilterError> {
        match self.peek() {
            Some('"') => self.quoted(),
            _ => self.bare(),
        }
    }

    fn bare(&mut self) -> Result<Atom, FilterError> {
        let at = self.at;
        while self.peek().is_some_and(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '"')) {
            self.at += 1;
        }
        if self.at == at {
            return Err(self.error("a value is missing here"));
        }
        let all: String = self.chars[at..self.at].iter().collect();
        let text = all.strip_suffix('*').unwrap_or(&all);
        Ok(Atom { star: text.len() < all.len(), text: text.to_owned(), quoted: false, at })
    }

    /// Everything up to the closing quote; `\"` and `\\` stand for themselves.
    fn quoted(&mut self) -> Result<Atom, FilterError> {
        let at = self.at;
        let mut text = String::new();
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '"' => {
                    let star = self.peek() == Some('*');
                    self.at += usize::from(star);
                    return Ok(Atom { text, quoted: true, star, at });
                }
                '\\' => {
                    text.extend(self.peek());
                    self.at += 1;
                }
                c => text.push(c),
            }
        }
        Err(FilterError::new(at, "this quotation mark is never closed"))
    }
}
