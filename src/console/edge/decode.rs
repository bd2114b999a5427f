//! Keys from bytes, also when a slow link tears an escape sequence at any byte.
//!
//! A bare ESC is held for a moment before it counts as the Esc key. What follows later than that is still put together
//! with it for half a second, so that no part of an arrow is ever taken for a letter. The clock is an argument.

use std::time::{Duration, Instant};

use zeroize::{Zeroize, Zeroizing};

use crate::console::keys::{Code, Key};
use crate::console::message::{Gesture, Pasted};

/// What the terminal said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(Pasted),
    /// An answer to "where is the cursor": the link is measured with it.
    Report,
    /// The mouse did something at this column and row, from 0.
    Mouse(Gesture, u16, u16),
}

/// Longest paste that is kept, in bytes; a filter or a reason is never longer.
const PASTE_LIMIT: usize = 64 * 1024;
/// Longest escape sequence that is waited for, in bytes.
const SEQUENCE_LIMIT: usize = 64;
/// How long the rest of a torn sequence may take after its ESC was already taken for the Esc key.
const LATE: Duration = Duration::from_millis(500);
/// More printable keys than this at once are a paste.
const TYPED_AT_ONCE: usize = 8;

const PASTE_END: &[u8] = b"\x1b[201~";

/// Puts keys together from bytes.
#[derive(Debug)]
pub struct Decoder {
    pending: Vec<u8>,
    since: Option<Instant>,
    hold: Duration,
    paste: Option<Zeroizing<Vec<u8>>>,
    /// Begin of a sequence whose ESC was given out as a key already.
    ghost: Option<(Vec<u8>, Instant)>,
}

enum Step {
    Took(usize, Option<Event>),
    PasteBegins(usize),
    Wait,
}

impl Decoder {
    /// `hold`: how long a bare ESC is held.
    pub fn new(hold: Duration) -> Decoder {
        Decoder { pending: Vec::new(), since: None, hold, paste: None, ghost: None }
    }

    /// Takes bytes that arrived at `now`.
    pub fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<Event> {
        self.revive(bytes, now);
        self.pending.extend_from_slice(bytes);
        let mut events = Vec::new();
        loop {
            if self.paste.is_some() {
                if !self.pasted(&mut events) {
                    break;
                }
                continue;
            }
            match step(&self.pending) {
                Step::Took(n, event) => {
                    self.pending.drain(..n);
                    events.extend(event);
                }
                Step::PasteBegins(n) => {
                    self.pending.drain(..n);
                    self.paste = Some(Zeroizing::default());
                }
                Step::Wait => break,
            }
        }
        self.since = if self.pending.is_empty() || self.paste.is_some() { None } else { self.since.or(Some(now)) };
        events
    }

    /// When [`Decoder::expire`] must be called, if nothing arrives before.
    pub fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + self.hold)
    }

    /// Gives out a held ESC whose time is up.
    pub fn expire(&mut self, now: Instant) -> Vec<Event> {
        if self.deadline().is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.since = None;
        let held = std::mem::take(&mut self.pending);
        if held.first() != Some(&0x1b) {
            return Vec::new();
        }
        let known = self.ghost.take().is_some_and(|(_, at)| now.duration_since(at) < LATE);
        self.ghost = Some((held, now));
        if known { Vec::new() } else { vec![Event::Key(Key::plain(Code::Esc))] }
    }

    /// Puts the late rest of a torn sequence behind the begin that was given out already.
    fn revive(&mut self, bytes: &[u8], now: Instant) {
        let Some((held, at)) = self.ghost.take() else { return };
        let goes_on = match (held.len(), bytes.first()) {
            (1, Some(b'[' | b'O')) => true,
            (2.., Some(b)) => (0x20..0x7f).contains(b),
            _ => false,
        };
        if self.pending.is_empty() && goes_on && now.duration_since(at) < LATE {
            self.pending = held.clone();
            self.ghost = Some((held, at));
        }
    }

    /// Takes pasted bytes; true when the paste ended.
    fn pasted(&mut self, events: &mut Vec<Event>) -> bool {
        let Some(text) = self.paste.as_mut() else { return false };
        let end = self.pending.windows(PASTE_END.len()).position(|w| w == PASTE_END);
        let ready = end.unwrap_or_else(|| self.pending.len().saturating_sub(PASTE_END.len() - 1));
        let room = PASTE_LIMIT.saturating_sub(text.len());
        text.extend(self.pending.drain(..ready).take(room));
        if end.is_none() {
            return false;
        }
        self.pending.drain(..PASTE_END.len());
        let text = self.paste.take().unwrap_or_default();
        // It may have been a secret: what it left in the buffer is overwritten.
        let rest = self.pending.clone();
        self.pending.zeroize();
        self.pending = rest;
        events.push(Event::Paste(String::from_utf8_lossy(&text).into_owned().into()));
        true
    }
}

