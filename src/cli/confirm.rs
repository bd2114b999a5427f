//! The command line's gate: shows what an action would touch, asks where a person can answer, and runs it.

use std::io::{BufRead, IsTerminal, Write};

use super::Failure;
use super::args::Common;
use super::output;
use crate::database::Db;
use crate::operations::actions::{Action, Actor, Confirmation, Plan, Receipt, Tier, plan, run};

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
        eprintln!("{}", plan.sentence);
    }
    if let Some(limit) = max_cost.filter(|limit| plan.cost_usd > *limit) {
        let cost = plan.cost_usd;
        return Err(Failure::new(format!(
            "nothing was done: estimated at ${cost:.2}, above --max-cost {limit}; raise it or narrow the filter"
        )));
    }
    let (answer, reason) = answer(&plan, common.yes)?;
    let plan = Plan { reason, ..plan };
    Ok(run(db, plan.confirm(answer)?, &Actor::here("command line")).await?)
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
    eprint!("{question}");
    std::io::stderr().flush()?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    Ok(typed.trim().to_owned())
}
