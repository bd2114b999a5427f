//! The database's clock as this process sees it: its own clock plus the difference that was measured last.
//!
//! Nodes' clocks may differ by minutes; what they write down must still stand in one order.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Db, Result};

/// Cheap to clone; all clones share the measured difference.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_us: Arc<AtomicI64>,
}

impl Clock {
    /// The database's time now, to within half a round trip.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::microseconds(self.ahead_us.load(Ordering::Relaxed))
    }

    /// Measures the difference anew.
    pub async fn measure(&self, db: &Db) -> Result<()> {
        let before = Utc::now();
        let there: DateTime<Utc> = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(db.pool()).await?;
        let middle = before + (Utc::now() - before) / 2;
        self.ahead_us.store((there - middle).num_microseconds().unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }
}
