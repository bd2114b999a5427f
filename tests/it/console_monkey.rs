//! A monkey at the keys: random keys, pastes and sizes on the console's real update, its wishes carried out on a real
//! database with work in it. It never panics, and nothing wide or heavy is ever done whose question was not on the screen and
//! answered.
//!
//! `SWITCHBOARD_MONKEY_KEYS=100000` lets it press more, `SWITCHBOARD_MONKEY_SEED=…` repeats a run.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use switchboard::console::effect::{Effect, Query};
use switchboard::console::feed::{self, Beat};
use switchboard::console::keys::{Code, Key, REGISTRY};
use switchboard::console::message::{Gesture, Msg, Spot};
use switchboard::console::model::{Facts, Model, Overlay};
use switchboard::console::screen;
use switchboard::console::theme::{self, Depth, Glyphs, Theme};
use switchboard::console::update::update;
use switchboard::database::Db;
use switchboard::operations::actions::{self, Actor, Tier};

use crate::support::TestDb;

struct Monkey {
    db: Db,
    dice: StdRng,
    model: Model,
    theme: Theme,
    actor: Actor,
    now: DateTime<Utc>,
    spots: Vec<(Rect, Spot)>,
    /// Wide and heavy actions that were done, by their audit number.
    answered: Vec<i64>,
    /// Light actions and undos.
    light: Vec<i64>,
}

async fn work(db: &Db) {
    switchboard::queue::lane::seed(db).await.unwrap();
    for sql in [
        "INSERT INTO contacts (raw_phone_number, phone_e164, status) SELECT n, n, 'failed' FROM (SELECT '+1415555' || lpad(i::text, 4, '0') AS n FROM generate_series(100, 399) i) x",
        "INSERT INTO contact_deltas (failed) VALUES (300)",
        "INSERT INTO jobs (lane, kind, contact_id, state, last_error) SELECT 'twilio', 'lookup', id, 'dead', 'HTTP ' || 500 + id % 4 FROM contacts",
        "INSERT INTO lane_deltas (lane, dead) VALUES ('twilio', 300)",
        "UPDATE breakers SET state = 'open', opened_at = now(), retry_at = now() + interval '1 hour', consecutive_failures = 5, generation = generation + 1 WHERE name IN ('twilio', 'hunter-api')",
        "INSERT INTO samples (at, lane, waiting, scheduled, running, dead, done_total, failed_total, breaker, lane_state) SELECT now() - i * interval '5 s', lane, i, 0, 0, 0, 100 - i, 0, 'open', 'parked' FROM generate_series(0, 60) i, lanes",
    ] {
        sqlx::query(sql).execute(db.pool()).await.unwrap();
    }
}

const WORDS: [&str; 17] = [
    "alerts list",
    "schedules add nightly 'every 1d'",
    "contacts enrich --all",
    "duplicates list",
    "why lane twilio",
    "status:failed",
    "pause twilio",
    "jobs retry --all",
    "lookup --all",
    "1",
    "300",
    "undo 1",
    "theme dusk",
    "at -1m",
    "\u{202e}\u{1b}[2J",
    "日本語",
    "reset",
];

impl Monkey {
    async fn new(db: &Db, seed: u64) -> Monkey {
        let lookup = ("line_type_intelligence".to_owned(), switchboard::operations::actions::Limits::default());
        let facts = Facts { actor: "monkey".into(), lookup, themes: theme::names(&[]), ..Facts::default() };
        Monkey {
            db: db.clone(),
            dice: StdRng::seed_from_u64(seed),
            model: Model::new(facts, (80, 24), Utc::now()),
            theme: theme::load("terminal", Depth::Named, Glyphs::UNICODE).unwrap(),
            actor: Actor::here("console"),
            now: Utc::now(),
            spots: Vec::new(),
            answered: Vec::new(),
            light: Vec::new(),
        }
    }

    /// Whatever a terminal may send.
    fn thing(&mut self) -> Msg {
        // A question would seldom be answered by chance.
        let asked = matches!(self.model.overlay, Some(Overlay::Confirm(_)));
        if asked && self.dice.random_range(0..3) == 0 {
            return Msg::Key(Key::char('y'));
        }
        match self.dice.random_range(0..100) {
            0..2 => Msg::Resize(self.dice.random_range(1..160), self.dice.random_range(1..60)),
            2..8 => Msg::Paste(WORDS[self.dice.random_range(0..WORDS.len())].into()),
            8..10 => {
                let at = self.dice.random_range(0..self.spots.len().max(1));
                Msg::Mouse(Gesture::Click, self.spots.get(at).map(|(_, spot)| *spot))
            }
            10..14 => Msg::Tick,
            14..22 => Msg::Key(Key::char('y')),
            22..34 => Msg::Key(Key::plain(Code::Enter)),
            34..38 => Msg::Key(Key::plain(Code::Tab)),
            38..43 => Msg::Key(Key::plain(Code::Esc)),
            43..46 => Msg::Key(Key::char(char::from(self.dice.random_range(b' '..b'~')))),
            _ => {
                let binding = &REGISTRY[self.dice.random_range(0..REGISTRY.len())];
                Msg::Key(binding.keys[self.dice.random_range(0..binding.keys.len())])
            }
        }
    }

