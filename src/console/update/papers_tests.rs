use super::*;
use crate::console::effect::{Outside, Query};
use crate::console::fixture::{answer, model, now};
use crate::console::keys::{Code, Key};
use crate::console::model::{Paper, PaperLine, Reading};
use crate::database::Rights;
use crate::operations::actions::JobTarget;
use crate::operations::why::Subject;

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for c in keys.chars() {
        let key = match c {
            '\n' => Key::plain(Code::Enter),
            '^' => Key::plain(Code::Esc),
            c => Key::char(c),
        };
        effects.extend(update(model, Msg::Key(key), now()));
        answer(model);
    }
    effects
}

fn paper(model: &Model) -> Option<&Paper> {
    if let Some(Overlay::Paper(paper)) = &model.overlay { Some(paper) } else { None }
}

fn viewer() -> Rights {
    let login = "vera".to_owned();
    Rights { login, enforced: true, viewer: true, operator: false, admin: false, worker: false }
}

#[test]
fn why_is_read_aside_and_what_comes_too_late_is_not_shown() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, "4w");
    let asked = Reading::Why(Subject::Contact("5512034".into()));
    assert!(effects.contains(&Effect::Read(asked.clone())), "{effects:?}");
    let lines = vec![PaperLine::says("1 contact 5512034: is pending"), PaperLine::says("2 lane twilio: is parked")];
    update(&mut model, Msg::Paper(asked.clone(), Ok(lines.clone())), now());
    assert_eq!(paper(&model).unwrap().lines().len(), 2);
    assert!(press(&mut model, "y").iter().any(|e| matches!(e, Effect::Copy(text) if text.contains("is parked"))));
    assert!(paper(&model).is_none());
    press(&mut model, "2w");
    update(&mut model, Msg::Paper(asked, Ok(lines)), now());
    assert!(paper(&model).unwrap().lines.is_none(), "the answer to another question is not this one's");
    press(&mut model, "^");
    assert!(model.overlay.is_none());
}

#[test]
fn a_line_offers_what_can_follow_and_says_why_it_may_not() {
    let mut model = model((120, 36), true);
    press(&mut model, ":alerts list\n");
    let line = PaperLine::says("critical twilio")
        .then("take it on", "alerts ack 7")
        .then("silence", "alerts silence depth/twilio");
    update(&mut model, Msg::Paper(Reading::Alerts, Ok(vec![line.clone()])), now());
    let effects = press(&mut model, "\n\n");
    assert!(effects.contains(&Effect::Plan(Action::AckAlert { id: 7, taken: true })), "{effects:?}");
    model.facts.rights = Some(viewer());
    press(&mut model, ":alerts list\n");
    update(&mut model, Msg::Paper(Reading::Alerts, Ok(vec![line])), now());
    let effects = press(&mut model, "\n\n");
    assert!(!effects.iter().any(|e| matches!(e, Effect::Plan(_))));
    assert_eq!(model.toast.as_ref().unwrap().text, "needs role operator: vera is viewer");
}

#[test]
fn a_viewer_may_do_nothing_and_is_told_why_at_each_verb() {
    let mut model = model((120, 36), true);
    model.facts.rights = Some(viewer());
    for keys in ["p", "3r", "4e", "4r", "2+", ":schedules pause nightly\n", ":undo 3\n", ":import a.csv\n"] {
        let effects = press(&mut model, keys);
        assert!(!effects.iter().any(|e| matches!(e, Effect::Plan(_) | Effect::Undo(_) | Effect::Work(..))), "{keys}");
        assert!(model.toast.take().is_some_and(|t| t.text.contains("needs role operator")), "{keys}");
    }
    assert!(allowed::admins(&model).unwrap().contains("needs role admin"));
    model.facts.rights = Some(Rights { operator: true, ..viewer() });
    assert!(allowed::writes(&model).is_none() && allowed::admins(&model).is_some());
}

#[test]
fn the_filter_of_jobs_is_the_databases_and_all_that_match_is_more_than_the_page() {
    let mut model = model((120, 36), true);
    let effects = press(&mut model, "2\n/error:timeout age>2h \n");
    let filters: Vec<&str> = effects
        .iter()
        .filter_map(|e| match e {
            Effect::Watch { query: Some(Query::Jobs { filter, .. }), .. } => Some(filter.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(filters.last(), Some(&"error:timeout age>2h"), "{filters:?}");
    let effects = press(&mut model, "*x");
    let target = JobTarget::Filter("lane:twilio state:waiting (error:timeout age>2h)".into());
    assert!(effects.contains(&Effect::Plan(Action::CancelJobs { target })), "{effects:?}");
    press(&mut model, "/nonsense:1\n");
    assert!(model.lanes.wrong.is_some() && model.lanes.search.input.is_some(), "what is not understood stays open");
    assert_eq!(model.lanes.filter, "error:timeout age>2h");
}

#[test]
fn acts_of_the_command_line_are_wishes_of_the_palette() {
    let mut model = model((120, 36), true);
    for (line, verb) in [
        ("contacts set 5 full_name='Jane Doe'", "contacts set"),
        ("contacts enrich --filter status:completed", "contacts enrich"),
        ("contacts rescore --all", "contacts rescore"),
        ("contacts retry", "lookup"),
        ("duplicates merge 1 2", "duplicates merge"),
        ("duplicates undo 3", "duplicates undo"),
        ("schedules add nightly 'every 1d' --again", "schedules add"),
        ("schedules pause nightly", "schedules pause"),
        ("jobs discard --filter 'error:timeout'", "jobs discard"),
        ("jobs reprioritise --lane twilio --priority 5", "jobs reprioritise"),
        ("alerts silence depth/twilio --end", "alerts silence"),
        ("lanes rate twilio 2.5", "lanes rate"),
    ] {
        let effects = press(&mut model, &format!(":{line}\n"));
        let wished = effects.iter().find_map(|e| if let Effect::Plan(action) = e { Some(action.verb()) } else { None });
        assert_eq!(wished, Some(verb), "{line}: {:?}", model.overlay);
    }
    let effects = press(&mut model, ":drill outage --contacts 50\n");
    let words = ["drill", "outage", "--contacts", "50"].map(str::to_owned).to_vec();
    assert!(effects.contains(&Effect::Outside(Outside::Ourselves(words))), "{effects:?}");
    let effects = press(&mut model, ":handover 90m\n");
    assert!(effects.contains(&Effect::Read(Reading::Handover(chrono::TimeDelta::minutes(90)))));
}
