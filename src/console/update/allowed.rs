//! Whether something may be changed here and now, and why not. What is forbidden is greyed with this reason, never hidden.

use crate::console::keys::{Binding, Place};
use crate::console::model::Model;
use crate::database::Rights;

/// Why nothing can be changed now.
pub fn writes(model: &Model) -> Option<String> {
    if let Some(rights) = lacking(model, |rights| rights.operator) {
        return Some(format!("needs role operator: {} is {}", rights.login, rights.role()));
    }
    if model.facts.read_only {
        return Some("this console is read-only: start it without --read-only to act".into());
    }
    if model.past.is_some() {
        return Some("this is the past: 0 leads back to the present, where it can be done".into());
    }
    if model.leaving.is_some() {
        return Some("the console is draining and will end".into());
    }
    model.failing.as_ref().map(|_| "the database does not answer: it can be done when it is back".into())
}

/// Why credentials can't be turned by this login.
pub fn admins(model: &Model) -> Option<String> {
    let rights = lacking(model, |rights| rights.admin)?;
    Some(format!("needs role admin; {} is {}", rights.login, rights.role()))
}

/// The rights, where the database enforces that they lack something.
fn lacking(model: &Model, has: impl Fn(&Rights) -> bool) -> Option<&Rights> {
    model.facts.rights.as_ref().filter(|rights| rights.enforced && !has(rights))
}

/// Why this key can't do what it says.
pub fn refusal(model: &Model, binding: &Binding) -> Option<String> {
    if !binding.writes {
        return None;
    }
    writes(model).or_else(|| admins(model).filter(|_| binding.places.contains(&Place::Credentials)))
}
