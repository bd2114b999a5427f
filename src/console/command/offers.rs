//! What the palette offers: every key's action, every screen, and the verbs with every lane and breaker, by fuzzy match.

use std::collections::BTreeSet;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::catalogue;
use crate::console::keys::{Do, PLACES, Place, REGISTRY, in_place};
use crate::console::model::Model;
use crate::console::theme;
use crate::console::update::allowed;

/// Most lines that are offered at once.
const OFFERS_MAX: usize = 100;

/// One line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What would be run; a blank at its end: something has to be typed behind it.
    pub text: String,
    /// What it does.
    pub words: String,
    /// The key that does the same.
    pub key: String,
    /// Why it can't be done now.
    pub why_not: Option<String>,
}

/// All lines that match what was typed, the best first; in the order of the table where nothing was typed.
pub fn offers(model: &Model, typed: &str) -> Vec<Offer> {
    let all = every(model);
    let typed = typed.trim();
    if typed.is_empty() {
        return all.into_iter().take(OFFERS_MAX).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, Offer)> = Vec::new();
    for offer in all {
        let text = pattern.score(Utf32Str::new(&offer.text, &mut buffer), &mut matcher).map(|s| s * 2);
        let whole = format!("{} {}", offer.text, offer.words);
        let words = pattern.score(Utf32Str::new(&whole, &mut buffer), &mut matcher);
        if let Some(score) = text.max(words) {
            scored.push((score, offer));
        }
    }
    scored.sort_by_key(|(score, offer)| (std::cmp::Reverse(*score), offer.text.len()));
    scored.into_iter().map(|(_, offer)| offer).take(OFFERS_MAX).collect()
}

fn every(model: &Model) -> Vec<Offer> {
    let mut all = bindings(model);
    let writes = allowed::writes(model);
    let mut verb = |text: String, words: &str| {
        all.push(Offer { text, words: words.into(), key: String::new(), why_not: writes.clone() });
    };
    for lane in catalogue::lanes() {
        verb(format!("lanes pause {lane}"), "claim nothing more from it");
        verb(format!("lanes resume {lane}"), "claim from it again");
        verb(format!("lanes scale {lane} "), "so many jobs at once, or auto");
        verb(format!("lanes rate {lane} "), "so many calls a second, or auto");
        verb(format!("jobs retry --lane {lane}"), "all its dead jobs anew");
        verb(format!("jobs cancel --filter 'lane:{lane} state:waiting'"), "take its waiting jobs out");
        verb(format!("jobs discard --filter 'lane:{lane} state:dead'"), "take its dead jobs out");
    }
    for breaker in catalogue::PROVIDERS.iter().filter_map(|p| p.breaker) {
        verb(format!("breakers reset {breaker}"), "one probe at once");
        verb(format!("breakers open {breaker}"), "no call passes");
        verb(format!("breakers close {breaker}"), "every call passes");
        verb(format!("breakers auto {breaker}"), "it decides by itself");
    }
    let admins = writes.clone().or_else(|| allowed::admins(model));
    for slot in catalogue::PROVIDERS.iter().filter_map(|p| p.slot).map(|s| s.name).collect::<BTreeSet<_>>() {
        for (text, words) in turns(slot) {
            all.push(Offer { text, words: words.into(), key: String::new(), why_not: admins.clone() });
        }
    }
    let mut verb = |text: String, words: &str| {
        all.push(Offer { text, words: words.into(), key: String::new(), why_not: writes.clone() });
    };
    verb("alerts ack ".into(), "take an alert on, by its number");
    verb("alerts silence ".into(), "be told nothing of an alert for a while: --for 1h");
    verb("jobs reprioritise ".into(), "numbers, --lane or --filter, and --priority");
    verb("jobs retry --all".into(), "all dead jobs of every lane anew");
    verb("lookup --all".into(), "look up all that is neither completed nor queued");
    verb("lookup --filter ".into(), "look up what matches a filter in quotes");
    verb("import ".into(), "read contacts from a file; --lookup looks them up, too");
    verb("undo ".into(), "take back the action of an audit row, by its number");
    all.extend(views());
    all
}

