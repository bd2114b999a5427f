//! Runs effects on the workers' runtime; their results come home as messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::Utc;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use super::Work;
use super::desks::Desks;
use super::effect::{Effect, Query};
use super::feed::{Answered, Beat, Question, Sources, read_aside, watch_pulse, watch_query};
use super::message::{Msg, Pulse, TREND_MINUTES};
use super::model::Reading;
use super::work::{Bench, Works};
use crate::contacts::filter::Anchor;
use crate::database::Db;
use crate::operations::actions::{self, Actor};
use crate::operations::{imports, views};

/// Longest time in which a bulk action ends its batch and writes how far it came.
const WIND_UP: Duration = Duration::from_secs(10);

/// What effects need.
pub struct Hands {
    db: Db,
    actor: Actor,
    runtime: Handle,
    /// Whether the link is slow: feeds read less often then.
    slow: Arc<AtomicBool>,
    results: mpsc::UnboundedSender<Msg>,
    answers: Arc<watch::Sender<Option<Answered>>>,
    focus: Option<JoinHandle<()>>,
    pulse: JoinHandle<()>,
    works: Works,
    desks: Desks,
    /// What is being read aside.
    aside: Option<JoinHandle<()>>,
    sources: Sources,
    /// One bell for each feed: a notification wakes one waiter only.
    bells: [Arc<Notify>; 2],
}

/// What comes home.
#[derive(Debug)]
pub struct Home {
    /// Results of plans and actions.
    pub results: mpsc::UnboundedReceiver<Msg>,
    /// Answers to the question in focus.
    pub answers: watch::Receiver<Option<Answered>>,
    /// Snapshots of the whole.
    pub beats: watch::Receiver<Option<Beat>>,
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.pulse.abort();
        [self.focus.take(), self.aside.take()].into_iter().flatten().for_each(|task| task.abort());
    }
}

impl Hands {
    /// Starts the feed of the whole.
    pub fn new(actor: Actor, runtime: Handle, slow: bool, sources: Sources) -> (Hands, Home) {
        let db = sources.db.clone();
        let (results, results_home) = mpsc::unbounded_channel();
        let (answers, answers_home) = watch::channel(None);
        let (beats, beats_home) = watch::channel(None);
        let bells = [Arc::new(Notify::new()), Arc::new(Notify::new())];
        let slow = Arc::new(AtomicBool::new(slow));
        let pulse = runtime.spawn(watch_pulse(db.clone(), bells[0].clone(), slow.clone(), beats));
        let answers = Arc::new(answers);
        let works = Works::default();
        let (focus, aside, desks) = (None, None, Desks::default());
        let hands =
            Hands { db, actor, runtime, slow, results, answers, focus, pulse, works, desks, aside, sources, bells };
        (hands, Home { results: results_home, answers: answers_home, beats: beats_home })
    }

    /// Takes the desks that the caller lends.
    pub fn lend(&mut self, desks: Desks) {
        self.desks = desks;
    }

