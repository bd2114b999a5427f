//! What the person at this door may do, as the database enforces it, in words that a screen can show.

use serde::Serialize;

use crate::database::{Db, Result, Rights, roles};

/// Rights of the login at the door, and whether jobs may run in this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Rights of the login at the door.
    #[serde(flatten)]
    pub rights: Rights,
    /// `owner`, `admin`, `operator`, `worker`, `viewer` or `nobody`.
    pub role: &'static str,
    /// Why no pool runs in this process, if its login forbids one; what to do, in words.
    pub no_pool: Option<String>,
}

impl Access {
    /// Whether roles hold this login back, in one sentence.
    pub fn sentence(&self) -> String {
        let Rights { login, enforced, .. } = &self.rights;
        if *enforced {
            return format!("enforced by the database: {login} is {}", self.role);
        }
        format!(
            "not enforced here: {login} owns the schema and may do everything; console --read-only is the lesser role"
        )
    }
}

/// Access of `door`, and of `pool`, the connection by which jobs would run.
pub async fn access(door: &Db, pool: &Db) -> Result<Access> {
    let rights = roles::rights(door).await?;
    let jobs = roles::rights(pool).await?;
    let no_pool = (!jobs.worker).then(|| {
        format!(
            "no worker pool here: {} is {}, no worker; set SWITCHBOARD_DATABASE__WORKER_URL to a login that has the role switchboard_worker",
            jobs.login,
            jobs.role()
        )
    });
    Ok(Access { role: rights.role(), rights, no_pool })
}
