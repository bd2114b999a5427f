//! The leader's duties over days: samples that stay few, records that end, alerts that don't flap, schedules that fire once.

use chrono::{TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::json;
use switchboard::contacts::filter::Anchor;
use switchboard::fleet::duties::{Keep, forget};
use switchboard::operations::actions::{Action, Chore, LookUp, Schedule, fire_due, plan};
use switchboard::operations::views::past;
use switchboard::queue::lane;

use crate::support::fleet::{lead, orders};
use crate::support::work::{contacts, count, look_up, queued};
use crate::support::{Program, TestDb};

#[tokio::test]
async fn minutes_stand_for_samples_and_both_end() {
    let test = TestDb::new().await;
    lane::seed(&test.db).await.unwrap();
    let fill = "INSERT INTO samples (at, lane, waiting, scheduled, running, dead, done_total, failed_total, oldest_s, p50_ms, p95_ms, breaker, lane_state)
        SELECT date_trunc('minute', now()) - make_interval(secs => 5 * g), 'twilio', g, 0, 1, 0, 10000 - g, 0, g, 10, 20,
               CASE WHEN g = 3 THEN 'open' ELSE 'closed' END, 'ok'
        FROM generate_series(1, 36) g";
    sqlx::query(fill).execute(test.db.pool()).await.unwrap();
    sqlx::query("INSERT INTO samples SELECT at - interval '25 hours', lane, waiting, scheduled, running, dead, done_total, failed_total, oldest_s, p50_ms, p95_ms, breaker, lane_state FROM samples")
        .execute(test.db.pool())
        .await
        .unwrap();
    lead(&test.db).await;
    let sql =
        "SELECT waiting_max, done_total, breaker FROM samples_minute WHERE lane = 'twilio' ORDER BY at DESC LIMIT 3";
    let minutes: Vec<(i64, i64, String)> = sqlx::query_as(sql).fetch_all(test.db.pool()).await.unwrap();
    let seen: Vec<(i64, i64, &str)> = minutes.iter().map(|(a, b, c)| (*a, *b, c.as_str())).collect();
    assert_eq!(seen, [(12, 9999, "open"), (24, 9987, "closed"), (36, 9975, "closed")]);
    assert_eq!(count(&test.db, "SELECT count(*) FROM samples WHERE at < now() - interval '1 day'").await, 0);
    assert_eq!(count(&test.db, "SELECT count(*) FROM samples_minute WHERE lane = 'twilio'").await, 6);
    lead(&test.db).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM samples_minute WHERE lane = 'twilio'").await, 6, "once a minute");
    // Where the samples of 5 s are gone, time travel goes by those of a minute.
    let yesterday = Utc::now() - chrono::TimeDelta::hours(25);
    let past = past(&test.db, yesterday, 60).await.unwrap();
    let lane = past.status.lanes.iter().find(|lane| lane.lane == "twilio").unwrap();
    assert_eq!((lane.depth, lane.done_total > 9900), (7, true), "{lane:?}");
    assert_eq!(past.trend.iter().filter(|point| point.lane == "twilio").count(), 3);
}

#[tokio::test]
async fn what_is_older_than_its_setting_goes_and_the_rest_stays() {
    let test = TestDb::new().await;
    contacts(&test.db, 1).await;
    let rows = [
        "INSERT INTO job_history (id, lane, kind, contact_id, outcome, attempt, created_at, finished_at) SELECT g, 'twilio', 'lookup', 1, 'done', 1, now(), now() - make_interval(days => g) FROM generate_series(1, 14) g",
        "INSERT INTO job_trash (id, lane, kind, contact_id, priority, state, run_at, attempt, max_attempts, returns, probes, created_at, args, batch, discarded_at) SELECT g, 'twilio', 'lookup', 1, 1, 'dead', now(), 1, 1, 0, 0, now(), '{}', gen_random_uuid(), now() - make_interval(days => g) FROM generate_series(1, 14) g",
        "INSERT INTO timeline (at, kind, subject, summary, actor) SELECT now() - make_interval(days => 10 * g), 'node', 'x', 'x', 'x' FROM generate_series(1, 14) g",
        "INSERT INTO usage (provider, hour, operation) SELECT 'twilio', now() - make_interval(days => 100 * g), 'call' FROM generate_series(1, 5) g",
        "INSERT INTO provider_results (contact_id, provider, endpoint, request_key, request_id, credential_version, http_status, body, took_ms, fetched_at, expires_at) SELECT 1, 'twilio', 'x', 'x', gen_random_uuid(), 'env', 200, '{}', 1, now() - make_interval(days => 20 * g), now() - make_interval(days => 20 * g) + make_interval(days => CASE WHEN g = 3 THEN 90 ELSE 1 END) FROM generate_series(1, 5) g",
    ];
    for sql in rows {
        sqlx::query(sql).execute(test.db.pool()).await.unwrap();
    }
    lead(&test.db).await;
    let left = "SELECT (SELECT count(*) FROM job_history) * 10000 + (SELECT count(*) FROM job_trash) * 1000 + (SELECT count(*) FROM timeline) * 100
                     + (SELECT count(*) FROM usage) * 10 + (SELECT count(*) FROM provider_results)";
    // 6 of 14 days each (the seventh is over by a moment), 8 of 14 decades, 3 of 5 hundreds, and 20 days old or not yet expired.
    assert_eq!(count(&test.db, left).await, 66832);
    let short = Keep { job_history: std::time::Duration::from_secs(3600), ..orders().keep };
    assert_eq!(forget(&test.db, &short).await.unwrap(), 6, "the settings decide");
}

#[tokio::test]
async fn a_depth_alert_is_told_once_taken_on_silenced_and_ends_after_thirty_calm_seconds() {
    let test = TestDb::new().await;
    queued(&test.db, 600).await;
    let program = Program::on(&test);
    for _ in 0..3 {
        sqlx::query("UPDATE samples SET at = at - interval '5 s'").execute(test.db.pool()).await.unwrap();
        lead(&test.db).await;
    }
    let alerts = program.json(&["alerts", "list"]).await;
    assert_eq!((alerts.as_array().unwrap().len(), &alerts[0]["key"]), (1, &json!("depth/twilio")), "{alerts}");
    assert_eq!((&alerts[0]["severity"], &alerts[0]["summary"]), (&json!("warning"), &json!("600 jobs wait, over 500")));
    assert_eq!(count(&test.db, "SELECT count(*) FROM timeline WHERE kind = 'alert'").await, 1);
    let id = alerts[0]["id"].to_string();
    let taken = program.json(&["alerts", "ack", &id]).await;
    let silenced = program.json(&["alerts", "silence", "depth/twilio", "--for", "2h", "--reason", "import"]).await;
    let alerts = program.json(&["alerts", "list"]).await;
    assert!(alerts[0]["acked_by"].is_string() && alerts[0]["silenced_until"].is_string(), "{alerts}");
    sqlx::query("UPDATE alerts SET raised_at = raised_at - interval '11 min', reminded_at = NULL")
        .execute(test.db.pool())
        .await
        .unwrap();
    lead(&test.db).await;
    assert_eq!(count(&test.db, "SELECT count(*) FROM timeline WHERE kind = 'alert'").await, 1, "nobody is reminded");
    for receipt in [taken, silenced] {
        program.json(&["undo", &receipt["audit_id"].to_string()]).await;
    }
    sqlx::query("UPDATE samples SET at = at - interval '5 s'").execute(test.db.pool()).await.unwrap();
    sqlx::query("UPDATE alerts SET reminded_at = now() - interval '11 min'").execute(test.db.pool()).await.unwrap();
    lead(&test.db).await;
    assert_eq!(
        count(&test.db, "SELECT count(*) FROM timeline WHERE kind = 'alert' AND summary LIKE 'still: %'").await,
        1
    );
    program.json(&["jobs", "cancel", "--filter", "id<=300"]).await;
    for _ in 0..2 {
        sqlx::query("UPDATE samples SET at = at - interval '5 s'").execute(test.db.pool()).await.unwrap();
        lead(&test.db).await;
    }
    let alerts = program.json(&["alerts", "list"]).await;
    assert_eq!(alerts.as_array().unwrap().len(), 1, "not calm for long enough");
    assert_eq!(alerts[0]["summary"], "300 jobs wait, was over 500", "nothing that is over says that it is not");
    sqlx::query("UPDATE alerts SET below_since = now() - interval '31 s'").execute(test.db.pool()).await.unwrap();
    lead(&test.db).await;
    assert_eq!(program.json(&["alerts", "list"]).await, json!([]));
    assert_eq!(count(&test.db, "SELECT count(*) FROM timeline WHERE summary = 'cleared: 300 jobs wait'").await, 1);
    let refusal = program.run(&["alerts", "silence", "depth/twlio"]).await.refusal(1);
    assert!(refusal.contains("did you mean twilio"), "{refusal}");
}

#[tokio::test]
async fn a_schedule_fires_once_in_the_fleet_and_says_what_came_of_it() {
    let test = TestDb::new().await;
    let ids = contacts(&test.db, 5).await;
    lane::seed(&test.db).await.unwrap();
    let program = Program::on(&test).with("SWITCHBOARD_JOBS__LANE_LIMIT", "5");
    let completed = "UPDATE contacts SET status = 'processing' WHERE id <= 3";
    sqlx::query(completed).execute(test.db.pool()).await.unwrap();
    sqlx::query("UPDATE contacts SET status = 'completed', lookup_performed_at = now() WHERE id <= 3")
        .execute(test.db.pool())
        .await
        .unwrap();
    let refusal = program.run(&["schedules", "add", "monthly", "now and then"]).await.refusal(1);
    assert!(refusal.contains("0 3 1 * *"), "{refusal}");
    program.json(&["schedules", "add", "monthly", "every 30d", "--filter", "status:completed", "--again"]).await;
    let listed = program.json(&["schedules", "list"]).await;
    assert_eq!(
        (&listed[0]["filter"], &listed[0]["again"], &listed[0]["last_at"]),
        (&json!("status:completed"), &json!(true), &json!(null))
    );
    assert_eq!(fire_due(&test.db, Tz::UTC).await.unwrap(), 0, "not yet");
    sqlx::query("UPDATE schedules SET next_at = now() - interval '95 days'").execute(test.db.pool()).await.unwrap();
    let fired = tokio::join!(fire_due(&test.db, Tz::UTC), fire_due(&test.db, Tz::UTC), fire_due(&test.db, Tz::UTC));
    assert_eq!(fired.0.unwrap() + fired.1.unwrap() + fired.2.unwrap(), 1, "three leaders, one firing");
    assert_eq!(count(&test.db, "SELECT count(*) FROM jobs").await, 3);
    assert_eq!(count(&test.db, "SELECT count(*) FROM schedules WHERE next_at > now() + interval '20 days' AND last_result = 'enqueued 3 lookups'").await, 1);
    let audit = program.json(&["audit", "--limit", "1"]).await;
    assert_eq!(audit[0]["claimed"]["schedule"], "monthly", "{audit}");
    sqlx::query("UPDATE contacts SET status = 'failed' WHERE id > 3").execute(test.db.pool()).await.unwrap();
    look_up(&test.db, &ids[3..]).await;
    program.json(&["schedules", "add", "failed", "0 3 1 * *", "--filter", "id>3"]).await;
    let removed = program.json(&["schedules", "remove", "monthly"]).await;
    program.json(&["undo", &removed["audit_id"].to_string()]).await;
    let names: Vec<String> =
        program.json(&["schedules", "list"]).await.as_array().unwrap().iter().map(|s| s["name"].to_string()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let paused = program.json(&["schedules", "pause", "failed"]).await;
    let rests =
        "SELECT count(*) FROM schedules WHERE name = 'failed' AND next_at = 'infinity' AND paused_by IS NOT NULL";
    assert_eq!(count(&test.db, rests).await, 1);
    program.json(&["undo", &paused["audit_id"].to_string()]).await;
    let fires = "SELECT count(*) FROM schedules WHERE name = 'failed' AND next_at < now() + interval '32 days' AND paused_by IS NULL";
    assert_eq!(count(&test.db, fires).await, 1);
}

#[tokio::test]
async fn a_schedule_may_enrich_or_look_for_duplicates_and_says_which() {
    let test = TestDb::new().await;
    contacts(&test.db, 3).await;
    lane::seed(&test.db).await.unwrap();
    let completed = "UPDATE contacts SET status = 'processing' WHERE id <= 2;
                     UPDATE contacts SET status = 'completed', lookup_performed_at = now() WHERE id <= 2";
    sqlx::raw_sql(completed).execute(test.db.pool()).await.unwrap();
    let program = Program::on(&test);
    program.json(&["schedules", "add", "fresh", "every 7d", "--work", "enrich", "--again"]).await;
    program.json(&["schedules", "add", "pairs", "every 8d", "--work", "rescore", "--filter", "id<2"]).await;
    sqlx::query("UPDATE schedules SET next_at = now()").execute(test.db.pool()).await.unwrap();
    assert_eq!(fire_due(&test.db, Tz::UTC).await.unwrap(), 2);
    let list = program.json(&["schedules", "list"]).await;
    let said: Vec<(&str, &str)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["work"].as_str().unwrap(), s["last_result"].as_str().unwrap()))
        .collect();
    assert_eq!(
        said,
        [
            ("enrich", "enqueued 2 contacts for enrichment"),
            ("rescore", "enqueued 1 contacts for a check for duplicates")
        ]
    );
    let jobs = "SELECT count(*) FILTER (WHERE kind = 'enrich' AND args = '{\"fresh\": true}') * 10 + count(*) FILTER (WHERE kind = 'duplicates') FROM jobs";
    assert_eq!(count(&test.db, jobs).await, 21);
}

