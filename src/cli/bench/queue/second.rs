//! The second process: works while it is told to, by lines on its standard input, and ends with it.

use std::io::{BufRead, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::block_in_place;

use super::super::super::args::Common;
use super::super::super::{Failure, open, output};
use super::drill::Rig;
use super::ground::Ground;

const GO: &str = "go";
const STOP: &str = "stop";

/// The second process as the first one sees it.
pub struct Second {
    child: Child,
    orders: ChildStdin,
    answers: std::io::BufReader<ChildStdout>,
}

impl Second {
    /// Starts it; it has joined the fleet when this returns.
    pub fn start(ground: &Ground) -> Result<Second, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "queue", "--second"]).env("DATABASE_URL", ground.url());
        command.env_remove("SWITCHBOARD_DATABASE__DIRECT_URL").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::new("the second process has no pipes; raise the limit of open files"));
        };
        let mut second = Second { child, orders, answers: std::io::BufReader::new(answers) };
        second.answer()?;
        Ok(second)
    }

    /// Sets it to work, or stops it.
    pub fn work(&mut self, work: bool) -> Result<(), Failure> {
        writeln!(self.orders, "{}", if work { GO } else { STOP })?;
        self.answer()
    }

    /// Lets it leave the fleet and end.
    pub fn end(mut self) -> Result<(), Failure> {
        drop(self.orders);
        block_in_place(|| self.child.wait())?;
        Ok(())
    }

    fn answer(&mut self) -> Result<(), Failure> {
        match block_in_place(|| self.answers.read_line(&mut String::new()))? {
            1.. => Ok(()),
            0 => Err(Failure::new("the second process ended early; run `bench queue` again with --verbose")),
        }
    }
}

/// Is the second process, until its standard input ends.
pub async fn run(common: &Common) -> Result<ExitCode, Failure> {
    let settings = open::settings(common)?;
    let database = open::database(&settings).await?;
    let rig = Rig::join(&database.db).await?;
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    let mut engine = None;
    output::line("joined")?;
    while let Some(order) = orders.next_line().await? {
        match (order.as_str(), engine.take()) {
            (GO, None) => engine = Some(rig.engine(None, None)),
            (_, Some(running)) => running.drain().await,
            _ => {}
        }
        output::line("done")?;
    }
    rig.leave().await?;
    database.close().await?;
    Ok(ExitCode::SUCCESS)
}