    /// Tells the feeds how fast the link is.
    pub fn set_slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::Relaxed);
    }

    /// Asks every feed for a reading now.
    pub fn refresh(&self) {
        self.bells.iter().for_each(|bell| bell.notify_one());
    }

    /// Changes the question in focus.
    pub fn watch(&mut self, id: u64, query: Option<Query>) {
        if let Some(before) = self.focus.take() {
            before.abort();
        }
        self.bells[1] = Arc::new(Notify::new());
        let (db, answers) = (self.db.clone(), self.answers.clone());
        let (bell, slow) = (self.bells[1].clone(), self.slow.load(Ordering::Relaxed));
        self.focus =
            query.map(|query| self.runtime.spawn(watch_query(db, Question { id, query, slow, bell }, answers)));
    }

    /// Where results come home.
    pub fn results(&self) -> mpsc::UnboundedSender<Msg> {
        self.results.clone()
    }

    /// Runs what reads or writes in the database; everything else is the loop's own.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Work(id, job) => {
                let bench = Bench { db: self.db.clone(), actor: self.actor.clone(), home: self.results.clone() };
                self.works.begin(&self.runtime, bench, id, job);
            }
            Effect::RunLong(id, confirmed) => {
                let bench = Bench { db: self.db.clone(), actor: self.actor.clone(), home: self.results.clone() };
                self.works.act(&self.runtime, bench, id, *confirmed);
            }
            Effect::EndWork(id) => self.works.end(id, &self.results),
            // One that has ended meanwhile is seen to have.
            Effect::EndOther(id) => drop(imports::end(&imports::folder(), &id)),
            Effect::Read(reading) => self.read(reading),
            other => self.spawn(other),
        }
    }

    /// Reads aside; what was read before and has not arrived is not wanted any more.
    fn read(&mut self, reading: Reading) {
        let (sources, results) = (self.sources.clone(), self.results.clone());
        let reader = self.runtime.spawn(async move {
            let lines = read_aside(&sources, &reading).await;
            let _ = results.send(Msg::Paper(reading, lines));
        });
        if let Some(before) = self.aside.replace(reader) {
            before.abort();
        }
    }

    fn spawn(&self, effect: Effect) {
        let (db, actor, results) = (self.db.clone(), self.actor.clone(), self.results.clone());
        let (desks, zone) = (self.desks.clone(), self.sources.zone);
        self.runtime.spawn(async move {
            let msg = match effect {
                Effect::Plan(action) => {
                    let dated = action.dated(Anchor::new(Utc::now(), zone));
                    let planned = match dated {
                        Ok(action) => actions::plan(&db, action).await,
                        Err(refusal) => Err(refusal),
                    };
                    Msg::Planned(planned.map(Box::new).map_err(|e| e.to_string()))
                }
                Effect::AskSecond(plan) => {
                    Msg::SecondAsked(actions::ask_second(&db, &plan, &actor).await.map_err(|e| e.to_string()))
                }
                Effect::Run(confirmed) => {
                    Msg::Done(actions::run(&db, *confirmed, &actor).await.map_err(|e| e.to_string()))
                }
                Effect::Undo(id) => Msg::Done(actions::undo(&db, id, &actor).await.map_err(|e| e.to_string())),
                Effect::Ask(id, wish) => Msg::Asked(id, desks.ask(wish).await),
                Effect::Credential(wish) => Msg::Credential(desks.credentials(wish, &actor).await),
                Effect::Past(at) => Msg::Past(at, past(&db, at).await.map(Arc::new)),
                _ => return,
            };
            // Nobody listens any more once the console was left.
            let _ = results.send(msg);
        });
    }

    /// Where workers and feeds run.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Imports, exports and bulk actions under way.
    pub fn works(&self) -> Works {
        self.works.clone()
    }

    /// Stops bulk actions after their batch and lets what is in flight end; says [`Msg::Drained`].
    pub fn drain(&self, drain: Option<Work>) {
        let (results, works) = (self.results.clone(), self.works.clone());
        self.runtime.spawn(async move {
            works.wind_up(WIND_UP).await;
            if let Some(drain) = drain {
                drain.await;
            }
            let _ = results.send(Msg::Drained);
        });
    }
}

async fn past(db: &Db, at: chrono::DateTime<chrono::Utc>) -> Result<Pulse, String> {
    let past = views::past(db, at, TREND_MINUTES).await.map_err(|e| e.to_string())?;
    if past.status.lanes.is_empty() {
        return Err(
            "no samples of that time are kept: they are taken while a fleet runs, every 5 s for a day and every minute for a month".into(),
        );
    }
    Ok(Pulse {
        at,
        status: past.status,
        trend: past.trend,
        recent: past.recent,
        costs: Default::default(),
        deck: Default::default(),
    })
}
