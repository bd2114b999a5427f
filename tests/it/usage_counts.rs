//! What was called and what it cost, as operators read it.

use switchboard::operations::views;

use crate::support::work::{queued, sandbox};
use crate::support::{Program, TestDb};

#[tokio::test]
async fn a_call_with_two_paid_packages_is_one_call() {
    let test = TestDb::new().await;
    queued(&test.db, 20).await;
    let sandbox = sandbox("ok").await;
    let ran = Program::calling(&test, &sandbox).run(&["worker", "--until-empty"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let spent = views::spend(&test.db, 1).await.unwrap();
    let twilio: Vec<_> = spent.iter().filter(|row| row.provider == "twilio").collect();
    assert_eq!(twilio.iter().map(|row| row.calls).sum::<i64>(), 20, "{spent:?}");
    assert!(twilio.iter().all(|row| row.cost > 0.0), "{spent:?}");
}