#[tokio::test]
async fn a_schedule_that_speaks_of_days_means_those_of_its_time_zone_when_it_fires() {
    let test = TestDb::new().await;
    contacts(&test.db, 3).await;
    lane::seed(&test.db).await.unwrap();
    // Of three zones whose days begin eight hours apart, the two whose day began last: neither ends while this runs.
    let mut begun = [chrono_tz::Pacific::Kiritimati, chrono_tz::Asia::Shanghai, chrono_tz::Atlantic::South_Georgia]
        .map(|zone| {
            let today = Utc::now().with_timezone(&zone).date_naive().and_time(chrono::NaiveTime::MIN);
            (zone.from_local_datetime(&today).unwrap().with_timezone(&Utc), zone)
        });
    begun.sort_by_key(|(midnight, _)| *midnight);
    let [_, (_, earlier), (midnight, later)] = begun;
    let between = midnight - TimeDelta::minutes(1);
    sqlx::query("UPDATE contacts SET created_at = CASE id WHEN 1 THEN $1 ELSE '2020-01-01' END")
        .bind(between)
        .execute(test.db.pool())
        .await
        .unwrap();
    Program::on(&test).json(&["schedules", "add", "daily", "every 1d", "--filter", "created>=today"]).await;
    let mut found = Vec::new();
    for zone in [later, earlier] {
        sqlx::query("UPDATE schedules SET next_at = now()").execute(test.db.pool()).await.unwrap();
        assert_eq!(fire_due(&test.db, zone).await.unwrap(), 1);
        found.push(count(&test.db, "SELECT count(*) FROM jobs").await);
    }
    assert_eq!(found, [0, 1], "in {later} the contact is of yesterday, in {earlier} of today");
    let stored = Program::on(&test).json(&["schedules", "list"]).await;
    assert_eq!(stored[0]["filter"], "created>=today", "it means another day each time");
}

#[tokio::test]
async fn the_estimate_of_a_schedule_means_the_days_of_whoever_adds_it() {
    let test = TestDb::new().await;
    contacts(&test.db, 3).await;
    let late = "UPDATE contacts SET created_at = CASE id WHEN 1 THEN '2026-03-09T23:30:00Z'::timestamptz ELSE '2020-01-01' END";
    sqlx::query(late).execute(test.db.pool()).await.unwrap();
    let wish = LookUp {
        filter: "created:2026-03-10".into(),
        again: false,
        packages: "line_type_intelligence".into(),
        attempts: 5,
        lane_limit: 1_000,
    };
    let schedule = Schedule {
        name: "daily".into(),
        every: "every 1d".into(),
        work: Chore::LookUp(wish),
        paused: false,
        zone: Tz::UTC,
    };
    for (zone, many) in [(Tz::UTC, "0 contacts"), (chrono_tz::Europe::Berlin, "1 contacts")] {
        let wish = Action::AddSchedule(schedule.clone()).dated(Anchor::new(Utc::now(), zone)).unwrap();
        let sentence = plan(&test.db, wish).await.unwrap().sentence;
        assert!(sentence.contains(many), "in {zone}: {sentence}");
    }
}
