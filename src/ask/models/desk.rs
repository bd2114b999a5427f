//! Who is asked: the configured models in order, passing over those that can't be asked now.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use secrecy::ExposeSecret;

use super::prices::{cost, most};
use super::{Api, MAKERS, Maker, Prompt, Reply, Tokens, address, anthropic, gemini, openai};
use crate::breakers::{Event, ProbeEnd, store};
use crate::contacts::filter::Anchor;
use crate::database::{Db, Result};
use crate::outcome::{ErrorKind, Verdict};
use crate::providers::gateway::{Called, describe};
use crate::providers::{Gateway, Line, MicroUsd, Pass, PriceBook};
use crate::vault::Credential;

/// From this share of the day's money on, in percent, a note says so.
const WARN_PERCENT: i64 = 80;
/// All calls of one question together, repair and fallbacks included.
pub(crate) const QUESTION_MAX: Duration = Duration::from_secs(30);

/// How models are asked.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// Provider and model, in the order in which they are asked.
    pub order: Vec<(String, Option<String>)>,
    /// USD a day by provider; none: no limit.
    pub budgets: Vec<(&'static str, Option<f64>)>,
    /// Calls per second by provider; none: no limit.
    pub rates: Vec<(&'static str, Option<f64>)>,
    /// Whose day the money is of.
    pub zone: Tz,
}

/// A model that can be configured, with what limits it.
#[derive(Debug)]
struct Seat {
    maker: &'static Maker,
    model: String,
    budget: Option<MicroUsd>,
    pause: Option<Duration>,
}

/// All models of this process.
#[derive(Debug)]
pub struct ModelDesk {
    db: Db,
    /// The first that has a credential for a model's line makes its calls.
    gateways: Vec<Gateway>,
    zone: Tz,
    seats: Vec<Seat>,
}

/// What a model said, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its text, or why there is none.
    pub text: std::result::Result<String, String>,
    /// Provider and model, such as `openai/gpt-4o-mini`.
    pub model: String,
    /// Tokens.
    pub tokens: Tokens,
    /// Millionths of a dollar.
    pub cost: MicroUsd,
    /// What an operator should know, such as that a breaker is open.
    pub notes: Vec<String>,
    seat: usize,
}

/// Nobody could be asked: a sentence a model; empty where none is configured.
pub type Unasked = Vec<String>;

impl ModelDesk {
    /// A desk over these gateways, whose lines are those of models.
    pub fn new(db: Db, gateways: Vec<Gateway>, options: ModelOptions) -> ModelDesk {
        let ModelOptions { order, budgets, rates, zone } = options;
        let of =
            |list: &[(&str, Option<f64>)], id: &str| list.iter().find(|(name, _)| *name == id).and_then(|(_, v)| *v);
        let seats = order.into_iter().filter_map(|(id, model)| {
            let maker = MAKERS.iter().find(|maker| maker.id == id)?;
            Some(Seat {
                maker,
                model: model.unwrap_or_else(|| maker.model.to_owned()),
                budget: of(&budgets, maker.id).map(|usd| (usd * 1e6) as MicroUsd),
                pause: of(&rates, maker.id).map(|rate| Duration::from_secs_f64(1.0 / rate.max(0.001))),
            })
        });
        ModelDesk { db, gateways, zone, seats: seats.collect() }
    }

    /// Looks whether the vault's keys are still the current ones, where this process may read them; until then those that
    /// it knows are used for half a minute at most.
    pub async fn refresh(&self) {
        for gateway in &self.gateways {
            if let Err(error) = gateway.credentials().refresh_since(Instant::now()).await {
                tracing::debug!(%error, "the vault was not looked at");
            }
        }
    }

    /// Those that have what they need, in the order in which they are asked.
    pub fn names(&self) -> Vec<String> {
        let ready = self.seats.iter().filter(|seat| self.line(seat).is_some());
        ready.map(|seat| format!("{}/{}", seat.maker.id, seat.model)).collect()
    }

    /// Whether any model has what it needs to be asked at all.
    pub fn is_configured(&self) -> bool {
        self.seats.iter().any(|seat| self.line(seat).is_some())
    }

    fn line(&self, seat: &Seat) -> Option<(&Gateway, &Line)> {
        let lines = self.gateways.iter().filter_map(|gateway| Some((gateway, gateway.line(seat.maker.id)?)));
        lines.into_iter().find(|(gateway, line)| gateway.has_credential(line))
    }

