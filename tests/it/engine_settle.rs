//! Settling: everything that an end means in one transaction, for exactly the jobs that are still ours, once.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use switchboard::database::Db;
use switchboard::enrichment::graph;
use switchboard::enrichment::step::Settlement;
use switchboard::enrichment::world::{Offer, World};
use switchboard::outcome::ErrorKind;
use switchboard::queue::claim::claim;
use switchboard::queue::{Claimed, End, depth};

use crate::support::TestDb;
use crate::support::settlement::{failed, found, settle, settle_in};
use crate::support::work::{count, epoch, queued, statements, statuses};

async fn claimed(db: &Db, how_many: usize) -> (i64, Vec<Claimed>) {
    queued(db, how_many).await;
    let epoch = epoch(db).await;
    (epoch, claim(db, "twilio", epoch, how_many as i64).await.unwrap())
}

/// Every row that a settlement may write, as one value: two equal ones mean that nothing was written between.
async fn everything(db: &Db) -> Value {
    let sql = "SELECT jsonb_build_object('jobs', (SELECT jsonb_agg(to_jsonb(j) ORDER BY id) FROM jobs j),
        'history', (SELECT jsonb_agg(to_jsonb(h) ORDER BY id) FROM job_history h), 'failures', (SELECT jsonb_agg(to_jsonb(f) ORDER BY id) FROM job_failures f),
        'contacts', (SELECT jsonb_agg(to_jsonb(c) ORDER BY id) FROM contacts c), 'steps', (SELECT jsonb_agg(to_jsonb(s) ORDER BY contact_id) FROM contact_steps s),
        'results', (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM provider_results r), 'usage', (SELECT jsonb_agg(to_jsonb(u) ORDER BY operation) FROM usage u),
        'deltas', (SELECT jsonb_agg(to_jsonb(d)) FROM lane_deltas d), 'totals', (SELECT jsonb_agg(to_jsonb(d)) FROM contact_deltas d))";
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap()
}

#[tokio::test]
async fn one_transaction_writes_all_that_a_batch_means() {
    let test = TestDb::new().await;
    let (epoch, jobs) = claimed(&test.db, 5).await;
    let [a, b, c, d, e] = <[Claimed; 5]>::try_from(jobs).unwrap();
    let at = Utc::now() + TimeDelta::seconds(60);
    let batch = [
        found(a.clone(), epoch, json!({"carrier_name": "Harbor Wireless", "phone_valid": true})),
        failed(b.clone(), epoch, ErrorKind::InvalidInput, End::Done),
        failed(c.clone(), epoch, ErrorKind::UpstreamError, End::Again { at, burnt: true }),
        failed(d.clone(), epoch, ErrorKind::UpstreamError, End::Dead),
        Settlement::back(e.clone(), "twilio", epoch),
    ];
    assert_eq!(settle(&test.db, &batch).await.unwrap(), 5);
    assert_eq!(statuses(&test.db).await, (2, 0, 1, 2));
    let jobs: Vec<(i64, String, i16)> =
        sqlx::query_as("SELECT id, state, attempt FROM jobs ORDER BY id").fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(jobs, [(c.id, "scheduled".into(), 1), (d.id, "dead".into(), 1), (e.id, "waiting".into(), 0)]);
    let ended: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM job_history ORDER BY id").fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(ended, [a.id, b.id]);
    let steps: Vec<(i64, String)> =
        sqlx::query_as("SELECT contact_id, state FROM contact_steps WHERE step = 'lookup' ORDER BY contact_id")
            .fetch_all(test.db.pool())
            .await
            .unwrap();
    assert_eq!(steps, [(a.contact_id, "done".into()), (b.contact_id, "failed".into()), (d.contact_id, "dead".into())]);
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM contacts WHERE carrier_name = 'Harbor Wireless' AND api_cost = 0.008")
            .await,
        1
    );
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM contacts WHERE error_kind = 'invalid_input' AND error_code = '20503'")
            .await,
        1
    );
    let burnt: Vec<bool> =
        sqlx::query_scalar("SELECT burnt FROM job_failures ORDER BY job_id").fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(burnt, [true, true, true]);
    let usage: Vec<(String, i64, i64, f64)> =
        sqlx::query_as("SELECT operation, calls, failures, cost::float8 FROM usage ORDER BY operation")
            .fetch_all(test.db.pool())
            .await
            .unwrap();
    assert_eq!(usage, [("call".into(), 4, 3, 0.0), ("line_type_intelligence".into(), 1, 0, 0.008)]);
}

#[tokio::test]
async fn settling_twice_changes_nothing_the_second_time() {
    let test = TestDb::new().await;
    let (epoch, jobs) = claimed(&test.db, 4).await;
    let ends = [End::Done, End::Dead, End::Behind, End::Again { at: Utc::now(), burnt: false }];
    let batch: Vec<Settlement> = jobs
        .into_iter()
        .zip(ends)
        .map(|(job, end)| match end {
            End::Done => found(job, epoch, json!({"line_type": "mobile"})),
            end => failed(job, epoch, ErrorKind::Timeout, end),
        })
        .collect();
    assert_eq!(settle(&test.db, &batch).await.unwrap(), 4);
    let once = everything(&test.db).await;
    assert_eq!(settle(&test.db, &batch).await.unwrap(), 0);
    assert_eq!(everything(&test.db).await, once);
}

