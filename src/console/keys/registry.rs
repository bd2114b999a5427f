//! The table of keys: dispatch, footer and help are read from it, so they can't disagree.
//!
//! A letter keeps its meaning on every screen; capitals never write; no digit and no letter that a torn escape sequence
//! may leave behind is bound to a write.

use super::{Code, Key};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Do {
    /// Show a screen.
    Overview,
    /// Show a screen.
    Lanes,
    /// Show a screen.
    Breakers,
    /// Show a screen.
    Contacts,
    /// Show a screen.
    Timeline,
    /// Back to the screen before.
    LastScreen,
    /// Open or close the help.
    Help,
    /// Go one level back, or ask to quit.
    Back,
    /// Close, clear, go one level back; never quits.
    Escape,
    /// Quit after a drain.
    Quit,
    /// Stop claiming, hand back, suspend.
    Suspend,
    /// Repaint everything.
    Repaint,
    /// Fetch now.
    Refresh,
    /// Hold the picture, or go on.
    Freeze,
    /// Take back the last action.
    Undo,
    /// Move the selection up.
    Up,
    /// Move the selection down.
    Down,
    /// Half a page up.
    PageUp,
    /// Half a page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Open what is selected.
    Open,
    /// Next tab or pane.
    Next,
    /// Tab or pane before.
    Previous,
    /// Edit the filter.
    Filter,
    /// Retry, reset: the mending verb.
    Mend,
    /// Pause or resume the lane.
    Pause,
    /// One job more at once.
    More,
    /// One job less at once.
    Less,
    /// Hold the breaker open.
    HoldOpen,
    /// Hold the breaker closed.
    HoldClosed,
    /// Back to automatic.
    Automatic,
    /// Times absolute or as ages.
    Times,
    /// Follow the newest log line.
    Follow,
}

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere but in text fields and dialogs.
    Anywhere,
    /// Wherever rows can be selected.
    Lists,
    /// That screen.
    Overview,
    /// That screen, its list of lanes.
    Lanes,
    /// The jobs of a lane.
    Jobs,
    /// One job.
    Job,
    /// That screen.
    Breakers,
    /// That screen.
    Contacts,
    /// One contact.
    Contact,
    /// That screen.
    Timeline,
}

/// All places with the words of the help.
pub const PLACES: [(Place, &str); 10] = [
    (Place::Overview, "Overview"),
    (Place::Lanes, "Lanes"),
    (Place::Jobs, "Jobs of a lane"),
    (Place::Job, "One job"),
    (Place::Breakers, "Breakers"),
    (Place::Contacts, "Contacts"),
    (Place::Contact, "One contact"),
    (Place::Timeline, "Timeline"),
    (Place::Lists, "Lists"),
    (Place::Anywhere, "Anywhere"),
];

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What it does.
    pub does: Do,
    /// Its keys; the first is shown in the footer.
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

use Place::{Anywhere, Breakers, Contact, Contacts, Job, Jobs, Lanes, Lists, Overview, Timeline};

const fn c(c: char) -> Key {
    Key::char(c)
}
const fn k(code: Code) -> Key {
    Key::plain(code)
}
const fn row(
    does: Do,
    keys: &'static [Key],
    places: &'static [Place],
    short: &'static str,
    words: &'static str,
) -> Binding {
    Binding { does, keys, places, short, words, writes: false }
}
const fn verb(
    does: Do,
    keys: &'static [Key],
    places: &'static [Place],
    short: &'static str,
    words: &'static str,
) -> Binding {
    Binding { does, keys, places, short, words, writes: true }
}