    /// Asks the first model that can be asked now; `again` asks the one that answered before, in the time that is left.
    pub async fn ask(
        &self,
        prompt: &Prompt,
        operation: &'static str,
        begun: Instant,
        again: Option<&Told>,
    ) -> Result<std::result::Result<Told, Unasked>> {
        let mut notes = Unasked::new();
        self.refresh().await;
        for (at, seat) in self.seats.iter().enumerate() {
            if again.is_some_and(|told| told.seat != at) {
                continue;
            }
            let Some(way) = self.line(seat) else { continue };
            let Some(left) = QUESTION_MAX.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) else {
                notes.push(format!("no time was left to ask {}", seat.maker.id));
                break;
            };
            match self.ask_one(seat, way, prompt, (operation, left)).await? {
                Ok((reply, cost, note)) => {
                    notes.extend(note);
                    let Reply { text, tokens } = reply;
                    let model = format!("{}/{}", seat.maker.id, seat.model);
                    return Ok(Ok(Told { text, model, tokens, cost, notes, seat: at }));
                }
                Err(why) => notes.push(format!("{} was not asked or gave nothing: {why}", seat.maker.id)),
            }
        }
        Ok(Err(notes))
    }

    async fn ask_one(
        &self,
        seat: &Seat,
        (gateway, line): (&Gateway, &Line),
        prompt: &Prompt,
        (operation, left): (&'static str, Duration),
    ) -> Result<std::result::Result<(Reply, MicroUsd, Option<String>), String>> {
        if !self.may_count().await? {
            return Ok(Err("this login may not write down what it costs: it needs role operator".to_owned()));
        }
        let prices = PriceBook::load(&self.db).await?;
        let schema = prompt.schema.as_ref().map_or(0, |schema| schema.to_string().len());
        let size = schema + prompt.system.len() + prompt.turns.iter().map(|(_, text)| text.len()).sum::<usize>();
        let dearest = cost(&prices, seat.maker.id, &seat.model, most(size, prompt.answer_tokens));
        let note = match self.money(seat, dearest).await? {
            Ok(note) => note,
            Err(why) => return Ok(Err(why)),
        };
        if !self.may_call(seat).await? {
            return Ok(Err("its rate is used up for the moment".to_owned()));
        }
        let Some(pass) = self.pass(line).await? else { return Ok(Err("its breaker is open".to_owned())) };
        let called = tokio::time::timeout(left, call(gateway, seat, prompt, pass)).await;
        let Ok(called) = called else {
            self.report(line, pass, ProbeEnd::Failure("timeout".to_owned())).await?;
            self.count(seat, (operation, 0, 0), true).await?;
            return Ok(Err("no whole answer in the time of one question".to_owned()));
        };
        self.report(line, pass, probe_end(&called)).await?;
        match called {
            Ok(answered) => {
                let price = cost(&prices, seat.maker.id, &seat.model, answered.value.tokens);
                self.count(seat, (operation, price, answered.meta.took_ms), false).await?;
                Ok(Ok((answered.value, price, note)))
            }
            Err(unanswered) => {
                if let Some(meta) = &unanswered.meta {
                    self.count(seat, (operation, 0, meta.took_ms), true).await?;
                }
                Ok(Err(unanswered.error.to_string()))
            }
        }
    }

    /// A note near the end of the day's money; an error sentence where one more call could go over it.
    async fn money(&self, seat: &Seat, dearest: MicroUsd) -> Result<std::result::Result<Option<String>, String>> {
        let Some(budget) = seat.budget else { return Ok(Ok(None)) };
        let anchor = Anchor::new(Utc::now(), self.zone);
        let since: Option<DateTime<Utc>> = anchor.days(anchor.today(), anchor.today()).map(|day| day.first);
        let sql = "SELECT coalesce(sum(cost) * 1000000, 0)::bigint FROM usage WHERE provider = $1 AND hour >= $2";
        let mut tx = self.db.begin().await?;
        let spent: MicroUsd = sqlx::query_scalar(sql).bind(seat.maker.id).bind(since).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        if spent + dearest > budget {
            return Ok(Err(format!(
                "its money for today is spent (${:.4} of ${:.4})",
                spent as f64 / 1e6,
                budget as f64 / 1e6
            )));
        }
        let percent = spent * 100 / budget.max(1);
        Ok(Ok((percent >= WARN_PERCENT)
            .then(|| format!("{} has spent {percent} % of its money for today", seat.maker.id))))
    }

    /// Whether this login may write down what a call costs: without that none is made.
    async fn may_count(&self) -> Result<bool> {
        let sql = "SELECT has_table_privilege('usage', 'INSERT, UPDATE')";
        Ok(sqlx::query_scalar(sql).fetch_one(self.db.pool()).await?)
    }

    /// Whether the rate leaves room for one more call of the fleet now; takes it if so.
    async fn may_call(&self, seat: &Seat) -> Result<bool> {
        let Some(pause) = seat.pause else { return Ok(true) };
        let sql = "INSERT INTO model_pace AS p (provider, free_at)
                   VALUES ($1, clock_timestamp() + make_interval(secs => $2))
                   ON CONFLICT (provider) DO UPDATE SET free_at = excluded.free_at WHERE p.free_at <= clock_timestamp()";
        let mut tx = self.db.begin().await?;
        let taken = sqlx::query(sql).bind(seat.maker.id).bind(pause.as_secs_f64()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(taken.rows_affected() > 0)
    }

    /// By what right the call may be made; none while the breaker is open. After the cool-off the question is the probe.
    async fn pass(&self, line: &Line) -> Result<Option<Pass>> {
        let (rows, now) = store::load(&self.db).await?;
        let Some((row, now)) = rows.get(line.guard.name()).zip(now) else { return Ok(Some(Pass::Ordinary)) };
        line.guard.refresh(row.clone());
        if row.wants_probe(now) {
            let wanted = Event::ProbeWanted { owner: i64::from(std::process::id()) };
            let applied =
                store::apply_now(&self.db, line.guard.name(), wanted, line.guard.rules(), "switchboard").await?;
            line.guard.refresh(applied.breaker.clone());
            let won = !applied.transitions.is_empty();
            return Ok(won.then_some(Pass::Probe(applied.breaker.generation)));
        }
        Ok(matches!(line.guard.admit(), crate::breakers::Admission::Call(_)).then_some(Pass::Ordinary))
    }

    /// Tells the shared row at once: this process may end with the question.
    async fn report(&self, line: &Line, pass: Pass, end: ProbeEnd) -> Result<()> {
        let name = line.guard.name();
        if let Pass::Probe(generation) = pass {
            let ended = Event::ProbeEnded { generation, end };
            let applied = store::apply_now(&self.db, name, ended, line.guard.rules(), "switchboard").await?;
            line.guard.refresh(applied.breaker);
        }
        if let Some(report) = line.guard.take_report() {
            let applied =
                store::apply_now(&self.db, name, Event::Reported(report), line.guard.rules(), "switchboard").await?;
            line.guard.delivered(applied.breaker);
        }
        Ok(())
    }

    async fn count(&self, seat: &Seat, (operation, cost, took_ms): (&str, MicroUsd, i32), failed: bool) -> Result<()> {
        let sql = "INSERT INTO usage (provider, hour, operation, calls, failures, cost, took_ms)
                   VALUES ($1, date_trunc('hour', now()), $2, 1, $3, $4::numeric / 1000000, $5)
                   ON CONFLICT (provider, hour, operation) DO UPDATE SET calls = usage.calls + 1,
                       failures = usage.failures + excluded.failures, cost = usage.cost + excluded.cost,
                       took_ms = usage.took_ms + excluded.took_ms";
        let mut tx = self.db.begin().await?;
        sqlx::query(sql)
            .bind(seat.maker.id)
            .bind(operation)
            .bind(i64::from(failed))
            .bind(cost)
            .bind(i64::from(took_ms))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn call(gateway: &Gateway, seat: &Seat, prompt: &Prompt, pass: Pass) -> Called<Reply> {
    let (api, model) = (seat.maker.api, seat.model.as_str());
    let build = |client: &reqwest::Client, line: &Line, credential: &Credential| {
        let base = line.base_url.as_str();
        let (url, body) = match api {
            Api::OpenAi | Api::Compatible => {
                (address(base, openai::PREFIX, openai::PATH), openai::request(api, model, prompt))
            }
            Api::OpenRouter => {
                (address(base, openai::ROUTER_PREFIX, openai::PATH), openai::request(api, model, prompt))
            }
            Api::Anthropic => (address(base, anthropic::PREFIX, anthropic::PATH), anthropic::request(model, prompt)),
            Api::Gemini => (address(base, gemini::PREFIX, &gemini::path(model)), gemini::request(prompt)),
        };
        let key = credential.field("api_key").map(ExposeSecret::expose_secret).unwrap_or_default();
        let request = client.post(url).header("content-type", "application/json").body(body.to_string());
        match api {
            Api::Anthropic => request.header("x-api-key", secret(key)).header("anthropic-version", anthropic::VERSION),
            Api::Gemini => request.header("x-goog-api-key", secret(key)),
            _ => request.header("authorization", secret(&format!("Bearer {key}"))),
        }
    };
    gateway
        .call(seat.maker.id, pass, build, |exchange| match api {
            Api::Anthropic => anthropic::reply(exchange),
            Api::Gemini => gemini::reply(exchange),
            _ => openai::reply(exchange),
        })
        .await
}

fn secret(text: &str) -> reqwest::header::HeaderValue {
    // A key with characters that no header holds is none: it is refused by the provider, and never shown.
    let mut value = reqwest::header::HeaderValue::from_str(text)
        .unwrap_or_else(|_| reqwest::header::HeaderValue::from_static("unreadable"));
    value.set_sensitive(true);
    value
}

/// A refusal of our input is an answer, too: the provider works.
fn probe_end(called: &Called<Reply>) -> ProbeEnd {
    let unanswered = match called {
        Ok(_) => return ProbeEnd::Success,
        Err(unanswered) => unanswered,
    };
    match unanswered.verdict {
        Verdict::Success => ProbeEnd::Success,
        Verdict::Neutral if unanswered.error.kind == ErrorKind::InvalidInput => ProbeEnd::Success,
        Verdict::Neutral => ProbeEnd::NoVerdict,
        Verdict::Failure => ProbeEnd::Failure(describe(&unanswered.error)),
    }
}
