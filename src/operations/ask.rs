//! Ask, behind both doors: a question becomes a proposal that is shown before it runs; a proposal is run read-only;
//! questions about contacts are a way of their own; and a person's memory of all that.

use std::time::Instant;

use chrono::Utc;
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value;

use super::actions::Actor;
use crate::ask::about::{self, AboutAnswer, AboutQuestion, AboutRequest};
use crate::ask::look::{self, Found};
use crate::ask::memory::{self, Asked, Entry, Saved};
use crate::ask::models::{ModelDesk, Tokens};
use crate::ask::wording::wording;
use crate::ask::{Translation, Understood, built_in, question};
use crate::contacts::filter::{Anchor, FilterError, Query};
use crate::database::{Db, Result};
use crate::providers::MicroUsd;

/// What is said where nothing translates but the built-in grammar.
pub const BUILT_IN: &str = "built-in";

/// All that Ask needs in a process.
#[derive(Debug)]
pub struct AskDesk {
    db: Db,
    models: ModelDesk,
    zone: Tz,
    person: String,
}

/// What would run, before it runs.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    /// In the filter language, order and number of rows included.
    pub filter: String,
    /// The same filter as JSON.
    pub filter_json: Value,
    /// The statement, with numbered parameters.
    pub sql: String,
    /// Values of the parameters.
    pub params: Vec<Value>,
    /// Parts of the question that the filter does not express; while there are any, nothing runs.
    pub not_understood: Vec<String>,
    /// Rows that it finds; none while a part is not understood.
    pub estimated_rows: Option<i64>,
    /// `built-in` or `model`.
    pub source: &'static str,
    /// What cannot be told by the contract's keys.
    #[serde(flatten)]
    pub more: More,
    /// The query itself.
    #[serde(skip)]
    pub query: Query,
}

/// Beside the contract's keys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct More {
    /// The filter in words.
    pub words: String,
    /// Which words became what.
    pub understood: Vec<Understood>,
    /// Whether `estimated_rows` was counted.
    pub exact: bool,
    /// The index that the plan stands on.
    pub index: Option<String>,
    /// Provider and model that translated.
    pub model: Option<String>,
    /// Tokens of the model.
    pub tokens: Tokens,
    /// What the model cost, in USD.
    pub cost: f64,
    /// Milliseconds until the proposal stood.
    pub took_ms: u64,
    /// What an operator should know, such as why a model was passed over.
    pub notes: Vec<String>,
}

impl AskDesk {
    /// A desk for whoever runs this process.
    pub fn new(db: Db, models: ModelDesk, zone: Tz) -> AskDesk {
        AskDesk { db, models, zone, person: Actor::here("ask").name }
    }

    /// Whether any model can be asked at all; else the built-in translator answers.
    pub fn has_models(&self) -> bool {
        self.models.is_configured()
    }

    /// Models that would be asked now, in order, as provider and model.
    pub async fn models(&self) -> Vec<String> {
        self.models.refresh().await;
        self.models.names()
    }

    /// Now, with the days of the setting `time_zone`.
    pub fn anchor(&self) -> Anchor {
        Anchor::new(Utc::now(), self.zone)
    }

    /// A question as a proposal. A model is asked first where one is configured, unless `built_in`; `@name` is what was
    /// saved under that name.
    pub async fn propose(&self, question: &str, built_in: bool) -> Result<Proposal> {
        let begun = Instant::now();
        if let Some(name) = question.trim().strip_prefix('@') {
            return self.propose_saved(name, begun).await;
        }
        let anchor = self.anchor();
        let (translation, more) = self.translate(question, built_in, &anchor, begun).await?;
        let cost = (more.cost * 1e6) as MicroUsd;
        let proposal = self.proposal(translation, more, begun).await?;
        self.remember("question", question, &proposal, cost).await;
        Ok(proposal)
    }

    async fn translate(
        &self,
        text: &str,
        built_in: bool,
        anchor: &Anchor,
        begun: Instant,
    ) -> Result<(Translation, More)> {
        let grammar = || built_in::translate(text, anchor);
        // What is too long for a question is not sent to anybody.
        if built_in || text.chars().count() > built_in::QUESTION_CHARS_MAX || text.trim().is_empty() {
            return Ok((grammar(), More::default()));
        }
        Ok(match question::ask(&self.models, text, anchor, begun).await? {
            Ok(modelled) => {
                let told = modelled.told;
                let cost = told.cost as f64 / 1e6;
                let (model, tokens, notes) = (Some(told.model), told.tokens, told.notes);
                (modelled.translation, More { model, tokens, notes, cost, ..More::default() })
            }
            Err(notes) => (grammar(), More { notes, ..More::default() }),
        })
    }

    async fn propose_saved(&self, name: &str, begun: Instant) -> Result<Proposal> {
        let found = memory::saved(&self.db, &self.person).await?.into_iter().find(|saved| saved.name == name);
        let translation = match found.map(|saved| Query::parse(&saved.filter, self.anchor())) {
            Some(Ok(query)) => Translation { query, ..Translation::nothing() },
            Some(Err(error)) => Translation::declined(format!("@{name}: {error}")),
            None => Translation::declined(format!("nothing is saved as @{name}")),
        };
        self.proposal(translation, More::default(), begun).await
    }

