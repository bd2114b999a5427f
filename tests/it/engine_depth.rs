//! Depths and totals are exact at any time: after each step of a random life they equal what counting finds.

use chrono::Utc;
use serde_json::json;
use switchboard::database::Db;
use switchboard::enrichment::step::Settlement;
use switchboard::fleet::node;
use switchboard::operations::actions::{Action, Actor, Confirmation, JobTarget, LookUp, plan, run};
use switchboard::operations::views::contact_counts;
use switchboard::outcome::ErrorKind;
use switchboard::queue::claim::{Claimed, claim, promote};
use switchboard::queue::depth::{self, Depth};
use switchboard::queue::{End, orphans};

use crate::support::TestDb;
use crate::support::settlement::{failed, found, settle};
use crate::support::work::{contacts, epoch, look_up, statuses};

/// Knuth's multiplier: any spread will do, and a failure repeats.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

struct Life {
    db: Db,
    chance: Chance,
    contacts: Vec<i64>,
    epoch: i64,
    held: Vec<Claimed>,
}

impl Life {
    async fn step(&mut self) -> &'static str {
        match self.chance.below(9) {
            0 | 1 => self.enqueue().await,
            2 | 3 => self.claim().await,
            4 | 5 => self.settle().await,
            6 => self.die().await,
            7 => self.act().await,
            _ => {
                depth::fold(&self.db).await.unwrap();
                "fold"
            }
        }
    }

    async fn enqueue(&mut self) -> &'static str {
        let from = self.chance.below(self.contacts.len());
        let to = (from + 1 + self.chance.below(8)).min(self.contacts.len());
        let sql = "SELECT id FROM contacts WHERE id = ANY($1) AND status = 'pending'";
        let ids: Vec<i64> =
            sqlx::query_scalar(sql).bind(&self.contacts[from..to]).fetch_all(self.db.pool()).await.unwrap();
        look_up(&self.db, &ids).await;
        "enqueue"
    }

    async fn claim(&mut self) -> &'static str {
        promote(&self.db, "twilio").await.unwrap();
        let limit = 1 + self.chance.below(10) as i64;
        self.held.extend(claim(&self.db, "twilio", self.epoch, limit).await.unwrap());
        "claim"
    }

    async fn settle(&mut self) -> &'static str {
        let some = self.chance.below(self.held.len() + 1);
        let mut batch: Vec<Settlement> = Vec::new();
        for job in self.held.drain(..some) {
            let epoch = self.epoch;
            batch.push(match self.chance.below(7) {
                0 | 1 => found(job, epoch, json!({"line_type": "mobile"})),
                2 => failed(job, epoch, ErrorKind::InvalidInput, End::Done),
                3 => failed(job, epoch, ErrorKind::Timeout, End::Again { at: Utc::now(), burnt: true }),
                4 => failed(job, epoch, ErrorKind::Timeout, End::Dead),
                5 => failed(job, epoch, ErrorKind::Timeout, End::Behind),
                _ => Settlement::back(job, "twilio", epoch),
            });
        }
        settle(&self.db, &batch).await.unwrap();
        // A COMMIT whose outcome is unknown: the same once more.
        settle(&self.db, &batch).await.unwrap();
        "settle"
    }

    /// The node leaves without a word about what it held.
    async fn die(&mut self) -> &'static str {
        node::leave(&self.db, self.epoch).await.unwrap();
        self.held.clear();
        orphans::reap(&self.db, std::time::Duration::from_secs(60)).await.unwrap();
        self.epoch = epoch(&self.db).await;
        "reap"
    }

    async fn act(&mut self) -> &'static str {
        let again = self.chance.below(2) == 0;
        let action = if self.chance.below(2) == 0 {
            Action::RetryJobs { target: JobTarget::Dead { lane: None } }
        } else {
            Action::LookUp(LookUp {
                filter: "status = failed".into(),
                again,
                packages: String::new(),
                attempts: 5,
                lane_limit: 1000,
            })
        };
        if let Ok(plan) = plan(&self.db, action).await {
            run(&self.db, plan.confirm(Confirmation::Unattended).unwrap(), &Actor::here("console")).await.unwrap();
        }
        "act"
    }

    async fn check(&self, after: &str) {
        let sql = "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
                          count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'dead') AS dead FROM jobs";
        let counted: Depth = sqlx::query_as(sql).fetch_one(self.db.pool()).await.unwrap();
        assert_eq!(depth::of_lane(&self.db, "twilio").await.unwrap(), counted, "after {after}");
        assert_eq!(depth::total(&self.db).await.unwrap(), counted, "after {after}");
        let totals = contact_counts(&self.db).await.unwrap();
        let totals = (totals.pending, totals.processing, totals.completed, totals.failed);
        assert_eq!(totals, statuses(&self.db).await, "after {after}");
    }
}

#[tokio::test]
async fn depths_and_totals_equal_what_counting_finds_after_every_step() {
    let test = TestDb::new().await;
    let ids = contacts(&test.db, 60).await;
    look_up(&test.db, &[]).await;
    let mut life =
        Life { db: test.db.clone(), chance: Chance(42), contacts: ids, epoch: epoch(&test.db).await, held: Vec::new() };
    for _ in 0..250 {
        let after = life.step().await;
        life.check(after).await;
    }
    let ended: i64 = sqlx::query_scalar("SELECT count(*) FROM job_history").fetch_one(test.db.pool()).await.unwrap();
    assert!(ended > 30, "the life was too quiet: {ended} ends");
}
