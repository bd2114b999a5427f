//! Lists to choose from: actions with their reasons, orders, themes, works under way.

use super::copy;
use super::press::Press;
use super::{allowed, extras, palette, records, run};
use crate::console::effect::Effect;
use crate::console::keys::{Binding, Code, Do, Key, Place, REGISTRY};
use crate::console::model::{BreakerOrder, Item, LaneOrder, Level, List, Menu, Model, Overlay, Pick, Screen, Work};
use crate::contacts::page::Sort;

/// Title of the list of works; it is drawn anew while it is open.
pub(super) const WORKS: &str = "Under way";

pub(super) fn key(model: &mut Model, mut menu: Menu, key: Key, press: &mut Press<'_>) {
    let last = menu.items.len().saturating_sub(1);
    let by_key = menu.items.iter().position(|item| item.hint == key.to_string() && matches!(item.pick, Pick::Do(_)));
    match key.code {
        Code::Esc | Code::Char('q') => return,
        Code::Enter => return choose(model, menu, press),
        _ if by_key.is_some() => {
            menu.at = by_key.unwrap_or(0);
            return choose(model, menu, press);
        }
        Code::Down | Code::Char('j') => menu.at = (menu.at + 1).min(last),
        Code::Up | Code::Char('k') => menu.at = menu.at.saturating_sub(1),
        Code::Home | Code::Char('g') => menu.at = 0,
        Code::End | Code::Char('G') => menu.at = last,
        _ => {}
    }
    model.overlay = Some(Overlay::Menu(menu));
}

fn choose(model: &mut Model, menu: Menu, press: &mut Press<'_>) {
    let Some(item) = menu.items.get(menu.at).cloned() else { return };
    if let Some(why) = item.why_not {
        model.say(why, true, press.now);
        model.overlay = Some(Overlay::Menu(menu));
        return;
    }
    match item.pick {
        Pick::Do(id) => run::by_id(model, id, press),
        Pick::Line(line) => palette::go(model, line, press),
        Pick::Contacts(sort) => {
            model.contacts.sort = sort;
            model.contacts.begin();
        }
        Pick::Order(at) => order(model, at),
        Pick::Copy(text) => copy::send(model, text, press),
        Pick::Theme(name) => press.effects.push(Effect::Theme(name)),
        Pick::End(id) => run::end(model, id, press),
        Pick::Resume(id) => run::resume(model, id, press),
        Pick::Nothing => {}
    }
}

fn order(model: &mut Model, at: usize) {
    match model.screen {
        Screen::Breakers => model.breakers.order = BreakerOrder::ALL.get(at).map_or_else(Default::default, |o| o.0),
        _ => model.lanes.order = LaneOrder::ALL.get(at).map_or_else(Default::default, |o| o.0),
    }
    super::settle(model);
}

fn put(model: &mut Model, title: impl Into<String>, items: Vec<Item>) {
    model.overlay = Some(Overlay::Menu(Menu::new(title, items)));
}

/// What can be done with the row or the marks here; what can't, with its reason.
pub(super) fn actions(model: &mut Model, press: &mut Press<'_>) {
    let place = model.place();
    let offered = |b: &&Binding| {
        let here = b.places.contains(&place) || (b.does == Do::Undo && b.places.contains(&Place::Anywhere));
        here && (b.writes || matches!(b.does, Do::Copy | Do::Save | Do::Open | Do::Mark | Do::MarkAll | Do::Why))
    };
    let mut items: Vec<Item> = REGISTRY
        .iter()
        .filter(offered)
        .map(|b| Item {
            label: format!("{}: {}", if b.short.is_empty() { b.id } else { b.short }, b.words),
            hint: model.facts.keymap.first(b),
            why_not: allowed::refusal(model, b),
            pick: Pick::Do(b.id),
        })
        .collect();
    items.extend(extras::items(model));
    if items.is_empty() {
        return model.say("nothing can be done on this screen", true, press.now);
    }
    let marked = match model.screen {
        Screen::Contacts => model.contacts.marks.words(),
        Screen::Lanes => model.lanes.marks.words(),
        Screen::Timeline => model.timeline.marks.words(),
        _ => String::new(),
    };
    let title = if marked.is_empty() { "Actions".to_owned() } else { format!("Actions, {marked}") };
    put(model, title, items);
}

