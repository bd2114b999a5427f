//! `bench queue` measures in a database of its own and prints what scripts rely on.

use crate::support::{Program, TestDb};

const NAMES: [&str; 9] = [
    "enqueue",
    "drain",
    "drain_two_processes",
    "drain_own_sql",
    "pickup_p50",
    "pickup_p95",
    "pickup_p99",
    "pickup_loaded_p99",
    "io_bound",
];

#[tokio::test]
async fn bench_queue_prints_every_figure_beside_its_ceiling_and_leaves_nothing_behind() {
    let test = TestDb::new().await;
    let program = Program::new().with("DATABASE_URL", &test.url);
    let report = program.json(&["bench", "queue", "--jobs", "200"]).await;
    let results = report["results"].as_array().unwrap();
    for name in NAMES {
        let row = results.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {report}"));
        for key in ["value", "ceiling", "ratio"] {
            assert!(row[key].as_f64().unwrap() > 0.0, "{row}");
        }
        assert!(row["spread"].is_number() && row["unit"].is_string(), "{row}");
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname LIKE 'bench%'")
        .fetch_one(test.db.pool())
        .await
        .unwrap();
    let touched: i64 = sqlx::query_scalar("SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM nodes)")
        .fetch_one(test.db.pool())
        .await
        .unwrap();
    assert_eq!((left, touched), (0, 0));
}
