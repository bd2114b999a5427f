//! The table of keys: dispatch, footer, help, palette and the file of keys are read from it, so they can't disagree.
//!
//! A letter keeps its meaning on every screen; capitals never write; no digit and no letter that a torn escape sequence
//! may leave behind is bound to a write. Every key can be changed by its `id`.

use super::action::Place::{
    self, Anywhere, Ask, Asked, Audit, Breakers, Contact, Contacts, Credential, Credentials, Fleet, Job, Jobs, Lanes,
    Lists, Logs, Overview, Timeline, Usage,
};
use super::desks::DESKS;
use super::fleet::FLEET;
use super::{Code, Do, Key};
use crate::console::model::Screen;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Its name in the file of keys and in the palette.
    pub id: &'static str,
    /// What it does.
    pub does: Do,
    /// Its keys unless a file of keys says otherwise; the first is shown in the footer.
    pub keys: &'static [Key],
    /// Where it works.
    pub places: &'static [Place],
    /// One or two words for the footer; empty = not in the footer.
    pub short: &'static str,
    /// A sentence for the help.
    pub words: &'static str,
    /// Whether it changes something for everyone.
    pub writes: bool,
}

pub(super) const fn c(c: char) -> Key {
    Key::char(c)
}
pub(super) const fn k(code: Code) -> Key {
    Key::plain(code)
}
pub(super) type Said = (&'static str, &'static str);
pub(super) const fn row(
    id: &'static str,
    does: Do,
    keys: &'static [Key],
    places: &'static [Place],
    (short, words): Said,
) -> Binding {
    Binding { id, does, keys, places, short, words, writes: false }
}
pub(super) const fn verb(
    id: &'static str,
    does: Do,
    keys: &'static [Key],
    places: &'static [Place],
    (short, words): Said,
) -> Binding {
    Binding { id, does, keys, places, short, words, writes: true }
}

const TABBED: &[Place] = &[Jobs, Ask, Asked, Timeline, Logs, Audit, Overview];
const TIMED: &[Place] =
    &[Asked, Credentials, Credential, Timeline, Logs, Audit, Contacts, Jobs, Job, Contact, Breakers, Fleet];
const COPIED: &[Place] = &[
    Overview,
    Lanes,
    Jobs,
    Job,
    Breakers,
    Contacts,
    Contact,
    Ask,
    Asked,
    Credentials,
    Credential,
    Timeline,
    Logs,
    Audit,
    Fleet,
    Usage,
];
const ACTED: &[Place] = &[
    Overview,
    Lanes,
    Jobs,
    Job,
    Breakers,
    Contacts,
    Contact,
    Ask,
    Asked,
    Credentials,
    Credential,
    Timeline,
    Logs,
    Audit,
    Fleet,
    Usage,
];
const WAITS: &[Place] = &[Overview, Lanes, Jobs, Job, Breakers, Contacts, Contact];

/// Every key of the console outside of text fields and dialogs.
pub const REGISTRY: &[Binding] = &JOINED;

const JOINED: [Binding; DESKS.len() + FLEET.len() + SCREENS.len()] = {
    let mut all = [SCREENS[0]; DESKS.len() + FLEET.len() + SCREENS.len()];
    let (fleet, screens) = (DESKS.len(), DESKS.len() + FLEET.len());
    let mut at = 0;
    while at < all.len() {
        all[at] = match at {
            _ if at < fleet => DESKS[at],
            _ if at < screens => FLEET[at - fleet],
            _ => SCREENS[at - screens],
        };
        at += 1;
    }
    all
};

