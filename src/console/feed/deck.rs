//! Tells the others what this console shows: at once when its screen or question changes, else as a slow beat, so that an
//! idle console costs next to nothing. Taken out when the console is left; a console that dies is forgotten by its age.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::READ_LIMIT;
use crate::console::model::Standing;
use crate::database::{Db, Result};
use crate::operations::actions::Actor;

/// A third of the age at which the others take a console for gone.
const BEAT: Duration = Duration::from_secs(15);
/// Changes within this time are told as one.
const GATHER: Duration = Duration::from_millis(300);
/// Longest time that a console which is left waits for its row to go.
const LEAVE: Duration = Duration::from_secs(1);

/// This console's place on deck.
#[derive(Debug)]
pub struct Post {
    /// Its number.
    pub id: Uuid,
    stand: watch::Sender<Standing>,
    left: CancellationToken,
    task: JoinHandle<()>,
}

impl Post {
    /// Begins to tell.
    pub fn begin(runtime: &Handle, db: Db, actor: &Actor) -> Post {
        let id = Uuid::new_v4();
        let (stand, stands) = watch::channel(Standing::default());
        let left = CancellationToken::new();
        let teller = Teller { db, id, actor: actor.clone(), left: left.clone() };
        Post { id, stand, left, task: runtime.spawn(teller.tell(stands)) }
    }

    /// Where is told what is shown.
    pub fn teller(&self) -> watch::Sender<Standing> {
        self.stand.clone()
    }

    /// Takes the row out.
    pub async fn leave(self) {
        self.left.cancel();
        let _ = timeout(LEAVE, self.task).await;
    }
}

/// Tells what is shown now, if it is something else than before.
pub fn stand(teller: &watch::Sender<Standing>, standing: Standing) {
    teller.send_if_modified(|before| {
        let changed = *before != standing;
        *before = standing;
        changed
    });
}

struct Teller {
    db: Db,
    id: Uuid,
    actor: Actor,
    left: CancellationToken,
}

impl Teller {
    async fn tell(self, mut stands: watch::Receiver<Standing>) {
        loop {
            let standing = stands.borrow_and_update().clone();
            // Nothing is shown before the first message.
            if !standing.screen.is_empty() {
                let written = timeout(READ_LIMIT, self.write(&standing)).await;
                if !matches!(written, Ok(Ok(()))) {
                    tracing::debug!("this console could not tell the others what it shows");
                }
            }
            tokio::select! {
                () = self.left.cancelled() => break,
                () = tokio::time::sleep(BEAT) => {}
                () = changed(&mut stands, &standing) => tokio::time::sleep(GATHER).await,
            }
        }
        let _ = timeout(LEAVE, self.take_out()).await;
    }

    async fn write(&self, standing: &Standing) -> Result<()> {
        let sql = "INSERT INTO deck (id, name, node, door, screen, chosen, verb, target) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                   ON CONFLICT (id) DO UPDATE SET screen = excluded.screen, chosen = excluded.chosen, verb = excluded.verb, target = excluded.target";
        let short = |text: &str, max: usize| text.chars().take(max).collect::<String>();
        let (verb, target) = standing.question.clone().unzip();
        let query = sqlx::query(sql).bind(self.id).bind(short(&self.actor.name, 100));
        let query = query.bind(short(&self.actor.node, 200)).bind(self.actor.door).bind(standing.screen);
        query.bind(&standing.chosen).bind(verb).bind(target).execute(self.db.pool()).await?;
        Ok(())
    }

    async fn take_out(&self) -> Result<()> {
        sqlx::query("DELETE FROM deck WHERE id = $1").bind(self.id).execute(self.db.pool()).await?;
        Ok(())
    }
}

/// Waits until something changes that the others have to know at once: which row is selected can wait for the beat.
async fn changed(stands: &mut watch::Receiver<Standing>, told: &Standing) {
    let urgent = |now: &Standing| now.screen != told.screen || now.question != told.question;
    if stands.wait_for(urgent).await.is_err() {
        // The console is being left.
        std::future::pending::<()>().await;
    }
}