pub(super) fn sort(model: &mut Model, press: &mut Press<'_>) {
    let item = |label: &str, here: bool, pick: Pick| Item::new(label, if here { "now" } else { "" }, pick);
    let greyed = |label: &str| Item {
        why_not: Some("no index serves this order: it would read the whole table".into()),
        ..Item::new(label, "", Pick::Nothing)
    };
    let items = match (model.screen, &model.lanes.level) {
        (Screen::Contacts, _) => {
            let now = model.contacts.sort;
            let mut items: Vec<Item> =
                Sort::ALL.iter().map(|s| item(words(*s), *s == now, Pick::Contacts(*s))).collect();
            items.extend(["carrier", "company", "status", "last lookup"].map(greyed));
            items
        }
        (Screen::Breakers, _) => BreakerOrder::ALL
            .iter()
            .enumerate()
            .map(|(i, (order, label))| item(label, *order == model.breakers.order, Pick::Order(i)))
            .collect(),
        (Screen::Lanes, Level::Lanes) => LaneOrder::ALL
            .iter()
            .enumerate()
            .map(|(i, (order, label))| item(label, *order == model.lanes.order, Pick::Order(i)))
            .collect(),
        (Screen::Lanes, _) => {
            let mut items = vec![item("number, newest first", true, Pick::Nothing)];
            items.extend(["contact", "attempts", "error", "time to run"].map(greyed));
            items
        }
        _ => return model.say("this list has one order only", true, press.now),
    };
    put(model, "Order", items);
}

fn words(sort: Sort) -> &'static str {
    match sort {
        Sort::CreatedDesc => "newest first",
        Sort::Created => "oldest first",
        Sort::QualityDesc => "best quality first",
        Sort::Quality => "worst quality first",
        Sort::Id => "order of import",
        Sort::IdDesc => "last imported first",
    }
}

/// What of the row can be copied.
pub(super) fn copy(model: &mut Model, press: &mut Press<'_>) {
    let items: Vec<Item> = copy::of_row(model)
        .into_iter()
        .map(|(label, text)| Item::new(label, shortened(&text), Pick::Copy(text)))
        .collect();
    if items.is_empty() {
        return model.say("there is nothing to copy here", true, press.now);
    }
    put(model, "Copy", items);
}

fn shortened(text: &str) -> String {
    let line: String = text.chars().take(40).collect();
    if line.len() < text.len() { format!("{line}~") } else { line }
}

pub(super) fn themes(model: &mut Model) {
    let items = model.facts.themes.iter().map(|name| Item::new(name, "", Pick::Theme(name.clone()))).collect();
    put(model, "Theme", items);
}

/// The list of works as it is now; the choice stays where it was.
pub(super) fn works_menu(model: &Model) -> Menu {
    let at = match &model.overlay {
        Some(Overlay::Menu(menu)) if menu.title == WORKS => menu.at,
        _ => 0,
    };
    let items: Vec<Item> = model.works.iter().rev().map(work).collect();
    let at = at.min(items.len().saturating_sub(1));
    Menu { title: WORKS.into(), items, at }
}

/// Draws the list of works anew, if it is open.
pub(super) fn renew_works(model: &mut Model) {
    if matches!(&model.overlay, Some(Overlay::Menu(menu)) if menu.title == WORKS) {
        model.overlay = Some(Overlay::Menu(works_menu(model)));
    }
}

pub(super) fn works(model: &mut Model, press: &mut Press<'_>) {
    if model.works.is_empty() {
        let words = "nothing is under way: `:import FILE` and Ctrl-S on Contacts begin something";
        return model.say(words, false, press.now);
    }
    model.overlay = Some(Overlay::Menu(works_menu(model)));
}

fn work(work: &Work) -> Item {
    match &work.ended {
        Some((text, false)) if work.again.is_some() => {
            Item::new(format!("{}: {text}", work.name), "Enter goes on", Pick::Resume(work.id))
        }
        Some((text, _)) => Item::new(format!("{}: {text}", work.name), "ended", Pick::Nothing),
        None => Item::new(crate::console::screen::work_line(work), "Enter ends it", Pick::End(work.id)),
    }
}

/// Marks, ranges and all that match, on the list in focus.
pub(super) fn mark(model: &mut Model, does: Do, press: &mut Press<'_>) {
    let (ids, at): (Vec<i64>, usize) = match model.screen {
        Screen::Contacts => {
            (super::contacts::contact_rows(model).iter().map(|r| r.id).collect(), model.contacts.list.at)
        }
        Screen::Timeline => (records::audit_rows(model).iter().map(|r| r.id).collect(), model.timeline.audit.at),
        _ => (super::lanes::job_rows(model).iter().map(|j| j.id).collect(), model.lanes.jobs.at),
    };
    let Some(id) = ids.get(at).copied() else {
        return model.say("there is no row to mark", true, press.now);
    };
    let (marks, list): (_, &mut List<i64>) = match model.screen {
        Screen::Contacts => (&mut model.contacts.marks, &mut model.contacts.list),
        Screen::Timeline => (&mut model.timeline.marks, &mut model.timeline.audit),
        _ => (&mut model.lanes.marks, &mut model.lanes.jobs),
    };
    let fits = match does {
        Do::Mark => {
            list.step(&ids, crate::console::model::Move::By(1));
            marks.toggle(id)
        }
        Do::Range => marks.range(id, &ids),
        _ => {
            marks.toggle_all();
            true
        }
    };
    if !fits {
        model.say("1,000 rows are marked: * marks all that match instead", true, press.now);
    }
}
