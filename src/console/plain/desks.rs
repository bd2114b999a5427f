//! Questions and credentials as lines. A secret is not entered here: these lines are shown as they are typed.

use crate::console::command::Turn;
use crate::console::desks::{AskSaid, AskWish, CredentialSaid, CredentialWish, Desks};
use crate::console::widget::words;
use crate::operations::actions::{Action, Actor};
use crate::operations::ask::Proposal;

/// Rows of an answer that are said at once.
const ROWS: usize = 40;

/// A question, what it was understood as, and its rows: a question can only look.
pub async fn ask(desks: &Desks, question: &str) -> Vec<String> {
    if question.is_empty() {
        return vec!["Ask what? Such as: ask failed mobile numbers in Texas since yesterday.".into()];
    }
    let wish = AskWish::Propose { question: question.to_owned(), built_in: false };
    match desks.ask(wish).await {
        Ok(AskSaid::Proposal(proposal)) => answer(desks, &proposal).await,
        Ok(_) => Vec::new(),
        Err(error) => vec![error],
    }
}

async fn answer(desks: &Desks, proposal: &Proposal) -> Vec<String> {
    let filter = if proposal.filter.is_empty() { "(every contact)" } else { &proposal.filter };
    let who = proposal.more.model.as_deref().unwrap_or(proposal.source);
    let mut lines = vec![format!("Understood by {who}: {}. Filter: {filter}", proposal.more.words)];
    lines.extend(proposal.more.notes.iter().map(|note| format!("Note: {note}.")));
    if !proposal.not_understood.is_empty() {
        lines.push(format!("Nothing was run, since this was not understood: {}.", proposal.not_understood.join("; ")));
        return lines;
    }
    let about = if proposal.more.exact { "" } else { "About " };
    lines.extend(proposal.estimated_rows.map(|rows| format!("{about}{} match.", words::count(rows))));
    let found = match &desks.ask {
        Some(desk) => desk.run(&proposal.query).await,
        None => return lines,
    };
    match found {
        Ok(found) => lines.extend(found.rows.iter().take(ROWS).map(|row| {
            let name = words::or_none(row.business_name.clone().or_else(|| row.full_name.clone()));
            format!("Contact {}: {}, {}, {name}.", row.id, row.phone_e164, row.status)
        })),
        Err(error) => lines.push(error.to_string()),
    }
    lines
}

/// What can be done with a slot by lines; an action is planned and asked for like every other.
pub async fn credential(desks: &Desks, actor: &Actor, slot: &str, turn: Turn) -> Result<Action, Vec<String>> {
    let wish = match turn {
        Turn::Enter => {
            let words = format!("What is typed here is shown: run `switchboard credentials rotate {slot}` for it.");
            return Err(vec![words]);
        }
        Turn::Verify(version) => CredentialWish::Verify { slot: slot.to_owned(), version },
        Turn::Finish { unverified } => CredentialWish::Finish { slot: slot.to_owned(), unverified },
        Turn::Show => return Err(vec![format!("Type credentials list; {slot} is among them.")]),
    };
    match desks.credentials(wish, actor).await {
        Ok(CredentialSaid::Finish(action)) => Ok(action),
        Ok(CredentialSaid::Judged(judged)) => {
            Err(vec![format!("{} {}: {}, {}.", judged.slot, judged.label, judged.verdict, judged.detail)])
        }
        Err(error) => Err(vec![format!("Nothing was done: {error}")]),
    }
}
