//! An operator's rate: it reaches every node's calls at once, and is shared by those that are alive.

use std::sync::Arc;
use std::time::Duration;

use switchboard::database::Clock;
use switchboard::fleet::node::Joining;
use switchboard::fleet::{Member, MemberOptions};
use switchboard::providers::Gateway;
use switchboard::queue::lane;

use crate::support::fleet::orders;
use crate::support::providers::Wiring;
use crate::support::work::sandbox;
use crate::support::{Program, TestDb, eventually};

async fn joined(test: &TestDb, wiring: Wiring) -> (Arc<Member>, Arc<Gateway>) {
    let gateway = Arc::new(wiring.gateway());
    let joining = Joining { runs_jobs: true, ..Joining::here("worker", vec!["twilio".into()]) };
    let options =
        MemberOptions { joining, heartbeat: Duration::from_millis(300), stand_late: Duration::ZERO, orders: orders() };
    let member = Member::join(test.db.clone(), options, Arc::clone(&gateway), Clock::default()).await.unwrap();
    (member, gateway)
}

fn rates(gateways: &[&Arc<Gateway>]) -> Vec<Option<u32>> {
    gateways.iter().map(|gateway| gateway.line("twilio").unwrap().per_second()).collect()
}

#[tokio::test]
async fn an_operators_rate_is_obeyed_by_every_node_and_shared_by_those_that_are_alive() {
    let test = TestDb::new().await;
    lane::seed(&test.db).await.unwrap();
    let sandbox = sandbox("ok").await;
    let (one, first) = joined(&test, Wiring::to(&sandbox)).await;
    let (two, second) = joined(&test, Wiring::to(&sandbox)).await;
    let (both, program) = ([&first, &second], Program::on(&test));
    let soon = Duration::from_secs(10);
    program.json(&["lanes", "rate", "twilio", "8"]).await;
    eventually(soon, || std::future::ready(rates(&both) == [Some(4), Some(4)])).await;
    two.leave().await.unwrap();
    eventually(soon, || std::future::ready(rates(&[&first]) == [Some(8)])).await;
    program.json(&["lanes", "rate", "twilio", "auto"]).await;
    eventually(soon, || std::future::ready(rates(&[&first]) == [None])).await;
    one.leave().await.unwrap();
}
