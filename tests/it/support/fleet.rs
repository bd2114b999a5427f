//! What a leader goes by, with the default settings.

use std::time::Duration;

use switchboard::database::Db;
use switchboard::fleet::alerts::{Budgets, Thresholds};
use switchboard::fleet::duties::{self, Keep, Orders, Round};

const DAY: Duration = Duration::from_secs(86_400);

/// A round with everything in it.
pub const FULL: Round = Round { may_reap: true, full: true };

/// The defaults.
pub fn orders() -> Orders {
    let thresholds =
        Thresholds { depth_warning: 500, depth_critical: 2000, total_critical: 5000, oldest_warning_s: 300 };
    let keep = Keep {
        job_history: DAY * 7,
        job_trash: DAY * 7,
        job_failures: DAY * 30,
        timeline: DAY * 90,
        samples: DAY * 30,
        fine_samples: DAY,
        usage: DAY * 396,
        payloads: DAY * 30,
    };
    Orders { dead_after: Duration::from_secs(15), thresholds, budgets: Budgets::default(), keep, errand: None }
}

/// What the leader does at a beat.
pub async fn lead(db: &Db) {
    duties::round(db, &orders(), FULL).await.unwrap();
}
