use super::*;
use crate::console::desks::AskSaid;
use crate::console::fixture;
use crate::console::keys::{Code, Key};
use crate::console::message::Msg;
use crate::console::theme::{Depth, Glyphs, load};
use crate::console::update::update;
use crate::operations::actions::Tier;

/// Presses keys, answering every question on the way.
fn press(model: &mut Model, keys: &str) {
    for c in keys.chars() {
        let key = if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) };
        update(model, Msg::Key(key), fixture::now());
        fixture::answer(model);
    }
}

fn picture(model: &Model, (columns, rows): (u16, u16), glyphs: Glyphs) -> String {
    let theme = load("mono", Depth::Mono, glyphs).unwrap();
    let area = Rect::new(0, 0, columns, rows);
    let mut buf = Buffer::empty(area);
    draw(model, &theme, &mut buf, area);
    let row =
        |y: u16| -> String { (0..columns).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned() };
    (0..rows).map(row).collect::<Vec<_>>().join("\n")
}

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 16)];

/// Every screen by the keys that lead to it.
const SCREENS_BY_KEYS: [(&str, &str); 28] = [
    ("overview", ""),
    ("lanes", "2"),
    ("jobs", "2\n"),
    ("dead_groups", "2\nlll"),
    ("job", "2\n\n"),
    ("breakers", "3"),
    ("contacts", "4"),
    ("filter", "4/status:failed qual"),
    ("filter_error", "4/status:nonsense "),
    ("contact", "4\n"),
    ("ask", "5"),
    ("ask_typing", "5/failed in Tex"),
    ("credentials", "6"),
    ("credential", "6\n"),
    ("rotate", "6rAC0123\nhush-hush"),
    ("timeline", "7"),
    ("help", "3?"),
    ("quit", "q"),
    ("palette", ":rsthun"),
    ("actions", "3a"),
    ("order", "4s"),
    ("copy", "4y"),
    ("marks", "4  V"),
    ("audit", "7ll"),
    ("fleet", "8"),
    ("usage", "9"),
    ("import", "i"),
    ("help_search", "?hold"),
];

#[test]
fn every_screen_looks_as_agreed_at_every_size() {
    for size in SIZES {
        for (name, keys) in SCREENS_BY_KEYS {
            let mut model = fixture::model(size, true);
            press(&mut model, keys);
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), picture(&model, size, Glyphs::UNICODE));
        }
    }
}

#[test]
fn screens_keep_their_meaning_in_ascii() {
    for (name, keys) in [("overview", ""), ("breakers", "3")] {
        let mut model = fixture::model((120, 36), true);
        press(&mut model, keys);
        let ascii = picture(&model, (120, 36), Glyphs::ASCII);
        assert!(ascii.is_ascii(), "{name}");
        insta::assert_snapshot!(format!("{name}_ascii"), ascii);
    }
}

#[test]
fn a_calm_day_and_the_questions_look_as_agreed() {
    insta::assert_snapshot!("calm_120x36", picture(&fixture::model((120, 36), false), (120, 36), Glyphs::UNICODE));
    insta::assert_snapshot!("calm_80x24", picture(&fixture::model((80, 24), false), (80, 24), Glyphs::UNICODE));
    for (name, tier) in [("wide", Tier::Wide), ("heavy", Tier::Heavy)] {
        let mut model = fixture::model((80, 24), true);
        update(&mut model, Msg::Planned(Ok(Box::new(fixture::plan(tier)))), fixture::now());
        insta::assert_snapshot!(format!("dialog_{name}"), picture(&model, (80, 24), Glyphs::UNICODE));
    }
}

#[test]
fn the_chart_reaches_back_as_far_as_it_is_asked_to() {
    let mut model = fixture::model((120, 36), true);
    press(&mut model, "RR");
    insta::assert_snapshot!("chart_120x36", picture(&model, (120, 36), Glyphs::UNICODE));
    press(&mut model, "RRR");
    assert!(picture(&model, (120, 36), Glyphs::UNICODE).contains("last 10 min"), "and begins anew");
}

#[test]
fn marks_stand_where_the_alerts_of_the_settings_are() {
    let settings = |wanted: &[(&str, &str)]| {
        let wanted: Vec<(String, String)> = wanted.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        crate::settings::Settings::isolated(&wanted).unwrap()
    };
    let shown = |settings: &crate::settings::Settings| {
        let mut model = fixture::model((120, 36), true);
        model.facts.thresholds = (&settings.alerts).into();
        picture(&model, (120, 36), Glyphs::UNICODE)
    };
    let usual = shown(&settings(&[]));
    assert!(usual.contains("8,412 C") && usual.contains("731 W") && usual.contains("9,209 C"), "{usual}");
    let high = [("alerts.depth_warning", "731"), ("alerts.depth_critical", "8411"), ("alerts.total_critical", "9209")];
    let high = shown(&settings(&high));
    assert!(
        high.contains("8,412 C") && !high.contains("731 W") && !high.contains("9,209 C"),
        "at is not above: {high}"
    );
    let low = shown(&settings(&[("alerts.depth_warning", "65")]));
    assert!(low.contains("66 W"), "{low}");
}

