//! Keys and answers of the Credentials screen. What is typed leaves once, as a secret, and is nowhere here afterwards.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::press::{self, Press};
use super::{dialog, wish};
use crate::catalogue::PROVIDERS;
use crate::console::desks::{CredentialSaid, CredentialWish, Entered};
use crate::console::effect::{Answer, Effect};
use crate::console::keys::{Code, Do, Key};
use crate::console::model::{Doing, Entering, List, Model, Move, Overlay, Screen};
use crate::operations::actions::Action;
use crate::operations::credentials::{Entry, Judged};
use crate::operations::views::{SlotView, VersionView};
use crate::vault::{Given, State, store};

/// The slots that are shown: as they are now, or as they were.
pub fn slots(model: &Model) -> Vec<SlotView> {
    let Some(Answer::Credentials(slots)) = model.answer() else { return Vec::new() };
    match &model.past {
        Some(past) => slots.iter().map(|slot| slot.as_of(past.at)).collect(),
        None => slots.clone(),
    }
}

/// The chosen slot.
pub fn chosen(model: &Model) -> Option<SlotView> {
    let slots = slots(model);
    let id = model.credentials.list.id;
    slots.iter().find(|s| Some(s.slot) == id).or_else(|| slots.first()).cloned()
}

/// Versions of a slot as they are listed.
pub fn versions(slot: &SlotView) -> &[VersionView] {
    &slot.versions
}

pub(super) fn settle(model: &mut Model) {
    let slots = slots(model);
    if slots.is_empty() {
        return;
    }
    let names: Vec<&'static str> = slots.iter().map(|s| s.slot).collect();
    model.credentials.list.settle(&names);
    let numbers = numbers(model);
    model.credentials.versions.settle(&numbers);
}

fn numbers(model: &Model) -> Vec<i32> {
    chosen(model).map(|slot| versions(&slot).iter().map(|v| v.version.version).collect()).unwrap_or_default()
}

pub(super) fn step(model: &mut Model, step: Move) {
    if model.credentials.open {
        let numbers = numbers(model);
        return model.credentials.versions.step(&numbers, step);
    }
    let names: Vec<&'static str> = slots(model).iter().map(|s| s.slot).collect();
    model.credentials.list.step(&names, step);
    model.credentials.versions = List::default();
}

/// One level back: from the slot to the list.
pub(super) fn back(model: &mut Model) -> bool {
    std::mem::take(&mut model.credentials.open)
}

/// What a key does here.
pub(super) fn verb(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let Some(slot) = chosen(model) else {
        return model.say("the credentials are being read: press it once more", false, press.now);
    };
    match does {
        Do::Open => {
            // The newest version is chosen: an older one is meant only by whoever goes to it.
            (model.credentials.open, model.credentials.versions) = (true, List::default());
            settle(model);
        }
        Do::Mend => rotate(model, slot.slot, press),
        Do::Verify => {
            let version = model.credentials.open.then_some(model.credentials.versions.id).flatten();
            verify(model, slot.slot, version, press);
        }
        Do::Finish => finish(model, slot.slot, false, press),
        Do::RollBack => wish(model, Action::RollBackCredential { slot: slot.slot.into() }, press.effects),
        Do::Retire => retire(model, &slot, press),
        _ => {}
    }
}

/// Opens the fields of a slot, or says why its credential can't be turned here.
pub(super) fn rotate(model: &mut Model, name: &str, press: &mut Press<'_>) {
    let known = PROVIDERS.iter().filter_map(|p| p.slot).find(|slot| slot.name == name);
    let Some(slot) = known else { return };
    let view = slots(model).into_iter().find(|s| s.slot == name);
    if let Some(why) = view.as_ref().filter(|v| v.source == "env").and_then(|v| v.note.clone()) {
        return model.say(format!("{name}: {why}"), true, press.now);
    }
    let label = |state: State| view.as_ref().and_then(|v| v.in_state(state)).map(|v| &v.version);
    let current = label(State::Current).map(|v| v.label());
    let pending = label(State::Pending).map(|v| (v.label(), v.entered.set_by.clone()));
    model.overlay = Some(Overlay::Entering(Box::new(Entering::new(slot, current, pending))));
}

