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
        verb(format!("lanes budget {lane} "), "so many dollars a day, or auto");
        verb(format!("jobs retry --lane {lane}"), "all its dead jobs anew");
        verb(format!("jobs cancel --filter 'lane:{lane} state:waiting'"), "take its waiting jobs out");
        verb(format!("jobs reprioritise --lane {lane} --priority "), "0 to 1000: smaller is claimed first");
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
    for node in model.node_rows().iter().filter(|node| node.runs_jobs && node.state == "live") {
        let node = &node.node;
        verb(format!("nodes quiet {node}"), "it claims nothing more");
        verb(format!("nodes wake {node}"), "it claims again");
        verb(format!("nodes drain {node}"), "it finishes what is in its hands, and ends");
    }
    ACTS.iter().for_each(|(text, words)| verb((*text).into(), words));
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

/// What changes something and names no lane or breaker.
const ACTS: [(&str, &str); 32] = [
    ("deck approve ", "agree to what another person asks, by its number"),
    ("deck refuse ", "refuse what another person asks, by its number"),
    ("deck require on", "let what is heavy need a second person in this environment"),
    ("deck require off", "let what is heavy be done by one person again"),
    ("lanes pause all", "claim nothing more from any lane"),
    ("lanes resume all", "claim from every lane again"),
    ("lanes budget all ", "so many dollars a day for each lane, or auto"),
    ("alerts ack ", "take an alert on, by its number; --back gives it back"),
    ("alerts silence ", "be told nothing of an alert for a while: --for 1h; --end ends it"),
    ("jobs reprioritise ", "numbers, --lane, --filter or --all, and --priority"),
    ("jobs retry --all", "all dead jobs of every lane anew"),
    ("jobs retry --filter ", "dead jobs that match a filter in quotes anew"),
    ("jobs cancel --filter ", "take live jobs that match a filter in quotes out"),
    ("jobs discard --filter ", "take dead jobs that match a filter in quotes out"),
    ("jobs edit ", "one waiting job, by its number: --priority, --at 30m, --attempts, --source, --fresh"),
    ("contacts step ", "ID STEP: run one step of one contact, such as email_find; --source, --again"),
    ("schedules add ", "NAME 'every 30d' or '0 3 1 * *', --filter, --again"),
    ("schedules pause ", "let a schedule rest, by its name"),
    ("schedules resume ", "let it fire again"),
    ("schedules remove ", "fire it no more"),
    ("contacts set ", "ID FIELD=VALUE: set fields by hand"),
    ("contacts retry", "look failed contacts up anew; --filter says which"),
    ("contacts enrich --all", "plan every step of all contacts anew"),
    ("contacts enrich --filter ", "plan every step of what matches anew; --again asks anew"),
    ("contacts rescore --all", "look for duplicates among all contacts anew"),
    ("contacts rescore --filter ", "look for duplicates of what matches anew"),
    ("duplicates merge ", "ID ID: the first stands for the second; --preview only shows it"),
    ("duplicates undo ", "make them two again, by the number of the merge"),
    ("lookup --all", "look up all that is neither completed nor queued"),
    ("lookup --filter ", "look up what matches a filter in quotes"),
    ("import ", "read contacts from a file; --lookup looks them up, --dry-run only shows what it brings"),
    ("undo ", "take back the action of an audit row, by its number"),
];

/// What only looks, and names no lane or breaker.
const LOOKS: [(&str, &str); 41] = [
    ("status", "everything at one glance"),
    ("lanes list", "all lanes"),
    ("breakers list", "all breakers, the worst first"),
    ("jobs dead", "dead jobs of all lanes by error"),
    ("jobs list --filter ", "jobs of every lane that match: \"priority<100 error:timeout\""),
    ("jobs show ", "one job with its failed attempts, by its number"),
    ("alerts list", "open alerts: take one on, silence it"),
    ("schedules list", "recurring lookups: pause, resume, remove"),
    ("duplicates list", "pairs that may be the same: merge them"),
    ("contacts ", "contacts that match a filter"),
    ("contacts list", "all contacts"),
    ("contacts show ", "one contact, by its id"),
    ("contacts status:failed", "contacts whose lookup failed"),
    ("export ", "write contacts to a file: .csv, .tsv or .jsonl; --filter says which"),
    ("usage --days ", "calls and cost of so many days"),
    ("why contact ", "why a contact waits: the chain of causes"),
    ("why job ", "why a job waits"),
    ("why lane ", "why a lane waits"),
    ("nodes list", "processes of the fleet"),
    ("deck", "who has a console open and what is asked there, and who asks for a second person"),
    ("audit", "what people did"),
    ("audit --verify", "check that no row of the audit log was changed or taken out"),
    ("logs level:warn", "warnings and worse of this process"),
    ("logs --node ", "the log of another process of this machine"),
    ("timeline ", "events with a word in them"),
    ("handover 8h", "the shift as Markdown, for the person who comes next"),
    ("runbook 2h", "what was done, as a script that asks before each step"),
    ("throughput 1h", "what lanes did and how long calls took: 5m, 1h, 6h, 1d, 7d"),
    ("doctor", "what works, what is missing, and what to do about it"),
    ("demo", "show it all in a database of its own"),
    ("drill outage", "rehearse an outage in a database of its own"),
    ("drill flaky", "rehearse a flaky provider"),
    ("drill meltdown", "rehearse the failure of everything"),
    ("at ", "the state at a moment: 11:59, or -10m"),
    ("at -1h", "the state an hour ago"),
    ("record ", "record what is drawn as an asciinema file: a name such as night.cast"),
    ("record stop", "end the recording"),
    ("link slow", "few bytes: numbers instead of charts, data every 5 s"),
    ("link normal", "charts, and data every second"),
    ("link auto", "ask the terminal how fast it reads"),
    ("usage --days 7", "calls and cost of a week"),
];

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
    LOOKS.iter().for_each(|(text, words)| look((*text).into(), words));
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

    /// Each command of the grammar that does something.
    fn leaves(command: &clap::Command, path: &str) -> Vec<String> {
        let below: Vec<&clap::Command> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
        if below.is_empty() {
            return vec![path.to_owned()];
        }
        below.iter().flat_map(|c| leaves(c, format!("{path} {}", c.get_name()).trim())).collect()
    }

    #[test]
    fn every_command_of_the_grammar_is_offered() {
        let model = model((120, 36), true);
        let all = every(&model);
        for path in leaves(&crate::console::command::tree(), "") {
            assert!(
                all.iter().any(|offer| format!("{} ", offer.text).starts_with(&format!("{path} "))),
                "{path} is not offered"
            );
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
