//! Why the database did not answer, as one sentence with what to do next. No sentence ever holds a password.

use std::io::ErrorKind;

use sqlx::postgres::PgConnectOptions;

use super::stale;

/// A failure of the database, or of finding or starting one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server was reached and refused, or the connection broke.
    #[error("the database did not do what was asked: {0}")]
    Query(sqlx::Error),
    /// This login has no right to it.
    #[error("this login may not do that ({0}): use one that has the role, see `switchboard doctor`")]
    Denied(String),
    /// A migration failed, or the schema is newer than this program.
    #[error("{0}")]
    Migration(String),
    /// No server could be found or started; the text says what to do.
    #[error("{0}")]
    Unavailable(String),
}

/// SQLSTATE of a right that is missing.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        match &cause {
            sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some(INSUFFICIENT_PRIVILEGE) => {
                Error::Denied(refusal.message().to_owned())
            }
            sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some(stale::READ_ONLY) => {
                stale::refused();
                Error::Query(cause)
            }
            _ => Error::Query(cause),
        }
    }
}

impl Error {
    /// The sentence for a connection that could not be made with `options`.
    pub fn unreachable(options: &PgConnectOptions, cause: &sqlx::Error) -> Error {
        Error::Unavailable(match cause {
            sqlx::Error::Database(refusal) => {
                refused(options, refusal.code().as_deref().unwrap_or(""), refusal.message())
            }
            sqlx::Error::Io(io) => no_contact(&address(options), io.kind(), &io.to_string()),
            sqlx::Error::PoolTimedOut => no_contact(&address(options), ErrorKind::TimedOut, "no answer"),
            sqlx::Error::Tls(tls) => format!(
                "No encrypted connection to {} could be made ({tls}): check sslmode and sslrootcert in DATABASE_URL",
                address(options)
            ),
            other => format!("The database at {} could not be reached ({other}): check DATABASE_URL", address(options)),
        })
    }
}

/// Where `options` lead, without anything secret.
pub(super) fn address(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None if options.get_host().starts_with('/') => options.get_host().to_owned(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

fn no_contact(address: &str, kind: ErrorKind, detail: &str) -> String {
    let what = match kind {
        ErrorKind::ConnectionRefused | ErrorKind::NotFound => format!("No PostgreSQL server listens at {address}"),
        ErrorKind::TimedOut => format!("The PostgreSQL server at {address} did not answer within 5 s"),
        ErrorKind::PermissionDenied => format!("This user may not open the socket of PostgreSQL in {address}"),
        _ => format!("The PostgreSQL server at {address} could not be reached ({detail})"),
    };
    format!("{what}: check DATABASE_URL and that the server runs, or unset it to use a private server")
}

/// SQLSTATE codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn refused(options: &PgConnectOptions, code: &str, message: &str) -> String {
    let address = address(options);
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match code {
        "28P01" => format!("{address} refused the password of user {user}: correct it in DATABASE_URL"),
        "28000" if message.contains("does not exist") => {
            format!(
                "{address} knows no role {user}: name an existing one in DATABASE_URL, or create it with CREATE ROLE"
            )
        }
        "28000" => format!("{address} does not let user {user} in ({message}): check DATABASE_URL and pg_hba.conf"),
        "3D000" => format!(
            "{address} has no database {database}: create it with `createdb {database}`, or correct DATABASE_URL"
        ),
        "42501" => format!("User {user} may not connect to database {database} at {address}: GRANT CONNECT to it"),
        "53300" => format!("{address} has no connection left ({message}): raise max_connections or end other clients"),
        "57P03" => format!("{address} is not ready yet ({message}): try again in a moment"),
        "08P01" if message.contains("startup parameter") => format!(
            "{address} looks like a connection pooler ({message}): set SWITCHBOARD_DATABASE__DIRECT_URL to the server's own address"
        ),
        _ => format!("{address} refused the connection ({message}): check DATABASE_URL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("db.example")
            .port(5432)
            .username("ops")
            .password("hunter2!")
            .database("calls")
    }

    #[test]
    fn every_refusal_names_the_place_and_never_the_password() {
        for code in ["28P01", "28000", "3D000", "42501", "53300", "57P03", "08P01", "XX000"] {
            let sentence = refused(&options(), code, "unsupported startup parameter: options");
            assert!(sentence.contains("db.example:5432"), "{sentence}");
            assert!(!sentence.contains("hunter2"), "{sentence}");
        }
        assert!(refused(&options(), "28000", r#"role "ops" does not exist"#).contains("no role ops"));
        assert!(refused(&options(), "3D000", "").contains("createdb calls"));
    }

    #[test]
    fn a_silent_server_is_named_with_what_to_check() {
        let sentence = Error::unreachable(&options(), &sqlx::Error::PoolTimedOut).to_string();
        assert!(sentence.starts_with("The PostgreSQL server at db.example:5432 did not answer"), "{sentence}");
    }
}