    /// One message, and all that follows from it.
    async fn take(&mut self, msg: Msg) {
        let mut waiting = vec![msg];
        while let Some(msg) = waiting.pop() {
            let key = matches!(msg, Msg::Key(_) | Msg::Mouse(..));
            let asked = match &self.model.overlay {
                Some(Overlay::Confirm(open)) if key => Some((open.plan.action.verb(), open.seen)),
                _ => None,
            };
            for effect in update(&mut self.model, msg, self.now) {
                waiting.extend(self.perform(effect, asked).await);
            }
        }
    }

    async fn perform(&mut self, effect: Effect, asked: Option<(&'static str, bool)>) -> Option<Msg> {
        match effect {
            Effect::Plan(action) => {
                Some(Msg::Planned(actions::plan(&self.db, action).await.map(Box::new).map_err(|e| e.to_string())))
            }
            Effect::Run(confirmed) | Effect::RunLong(_, confirmed) => {
                let plan = confirmed.plan().clone();
                if plan.tier > Tier::Light {
                    assert_eq!(asked, Some((plan.action.verb(), true)), "{} was done unasked", plan.action.verb());
                }
                let result = actions::run(&self.db, *confirmed, &self.actor).await;
                if let Ok(receipt) = &result {
                    let done = if plan.tier > Tier::Light { &mut self.answered } else { &mut self.light };
                    done.push(receipt.audit_id);
                }
                Some(Msg::Done(result.map_err(|e| e.to_string())))
            }
            Effect::Undo(id) => {
                let result = actions::undo(&self.db, id, &self.actor).await;
                self.light.extend(result.as_ref().ok().map(|receipt| receipt.audit_id));
                Some(Msg::Done(result.map_err(|e| e.to_string())))
            }
            Effect::Read(reading) => {
                let sources = feed::Sources { db: self.db.clone(), doctor: None, logs: None, zone: chrono_tz::UTC };
                let lines = feed::read_aside(&sources, &reading).await;
                Some(Msg::Paper(reading, lines))
            }
            Effect::Watch { id, query: Some(query) } => Some(self.answer(id, query).await),
            Effect::Past(at) => {
                let pulse = self.model.pulse.clone();
                Some(Msg::Past(at, pulse.ok_or_else(|| "nothing is known".to_owned())))
            }
            Effect::Work(id, _) => Some(Msg::Ended(id, Ok("done".into()))),
            Effect::Theme(name) => Some(Msg::Themed(Ok(name))),
            Effect::Drain | Effect::Leave => {
                self.model.leaving = None;
                None
            }
            _ => None,
        }
    }

    async fn answer(&mut self, id: u64, query: Query) -> Msg {
        let result = feed::answer(&self.db, &query, &mut None).await.map(Arc::new).map_err(|e| e.to_string());
        Msg::Answer { id, at: self.now, result }
    }

    /// Draws, as the loop does after each batch: only then a question has been seen.
    fn draw(&mut self) {
        let (columns, rows) = self.model.size;
        let area = Rect::new(0, 0, columns, rows);
        let mut picture = Buffer::empty(area);
        self.spots = screen::draw(&self.model, &self.theme, &mut picture, area).spots;
        let raw = picture.content().iter().any(|cell| cell.symbol().chars().any(|c| c.is_control() || c == '\u{202e}'));
        assert!(!raw, "a raw control character reached a cell");
        update(&mut self.model, Msg::Shown, self.now);
    }
}

async fn pulse(db: &Db) -> Beat {
    let (send, mut heard) = tokio::sync::watch::channel(None);
    let feed = tokio::spawn(feed::watch_pulse(db.clone(), Arc::default(), Arc::default(), send));
    heard.changed().await.unwrap();
    let beat = heard.borrow().clone().unwrap();
    feed.abort();
    beat
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monkey_breaks_nothing_and_does_nothing_unasked() {
    let var = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let keys = var("SWITCHBOARD_MONKEY_KEYS").unwrap_or(4_000);
    let seed = var("SWITCHBOARD_MONKEY_SEED").unwrap_or_else(rand::random);
    println!("seed {seed}, {keys} keys");
    let test = TestDb::new().await;
    work(&test.db).await;
    let mut monkey = Monkey::new(&test.db, seed).await;
    for press in 0..keys {
        if press % 200 == 0
            && let Ok(beat) = pulse(&test.db).await
        {
            monkey.take(Msg::Pulse(beat)).await;
        }
        monkey.now += TimeDelta::milliseconds(monkey.dice.random_range(1..700));
        let thing = monkey.thing();
        monkey.take(thing).await;
        if monkey.dice.random_range(0..3) > 0 {
            monkey.draw();
        }
    }
    let known = [monkey.answered.as_slice(), &monkey.light].concat();
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, verb FROM audit_log WHERE NOT id = ANY($1) AND result NOT LIKE 'refused: %'")
            .bind(&known)
            .fetch_all(test.db.pool())
            .await
            .unwrap();
    println!("{} light actions and undos, {} after a question", monkey.light.len(), monkey.answered.len());
    assert!(rows.is_empty(), "seed {seed}: done without a question: {rows:?}");
    assert!(
        keys < 4_000 || !monkey.answered.is_empty(),
        "seed {seed}: the monkey answered no question: it tests nothing"
    );
}
