//! The Ask screen: the line, what it was understood as and would run, or what a model sees and says; and the two lists.

use chrono::SecondsFormat;
use ratatui::layout::{Constraint, Layout, Rect};

use super::Size;
use super::dialog::text_field;
use crate::ask::about::{AboutAnswer, CONTACTS_MAX};
use crate::console::model::{About, AskTab, Model};
use crate::console::theme::Token;
use crate::console::update::ask::whom;
use crate::console::widget::{Cell, Column, Piece, Row, Sheet, Width, fold, table, words};
use crate::operations::ask::Proposal;

/// Lines of a long text that can be scrolled to.
const LINES_MAX: usize = 2_000;

pub(super) fn draw(model: &Model, sheet: &mut Sheet<'_>, area: Rect, size: Size) {
    if model.ask.tab.is_list() {
        return list(model, sheet, area);
    }
    let rows = Layout::vertical([Constraint::Length(5), Constraint::Min(3)]).split(area);
    line(model, sheet, rows[0]);
    match (&model.ask.proposal, &model.ask.about) {
        _ if model.ask.error.is_some() => failed(model, sheet, rows[1]),
        (Some((_, proposal)), _) if model.ask.tab == AskTab::Find => proposed(model, proposal, sheet, (rows[1], size)),
        (_, About::Ready(prepared)) if model.ask.tab == AskTab::About => {
            ready(model, &prepared.request.sent(), prepared.request.contacts, sheet, rows[1]);
        }
        (_, About::Answer(answer)) if model.ask.tab == AskTab::About => answered(model, answer, sheet, rows[1]),
        _ => hints(model, sheet, rows[1]),
    }
}

fn padded(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

fn title(model: &Model) -> String {
    let tabs: Vec<String> = AskTab::ALL
        .iter()
        .map(|(tab, name)| if *tab == model.ask.tab { format!("[{name}]") } else { (*name).to_owned() })
        .collect();
    format!("Ask > {}", tabs.join(" "))
}

/// The question, whom it is about, and who answers.
fn line(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = padded(sheet.pane(area, &title(model), true));
    let input = model.ask.line();
    let mut pieces: Vec<Piece<'_>> = vec![("> ".into(), Token::Accent)];
    if input.value().is_empty() && !model.ask.typing {
        pieces.push(("Enter or / to type a question".into(), Token::Muted));
    } else {
        let room = usize::from(inner.width.saturating_sub(3));
        let first = input.cursor().saturating_sub(room);
        let shown: String = input.value().chars().skip(first).collect();
        pieces.extend(text_field(&shown, input.cursor() - first, model.ask.typing));
    }
    sheet.line(inner, &pieces);
    let about = model.ask.tab == AskTab::About;
    let second = if about {
        whom_words(model)
    } else {
        "a question can only become a filter: it is shown before it runs".into()
    };
    sheet.put((inner.x, inner.y + 1, inner.width), &second, Token::Muted);
    let (text, token) = who_answers(model);
    sheet.put((inner.x, inner.y + 2, inner.width), &text, token);
}

fn whom_words(model: &Model) -> String {
    let (ids, filter) = whom(model);
    let masked = if model.ask.switches.1 {
        "numbers and addresses as they are (U masks)"
    } else {
        "numbers and addresses masked (U allows)"
    };
    let whom = match (ids.len(), filter.is_empty()) {
        (0, true) => format!("the newest {CONTACTS_MAX} contacts"),
        (0, false) => format!("the newest {CONTACTS_MAX} that match {filter}"),
        (n, _) => format!("{}, at most {CONTACTS_MAX}", words::of(n as i64, "marked contact", "marked contacts")),
    };
    format!("about {whom}; {masked}")
}

fn who_answers(model: &Model) -> (String, Token) {
    if let Some(waiting) = &model.ask.calls.0 {
        return (format!("{} {}s; Esc does not wait for it", waiting.what, waiting.age_s), Token::Half);
    }
    let models = model.ask.memory.models.join(", then ");
    match (model.ask.switches.0, models.is_empty(), model.ask.tab) {
        (_, true, AskTab::About) => (
            "no model has a key: 6 Credentials takes one, or a compatible server's address in the settings".into(),
            Token::Warn,
        ),
        (true, _, AskTab::Find) => ("the built-in translator answers (M asks a model again)".into(), Token::Muted),
        (false, true, _) => ("the built-in translator answers: no model has a key".into(), Token::Muted),
        _ => (format!("asks {models}"), Token::Muted),
    }
}

fn failed(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = padded(sheet.pane(area, "No answer", false));
    sheet.wrapped(inner, model.ask.error.as_deref().unwrap_or_default(), Token::Warn);
}

fn hints(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = padded(sheet.pane(area, "", false));
    let about = [
        "A model sees the listed fields of these contacts and answers in plain text; it can do nothing.",
        "First you see what would be sent; nothing leaves before you press Enter a second time.",
        "For example: which of these look like a risk, and what should we do next?",
    ];
    let find = [
        "For example:",
        "  failed mobile numbers in Texas since yesterday with quality below 60",
        "  software firms in Berlin with 50 or more people",
        "  ten best contacts without a company",
        "",
        "A model sees the question and the filter language, never a contact. Without one the built-in translator answers.",
    ];
    let texts: &[&str] = if model.ask.tab == AskTab::About { &about } else { &find };
    let mut lines = Vec::new();
    texts.iter().for_each(|text| push(&mut lines, text, inner.width, Token::Muted));
    scrolled(model, sheet, inner, &lines);
}

type Line = (String, Token);

/// What the question was understood as, and what would run.
fn proposed(model: &Model, proposal: &Proposal, sheet: &mut Sheet<'_>, (area, size): (Rect, Size)) {
    let wide = size == Size::Full;
    let parts = if wide {
        Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).split(area)
    } else {
        Layout::vertical([Constraint::Percentage(55), Constraint::Percentage(45)]).split(area)
    };
    let left = padded(sheet.pane(parts[0], "Understood as (E edits)", false));
    let right = padded(sheet.pane(parts[1], "Will run (read only)", false));
    scrolled(model, sheet, left, &understood(model, proposal, left.width));
    scrolled(model, sheet, right, &will_run(proposal, right.width, model.ask.inspecting));
}