#[tokio::test]
async fn a_settlement_for_a_lease_that_went_to_another_changes_nothing() {
    let test = TestDb::new().await;
    let (old, jobs) = claimed(&test.db, 2).await;
    let new = epoch(&test.db).await;
    sqlx::query("UPDATE jobs SET lease_epoch = $1").bind(new).execute(test.db.pool()).await.unwrap();
    let before = everything(&test.db).await;
    let late: Vec<Settlement> = jobs.iter().map(|j| found(j.clone(), old, json!({"line_type": "mobile"}))).collect();
    assert_eq!(settle(&test.db, &late).await.unwrap(), 0);
    assert_eq!(everything(&test.db).await, before);
    sqlx::query("UPDATE jobs SET claimed_at = now()").execute(test.db.pool()).await.unwrap();
    let before = everything(&test.db).await;
    let earlier: Vec<Settlement> = jobs.into_iter().map(|j| found(j, new, json!({"line_type": "mobile"}))).collect();
    assert_eq!(settle(&test.db, &earlier).await.unwrap(), 0, "a claim that is over is not ours either");
    assert_eq!(everything(&test.db).await, before);
}

#[tokio::test]
async fn what_is_no_longer_ours_does_not_keep_the_rest_of_its_batch() {
    let test = TestDb::new().await;
    let (epoch, jobs) = claimed(&test.db, 3).await;
    let batch: Vec<Settlement> = jobs.into_iter().map(|j| found(j, epoch, json!({"line_type": "mobile"}))).collect();
    assert_eq!(settle(&test.db, &batch[..1]).await.unwrap(), 1);
    assert_eq!(settle(&test.db, &batch).await.unwrap(), 2);
    assert_eq!(statuses(&test.db).await, (0, 0, 3, 0));
    assert_eq!(count(&test.db, "SELECT count(*) FROM provider_results").await, 3);
    assert_eq!(count(&test.db, "SELECT calls FROM usage WHERE operation = 'call'").await, 3);
}

#[tokio::test]
async fn a_batch_that_the_database_refuses_leaves_no_trace() {
    let test = TestDb::new().await;
    let (epoch, jobs) = claimed(&test.db, 2).await;
    let before = everything(&test.db).await;
    let patches = [json!({"line_type": "mobile"}), json!({"sms_pumping_risk_score": "no number"})];
    let batch: Vec<Settlement> = jobs.into_iter().zip(patches).map(|(j, p)| found(j, epoch, p)).collect();
    settle(&test.db, &batch).await.unwrap_err();
    assert_eq!(everything(&test.db).await, before);
    assert_eq!(depth::of_lane(&test.db, "twilio").await.unwrap().running, 2);
}

#[tokio::test]
async fn a_patch_touches_the_columns_that_it_names_and_no_others() {
    let test = TestDb::new().await;
    let (epoch, jobs) = claimed(&test.db, 2).await;
    let sql = "UPDATE contacts SET caller_name = 'KEPT', line_type = 'landline', validation_errors = '{TOO_LONG}'";
    sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    let patches = [json!({"line_type": "mobile", "validation_errors": ["TOO_SHORT"]}), json!({"line_type": null})];
    let batch: Vec<Settlement> = jobs.into_iter().zip(patches).map(|(j, p)| found(j, epoch, p)).collect();
    settle(&test.db, &batch).await.unwrap();
    let sql = "SELECT caller_name, line_type, validation_errors FROM contacts ORDER BY id";
    let rows: Vec<(String, Option<String>, Vec<String>)> = sqlx::query_as(sql).fetch_all(test.db.pool()).await.unwrap();
    assert_eq!(
        rows,
        [
            ("KEPT".into(), Some("mobile".into()), vec!["TOO_SHORT".into()]),
            ("KEPT".into(), None, vec!["TOO_LONG".into()])
        ]
    );
}

/// Everybody can be asked.
fn everybody() -> World {
    let offer = Offer { on: true, credential: true, spent: false, open: false, price: 0, hit_rate: None };
    World { offers: graph::sources().map(|(_, source)| (source.name, offer)).collect(), ..World::default() }
}

#[tokio::test]
async fn a_big_batch_is_settled_in_a_dozen_statements_counted_at_the_server() {
    let test = TestDb::new().await;
    let db = &test.db;
    let (epoch, jobs) = claimed(db, 620).await;
    if statements(db).await.is_none() {
        eprintln!("skipped: this server has no pg_stat_statements");
        return;
    }
    let patch = json!({"phone_valid": true, "country_code": "US", "caller_type": "BUSINESS", "caller_name": "HARBOR LOGISTICS"});
    let ends: Vec<Settlement> = jobs.iter().map(|job| found(job.clone(), epoch, patch.clone())).collect();
    let mut counts = Vec::new();
    for part in [&ends[..2], &ends[2..602]] {
        let before = statements(db).await.unwrap();
        assert_eq!(settle_in(everybody(), db, part).await.unwrap(), part.len());
        counts.push(statements(db).await.unwrap() - before - 1);
    }
    // A connection that rested is pinged, which the server counts, too: two of them at most.
    assert!(counts[1] <= 12 + 2, "of two and of six hundred: {counts:?}");
    let followed = "SELECT count(*) FROM jobs WHERE kind <> 'lookup'";
    assert!(count(db, followed).await >= 602, "each had a business to look for");
    let at = Utc::now() + TimeDelta::seconds(60);
    let again = |job: &Claimed| failed(job.clone(), epoch, ErrorKind::UpstreamError, End::Again { at, burnt: true });
    let mixed: Vec<Settlement> = ends[602..611].iter().cloned().chain(jobs[611..].iter().map(again)).collect();
    let before = statements(db).await.unwrap();
    assert_eq!(settle_in(everybody(), db, &mixed).await.unwrap(), mixed.len());
    let issued = statements(db).await.unwrap() - before - 1;
    assert!(issued <= 18 + 2, "with failures among them: {issued}");
}
