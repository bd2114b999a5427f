use proptest::prelude::*;

use super::*;
use crate::console::message::Gesture;

const HOLD: Duration = Duration::from_millis(25);

fn decoder() -> (Decoder, Instant) {
    (Decoder::new(HOLD), Instant::now())
}

/// Feeds the parts with a gap between them, as a thread would that wakes at every deadline.
fn torn(parts: &[&[u8]], gap: Duration) -> Vec<Event> {
    let (mut decoder, mut now) = decoder();
    let mut events = Vec::new();
    for part in parts {
        if let Some(at) = decoder.deadline().filter(|at| *at <= now) {
            events.extend(decoder.expire(at));
        }
        events.extend(decoder.feed(part, now));
        now += gap;
    }
    events.extend(decoder.expire(now + HOLD));
    events
}

#[test]
fn an_arrow_torn_at_any_byte_never_becomes_letters() {
    let up = Event::Key(Key::plain(Code::Up));
    for sequence in [&b"\x1b[A"[..], b"\x1bOA", b"\x1b[1;5A"] {
        for cut in 1..sequence.len() {
            let (a, b) = sequence.split_at(cut);
            for gap in [1, 20, 60] {
                let events = torn(&[a, b], Duration::from_millis(gap));
                assert!(events.contains(&up), "{sequence:?} cut at {cut}, {gap} ms: {events:?}");
                assert!(events.iter().all(|e| printable(e).is_none()), "{events:?}");
                assert!(gap > 25 || events.len() == 1, "within the hold there is no Esc: {events:?}");
            }
        }
    }
}

#[test]
fn a_bare_escape_is_given_out_after_its_hold() {
    let (mut decoder, now) = decoder();
    assert!(decoder.feed(b"\x1b", now).is_empty());
    assert!(decoder.expire(now).is_empty());
    assert_eq!(decoder.expire(now + HOLD), vec![key(Code::Esc)]);
    assert_eq!(decoder.feed(b"j", now + HOLD * 2), vec![key(Code::Char('j'))]);
}

#[test]
fn keys_are_read_as_terminals_send_them() {
    let (mut decoder, now) = decoder();
    let events = decoder.feed("\r\t\x7f\x03\x1b[5~\x1b[Z\x1bOPé\x1b[3;7R".as_bytes(), now);
    let codes = [Code::Enter, Code::Tab, Code::Backspace];
    let mut wanted: Vec<Event> = codes.into_iter().map(key).collect();
    wanted.push(Event::Key(Key::ctrl('c')));
    wanted.extend([Code::PageUp, Code::BackTab, Code::F(1), Code::Char('é')].map(key));
    wanted.push(Event::Report);
    assert_eq!(events, wanted);
}

#[test]
fn a_bracketed_paste_is_one_event_wherever_it_is_torn() {
    let whole = b"\x1b[200~r\ny\x1b[201~j";
    for cut in 1..whole.len() - 1 {
        let (a, b) = whole.split_at(cut);
        let events = torn(&[a, b], Duration::from_millis(1));
        assert_eq!(events, vec![Event::Paste("r\ny".into()), key(Code::Char('j'))], "cut at {cut}");
    }
}

#[test]
fn a_burst_of_letters_is_a_paste_and_triggers_nothing() {
    let (mut decoder, now) = decoder();
    let events = guard(decoder.feed(b"reset it\ry", now));
    assert_eq!(events, vec![Event::Paste("reset ity".into())]);
    let few = guard(decoder.feed(b"jjj", now));
    assert_eq!(few.len(), 3);
}

proptest! {
    #[test]
    fn no_bytes_panic_or_pile_up(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let (mut decoder, mut now) = decoder();
        for chunk in chunks {
            guard(decoder.feed(&chunk, now));
            now += Duration::from_millis(30);
            decoder.expire(now);
            prop_assert!(decoder.pending.len() <= SEQUENCE_LIMIT + 40 || decoder.paste.is_some());
        }
    }
}

#[test]
fn the_mouse_is_heard_where_it_is() {
    let mut decoder = Decoder::new(HOLD);
    let events = decoder.feed(b"\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<65;1;1M\x1b[<0;0;0M\x1b[<2;1;1M", Instant::now());
    assert_eq!(events, [Event::Mouse(Gesture::Click, 4, 2), Event::Mouse(Gesture::WheelDown, 0, 0)]);
}
