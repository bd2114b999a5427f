//! LISTEN: hints that something changed. Whoever hears nothing polls anyway; without LISTEN (a pooler) polling is all.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::breakers::store;
use crate::database::Db;
use crate::queue::engine::Wakes;
use crate::queue::lane;
use crate::vault;

/// What to wake.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Breakers or lanes changed.
    pub control: Arc<Notify>,
    /// Work was enqueued, by lane.
    pub work: Wakes,
    /// A credential changed.
    pub vault: Arc<Notify>,
    /// What this node says of itself changed: beat now.
    pub beat: Arc<Notify>,
}

/// Listens until cancelled; connects again by itself.
pub async fn listen(db: Db, hints: Hints, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            heard = hear(&db, &hints) => heard,
        };
        if let Err(error) = heard {
            tracing::debug!(%error, "not listening; polling goes on");
        }
        // Whatever was sent meanwhile is lost: look once.
        hints.control.notify_one();
        hints.work.wake_all();
        hints.vault.notify_one();
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

async fn hear(db: &Db, hints: &Hints) -> sqlx::Result<()> {
    let Some(sessions) = db.sessions() else {
        return Ok(());
    };
    let mut listener = PgListener::connect_with(sessions).await?;
    listener.listen_all([store::CHANNEL, lane::CHANNEL, lane::WORK, vault::store::CHANNEL]).await?;
    loop {
        let note = listener.recv().await?;
        if note.channel() == lane::WORK {
            hints.work.wake(note.payload());
        } else if note.channel() == vault::store::CHANNEL {
            hints.vault.notify_one();
        } else {
            // One waits for it, who may be reading right now: this one is kept for its next look.
            hints.control.notify_one();
        }
    }
}
