//! Who has a console open, on what, with which question; and who asks for a second person.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::catalogue;
use crate::database::{Db, Result};

/// A console that has not been heard of for so many seconds has gone.
pub const GONE_AFTER_S: i32 = 45;

/// An open console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ConsoleView {
    /// Its number.
    pub id: Uuid,
    /// Database login, which the server vouches for.
    pub login: String,
    /// Operating-system user, as claimed.
    pub name: String,
    /// `host:pid`.
    pub node: String,
    /// `console` or `plain console`.
    pub door: String,
    /// When it was opened.
    pub since: DateTime<Utc>,
    /// The screen that is shown.
    pub screen: String,
    /// What is selected there.
    pub chosen: Option<String>,
    /// The question that is open: what would be done ..
    pub verb: Option<String>,
    /// .. and to what.
    pub target: Option<String>,
    /// Since when.
    pub asked_since: Option<DateTime<Utc>>,
}

/// A person who asks for a second one.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct AskView {
    /// Number, which `deck approve` takes.
    pub id: i64,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Until when an answer counts.
    pub expires_at: DateTime<Utc>,
    /// Login of who asks.
    pub login: String,
    /// Who asks, as claimed.
    pub name: String,
    /// What would be done.
    pub verb: String,
    /// To what.
    pub target: String,
    /// Rows that it would change.
    pub things: i64,
    /// About what it would cost, in USD.
    pub cost_usd: f64,
    /// What it means, in one sentence.
    pub sentence: String,
    /// Why.
    pub reason: Option<String>,
    /// `open`, `agreed`, `refused`, `used` or `expired`.
    pub state: String,
    /// Who answered, as claimed.
    pub answered_by: Option<String>,
    /// Login of who answered.
    pub answered_login: Option<String>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
}

impl AskView {
    /// Whether this person may answer: anybody but who asks.
    pub fn is_for(&self, login: Option<&str>, name: &str) -> bool {
        let same = self.name == name && login.is_none_or(|login| login == self.login);
        self.state == "open" && !same
    }
}

/// Everybody on deck.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Deck {
    /// Open consoles, the first comer first.
    pub consoles: Vec<ConsoleView>,
    /// Asked within the last ten minutes, the newest first.
    pub asks: Vec<AskView>,
    /// Whether what is heavy needs a second person here.
    pub second_person: bool,
}

impl Deck {
    /// Others who have a question open about the same thing: the same breaker, lane, credential, node, filter.
    pub fn about<'a>(
        &'a self,
        me: Option<Uuid>,
        (verb, target): (&'a str, &'a str),
    ) -> impl Iterator<Item = &'a ConsoleView> {
        let target = canonical(verb, target);
        self.consoles.iter().filter(move |other| {
            let Some((theirs, what)) = other.verb.as_deref().zip(other.target.as_deref()) else { return false };
            me != Some(other.id) && noun(theirs) == noun(verb) && canonical(theirs, what) == target
        })
    }
}

/// One of them in words: `bo has breakers reset hunter-api open since 12:02:10Z`.
pub fn open_question(other: &ConsoleView, verb: &str) -> String {
    let since = other.asked_since.map_or_else(String::new, |at| format!(" since {}Z", at.format("%H:%M:%S")));
    match other.verb.as_deref() {
        Some(theirs) if theirs == verb => format!("{} has the same dialog open{since}", other.name),
        theirs => format!("{} has {} of it open{since}", other.name, theirs.unwrap_or("a dialog")),
    }
}

/// `breakers` of `breakers reset`: what the verb is done to.
fn noun(verb: &str) -> &str {
    verb.split(' ').next().unwrap_or(verb)
}

/// A breaker has its lane's name, too.
fn canonical<'a>(verb: &str, target: &'a str) -> &'a str {
    match noun(verb) {
        "breakers" => catalogue::by_breaker(target).and_then(|provider| provider.breaker).unwrap_or(target),
        _ => target,
    }
}

/// Everybody on deck now, by the database's clock; at most 100 consoles and 50 asks.
pub async fn deck(db: &Db) -> Result<Deck> {
    let consoles = "SELECT id, login, name, node, door, since, screen, chosen, verb, target, asked_since FROM deck
                    WHERE seen_at > now() - make_interval(secs => $1) ORDER BY since, id LIMIT 100";
    let asks = "SELECT a.id, a.asked_at, a.expires_at, a.login, a.name, a.verb, a.target, a.things, a.cost_usd, a.sentence, a.reason,
                       CASE WHEN a.used_at IS NOT NULL THEN 'used' WHEN NOT s.yes THEN 'refused' WHEN a.expires_at <= now() THEN 'expired'
                            WHEN s.yes THEN 'agreed' ELSE 'open' END AS state,
                       s.name AS answered_by, s.login AS answered_login, s.at AS answered_at
                FROM second_asks a LEFT JOIN second_answers s ON s.ask_id = a.id
                WHERE a.asked_at > now() - interval '10 minutes' ORDER BY a.asked_at DESC, a.id DESC LIMIT 50";
    Ok(Deck {
        consoles: sqlx::query_as(consoles).bind(f64::from(GONE_AFTER_S)).fetch_all(db.pool()).await?,
        asks: sqlx::query_as(asks).fetch_all(db.pool()).await?,
        second_person: sqlx::query_scalar("SELECT second_person FROM environment").fetch_one(db.pool()).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(name: &str, verb: &str, target: &str) -> ConsoleView {
        let at = "2026-08-22T12:02:00Z".parse().unwrap();
        ConsoleView {
            id: Uuid::new_v4(),
            login: name.into(),
            name: name.into(),
            node: "eu-1:1".into(),
            door: "console".into(),
            since: at,
            screen: "Breakers".into(),
            chosen: None,
            verb: Some(verb.into()),
            target: Some(target.into()),
            asked_since: Some(at),
        }
    }

    #[test]
    fn the_same_thing_is_the_same_under_either_of_its_names() {
        let bo = console("bo", "breakers reset", "hunter");
        let deck = Deck { consoles: vec![bo.clone(), console("cy", "lanes pause", "hunter")], ..Deck::default() };
        let names = |me, verb, target| deck.about(me, (verb, target)).map(|o| o.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(None, "breakers open", "hunter-api"), ["bo"]);
        assert_eq!(names(None, "lanes resume", "hunter"), ["cy"]);
        assert_eq!(names(Some(bo.id), "breakers reset", "hunter-api"), [""; 0], "my own is no other's");
        assert_eq!(names(None, "breakers reset", "twilio"), [""; 0]);
        assert_eq!(open_question(&bo, "breakers reset"), "bo has the same dialog open since 12:02:00Z");
        assert_eq!(open_question(&bo, "breakers open"), "bo has breakers reset of it open since 12:02:00Z");
    }
}