fn push(lines: &mut Vec<Line>, text: &str, width: u16, token: Token) {
    lines.extend(fold(text, width, LINES_MAX).into_iter().map(|line| (line, token)));
}

fn understood(model: &Model, proposal: &Proposal, width: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    let filter = if proposal.filter.is_empty() { "(every contact)" } else { &proposal.filter };
    push(&mut lines, filter, width, Token::Accent);
    push(&mut lines, &proposal.more.words, width, Token::Text);
    match proposal.not_understood.as_slice() {
        [] => push(&mut lines, "not understood: nothing", width, Token::Muted),
        parts => push(&mut lines, &format!("not understood: {}", parts.join("; ")), width, Token::Warn),
    }
    for note in &proposal.more.notes {
        push(&mut lines, note, width, Token::Warn);
    }
    let how = match &proposal.more.model {
        Some(name) => {
            let tokens = proposal.more.tokens.input + proposal.more.tokens.output;
            format!(
                "{name}  {}  {tokens} tokens  ${:.4}",
                words::millis(proposal.more.took_ms as i64),
                proposal.more.cost
            )
        }
        None => format!("{}  {}", proposal.source, words::millis(proposal.more.took_ms as i64)),
    };
    push(&mut lines, &how, width, Token::Muted);
    if model.ask.inspecting || lines.len() < 8 {
        for pair in &proposal.more.understood {
            push(&mut lines, &format!("{:?} -> {}", pair.words, pair.filter), width, Token::Muted);
        }
    }
    lines
}

fn will_run(proposal: &Proposal, width: u16, whole: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    if proposal.not_understood.is_empty() {
        let about = if proposal.more.exact { "" } else { "~" };
        let rows = proposal.estimated_rows.map_or_else(|| "-".into(), words::count);
        let index = proposal.more.index.as_deref().unwrap_or("none: the table is read through");
        push(&mut lines, &format!("{about}{rows} rows; index {index}"), width, Token::Text);
        push(&mut lines, "Enter shows them in Contacts", width, Token::Accent);
    } else {
        push(
            &mut lines,
            "nothing, while a part is not understood: / says it differently, E edits the filter",
            width,
            Token::Warn,
        );
    }
    // What is selected is always the same: the condition is what one wants to see.
    let condition =
        proposal.sql.find(" WHERE ").filter(|_| !whole).map(|at| format!("SELECT ...{}", &proposal.sql[at..]));
    push(&mut lines, condition.as_ref().unwrap_or(&proposal.sql), width, Token::Muted);
    for (at, value) in proposal.params.iter().enumerate() {
        push(&mut lines, &format!("${} = {value}", at + 1), width, Token::Muted);
    }
    lines
}

/// What would be sent about contacts, in full where somebody wants to see it.
fn ready(model: &Model, sent: &str, contacts: usize, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = padded(sheet.pane(area, "Ready: nothing has left yet", false));
    let mut lines = Vec::new();
    let many = words::of(contacts as i64, "contact", "contacts");
    push(
        &mut lines,
        &format!("{many}, {} characters. Enter sends it, Esc leaves it.", words::count(sent.chars().count() as i64)),
        inner.width,
        Token::Accent,
    );
    if model.ask.inspecting {
        push(&mut lines, sent, inner.width, Token::Muted);
    } else {
        push(&mut lines, "I shows exactly what is sent.", inner.width, Token::Muted);
    }
    scrolled(model, sheet, inner, &lines);
}