    /// A filter that a person typed or edited, as a proposal.
    pub async fn propose_filter(&self, text: &str) -> Result<std::result::Result<Proposal, FilterError>> {
        let begun = Instant::now();
        let query = match Query::parse(text, self.anchor()) {
            Ok(query) => query,
            Err(error) => return Ok(Err(error)),
        };
        let translation = Translation { query, ..Translation::nothing() };
        let proposal = self.proposal(translation, More::default(), begun).await?;
        self.remember("filter", text, &proposal, 0).await;
        Ok(Ok(proposal))
    }

    async fn proposal(&self, translation: Translation, more: More, begun: Instant) -> Result<Proposal> {
        let Translation { query, understood, not_understood } = translation;
        let statement = look::statement(&query);
        let outlook = if not_understood.is_empty() { Some(look::outlook(&self.db, &query).await?) } else { None };
        Ok(Proposal {
            filter: query.text(),
            filter_json: query.filter.to_json(),
            sql: statement.compiled().text.clone(),
            params: look::params(&statement),
            not_understood,
            estimated_rows: outlook.as_ref().map(|outlook| outlook.estimate.rows),
            source: if more.model.is_some() { "model" } else { BUILT_IN },
            more: More {
                words: wording(&query),
                understood,
                exact: outlook.as_ref().is_some_and(|outlook| outlook.estimate.exact),
                index: outlook.and_then(|outlook| outlook.index),
                took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                ..more
            },
            query,
        })
    }

    /// Runs a proposal's query in a read-only transaction.
    pub async fn run(&self, query: &Query) -> Result<Found> {
        look::run(&self.db, query).await
    }

    /// What would be sent about these contacts; nothing leaves yet.
    pub async fn about_request(&self, asked: &AboutQuestion) -> Result<AboutRequest> {
        about::prepare(&self.db, asked).await
    }

    /// Asks a model about contacts; the inner error says why nobody could be asked.
    pub async fn about(
        &self,
        asked: &AboutQuestion,
        request: &AboutRequest,
    ) -> Result<std::result::Result<AboutAnswer, String>> {
        let answer = match about::ask(&self.models, request).await? {
            Ok(answer) => answer,
            Err(notes) if notes.is_empty() => {
                let hint = "no model is configured: set a key such as SWITCHBOARD_PROVIDERS__OPENAI__API_KEY";
                return Ok(Err(format!("{hint}, or the base URL of a compatible server")));
            }
            Err(notes) => return Ok(Err(notes.join("; "))),
        };
        let filter = asked.filter.text();
        let entry = Entry {
            mode: "about",
            question: &asked.question,
            filter: &filter,
            source: &answer.model,
            understood: answer.answered,
            cost: answer.cost,
        };
        self.keep(&entry).await;
        Ok(Ok(answer))
    }

    async fn remember(&self, mode: &'static str, question: &str, proposal: &Proposal, cost: MicroUsd) {
        let source = proposal.more.model.as_deref().unwrap_or(BUILT_IN);
        let understood = proposal.not_understood.is_empty();
        self.keep(&Entry { mode, question, filter: &proposal.filter, source, understood, cost }).await;
    }

    /// A memory that can't be written (a login that may only read) is no reason not to answer.
    async fn keep(&self, entry: &Entry<'_>) {
        if let Err(error) = memory::remember(&self.db, &self.person, entry).await {
            tracing::debug!(%error, "the question is not remembered");
        }
    }

    /// The person's last questions, newest first, at most 500.
    pub async fn history(&self, limit: i64) -> Result<Vec<Asked>> {
        memory::history(&self.db, &self.person, limit).await
    }

    /// The person's last filters, each once, newest first.
    pub async fn last_filters(&self, limit: i64) -> Result<Vec<String>> {
        memory::last_filters(&self.db, &self.person, limit).await
    }

    /// What the person keeps, by name.
    pub async fn saved(&self) -> Result<Vec<Saved>> {
        memory::saved(&self.db, &self.person).await
    }

    /// Keeps a filter under a name; false if the name is none (letters, digits, `_` and `-`, at most 40).
    pub async fn save(&self, name: &str, question: Option<&str>, filter: &str) -> Result<bool> {
        if !memory::is_name(name) {
            return Ok(false);
        }
        memory::save(&self.db, &self.person, name, question, filter).await.map(|()| true)
    }

    /// Forgets what stands under a name; false if nothing does.
    pub async fn forget(&self, name: &str) -> Result<bool> {
        memory::forget(&self.db, &self.person, name).await
    }

    /// How the built-in translator, or the models, do on pairs of question and filter; rows are compared in this database.
    pub async fn evaluate(&self, pairs: &[crate::ask::eval::Pair], built_in: bool) -> Result<crate::ask::eval::Score> {
        let mut score = crate::ask::eval::Score::default();
        for pair in pairs {
            let anchor = pair.anchor();
            let (translation, more) = self.translate(&pair.question, built_in, &anchor, Instant::now()).await?;
            score.not_asked += usize::from(!built_in && more.model.is_none());
            let wanted = pair.wanted().ok().flatten().filter(|_| translation.is_whole());
            let same = match wanted {
                Some(wanted) => Some(look::same_rows(&self.db, &wanted, &translation.query).await?),
                None => None,
            };
            score.enter(pair, &translation, same);
        }
        Ok(score)
    }
}
