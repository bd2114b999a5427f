//! The account: what failed, by SQL after the last lookup, and how long the workers took to hear.

use serde::Serialize;
use serde_json::json;

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::output::{self, thousands};
use super::super::figure::percentile;
use super::stage::Stage;
use super::turns::Turns;

/// Bars of the contract: failed lookups, and milliseconds to the first call with a new secret.
const FAILED_MAX: i64 = 0;
const HEARD_P99_MS_MAX: f64 = 200.0;

/// What became of the lookups.
#[derive(Debug, Serialize)]
pub struct Account {
    enqueued: i64,
    completed: i64,
    failed: i64,
    burnt: i64,
    live: i64,
    breaker_events: i64,
    rolled_back: i64,
    refused_calls: u64,
}

impl Account {
    pub async fn of(stage: &Stage, enqueued: i64) -> Result<Account, Failure> {
        let sql = "SELECT (SELECT count(*) FROM contacts WHERE status = 'completed'), (SELECT count(*) FROM contacts WHERE status = 'failed'),
                (SELECT count(*) FROM job_failures WHERE burnt), (SELECT count(*) FROM jobs), (SELECT count(*) FROM breaker_events),
                (SELECT count(*) FROM audit_log WHERE verb = 'credentials rollback')";
        let (completed, failed, burnt, live, breaker_events, rolled_back) =
            sqlx::query_as(sql).fetch_one(stage.db.pool()).await?;
        let refused_calls = stage.calls("401");
        Ok(Account { enqueued, completed, failed, burnt, live, breaker_events, rolled_back, refused_calls })
    }

    /// Prints it all; what is not as it must be is the answer.
    pub fn report(&self, common: &Common, turns: &Turns, back_ms: f64) -> Result<Option<String>, Failure> {
        let cut = |part: f64| (percentile(&turns.heard_ms, part) * 10.0).round() / 10.0;
        let (p50, p99, most) = (cut(0.5), cut(0.99), cut(1.0));
        let in_flight = percentile(&turns.in_flight, 0.0_f64.max(f64::MIN_POSITIVE));
        let rotations = turns.in_flight.len();
        if common.json {
            let figure = |name: &str, value: f64, unit: &str, bar: Option<f64>| json!({"name": name, "value": value, "unit": unit, "ceiling": bar, "ratio": bar.map(|bar| if bar > 0.0 { value / bar } else { value }), "spread": 0.0});
            let mut value = json!({"results": [
                figure("failed_lookups", self.failed as f64, "lookups", Some(FAILED_MAX as f64)),
                figure("propagation_p50", p50, "ms", None),
                figure("propagation_p99", p99, "ms", Some(HEARD_P99_MS_MAX)),
                figure("propagation_max", most, "ms", None),
                figure("back_from_bad", back_ms, "ms", None),
                figure("in_flight_least", in_flight, "lookups", None),
            ]});
            value["rotations"] = rotations.into();
            value["account"] = serde_json::to_value(self)?;
            output::json(&value)?;
        } else {
            self.table(rotations, [p50, p99, most, in_flight, back_ms], turns.heard_ms.len())?;
        }
        Ok(self.verdict(p99))
    }

    fn table(
        &self,
        rotations: usize,
        [p50, p99, most, in_flight, back_ms]: [f64; 5],
        heard: usize,
    ) -> Result<(), Failure> {
        let row = |name: &str, n: String, what: &str| vec![name.to_owned(), n, what.to_owned()];
        let number = |n: i64| thousands(n);
        let ms = |ms: f64| format!("{ms:.1} ms");
        let rows = [
            row("rotations", rotations.to_string(), "and one to a secret that is refused"),
            row("in flight", thousands(in_flight as i64), "lookups at once, the least at any rotation"),
            row("lookups", number(self.completed), "completed, by SQL, as all that follows"),
            row("failed lookups", number(self.failed), "must be 0"),
            row("attempts burnt", number(self.burnt), "must be 0"),
            row("left", number(self.live), "jobs that did not end; must be 0"),
            row("breaker events", number(self.breaker_events), "must be 0"),
            row(
                "heard, p50",
                ms(p50),
                &format!("from the activating transaction to the first call with it, {heard} times"),
            ),
            row("heard, p99", ms(p99), "must be below 200 ms"),
            row("heard, longest", ms(most), ""),
            row("back from a bad one", ms(back_ms), "by itself, once in the fleet"),
            row("refused calls", thousands(self.refused_calls as i64), "made once more with the newer secret"),
        ];
        output::table(&["", "figure", ""], &rows)
    }

    fn verdict(&self, p99: f64) -> Option<String> {
        let whole = self.failed <= FAILED_MAX && self.burnt == 0 && self.live == 0 && self.breaker_events == 0;
        let whole = whole && self.rolled_back == 1 && self.completed == self.enqueued;
        if !whole {
            return Some(format!("a rotation was felt: {self:?}; please report it with this output"));
        }
        (p99 >= HEARD_P99_MS_MAX).then(|| format!("workers took {p99} ms to hear of a rotation; the bar is 200 ms"))
    }
}