/// Every key of the console outside of text fields and dialogs.
pub const REGISTRY: &[Binding] = &[
    row(Do::Open, &[k(Code::Enter)], &[Overview, Lanes, Jobs, Contacts, Timeline], "open", "open what is selected"),
    verb(
        Do::Mend,
        &[c('r')],
        &[Jobs, Job],
        "retry",
        "give dead jobs their attempts anew: this job, or all dead of the lane",
    ),
    verb(Do::Mend, &[c('r')], &[Overview, Breakers], "reset", "let the next probe start at once"),
    verb(Do::Pause, &[c('p')], &[Overview, Lanes], "pause", "pause the lane, or resume it"),
    verb(Do::More, &[c('+')], &[Lanes], "scale up", "let one job more run at once in the fleet"),
    verb(Do::Less, &[c('-')], &[Lanes], "scale down", "let one job less run at once in the fleet"),
    verb(Do::HoldOpen, &[c('o')], &[Overview, Breakers], "hold open", "hold the breaker open: no call passes"),
    verb(Do::HoldClosed, &[c('c')], &[Breakers], "hold closed", "hold the breaker closed: every call passes"),
    verb(Do::Automatic, &[c('b')], &[Breakers], "automatic", "end the hold: the breaker decides by itself"),
    row(Do::Next, &[k(Code::Tab), k(Code::Right), c('l')], &[Jobs, Timeline], "next tab", "next tab"),
    row(Do::Previous, &[k(Code::BackTab), k(Code::Left), c('h')], &[Jobs, Timeline], "", "tab before"),
    row(Do::Filter, &[c('/')], &[Contacts], "filter", "edit the filter"),
    row(Do::Follow, &[c('F')], &[Timeline], "follow", "go back to the newest line and stay there"),
    row(Do::Times, &[c('t')], &[Timeline, Contacts, Jobs, Job, Contact, Breakers], "times", "times as clock or as age"),
    row(Do::Down, &[c('j'), k(Code::Down)], &[Lists], "", "one row down"),
    row(Do::Up, &[c('k'), k(Code::Up)], &[Lists], "", "one row up"),
    row(Do::PageDown, &[k(Code::PageDown), Key::ctrl('d')], &[Lists], "", "half a page down"),
    row(Do::PageUp, &[k(Code::PageUp), Key::ctrl('u')], &[Lists], "", "half a page up"),
    row(Do::First, &[c('g'), k(Code::Home)], &[Lists], "", "first row"),
    row(Do::Last, &[c('G'), k(Code::End)], &[Lists], "", "last row"),
    row(Do::Overview, &[c('1')], &[Anywhere], "", "Overview"),
    row(Do::Lanes, &[c('2')], &[Anywhere], "", "Lanes and their jobs"),
    row(Do::Breakers, &[c('3')], &[Anywhere], "", "Breakers"),
    row(Do::Contacts, &[c('4')], &[Anywhere], "", "Contacts"),
    row(Do::Timeline, &[c('7')], &[Anywhere], "", "Timeline and logs"),
    row(Do::LastScreen, &[c('`')], &[Anywhere], "", "the screen before"),
    verb(Do::Undo, &[c('u')], &[Anywhere], "", "take back the last action of this console"),
    row(Do::Freeze, &[c('z')], &[Anywhere], "freeze", "hold the picture while data goes on, or go on"),
    row(Do::Refresh, &[Key::ctrl('r')], &[Anywhere], "", "fetch now"),
    row(Do::Repaint, &[Key::ctrl('l')], &[Anywhere], "", "repaint the screen"),
    row(Do::Suspend, &[Key::ctrl('z')], &[Anywhere], "", "hand leased jobs back and suspend; `fg` returns"),
    row(Do::Escape, &[k(Code::Esc)], &[Anywhere], "", "close, or go one level back; never quits"),
    row(Do::Help, &[c('?'), k(Code::F(1))], &[Anywhere], "help", "this help, and away with it"),
    row(Do::Back, &[c('q')], &[Anywhere], "quit", "one level back; on a top screen asks to quit"),
    row(Do::Quit, &[Key::ctrl('c')], &[Anywhere], "", "quit after a drain; again: leave at once"),
];

/// Whether a binding works in `place`; lists and anywhere included.
pub fn in_place(binding: &Binding, place: Place) -> bool {
    binding.places.contains(&place)
        || binding.places.contains(&Place::Lists)
        || binding.places.contains(&Place::Anywhere)
}

/// What `key` does in `place`.
pub fn find(key: Key, place: Place) -> Option<&'static Binding> {
    REGISTRY.iter().find(|b| b.keys.contains(&key) && in_place(b, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for (place, name) in PLACES {
            for binding in REGISTRY.iter().filter(|b| in_place(b, place)) {
                for key in binding.keys {
                    let means = REGISTRY.iter().filter(|b| in_place(b, place) && b.keys.contains(key)).count();
                    assert_eq!(means, 1, "{key} on {name}");
                }
            }
        }
    }

    #[test]
    fn what_a_torn_sequence_leaves_behind_never_writes() {
        for binding in REGISTRY.iter().filter(|b| b.writes) {
            for key in binding.keys {
                let Code::Char(c) = key.code else { continue };
                assert!(!"[OABCDFHPQRS~0123456789".contains(c), "{c} writes");
                assert!(!c.is_ascii_uppercase(), "{c} is a capital and writes");
            }
        }
    }

    #[test]
    fn keys_that_terminals_and_multiplexers_take_are_left_alone() {
        for key in REGISTRY.iter().flat_map(|b| b.keys) {
            assert!(!key.ctrl || !matches!(key.code, Code::Char('a' | 'b' | 'h' | 'i' | 'j' | 'm' | '[')), "{key}");
        }
    }
}