/// Keys while a credential is entered.
pub(super) fn key(model: &mut Model, mut open: Box<Entering>, key: Key, press: &mut Press<'_>) {
    let last = open.fields.len();
    match (key.code, open.at < last) {
        // Dropped here, the fields are overwritten.
        (Code::Esc, _) => return,
        (Code::Tab | Code::Down, _) => open.at = (open.at + 1) % (last + 1),
        (Code::BackTab | Code::Up, _) => open.at = (open.at + last) % (last + 1),
        (Code::Enter, true) => open.at += 1,
        (Code::Enter, false) => match entered(&open) {
            Ok(entry) => return send(model, entry, press),
            Err(wrong) => open.wrong = Some(wrong),
        },
        (Code::Char('u'), true) if key.ctrl => open.fields[open.at].clear(),
        (Code::Char(c), true) if !key.ctrl => open.fields[open.at].push(c),
        (Code::Backspace, true) => open.fields[open.at].pop(),
        (_, true) => {}
        (_, false) => _ = dialog::edit(&mut open.expires, key),
    }
    model.overlay = Some(Overlay::Entering(open));
}

/// Pastes into the field in focus; blanks and line ends around it do not matter.
pub(super) fn insert(open: &mut Entering, text: &str) {
    match open.fields.get_mut(open.at) {
        Some(field) => text.trim().chars().for_each(|c| field.push(c)),
        None => text.trim().chars().for_each(|c| dialog::type_in(&mut open.expires, c)),
    }
}

/// What was typed, if it is a whole credential.
fn entered(open: &Entering) -> Result<Entry, String> {
    let filled = open.slot.fields.iter().zip(&open.fields).filter(|(_, hidden)| !hidden.is_empty());
    let fields: Given = filled.map(|(field, hidden)| (field.name.to_owned(), hidden.secret())).collect();
    store::check(open.slot, &fields).map_err(|error| error.to_string())?;
    let expires_at = match open.expires.value().trim() {
        "" => None,
        text => {
            let day: NaiveDate =
                text.parse().map_err(|_| "write the last day as a date such as 2027-01-31".to_owned())?;
            NaiveTime::from_hms_opt(23, 59, 59).map(|end| day.and_time(end).and_utc())
        }
    };
    Ok(Entry { slot: open.slot.name, fields, expires_at, replace: open.pending.is_some() })
}

fn send(model: &mut Model, entry: Entry, press: &mut Press<'_>) {
    let wish = CredentialWish::Enter(Entered(Arc::new(entry)));
    begin(model, "sealed; the provider is asked", wish, press);
}

/// Asks the provider about a version.
pub(super) fn verify(model: &mut Model, slot: &str, version: Option<i32>, press: &mut Press<'_>) {
    begin(model, "the provider is asked", CredentialWish::Verify { slot: slot.into(), version }, press);
}

/// Asks what would make the pending version current.
pub(super) fn finish(model: &mut Model, slot: &str, unverified: bool, press: &mut Press<'_>) {
    begin(model, "looking", CredentialWish::Finish { slot: slot.into(), unverified }, press);
}

fn begin(model: &mut Model, what: &'static str, wish: CredentialWish, press: &mut Press<'_>) {
    if let Some(doing) = &model.credentials.doing {
        let words = format!("{}: {} since {}s; one at a time", doing.slot, doing.what, doing.age_s);
        return model.say(words, true, press.now);
    }
    let slot = match &wish {
        CredentialWish::Enter(entered) => entered.0.slot.to_owned(),
        CredentialWish::Verify { slot, .. } | CredentialWish::Finish { slot, .. } => slot.clone(),
    };
    model.credentials.doing = Some(Doing { slot, what, since: press.now, age_s: 0 });
    press.effects.push(Effect::Credential(wish));
}