/// Takes more than eight printable keys at once for a paste: nothing pasted may trigger a verb.
pub fn guard(events: Vec<Event>) -> Vec<Event> {
    let text: String = events.iter().filter_map(printable).collect();
    if text.chars().count() <= TYPED_AT_ONCE {
        return events;
    }
    let mut kept: Vec<Event> = events.into_iter().filter(|e| printable(e).is_none()).collect();
    kept.retain(|e| !matches!(e, Event::Key(Key { code: Code::Enter | Code::Tab, .. })));
    kept.push(Event::Paste(text.into()));
    kept
}

fn printable(event: &Event) -> Option<char> {
    match event {
        Event::Key(Key { code: Code::Char(c), ctrl: false }) => Some(*c),
        _ => None,
    }
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [] => Step::Wait,
        [0x1b] => Step::Wait,
        [0x1b, b'[', rest @ ..] => control_sequence(rest),
        [0x1b, b'O'] => Step::Wait,
        [0x1b, b'O', last, ..] => Step::Took(3, application_key(*last).map(key)),
        [0x1b, ..] => Step::Took(1, Some(key(Code::Esc))),
        [b'\r' | b'\n', ..] => Step::Took(1, Some(key(Code::Enter))),
        [b'\t', ..] => Step::Took(1, Some(key(Code::Tab))),
        [0x7f | 0x08, ..] => Step::Took(1, Some(key(Code::Backspace))),
        [b @ 0x01..=0x1a, ..] => Step::Took(1, Some(Event::Key(Key::ctrl(char::from(b'a' + b - 1))))),
        [0x00..=0x1f, ..] => Step::Took(1, None),
        _ => character(bytes),
    }
}

fn key(code: Code) -> Event {
    Event::Key(Key::plain(code))
}

fn character(bytes: &[u8]) -> Step {
    let wanted = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    if bytes.len() < wanted {
        return Step::Wait;
    }
    match std::str::from_utf8(&bytes[..wanted]).ok().and_then(|s| s.chars().next()) {
        Some(c) if !c.is_control() => Step::Took(wanted, Some(key(Code::Char(c)))),
        Some(_) => Step::Took(wanted, None),
        None => Step::Took(1, None),
    }
}

fn control_sequence(rest: &[u8]) -> Step {
    let Some(end) = rest.iter().position(|b| !(0x20..0x40).contains(b)) else {
        return if rest.len() > SEQUENCE_LIMIT { Step::Took(2 + rest.len(), None) } else { Step::Wait };
    };
    let (params, last, whole) = (&rest[..end], rest[end], 2 + end + 1);
    if !(0x40..0x7f).contains(&last) {
        return Step::Took(2 + end, None);
    }
    let event = match (params, last) {
        (b"200", b'~') => return Step::PasteBegins(whole),
        (_, b'R') => Some(Event::Report),
        ([b'<', params @ ..], b'M') => mouse(params),
        ([b'<', ..], b'm') => None,
        (_, b'~') => tilde(params).map(key),
        (_, b'Z') => Some(key(Code::BackTab)),
        (_, b'P'..=b'S') => application_key(last).map(key),
        (b"" | [b'1', ..], _) => application_key(last).map(key),
        _ => None,
    };
    Step::Took(whole, event)
}

/// `button;column;row` of a press, counted from 1.
fn mouse(params: &[u8]) -> Option<Event> {
    let mut numbers = std::str::from_utf8(params).ok()?.split(';').map(|n| n.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let gesture = match button {
        0 => Gesture::Click,
        64 => Gesture::WheelUp,
        65 => Gesture::WheelDown,
        _ => return None,
    };
    Some(Event::Mouse(gesture, column.checked_sub(1)?, row.checked_sub(1)?))
}

fn application_key(last: u8) -> Option<Code> {
    Some(match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'P' => Code::F(1),
        b'Q' => Code::F(2),
        b'R' => Code::F(3),
        b'S' => Code::F(4),
        _ => return None,
    })
}

fn tilde(params: &[u8]) -> Option<Code> {
    let number: u8 = std::str::from_utf8(params).ok()?.split(';').next()?.parse().ok()?;
    Some(match number {
        1 | 7 => Code::Home,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(number - 10),
        17..=21 => Code::F(number - 11),
        23 | 24 => Code::F(number - 12),
        _ => return None,
    })
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