#[test]
fn breakers_say_how_near_they_are_to_open_and_how_their_lane_does() {
    let mut model = fixture::model((120, 36), false);
    let rules = crate::breakers::Rules { threshold: 7, ..Default::default() };
    model.facts.rules.insert("twilio".into(), rules);
    press(&mut model, "3");
    let shown = picture(&model, (120, 36), Glyphs::UNICODE);
    let row = shown.lines().find(|line| line.contains(" twilio ") && line.contains("closed")).unwrap();
    for fact in ["0/7", "8,412", "38/s", "0/s", "180ms", "420ms", "610ms"] {
        assert!(row.contains(fact), "{fact}: {row}");
    }
    let modelled = shown.lines().find(|line| line.contains("openai-api")).unwrap();
    assert!(modelled.contains("0/5") && !modelled.contains("/s"), "it guards no lane: {modelled}");
}

#[test]
fn the_log_is_shown_newest_first_and_follows() {
    for size in SIZES {
        let mut model = fixture::model(size, true);
        press(&mut model, "7l");
        update(&mut model, Msg::Logs(fixture::log_lines()), fixture::now());
        insta::assert_snapshot!(format!("logs_{}x{}", size.0, size.1), picture(&model, size, Glyphs::UNICODE));
    }
}

#[test]
fn the_footer_names_what_works_here() {
    let footer =
        |model: &Model| picture(model, (80, 24), Glyphs::UNICODE).lines().last().unwrap_or_default().to_owned();
    let mut model = fixture::model((80, 24), false);
    let mut pulse = fixture::pulse(false);
    pulse.status.contacts = Default::default();
    update(&mut model, Msg::Pulse(std::sync::Arc::new(pulse)), fixture::now());
    let shown = footer(&model);
    assert!(picture(&model, (80, 24), Glyphs::UNICODE).contains("Welcome"));
    for key in ["6 credentials", "i import", "d demo", ": command", "? help", "q quit"] {
        assert!(shown.contains(key), "{key} is not in {shown}");
    }
    assert!(!shown.contains("reset") && !shown.contains("pause"), "{shown}");
    let mut model = fixture::model((80, 24), true);
    press(&mut model, "7l");
    assert!(footer(&model).contains("F follow  L level"), "{}", footer(&model));
}

#[test]
fn a_lost_database_is_named_and_the_last_data_stays() {
    let mut model = fixture::model((80, 24), true);
    let failed = Msg::PulseFailed { at: fixture::now(), error: "connection refused".into() };
    update(&mut model, failed, fixture::now());
    let shown = picture(&model, (80, 24), Glyphs::UNICODE);
    assert!(shown.contains("no database since 12:02:34Z") && shown.contains("8,412"), "{shown}");
}

#[test]
fn no_size_panics() {
    let sizes = (1..=200).step_by(23).flat_map(|w| (1..=80).step_by(13).map(move |h| (w, h)));
    for (columns, rows) in sizes.chain([(1, 1), (59, 15), (60, 16), (79, 24), (400, 200)]) {
        for (_, keys) in SCREENS_BY_KEYS {
            let mut model = fixture::model((columns, rows), true);
            press(&mut model, keys);
            picture(&model, (columns, rows), Glyphs::UNICODE);
        }
        let mut model = fixture::model((columns, rows), true);
        update(&mut model, Msg::Planned(Ok(Box::new(fixture::plan(Tier::Heavy)))), fixture::now());
        picture(&model, (columns, rows), Glyphs::ASCII);
    }
}

#[test]
fn foreign_text_never_reaches_the_terminal_raw() {
    let mut model = fixture::model((120, 36), true);
    press(&mut model, "7");
    let shown = picture(&model, (120, 36), Glyphs::UNICODE);
    assert!(shown.contains("\\x1b[31m64") && !shown.contains('\u{1b}'));
}

fn ctrl(model: &mut Model, c: char) {
    update(model, Msg::Key(Key::ctrl(c)), fixture::now());
}

fn said(model: &mut Model, id: u64, said: AskSaid) {
    update(model, Msg::Asked(id, Ok(said)), fixture::now());
}

#[test]
fn a_question_is_shown_before_it_runs_and_what_is_sent_before_it_leaves() {
    for size in SIZES {
        let look = |model: &Model, name: &str| {
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), picture(model, size, Glyphs::UNICODE));
        };
        let mut model = fixture::model(size, true);
        press(&mut model, "5");
        said(&mut model, 0, AskSaid::Memory(Box::new(fixture::memory()), None));
        press(&mut model, "/failed mobile numbers in Texas since yesterday with quality below 60\n");
        look(&model, "ask_waiting");
        said(&mut model, 1, AskSaid::Proposal(Box::new(fixture::proposal(true))));
        look(&model, "ask_proposal");
        press(&mut model, "/\n");
        said(&mut model, 2, AskSaid::Proposal(Box::new(fixture::proposal(false))));
        look(&model, "ask_not_understood");
        press(&mut model, "l/which of these look like a risk?\n");
        said(&mut model, 3, AskSaid::Prepared(fixture::prepared()));
        press(&mut model, "I");
        look(&model, "ask_ready");
        press(&mut model, "I\n");
        said(&mut model, 4, AskSaid::Answer(Box::new(fixture::answered())));
        look(&model, "ask_answer");
        press(&mut model, "l");
        look(&model, "ask_history");
        press(&mut model, "l");
        look(&model, "ask_saved");
        press(&mut model, "hhh");
        ctrl(&mut model, 's');
        look(&model, "ask_keep");
    }
}
