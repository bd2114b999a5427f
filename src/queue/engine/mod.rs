//! The engine: one runner a lane claims into a small local buffer, hands run handlers, one settler writes what they found.
//!
//! It knows jobs, epochs, buffers and gates. What a job means is given from above: a [`Work`] says when a lane may run, loads
//! what handlers need and runs them; a [`Ledger`] writes what an ending means, in the transaction that ends the jobs.

mod buffer;
mod fetch;
mod hands;
mod pace;
mod runner;
mod settle;
mod settler;
mod unanswered;
mod wakes;
mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicI32;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::database::Db;
use hands::Hands;
pub use pace::CLAIM_MAX;
use runner::Runner;
pub use settle::settle;
pub use wakes::Wakes;
pub use work::{Gate, Ledger, Pass, Settlement, Turn, Work};

/// Batches on their way to or from the database at once, in all lanes: two claims and an end that waits for its commit. More of
/// them only take turns on the same cores and need more connections.
const MOVERS: usize = 3;

/// What an engine runs on.
#[derive(Debug)]
pub struct EngineOptions {
    /// The database.
    pub db: Db,
    /// What wakes its runners.
    pub wakes: Wakes,
    /// Jobs in this process's hands; kept up to date by the engine.
    pub in_flight: Arc<AtomicI32>,
}

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    stop: CancellationToken,
    runners: TaskTracker,
    settler: tokio::task::JoinHandle<()>,
}

impl Engine {
    /// Starts a runner for each of `lanes`, and the settler.
    pub fn start<W, L>(
        options: EngineOptions,
        lanes: impl IntoIterator<Item = &'static str>,
        work: &Arc<W>,
        ledger: L,
    ) -> Engine
    where
        W: Work,
        L: Ledger<Result = W::Result>,
    {
        let EngineOptions { db, wakes, in_flight } = options;
        let (outbox, inbox) = mpsc::channel(settler::QUEUE);
        let (stop, runners, movers) = (CancellationToken::new(), TaskTracker::new(), Arc::new(Semaphore::new(MOVERS)));
        for lane in lanes {
            let hands = Hands::new(lane, Arc::clone(work), outbox.clone(), Arc::clone(&in_flight));
            runners.spawn(Runner::new(hands, db.clone(), wakes.of(lane), Arc::clone(&movers)).run(stop.clone()));
        }
        drop(outbox);
        let settler = tokio::spawn(settler::run(db, ledger, wakes, movers, inbox));
        Engine { stop, runners, settler }
    }

    /// Stops claiming, finishes what is in flight, gives the rest back, settles everything.
    pub async fn drain(self) {
        self.stop.cancel();
        self.runners.close();
        self.runners.wait().await;
        if self.settler.await.is_err() {
            tracing::error!("the settler broke; what it held goes back to its lanes when this node is reaped");
        }
    }

    /// Claims nothing more from now on; [`Engine::drain`] waits for the rest.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
