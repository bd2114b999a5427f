//! The same contacts again within the times to live: answers come from the cache and cost nothing. What is true of a moment
//! only (a SIM swap, a number that was given to somebody else) is asked again each time.

use super::super::super::Failure;
use super::super::super::args::Common;
use super::super::super::evidence::bar::Row;
use super::field::Field;
use super::form::Form;
use crate::operations::actions::{Action, Enrich, Limits, LookUp};

/// Answers of the second run that come from the cache.
const CACHED: f64 = 0.95;
const MOMENT: (&str, &str) = ("SWITCHBOARD_PROVIDERS__TWILIO__PACKAGES", "sim_swap,reassigned_number");

/// Shows it.
pub async fn show(common: &Common, form: &Form) -> Result<Vec<Row>, Failure> {
    let field = Field::lay(common, form, form.contacts, form.latency).await?;
    field.work(&[]).await?;
    let cached = "SELECT coalesce(sum(cached), 0)::bigint FROM usage";
    let cost = "SELECT (coalesce(sum(cost), 0) * 1000000)::bigint FROM usage";
    let (before, cached_before, cost_before) = (field.by_lane(), field.count(cached).await?, field.count(cost).await?);
    field.act(Action::Enrich(Enrich { filter: String::new(), again: false, checks_only: false })).await?;
    field.work(&[]).await?;
    let after = field.by_lane().into_iter();
    let made: Vec<(&str, u64)> = after
        .map(|(lane, calls)| (lane, calls - before.get(lane).copied().unwrap_or(0)))
        .filter(|(_, calls)| *calls > 0)
        .collect();
    let told: Vec<String> = made.iter().map(|(lane, calls)| format!(", {calls} of {lane}")).collect();
    let made = made.iter().map(|(_, calls)| *calls as i64).sum::<i64>();
    let hits = field.count(cached).await? - cached_before;
    let spent = (field.count(cost).await? - cost_before) as f64 / 1e6;
    let share = hits as f64 / ((hits + made).max(1)) as f64;
    let mut rows = vec![
        Row::at_least("cache/share", share, "of the answers", CACHED).note(format!(
            "second run over {} contacts: {hits} from the cache, {made} calls{}",
            form.contacts,
            told.concat()
        )),
        Row::at_most("cache/cost", spent, "USD", 0.0).note("of the second run"),
    ];
    rows.extend(moments(&field).await?);
    field.clear().await?;
    Ok(rows)
}

/// Looks the same contacts up twice with packages whose answers are true of a moment only.
async fn moments(field: &Field) -> Result<Vec<Row>, Failure> {
    let packages = [(MOMENT.0.to_owned(), MOMENT.1.to_owned())];
    let limits = Limits::default();
    let kept = "SELECT count(*) FROM provider_results WHERE provider = 'twilio' AND expires_at IS NOT NULL
                AND (body -> 'sim_swap' <> 'null' OR body -> 'reassigned_number' <> 'null')";
    let (mut asked, mut calls) = (0, 0);
    for _ in 0..2 {
        let wish = LookUp {
            filter: "phone_valid:true".into(),
            again: true,
            packages: MOMENT.1.into(),
            attempts: limits.attempts,
            lane_limit: limits.lane_limit,
        };
        let before = field.by_lane().get("twilio").copied().unwrap_or(0);
        asked += field.act(Action::LookUp(wish)).await?;
        field.work(&packages).await?;
        calls += field.by_lane().get("twilio").copied().unwrap_or(0) - before;
    }
    Ok(vec![
        Row::at_least("cache/moment_calls", calls as f64, "calls", asked as f64)
            .note("SIM swap and reassigned number, looked up twice; the bar is what was asked for"),
        Row::at_most("cache/moment_kept", field.count(kept).await? as f64, "answers", 0.0)
            .note("of these that may be served again"),
    ])
}
