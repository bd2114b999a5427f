//! What this login may do: the server's word, not ours. Where it owns the schema, no role holds anybody back.

use super::{Db, Result};

/// The rights of a login, as the database will enforce them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rights {
    /// The login.
    pub login: String,
    /// Whether the four roles exist and this login is bound by them: it does not own the schema.
    pub enforced: bool,
    /// It may read.
    pub viewer: bool,
    /// It may act on lanes, breakers, jobs and contacts.
    pub operator: bool,
    /// It may enter and rotate credentials.
    pub admin: bool,
    /// It may run jobs, which takes reading sealed credentials.
    pub worker: bool,
}

impl Rights {
    /// The greatest role, in one word.
    pub fn role(&self) -> &'static str {
        match self {
            _ if !self.enforced && self.admin => "owner",
            Rights { admin: true, .. } => "admin",
            Rights { operator: true, .. } => "operator",
            Rights { worker: true, .. } => "worker",
            Rights { viewer: true, .. } => "viewer",
            _ => "nobody",
        }
    }
}

/// Asks what the login of `db` may do. A schema without our tables belongs to whoever may create in it.
pub async fn rights(db: &Db) -> Result<Rights> {
    let sql = "SELECT session_user::text, coalesce(
                   (SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('credentials')),
                   has_schema_privilege(current_user, current_schema(), 'CREATE'), false),
               coalesce(has_table_privilege('lanes', 'SELECT'), false), coalesce(has_table_privilege('lanes', 'UPDATE'), false),
               coalesce(has_any_column_privilege('credentials', 'INSERT'), false),
               coalesce(has_column_privilege('credential_secrets', 'sealed', 'SELECT'), false)
               FROM (SELECT) nothing WHERE to_regclass('credential_secrets') IS NOT NULL AND to_regclass('lanes') IS NOT NULL";
    let row: Option<(String, bool, bool, bool, bool, bool)> = sqlx::query_as(sql).fetch_optional(db.pool()).await?;
    let Some((login, owns, reads, acts, rotates, unseals)) = row else {
        let login = sqlx::query_scalar("SELECT session_user::text").fetch_one(db.pool()).await?;
        return Ok(Rights { login, enforced: false, viewer: true, operator: true, admin: true, worker: true });
    };
    Ok(Rights {
        login,
        enforced: !owns,
        viewer: owns || reads,
        operator: owns || acts,
        admin: owns || rotates,
        worker: owns || unseals,
    })
}

/// Grants the roles anew on every table that is there. Does nothing where the roles or the function are missing, or where
/// this login does not own them.
pub(super) async fn grant(connection: &mut sqlx::PgConnection) -> Result<()> {
    let sql = "SELECT coalesce((SELECT pg_has_role(current_user, proowner, 'USAGE') FROM pg_proc WHERE oid = to_regproc('grant_roles')), false)";
    if sqlx::query_scalar(sql).fetch_one(&mut *connection).await? {
        sqlx::query("SELECT grant_roles()").execute(connection).await?;
    }
    Ok(())
}
