//! The Credentials screen: slots and their versions, and the fields while a credential is entered.
//!
//! What is typed lives in [`Hidden`] alone: never shown, never printed, overwritten when it goes.

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tui_input::Input;
use zeroize::Zeroizing;

use super::List;
use crate::catalogue::Slot;

/// Longest field that is kept, in bytes: room is made once, so that no copy is left behind in memory.
const HIDDEN_BYTES: usize = 4096;
/// Most signs that stand for a hidden text: its length is told no further.
const STARS: usize = 8;

/// The Credentials screen.
#[derive(Debug, Clone, Default)]
pub struct CredentialsPane {
    /// Slots by name.
    pub list: List<&'static str>,
    /// Whether the chosen slot is shown in full.
    pub open: bool,
    /// Its versions by number.
    pub versions: List<i32>,
    /// What is under way.
    pub doing: Option<Doing>,
}

/// Something that the desk does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// Slot.
    pub slot: String,
    /// What is done.
    pub what: &'static str,
    /// Since when.
    pub since: DateTime<Utc>,
    /// For how long, in seconds.
    pub age_s: i64,
}

/// A text that nobody sees.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(Zeroizing<String>);

impl Default for Hidden {
    fn default() -> Hidden {
        Hidden(Zeroizing::new(String::with_capacity(HIDDEN_BYTES)))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Hidden {
    /// Adds a character at the end, while there is room.
    pub fn push(&mut self, c: char) {
        if !c.is_control() && self.0.len() + c.len_utf8() <= HIDDEN_BYTES {
            self.0.push(c);
        }
    }

    /// Takes the last character away.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Empties it; what stood there is overwritten.
    pub fn clear(&mut self) {
        *self = Hidden::default();
    }

    /// Whether there is nothing but blanks.
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Stars, one a character, never more than [`STARS`].
    pub fn stars(&self) -> String {
        "*".repeat(self.0.chars().count().min(STARS))
    }

    /// The ends of an account's or a key's identifier, which are no secret: `AC12..9f`; none for anything else.
    pub fn ends(&self) -> Option<String> {
        let text = self.0.trim();
        let hex = text.get(2..).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
        (hex && (text.starts_with("AC") || text.starts_with("SK"))).then(|| format!("{}..{}", &text[..4], &text[32..]))
    }

    /// The text as a secret, without blanks around it, in room of its own size.
    pub fn secret(&self) -> SecretString {
        SecretString::from(self.0.trim().to_owned())
    }
}

/// The fields while a credential is entered.
#[derive(Debug, Clone)]
pub struct Entering {
    /// The slot.
    pub slot: &'static Slot,
    /// The version that calls are made with now.
    pub current: Option<String>,
    /// The pending version that would be replaced, and who entered it.
    pub pending: Option<(String, String)>,
    /// One for each of the slot's fields.
    pub fields: Vec<Hidden>,
    /// When the provider will stop taking it: empty, or a date.
    pub expires: Input,
    /// Where keys go: a field, or behind the last one the date.
    pub at: usize,
    /// Why the last try was not taken.
    pub wrong: Option<String>,
}

impl PartialEq for Entering {
    fn eq(&self, other: &Entering) -> bool {
        let this = (self.slot, &self.fields, self.expires.value(), self.at, &self.wrong);
        this == (other.slot, &other.fields, other.expires.value(), other.at, &other.wrong)
    }
}

impl Entering {
    /// Empty fields.
    pub fn new(slot: &'static Slot, current: Option<String>, pending: Option<(String, String)>) -> Entering {
        let fields = vec![Hidden::default(); slot.fields.len()];
        Entering { slot, current, pending, fields, expires: Input::default(), at: 0, wrong: None }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn hidden(text: &str) -> Hidden {
        let mut hidden = Hidden::default();
        text.chars().for_each(|c| hidden.push(c));
        hidden
    }

    #[test]
    fn nothing_of_a_secret_is_told() {
        let mut entering = Entering::new(&crate::catalogue::TWILIO, None, None);
        entering.fields[1] = hidden("0123456789abcdef0123456789abcdef");
        assert!(!format!("{entering:?}").contains("0123"));
        assert_eq!(entering.fields[1].stars(), "********");
        assert_eq!(entering.fields[1].ends(), None, "a token has no ends to show");
        assert_eq!(hidden("AC0123456789abcdef0123456789abcdef").ends().as_deref(), Some("AC01..ef"));
        assert_eq!(hidden(" x y\n").secret().expose_secret(), "x y");
    }

    #[test]
    fn it_never_moves_in_memory_and_ends_at_its_limit() {
        let mut field = hidden("x");
        let place = field.0.as_ptr();
        (0..10_000).for_each(|_| field.push('é'));
        assert_eq!((field.0.as_ptr(), field.0.len()), (place, HIDDEN_BYTES - 1));
    }
}
