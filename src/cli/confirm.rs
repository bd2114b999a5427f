//! The command line's gate: shows what an action would touch, asks where a person can answer, and runs it.

use std::io::{BufRead, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::args::Common;
use super::output;
use crate::database::Db;
use crate::operations::actions::{
    Action, Actor, Answered, Confirmation, Confirmed, Plan, Receipt, Second, Tier, Watch, ask_second, await_second,
    in_batches, note_refused, plan, run, run_bulk,
};
use crate::operations::views::{deck, open_question};
use crate::telemetry::inert;

/// Plans `action`, asks if it has to, runs it and prints what was done.
pub async fn act(db: &Db, common: &Common, action: Action, max_cost: Option<f64>) -> Result<Receipt, Failure> {
    let receipt = confirmed(db, common, action, max_cost).await?;
    if common.json {
        output::json(&receipt)?;
    } else {
        let undo = if receipt.undoable {
            format!("; undo with: switchboard undo {}", receipt.audit_id)
        } else {
            String::new()
        };
        output::line(&format!("{} (audit {}){undo}", receipt.summary, receipt.audit_id))?;
    }
    Ok(receipt)
}

/// Plans `action`, asks if it has to, and runs it.
pub async fn confirmed(db: &Db, common: &Common, action: Action, max_cost: Option<f64>) -> Result<Receipt, Failure> {
    let plan = plan(db, action).await?;
    if plan.cost_usd > 0.0 || plan.tier == Tier::Heavy {
        eprintln!("{}", inert(&plan.sentence));
    }
    if let Some(limit) = max_cost.filter(|limit| plan.cost_usd > *limit) {
        let cost = plan.cost_usd;
        return Err(Failure::new(format!(
            "nothing was done: estimated at ${cost:.2}, above --max-cost {limit}; raise it or narrow the filter"
        )));
    }
    warn(db, &plan).await?;
    let (answer, reason) = answer(&plan, common.yes)?;
    let plan = second(db, common, Plan { reason, ..plan }).await?;
    run_watched(db, plan.confirm(answer)?).await
}

/// Says on stderr who has a question about the same thing open.
async fn warn(db: &Db, plan: &Plan) -> Result<(), Failure> {
    if plan.tier == Tier::Light {
        return Ok(());
    }
    let (verb, target) = (plan.action.verb(), plan.action.target());
    for other in deck(db).await?.about(None, (verb, &target)) {
        eprintln!("{}.", inert(&open_question(other, verb)));
    }
    Ok(())
}

/// Asks a second person where one is needed or wished for, and waits for the answer.
async fn second(db: &Db, common: &Common, plan: Plan) -> Result<Plan, Failure> {
    if plan.tier < Tier::Heavy || !(plan.second.required || common.second) {
        return Ok(plan);
    }
    let actor = Actor::here("command line");
    let (ask, until) = ask_second(db, &plan, &actor).await?;
    eprintln!(
        "This needs a second person: somebody else answers it with @ in a console, or by `switchboard deck approve {ask}`, until {}Z.",
        until.format("%H:%M:%S")
    );
    let why = match await_second(db, ask).await? {
        Some(Answered { yes: true, by }) => {
            eprintln!("{} agreed.", inert(&by));
            return Ok(Plan { second: Second { ask: Some(ask), ..plan.second }, ..plan });
        }
        Some(Answered { by, .. }) => format!("nothing was done: {by} refused it"),
        None => "nothing was done: nobody answered in time; ask again when somebody is there".to_owned(),
    };
    note_refused(db, &plan, &actor, &why).await;
    Err(Failure::new(why))
}

/// Runs it; what takes several batches shows how far it is on a terminal, and ends after its batch at Ctrl-C.
async fn run_watched(db: &Db, confirmed: Confirmed) -> Result<Receipt, Failure> {
    let actor = Actor::here("command line");
    if !in_batches(confirmed.plan()) {
        return Ok(run(db, confirmed, &actor).await?);
    }
    // Hidden of itself where stderr is no terminal.
    let bar = ProgressBar::new(u64::try_from(confirmed.plan().things).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} {eta} {msg}") {
        bar.set_style(style);
    }
    let stop = CancellationToken::new();
    let mut progress = |rows: i64| bar.set_position(u64::try_from(rows).unwrap_or(0));
    let done = {
        let mut work = std::pin::pin!(run_bulk(db, confirmed, &actor, Watch { progress: &mut progress, stop: &stop }));
        loop {
            tokio::select! {
                done = &mut work => break done,
                Ok(()) = tokio::signal::ctrl_c() => {
                    if stop.is_cancelled() {
                        return Err(Failure::new("left at once: the fleet will write into the audit log how far it came"));
                    }
                    stop.cancel();
                    bar.set_message("stops after this batch");
                }
            }
        }
    };
    bar.finish_and_clear();
    Ok(done?)
}

/// A script is not asked; a person is, when it takes care, and for a reason when it takes much.
fn answer(plan: &Plan, yes: bool) -> Result<(Confirmation, Option<String>), Failure> {
    if yes || plan.tier == Tier::Light || !std::io::stdin().is_terminal() {
        return Ok((Confirmation::Unattended, None));
    }
    let (question, heavy) = match plan.tier {
        Tier::Heavy => (format!("Type {} to go on: ", plan.word()), true),
        _ => (format!("{} Go on? [y/N] ", plan.sentence), false),
    };
    let typed = ask_for(&question)?;
    if heavy {
        let reason = if typed == plan.word() { ask_for("Why: ")? } else { String::new() };
        return Ok((Confirmation::Typed(typed), Some(reason).filter(|reason| !reason.is_empty())));
    }
    let yes = matches!(typed.to_lowercase().as_str(), "y" | "yes");
    Ok((if yes { Confirmation::Yes } else { Confirmation::None }, None))
}

/// Asks on stderr and reads one line.
pub fn ask_for(question: &str) -> Result<String, Failure> {
    eprint!("{}", inert(question));
    std::io::stderr().flush()?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim().to_owned())
}