fn retire(model: &mut Model, slot: &SlotView, press: &mut Press<'_>) {
    let picked = model.credentials.open.then_some(model.credentials.versions.id).flatten();
    let previous = || slot.in_state(State::Previous).map(|v| v.version.version);
    match picked.or_else(previous) {
        Some(version) => {
            wish(model, Action::RetireCredential { slot: slot.slot.into(), version }, press.effects);
        }
        None => {
            let words = format!("{} has no previous version: Enter shows all, then x ends the chosen one", slot.slot);
            model.say(words, true, press.now);
        }
    }
}

/// Counts how long it has taken.
pub(super) fn tick(model: &mut Model, now: DateTime<Utc>) {
    if let Some(doing) = &mut model.credentials.doing {
        doing.age_s = (now - doing.since).num_seconds();
    }
}

/// Takes what the desk said; where a version may be made current, that is asked for next.
pub(super) fn said(model: &mut Model, result: Result<CredentialSaid, String>, press: &mut Press<'_>) {
    model.credentials.doing = None;
    press.effects.push(Effect::Refresh);
    match result {
        Ok(CredentialSaid::Finish(action)) => press::wish_if_allowed(model, action, press),
        Ok(CredentialSaid::Judged(judged)) => {
            let Judged { slot, label, verdict, detail, activate, .. } = *judged;
            if let Some(action) = activate {
                return press::wish_if_allowed(model, action, press);
            }
            let words = match verdict.as_str() {
                "refused" => format!("{slot} {label} is refused: {detail}; what was current stays so"),
                "unknown" => format!("{slot} {label} could not be verified ({detail}): v tries again"),
                _ => format!("{slot} {label}: {detail}"),
            };
            model.say(words, matches!(verdict.as_str(), "refused" | "unknown"), press.now);
        }
        Err(error) => model.say(error, true, press.now),
    }
}

/// Goes to a slot.
pub(super) fn to_slot(model: &mut Model, slot: Option<&'static str>) {
    press::show(model, Screen::Credentials);
    if let Some(slot) = slot {
        model.credentials.list = List { id: Some(slot), at: model.credentials.list.at };
        settle(model);
    }
}

#[cfg(test)]
mod tests {
    use crate::console::effect::Effect;
    use crate::console::fixture;
    use crate::console::keys::{Code, Key};
    use crate::console::message::Msg;
    use crate::console::model::Model;
    use crate::console::update::update;

    fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
        let mut all = Vec::new();
        for c in keys.chars() {
            let key = if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) };
            all.extend(update(model, Msg::Key(key), fixture::now()));
            fixture::answer(model);
        }
        all
    }

    #[test]
    fn what_is_typed_leaves_once_and_is_nowhere_in_what_can_be_printed() {
        let mut model = fixture::model((120, 36), true);
        press(&mut model, "6r");
        update(&mut model, Msg::Paste("AC0123456789abcdef0123456789abcdef".into()), fixture::now());
        press(&mut model, "\n");
        let pasted = Msg::Paste("hush-hush-0123456789".into());
        assert!(!format!("{pasted:?}").contains("hush"));
        update(&mut model, pasted, fixture::now());
        assert!(!format!("{model:?}").contains("hush"));
        let effects = press(&mut model, "\n\n\n\n");
        assert!(matches!(effects.as_slice(), [Effect::Credential(_)]), "{effects:?}");
        assert!(!format!("{effects:?} {model:?}").contains("hush"));
        assert!(model.overlay.is_none(), "the fields are gone");
    }

    #[test]
    fn a_console_that_only_reads_says_why_and_asks_for_nothing() {
        let mut model = fixture::model((120, 36), true);
        model.facts.read_only = true;
        for key in ["r", "v", "f", "b", "x"] {
            let effects = press(&mut model, &format!("6{key}"));
            assert!(!effects.iter().any(|e| matches!(e, Effect::Credential(_) | Effect::Plan(_))), "{key}");
            assert!(model.toast.as_ref().is_some_and(|t| t.text.contains("read-only")), "{key}");
        }
    }
}