const SCREENS: &[Binding] = &[
    row(
        "open",
        Do::Open,
        &[k(Code::Enter)],
        &[Overview, Lanes, Jobs, Breakers, Contacts, Asked, Credentials, Timeline, Audit, Fleet],
        ("open", "open what is selected"),
    ),
    verb(
        "retry",
        Do::Mend,
        &[c('r')],
        &[Jobs, Job],
        (
            "retry",
            "give dead jobs their attempts anew: the marked ones, this one, this error; with *, all dead of the lane",
        ),
    ),
    verb(
        "take-out",
        Do::TakeOut,
        &[c('x')],
        &[Jobs, Job],
        ("take out", "take jobs out of the lane: cancel live ones, discard dead ones; undo puts them back for 7 days"),
    ),
    verb(
        "priority",
        Do::Priority,
        &[c('#')],
        &[Jobs, Job],
        ("", "change who is claimed first: 0 to 1000, smaller goes first, 100 is ordinary"),
    ),
    verb("reset", Do::Mend, &[c('r')], &[Overview, Breakers], ("reset", "let the next probe start at once")),
    verb(
        "look-up",
        Do::LookUp,
        &[c('r')],
        &[Contacts, Contact],
        ("look up", "look up the marked contacts, or this one"),
    ),
    verb(
        "enrich",
        Do::Enrich,
        &[c('e')],
        &[Contacts, Contact],
        ("enrich", "plan every step of the marked contacts anew, or of this one; fresh answers cost nothing"),
    ),
    verb("set", Do::Fields, &[c('=')], &[Contacts, Contact], ("set", "set fields of this contact by hand")),
    verb("pause", Do::Pause, &[c('p')], &[Overview, Lanes, Jobs], ("pause", "pause the lane, or resume it")),
    verb("scale-up", Do::More, &[c('+')], &[Lanes], ("scale up", "let one job more run at once in the fleet")),
    verb("scale-down", Do::Less, &[c('-')], &[Lanes], ("scale down", "let one job less run at once in the fleet")),
    row("actions", Do::Actions, &[c('a')], ACTED, ("actions", "what can be done here, with the reason where it can't")),
    verb(
        "hold-open",
        Do::HoldOpen,
        &[c('o')],
        &[Overview, Breakers],
        ("hold open", "hold the breaker open: no call passes"),
    ),
    verb(
        "hold-closed",
        Do::HoldClosed,
        &[c('c')],
        &[Breakers],
        ("hold closed", "hold the breaker closed: every call passes"),
    ),
    verb(
        "automatic",
        Do::Automatic,
        &[c('b')],
        &[Breakers],
        ("automatic", "end the hold: the breaker decides by itself"),
    ),
    row(
        "filter",
        Do::Filter,
        &[c('/')],
        &[Contacts, Jobs, Timeline, Logs, Audit],
        ("filter", "edit the filter: it applies as you type; Esc takes it away"),
    ),
    row(
        "next-match",
        Do::NextMatch,
        &[c('n')],
        &[Timeline, Logs, Audit],
        ("", "the next line of the same kind: a warning or worse"),
    ),
    row(
        "previous-match",
        Do::PreviousMatch,
        &[c('N')],
        &[Timeline, Logs, Audit],
        ("", "the line before of the same kind"),
    ),
    row("mark", Do::Mark, &[c(' ')], &[Jobs, Contacts, Audit], ("mark", "mark this row, or take its mark away")),
    row("range", Do::Range, &[c('V')], &[Jobs, Contacts, Audit], ("", "begin a range here; again: mark all between")),
    row(
        "mark-all",
        Do::MarkAll,
        &[c('*')],
        &[Jobs, Contacts],
        ("all", "mark all that match, also those on other pages; again: none"),
    ),
    row(
        "sort",
        Do::Sort,
        &[c('s')],
        &[Lanes, Jobs, Contacts, Breakers],
        ("sort", "choose the order: those that an index serves"),
    ),
    row("why", Do::Why, &[c('w')], WAITS, ("why", "why it waits: the chain of causes down to the root")),
    row("copy", Do::Copy, &[c('y')], COPIED, ("copy", "copy something of this row to your terminal's clipboard")),
    row("save", Do::Save, &[Key::ctrl('s')], &[Contacts], ("export", "write all contacts that match to a file")),
    verb(
        "import",
        Do::Import,
        &[c('i')],
        &[Overview, Contacts],
        ("import", "import a file of contacts and look them up"),
    ),
    row(
        "demo",
        Do::Demo,
        &[c('d')],
        &[Overview],
        ("", "start a demo in its own database, with stand-ins for every provider; leaving it comes back here"),
    ),
    row(
        "next",
        Do::Next,
        &[k(Code::Tab), k(Code::Right), c('l')],
        TABBED,
        ("next tab", "next tab, or the next incident"),
    ),
    row(
        "previous",
        Do::Previous,
        &[k(Code::BackTab), k(Code::Left), c('h')],
        TABBED,
        ("", "tab before, or the incident before"),
    ),
    row(
        "follow",
        Do::Follow,
        &[c('F')],
        &[Timeline, Logs, Audit],
        ("follow", "go back to the newest line and stay there"),
    ),
    row("level", Do::Level, &[c('L')], &[Logs], ("level", "show all lines, warnings and worse, or errors only")),
    row(
        "wrap",
        Do::Wrap,
        &[c('W')],
        &[Timeline, Logs, Audit],
        ("wrap", "show the chosen line in full or its neighbours"),
    ),
    row("times", Do::Times, &[c('t')], TIMED, ("times", "times as clock or as age")),
    row("down", Do::Down, &[c('j'), k(Code::Down)], &[Lists], ("", "one row down")),
    row("up", Do::Up, &[c('k'), k(Code::Up)], &[Lists], ("", "one row up")),
    row("page-down", Do::PageDown, &[k(Code::PageDown), Key::ctrl('d')], &[Lists], ("", "half a page down")),
    row("page-up", Do::PageUp, &[k(Code::PageUp), Key::ctrl('u')], &[Lists], ("", "half a page up")),
    row("first", Do::First, &[c('g'), k(Code::Home)], &[Lists], ("", "first row")),
    row("last", Do::Last, &[c('G'), k(Code::End)], &[Lists], ("", "last row")),
    row(
        "overview",
        Do::Show(Screen::Overview),
        &[c('1')],
        &[Anywhere],
        ("", "Overview: what is wrong, who waits, how the work goes"),
    ),
    row("lanes", Do::Show(Screen::Lanes), &[c('2')], &[Anywhere], ("", "Lanes and their jobs")),
    row("breakers", Do::Show(Screen::Breakers), &[c('3')], &[Anywhere], ("", "Breakers and their history")),
    row("contacts", Do::Show(Screen::Contacts), &[c('4')], &[Anywhere], ("", "Contacts by filter and page")),
    row("ask", Do::Show(Screen::Ask), &[c('5')], &[Anywhere], ("", "Ask: questions in plain words")),
    row(
        "credentials",
        Do::Show(Screen::Credentials),
        &[c('6')],
        &[Anywhere],
        ("", "Credentials: slots, versions, rotation"),
    ),
    row("timeline", Do::Show(Screen::Timeline), &[c('7')], &[Anywhere], ("", "Timeline, logs and audit")),
    row("fleet", Do::Show(Screen::Fleet), &[c('8')], &[Anywhere], ("", "Fleet: nodes, their workers and the leader")),
    row("usage", Do::Show(Screen::Usage), &[c('9')], &[Anywhere], ("", "Usage and cost by provider and day")),
    row("last-screen", Do::LastScreen, &[c('`')], &[Anywhere], ("", "the screen before")),
    verb(
        "undo",
        Do::Undo,
        &[c('u')],
        &[Anywhere],
        ("", "take back the last action of this console; on an audit row, that one"),
    ),
    row("freeze", Do::Freeze, &[c('z')], &[Anywhere], ("freeze", "hold the picture while data goes on, or go on")),
    row(
        "earlier",
        Do::Earlier,
        &[c(',')],
        &[Anywhere],
        ("", "show the state a step earlier: 10 s, then longer the further back"),
    ),
    row("later", Do::Later, &[c('.')], &[Anywhere], ("", "a step later")),
    row("live", Do::Live, &[c('0')], &[Anywhere], ("", "back to the present")),
    row(
        "works",
        Do::Works,
        &[c('J')],
        &[Anywhere],
        ("", "imports, exports and bulk actions under way: how far, how long, and how to end them"),
    ),
    row("mouse", Do::Mouse, &[c('m')], &[Anywhere], ("", "the mouse on or off: click, wheel, tabs")),
    row("theme", Do::Theme, &[c('T')], &[Anywhere], ("", "choose a theme")),
    row("refresh", Do::Refresh, &[Key::ctrl('r')], &[Anywhere], ("", "fetch now")),
    row("repaint", Do::Repaint, &[Key::ctrl('l')], &[Anywhere], ("", "repaint the screen")),
    row(
        "suspend",
        Do::Suspend,
        &[Key::ctrl('z')],
        &[Anywhere],
        ("", "hand leased jobs back and suspend; `fg` returns"),
    ),
    row(
        "escape",
        Do::Escape,
        &[k(Code::Esc)],
        &[Anywhere],
        ("", "close, clear the filter, or go one level back; never quits"),
    ),
    row(
        "palette",
        Do::Palette,
        &[c(':')],
        &[Anywhere],
        ("command", "type a command: every action, screen and subcommand, by any part of its name"),
    ),
    row("help", Do::Help, &[c('?'), k(Code::F(1))], &[Anywhere], ("help", "this help: type to search, Esc closes")),
    row("back", Do::Back, &[c('q')], &[Anywhere], ("quit", "one level back; on a top screen asks to quit")),
    row("quit", Do::Quit, &[Key::ctrl('c')], &[Anywhere], ("", "quit after a drain; again: leave at once")),
];

/// Whether a binding works in `place`; lists and anywhere included.
pub fn in_place(binding: &Binding, place: Place) -> bool {
    binding.places.contains(&place)
        || binding.places.contains(&Place::Lists)
        || binding.places.contains(&Place::Anywhere)
}

#[cfg(test)]
mod tests {
    use super::super::{Keymap, PLACES};
    use super::*;

    #[test]
    fn the_table_obeys_its_own_rules() {
        Keymap::default().check(None).unwrap();
        let ids: std::collections::BTreeSet<&str> = REGISTRY.iter().map(|b| b.id).collect();
        assert_eq!(ids.len(), REGISTRY.len(), "every row has a name of its own");
        for (place, name) in PLACES {
            assert!(REGISTRY.iter().any(|b| b.places.contains(&place)), "{name} has no key of its own");
        }
    }

    #[test]
    fn keys_that_terminals_and_multiplexers_take_are_left_alone() {
        for key in REGISTRY.iter().flat_map(|b| b.keys) {
            assert!(!key.ctrl || !matches!(key.code, Code::Char('a' | 'b' | 'h' | 'i' | 'j' | 'm' | '[')), "{key}");
        }
    }
}