fn answered(model: &Model, answer: &AboutAnswer, sheet: &mut Sheet<'_>, area: Rect) {
    let who = if answer.answered {
        format!("{} says (a model's text: it can do nothing)", answer.model)
    } else {
        format!("{}: no answer", answer.model)
    };
    let inner = padded(sheet.pane(area, &who, false));
    let mut lines = Vec::new();
    let token = if answer.answered { Token::Text } else { Token::Warn };
    answer.lines.iter().for_each(|line| push(&mut lines, line, inner.width, token));
    answer.notes.iter().for_each(|note| push(&mut lines, note, inner.width, Token::Warn));
    let tokens = answer.tokens.input + answer.tokens.output;
    let many = words::of(answer.contacts as i64, "contact", "contacts");
    let cost = format!("{many}, {tokens} tokens, ${:.4}; I shows exactly what was sent", answer.cost as f64 / 1e6);
    push(&mut lines, &cost, inner.width, Token::Muted);
    if model.ask.inspecting {
        push(&mut lines, &answer.sent, inner.width, Token::Muted);
    }
    scrolled(model, sheet, inner, &lines);
}

/// The lines from where one has scrolled to; the last row says how many are left.
fn scrolled(model: &Model, sheet: &mut Sheet<'_>, area: Rect, lines: &[Line]) {
    let height = usize::from(area.height);
    let room = if lines.len() > height { height.saturating_sub(1) } else { height };
    let most = lines.len() - room.min(lines.len());
    let first = usize::from(model.ask.at.1).min(most);
    for (row, (text, token)) in area.rows().zip(lines[first..].iter().take(room)) {
        sheet.put((row.x, row.y, row.width), text, *token);
    }
    if room < height && first < most {
        let more = format!("{} more: PgDn", words::of((most - first) as i64, "line", "lines"));
        sheet.put((area.x, area.bottom() - 1, area.width), &more, Token::Half);
    }
}

const HISTORY: [Column; 5] = [
    Column::left("asked", Width::Fixed(12), 1),
    Column::left("by", Width::Fixed(8), 3),
    Column::left("question", Width::Fill(20), 0),
    Column::left("became", Width::Fixed(36), 2),
    Column::right("$", 7, 4),
];
const SAVED: [Column; 4] = [
    Column::left("name", Width::Fixed(18), 0),
    Column::left("filter", Width::Fill(20), 0),
    Column::left("question", Width::Fixed(36), 2),
    Column::left("since", Width::Fixed(17), 3),
];

fn list(model: &Model, sheet: &mut Sheet<'_>, area: Rect) {
    let inner = padded(sheet.pane(area, &title(model), true));
    let rows = model.ask.rows();
    if rows == 0 {
        let text = if model.ask.tab == AskTab::Saved {
            "nothing is kept yet: ask, then Ctrl-S keeps it under a name"
        } else {
            "nothing was asked yet"
        };
        sheet.put((inner.x, inner.y, inner.width), text, Token::Muted);
        return;
    }
    let chosen = (rows, Some(model.ask.at.0.at));
    if model.ask.tab == AskTab::Saved {
        table(sheet, inner, &SAVED, chosen, |i| saved_row(model, i));
    } else {
        table(sheet, inner, &HISTORY, chosen, |i| history_row(model, i));
    }
}

fn history_row(model: &Model, i: usize) -> Row {
    let Some(asked) = model.ask.memory.history.get(i) else { return Row::new() };
    let by = asked.source.split('/').next().unwrap_or_default();
    let became = if asked.understood { asked.filter.clone() } else { "(not understood)".into() };
    vec![
        Cell::new(words::when(asked.at, model.clock, model.ages), Token::Muted),
        Cell::new(by, Token::Muted),
        Cell::new(asked.question.clone(), Token::Text),
        Cell::new(became, if asked.understood { Token::Muted } else { Token::Warn }),
        Cell::new(if asked.cost > 0.0 { format!("{:.4}", asked.cost) } else { "-".into() }, Token::Muted),
    ]
}

fn saved_row(model: &Model, i: usize) -> Row {
    let Some(saved) = model.ask.memory.saved.get(i) else { return Row::new() };
    vec![
        Cell::new(format!("@{}", saved.name), Token::Accent),
        Cell::new(saved.filter.clone(), Token::Text),
        Cell::new(words::or_none(saved.question.clone()), Token::Muted),
        Cell::new(saved.created_at.to_rfc3339_opts(SecondsFormat::Secs, true)[..16].replace('T', " "), Token::Muted),
    ]
}
