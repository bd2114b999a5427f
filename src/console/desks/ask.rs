//! Questions: what can be wished for, what comes back.

use std::sync::Arc;

use super::Desks;
use crate::ask::about::{AboutAnswer, AboutQuestion, AboutRequest};
use crate::ask::memory::{Asked, Saved};
use crate::contacts::filter::Filter;
use crate::operations::ask::{AskDesk, Proposal};

/// Questions of the past that are shown.
const HISTORY: i64 = 200;

/// A question about contacts, before its contacts are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutWish {
    /// In the operator's words.
    pub question: String,
    /// Filter of the contacts.
    pub filter: String,
    /// Marked contacts; empty: all that the filter finds.
    pub ids: Vec<i64>,
    /// Whether phone numbers and addresses may be sent as they are.
    pub allow_people: bool,
}

/// What would be sent, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// What was asked.
    pub asked: AboutQuestion,
    /// What a model will see.
    pub request: AboutRequest,
}

/// What is asked of the desk.
#[derive(Debug, Clone, PartialEq)]
pub enum AskWish {
    /// A question as a filter.
    Propose {
        /// In the operator's words.
        question: String,
        /// Ask no model.
        built_in: bool,
    },
    /// What would be sent about contacts; nothing leaves yet.
    Prepare(AboutWish),
    /// Send it.
    Send(Arc<Prepared>),
    /// What this person asked and keeps, and who would answer.
    Recall,
    /// Keep a filter under a name.
    Keep {
        /// The name.
        name: String,
        /// In the person's words.
        question: Option<String>,
        /// In the filter language.
        filter: String,
    },
    /// Forget what stands under a name.
    Forget(String),
}

/// What a person asked and keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    /// Newest first.
    pub history: Vec<Asked>,
    /// By name.
    pub saved: Vec<Saved>,
    /// Models that would be asked, in order; none: the built-in translator answers.
    pub models: Vec<String>,
}

/// What the desk said.
#[derive(Debug, Clone)]
pub enum AskSaid {
    /// What would run.
    Proposal(Box<Proposal>),
    /// What would be sent.
    Prepared(Arc<Prepared>),
    /// A model's answer, as text.
    Answer(Box<AboutAnswer>),
    /// What is remembered; the sentence says what was changed in it.
    Memory(Box<Memory>, Option<String>),
}

impl Desks {
    /// Runs a wish; an error is one sentence.
    pub async fn ask(&self, wish: AskWish) -> Result<AskSaid, String> {
        let Some(desk) = &self.ask else { return Err("this console was started without the desk that answers".into()) };
        match wish {
            AskWish::Propose { question, built_in } => {
                let proposal = desk.propose(&question, built_in).await.map_err(|e| e.to_string())?;
                Ok(AskSaid::Proposal(Box::new(proposal)))
            }
            AskWish::Prepare(wish) => prepare(desk, wish).await,
            AskWish::Send(prepared) => {
                let sent = desk.about(&prepared.asked, &prepared.request).await.map_err(|e| e.to_string())?;
                sent.map(|answer| AskSaid::Answer(Box::new(answer)))
            }
            AskWish::Recall => memory(desk, None).await,
            AskWish::Keep { name, question, filter } => {
                let kept = desk.save(&name, question.as_deref(), &filter).await.map_err(|e| e.to_string())?;
                if !kept {
                    return Err("a name has letters, digits, _ and -, at most 40".into());
                }
                memory(desk, Some(format!("kept as @{name}"))).await
            }
            AskWish::Forget(name) => {
                desk.forget(&name).await.map_err(|e| e.to_string())?;
                memory(desk, Some(format!("@{name} is forgotten"))).await
            }
        }
    }
}

async fn prepare(desk: &AskDesk, wish: AboutWish) -> Result<AskSaid, String> {
    let filter = Filter::parse(&wish.filter, desk.anchor()).map_err(|e| e.to_string())?;
    let AboutWish { question, ids, allow_people, .. } = wish;
    let asked = AboutQuestion { question, filter, ids, allow_people };
    let request = desk.about_request(&asked).await.map_err(|e| e.to_string())?;
    if request.contacts == 0 {
        return Err("no contact matches: mark some on Contacts, or filter there".into());
    }
    Ok(AskSaid::Prepared(Arc::new(Prepared { asked, request })))
}

async fn memory(desk: &AskDesk, told: Option<String>) -> Result<AskSaid, String> {
    let history = desk.history(HISTORY).await.map_err(|e| e.to_string())?;
    let saved = desk.saved().await.map_err(|e| e.to_string())?;
    Ok(AskSaid::Memory(Box::new(Memory { history, saved, models: desk.models().await }), told))
}
