//! Others on deck: what this console tells of itself, and what it knows of them.

use chrono::{DateTime, Utc};

use super::{Level, Model, Overlay, SCREENS, Screen};
use crate::operations::actions::Action;
use crate::operations::views::{AskView, ConsoleView, Deck};

/// Longest text that a console tells of itself, in characters.
const TOLD_MAX: usize = 200;

/// What the others see of a console.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The screen that is shown.
    pub screen: &'static str,
    /// What is selected there.
    pub chosen: Option<String>,
    /// The question that is open: verb and target.
    pub question: Option<(&'static str, String)>,
}

/// What a dialog knows of a second person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Beside {
    /// Nobody was asked.
    #[default]
    Nobody,
    /// The ask is on its way.
    Sending,
    /// The others were asked: the number, and until when an answer counts.
    Asked(i64, DateTime<Utc>),
    /// Somebody agreed.
    Agreed(String),
    /// Somebody refused.
    Refused(String),
}

/// What others may know of this console now.
pub fn standing(model: &Model) -> Standing {
    let screen = SCREENS.iter().find(|(screen, ..)| *screen == model.screen).map_or("", |(_, _, name)| *name);
    let question = match &model.overlay {
        Some(Overlay::Confirm(open)) if !matches!(open.plan.action, Action::AnswerSecond { .. }) => {
            Some((open.plan.action.verb(), open.plan.action.target()))
        }
        Some(Overlay::Entering(open)) => Some(("credentials rotate", open.slot.name.to_owned())),
        _ => None,
    };
    let cut = |text: String| text.chars().take(TOLD_MAX).collect::<String>();
    Standing { screen, chosen: chosen(model).map(cut), question: question.map(|(verb, what)| (verb, cut(what))) }
}

/// Names and numbers only: nothing of a contact leaves for the others' screens.
fn chosen(model: &Model) -> Option<String> {
    match (model.screen, &model.lanes.level) {
        (Screen::Overview, _) | (Screen::Lanes, Level::Lanes | Level::Jobs) => model.lanes.list.id.clone(),
        (Screen::Lanes, Level::Job(id)) => Some(format!("job {id}")),
        (Screen::Breakers, _) => model.breakers.list.id.clone(),
        (Screen::Contacts, _) => model.contacts.open.map(|(id, _)| format!("contact {id}")),
        (Screen::Credentials, _) => model.credentials.list.id.map(str::to_owned),
        (Screen::Fleet, _) => model.node_rows().get(model.fleet.at).map(|node| node.node.clone()),
        _ => None,
    }
}

impl Model {
    /// Everybody on deck, as of the last snapshot.
    pub fn deck(&self) -> Option<&Deck> {
        self.pulse.as_ref().map(|pulse| &pulse.deck)
    }

    /// Other open consoles.
    pub fn others(&self) -> impl Iterator<Item = &ConsoleView> {
        self.deck().into_iter().flat_map(|deck| &deck.consoles).filter(|other| Some(other.id) != self.facts.deck)
    }

    /// The oldest ask that this person may answer.
    pub fn asked_of_me(&self) -> Option<&AskView> {
        let login = self.facts.rights.as_ref().map(|rights| rights.login.as_str());
        self.deck()?.asks.iter().rev().find(|ask| ask.is_for(login, &self.facts.actor))
    }
}
