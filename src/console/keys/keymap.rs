//! The keys that hold in this process: those of the table, changed by the user's file.
//!
//! ```toml
//! freeze = "Ctrl-F"
//! reset = ["r", "F5"]
//! ```

use super::registry::{Binding, REGISTRY, in_place};
use super::{Code, Do, Key, PLACES, Place, parse};
use crate::catalogue::nearest;

/// Which keys do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// In the order of [`REGISTRY`].
    keys: Vec<Vec<Key>>,
}

/// Why a file of keys is not used: one sentence that names the entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeysError(String);

impl Default for Keymap {
    fn default() -> Self {
        Keymap { keys: REGISTRY.iter().map(|b| b.keys.to_vec()).collect() }
    }
}

impl Keymap {
    /// The table with what `text` (TOML) changes in it.
    pub fn read(text: &str) -> Result<Keymap, KeysError> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            KeysError(format!("line {line} is no entry ({}): write name = \"key\"", e.message()))
        })?;
        let mut keymap = Keymap::default();
        let mut changed = Vec::new();
        for (id, value) in &table {
            let at = REGISTRY.iter().position(|b| b.id == id).ok_or_else(|| unknown(id))?;
            keymap.keys[at] = keys_of(id, value)?;
            changed.push(at);
        }
        keymap.check(Some(&changed))?;
        Ok(keymap)
    }

    /// What `key` does in `place`.
    pub fn find(&self, key: Key, place: Place) -> Option<&'static Binding> {
        REGISTRY.iter().zip(&self.keys).find(|(b, keys)| keys.contains(&key) && in_place(b, place)).map(|(b, _)| b)
    }

    /// The keys of a row of the table.
    pub fn keys(&self, binding: &Binding) -> &[Key] {
        REGISTRY.iter().position(|b| b.id == binding.id).map_or(&[], |at| &self.keys[at])
    }

    /// The first key of a row, as text; empty if it has none.
    pub fn first(&self, binding: &Binding) -> String {
        self.keys(binding).first().map(ToString::to_string).unwrap_or_default()
    }

    /// The first key of what does this in `place`.
    pub fn key_of(&self, does: Do, place: Place) -> String {
        let binding = REGISTRY.iter().find(|b| b.does == does && in_place(b, place));
        binding.map(|b| self.first(b)).unwrap_or_default()
    }

    /// Refuses a key with two meanings in one place, a write on what a torn sequence leaves behind, and a key that has to
    /// stay. `changed`: rows that a file changed, which are blamed first.
    pub(super) fn check(&self, changed: Option<&[usize]>) -> Result<(), KeysError> {
        for (at, keys) in self.keys.iter().enumerate() {
            let binding = &REGISTRY[at];
            keys.iter().try_for_each(|key| harmless(binding, *key))?;
            for (other, theirs) in self.keys.iter().enumerate().skip(at + 1) {
                if let Some(key) = keys.iter().find(|key| theirs.contains(key)).filter(|_| meet(at, other)) {
                    let blamed = changed.is_none_or(|c| c.contains(&at) || !c.contains(&other));
                    let (new, old) = if blamed { (at, other) } else { (other, at) };
                    return Err(clash(*key, &REGISTRY[new], &REGISTRY[old]));
                }
            }
        }
        Ok(())
    }
}

fn meet(a: usize, b: usize) -> bool {
    PLACES.iter().any(|(place, _)| in_place(&REGISTRY[a], *place) && in_place(&REGISTRY[b], *place))
}

fn clash(key: Key, new: &Binding, old: &Binding) -> KeysError {
    KeysError(format!(
        "{key} would mean both {} ({}) and {} ({}): give one of them another key",
        new.id, new.words, old.id, old.words
    ))
}

fn unknown(id: &str) -> KeysError {
    let hint = nearest(id, REGISTRY.iter().map(|b| b.id))
        .map_or_else(|| "the help (?) lists the names".to_owned(), |near| format!("did you mean {near}?"));
    KeysError(format!("there is no action {id}: {hint}"))
}

fn keys_of(id: &str, value: &toml::Value) -> Result<Vec<Key>, KeysError> {
    let one = |value: &toml::Value| {
        let text = value.as_str().ok_or_else(|| KeysError(format!("{id} is no key: write it in quotes, as \"r\"")))?;
        parse::key(text).map_err(|why| KeysError(format!("{id} = \"{text}\": {why}")))
    };
    match value {
        toml::Value::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

/// A torn arrow must never write, and Ctrl-C must always lead out.
fn harmless(binding: &Binding, key: Key) -> Result<(), KeysError> {
    if key == Key::ctrl('c') && binding.does != Do::Quit {
        return Err(KeysError(format!("Ctrl-C always quits: {} can't have it", binding.id)));
    }
    match key.code {
        Code::Char(c)
            if binding.writes && !key.ctrl && (c.is_ascii_digit() || c.is_ascii_uppercase() || "[~".contains(c)) =>
        {
            let why = "a slow link can leave such a key behind from an arrow";
            Err(KeysError(format!("{} changes things for everyone and can't be on {key}: {why}", binding.id)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        Keymap::read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_changes_keys_and_leaves_the_others() {
        let keymap = Keymap::read("reset = [\"r\", \"F5\"]\nfreeze = \"Ctrl-F\"").unwrap();
        assert_eq!(keymap.find(Key::plain(Code::F(5)), Place::Breakers).map(|b| b.id), Some("reset"));
        assert_eq!(keymap.find(Key::ctrl('f'), Place::Fleet).map(|b| b.id), Some("freeze"));
        assert_eq!(keymap.find(Key::char('z'), Place::Fleet).map(|b| b.id), None);
        assert_eq!(keymap.find(Key::char('1'), Place::Fleet).map(|b| b.id), Some("overview"));
    }

    #[test]
    fn a_mistake_is_one_sentence_that_names_the_entry_and_its_neighbour() {
        assert_eq!(wrong("freze = \"f\""), "there is no action freze: did you mean freeze?");
        assert_eq!(wrong("freeze = \"Ctlr-F\""), "freeze = \"Ctlr-F\": there is no key Ctlr-F; did you mean Ctrl-F?");
        let clash = wrong("freeze = \"t\"");
        assert!(clash.starts_with("t would mean both freeze (") && clash.contains("and times ("), "{clash}");
        assert!(wrong("pause = \"A\"").contains("slow link"));
        assert!(wrong("pause = \"Ctrl-C\"").contains("always quits"));
        assert!(wrong("pause = 5").contains("in quotes"));
        assert!(
            wrong("a = \"b\"\nfreeze = = 3").starts_with("line 2 is no entry"),
            "{}",
            wrong("a = \"b\"\nfreeze = = 3")
        );
    }

    #[test]
    fn the_same_key_may_do_different_things_in_different_places() {
        assert!(Keymap::read("scale-up = \"o\"").is_ok(), "hold-open works on other screens");
    }
}