/// What can be done with a credential.
fn turns(slot: &str) -> [(String, &'static str); 4] {
    [
        (format!("rotate {slot}"), "enter a credential, or its successor"),
        (format!("credentials verify {slot}"), "ask the provider whether it takes it"),
        (format!("credentials activate {slot}"), "make the pending version current"),
        (format!("credentials rollback {slot}"), "go back to the previous version"),
    ]
}

/// What only looks.
fn views() -> Vec<Offer> {
    let mut all = Vec::new();
    let mut look = |text: String, words: &str| {
        all.push(Offer { text, words: words.into(), key: String::new(), why_not: None });
    };
    for lane in catalogue::lanes() {
        look(format!("lanes show {lane}"), "this lane");
        look(format!("jobs list lane:{lane} state:dead"), "its dead jobs by error");
        look(format!("jobs list lane:{lane} state:waiting"), "its waiting jobs");
    }
    for breaker in catalogue::PROVIDERS.iter().filter_map(|p| p.breaker) {
        look(format!("breakers show {breaker}"), "this breaker and its history");
    }
    look("ask ".into(), "a question in plain words becomes a filter");
    look("credentials list".into(), "slots and their versions");
    look("contacts ".into(), "contacts that match a filter");
    look("contacts status:failed".into(), "contacts whose lookup failed");
    look("export ".into(), "write contacts to a file: .csv, .tsv or .jsonl; --filter says which");
    look("audit".into(), "what people did");
    look("logs level:warn".into(), "warnings and worse of this process");
    look("timeline ".into(), "events with a word in them");
    look("at ".into(), "the state at a moment: 11:59, or -10m");
    look("link slow".into(), "few bytes: numbers instead of charts, data every 5 s");
    look("link normal".into(), "charts, and data every second");
    look("link auto".into(), "ask the terminal how fast it reads");
    for name in theme::BUILT_IN.map(|(name, _)| name) {
        look(format!("theme {name}"), "these colours");
    }
    all
}

fn bindings(model: &Model) -> Vec<Offer> {
    let here = model.place();
    let offered = REGISTRY.iter().filter(|b| !b.places.contains(&Place::Lists));
    let offered = offered.filter(|b| !matches!(b.does, Do::Palette | Do::Escape | Do::Back));
    let mut all: Vec<Offer> = offered
        .map(|b| {
            let elsewhere = (!in_place(b, here)).then(|| format!("works on {}", place_names(b.places)));
            Offer {
                text: b.id.into(),
                words: b.words.into(),
                key: model.facts.keymap.first(b),
                why_not: elsewhere.or_else(|| allowed::refusal(model, b)),
            }
        })
        .collect();
    all.sort_by_key(|offer| offer.why_not.is_some());
    all
}

fn place_names(places: &[Place]) -> String {
    let names: Vec<&str> = PLACES.iter().filter(|(p, _)| places.contains(p)).map(|(_, name)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::command::parse;
    use crate::console::fixture::{model, now};

    #[test]
    fn a_part_of_a_name_finds_it() {
        let model = model((120, 36), true);
        let first = |typed: &str| offers(&model, typed).first().map(|o| o.text.clone()).unwrap_or_default();
        assert_eq!(first("rsthun"), "breakers reset hunter-api");
        assert_eq!(first("pause twil"), "lanes pause twilio");
        assert_eq!(first("freeze"), "freeze");
        assert!(offers(&model, "xyzzy").is_empty());
    }

    #[test]
    fn every_whole_line_that_is_offered_is_understood() {
        let model = model((120, 36), true);
        let all = every(&model);
        for offer in all.iter().filter(|o| !o.text.ends_with(' ')) {
            parse(&offer.text, now()).unwrap_or_else(|e| panic!("{}: {e}", offer.text));
        }
        for binding in REGISTRY.iter().filter(|b| b.writes) {
            assert!(all.iter().any(|o| o.text == binding.id), "{} is not offered", binding.id);
        }
    }

    #[test]
    fn what_can_not_be_done_is_offered_with_its_reason() {
        let mut model = model((120, 36), true);
        model.facts.read_only = true;
        let pause = offers(&model, "lanes pause twilio").remove(0);
        assert!(pause.why_not.unwrap().contains("read-only"));
        let level = offers(&model, "level").remove(0);
        assert_eq!(level.why_not.as_deref(), Some("works on Logs"));
    }
}
