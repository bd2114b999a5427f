//! The question before an action: what it would touch, what must be said, and a way out.

use chrono::{DateTime, TimeDelta, Utc};
use tui_input::Input;

use super::Beside;
use crate::console::confirm::Said;
use crate::operations::actions::{Action, Plan, Tier};

/// What a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Why.
    Reason,
    /// How long a hold lasts.
    Lasts,
    /// The number or name of a heavy action.
    Word,
}

/// One text field.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it asks for.
    pub kind: FieldKind,
    /// What was typed.
    pub input: Input,
}

impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        self.kind == other.kind
            && self.input.value() == other.input.value()
            && self.input.cursor() == other.input.cursor()
    }
}

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// A field, by its place.
    Field(usize),
    /// The way out; where the focus rests at first.
    Cancel,
    /// The act itself.
    Act,
}

/// A question before an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    /// What it would do.
    pub plan: Plan,
    /// What can be said.
    pub fields: Vec<Field>,
    /// Where keys go.
    pub focus: Focus,
    /// Why the last try was not taken.
    pub wrong: Option<String>,
    /// Since when it has been open.
    pub opened: DateTime<Utc>,
    /// Whether it has been on the screen.
    pub seen: bool,
    /// What a second person was asked, and answered.
    pub beside: Beside,
}

/// On a slow link a question that has just left can't have been read: what is typed within this time was meant for
/// something else.
const READ_FIRST: TimeDelta = TimeDelta::milliseconds(400);

impl Dialog {
    /// The question that a plan needs.
    pub fn new(plan: Plan, opened: DateTime<Utc>) -> Dialog {
        let mut kinds = Vec::new();
        let (held, heavy) = (holds(&plan.action), plan.tier == Tier::Heavy);
        if held || heavy || matches!(plan.action, Action::ResetBreaker { .. }) {
            kinds.push(FieldKind::Reason);
        }
        if held {
            kinds.push(FieldKind::Lasts);
        }
        if heavy {
            kinds.push(FieldKind::Word);
        }
        let begins_in_field = held || heavy;
        let focus = if begins_in_field { Focus::Field(0) } else { Focus::Cancel };
        let said = plan.action.reason().unwrap_or_default().to_owned();
        let begin = |kind| if kind == FieldKind::Reason { Input::new(said.clone()) } else { Input::default() };
        let fields = kinds.into_iter().map(|kind| Field { kind, input: begin(kind) }).collect();
        Dialog { plan, fields, focus, wrong: None, opened, seen: false, beside: Beside::Nobody }
    }

    /// Whether it was on the screen, on a slow link long enough to be answered.
    pub fn was_read(&self, now: DateTime<Utc>, slow: bool) -> bool {
        self.seen && (!slow || now - self.opened >= READ_FIRST)
    }

    /// What was said so far.
    pub fn said(&self) -> Said {
        let text =
            |kind| self.fields.iter().find(|f| f.kind == kind).map_or_else(String::new, |f| f.input.value().to_owned());
        Said { reason: text(FieldKind::Reason), lasts: text(FieldKind::Lasts), word: text(FieldKind::Word) }
    }

    /// Moves the focus on, or back.
    pub fn turn(&mut self, back: bool) {
        let stops = self.fields.len() + 2;
        let at = match self.focus {
            Focus::Field(i) => i,
            Focus::Cancel => stops - 2,
            Focus::Act => stops - 1,
        };
        let next = if back { (at + stops - 1) % stops } else { (at + 1) % stops };
        self.focus = match next {
            i if i < self.fields.len() => Focus::Field(i),
            i if i == stops - 2 => Focus::Cancel,
            _ => Focus::Act,
        };
    }
}

/// Whether an action needs a reason and an end, also where its tier is light.
pub fn holds(action: &Action) -> bool {
    matches!(action, Action::HoldBreakerOpen { .. } | Action::HoldBreakerClosed { .. })
}
