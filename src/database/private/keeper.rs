//! While a process uses the private server, a crash of it is mended: nobody else would do it for a worker that is alone.

use std::time::Duration;

use super::lock;
use super::place::Place;
use super::postmaster::Postmaster;
use super::server;
use crate::database::Result;

/// How often the server's process is looked for.
const LOOK: Duration = Duration::from_secs(2);
/// How long another process's start or stop is waited for before the next look.
const GATE_LIMIT: Duration = Duration::from_secs(5);

/// Starts the server again whenever its process is gone, until it is aborted.
pub(super) async fn keep(place: Place, durable: bool) {
    loop {
        tokio::time::sleep(LOOK).await;
        if is_there(&place) {
            continue;
        }
        match revive(&place, durable).await {
            Ok(true) => tracing::warn!("the private database had ended by itself; it runs again"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the private database ended by itself and could not be started again"),
        }
    }
}

fn is_there(place: &Place) -> bool {
    Postmaster::read(&place.data()).is_some_and(|server| server.is_alive(&place.data()))
}

/// True if it was this process that started it.
async fn revive(place: &Place, durable: bool) -> Result<bool> {
    let path = place.home.join("gate.lock");
    let gate = server::blocking(move || {
        let gate = lock::open(&path)?;
        Ok(lock::wait_whole(&gate, GATE_LIMIT)?.then_some(gate))
    });
    let Some(gate) = gate.await? else { return Ok(false) };
    let revived = server::running_or_started(place, durable).await;
    drop(gate.unlock());
    revived.map(|(_, started)| started)
}
