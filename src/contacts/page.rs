//! Pages of contacts at keyset speed: no OFFSET, no count on a hot path, only orders that an index serves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::contact::ContactRow;
use super::filter::{Bind, Filter, Statement};
use crate::database::{Db, Result};

/// Most rows of one page.
pub const PAGE_ROWS_MAX: i64 = 1_000;
/// An estimate below this many rows is counted, if the planner holds that to be cheap.
const EXACT_ROWS_MAX: i64 = 10_000;
/// Dearest plan, in the planner's units, under which an estimate is counted: well under a second.
const EXACT_COST_MAX: f64 = 50_000.0;

/// An order that an index serves. Each is unique by the id at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Newest first.
    #[default]
    CreatedDesc,
    /// Oldest first.
    Created,
    /// Best first.
    QualityDesc,
    /// Worst first.
    Quality,
    /// In the order of import.
    Id,
    /// Last imported first.
    IdDesc,
}

/// The place of a row in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The instant, in microseconds, or the score; the id itself in the order of ids.
    key: i64,
    id: i64,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// At the first row.
    #[default]
    First,
    /// Behind this row.
    After(Cursor),
    /// Before this row: the page that ends just above it.
    Before(Cursor),
    /// The last page.
    Last,
}

/// Some rows in order, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// In the order that was asked for, whatever the direction.
    pub rows: Vec<ContactRow>,
    /// `Start::After` of this gives the next page; none at the end.
    pub next: Option<Cursor>,
    /// `Start::Before` of this gives the page above; none at the top.
    pub previous: Option<Cursor>,
}

/// How many rows a filter matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Rows.
    pub rows: i64,
    /// Whether they were counted; else it is the planner's guess.
    pub exact: bool,
}

impl Sort {
    /// Its name on the command line and in panes.
    pub fn name(self) -> &'static str {
        match self {
            Sort::CreatedDesc => "-created",
            Sort::Created => "created",
            Sort::QualityDesc => "-quality",
            Sort::Quality => "quality",
            Sort::Id => "id",
            Sort::IdDesc => "-id",
        }
    }

    /// All orders that an index serves.
    pub const ALL: [Sort; 6] =
        [Sort::CreatedDesc, Sort::Created, Sort::QualityDesc, Sort::Quality, Sort::Id, Sort::IdDesc];

    fn descending(self) -> bool {
        matches!(self, Sort::CreatedDesc | Sort::QualityDesc | Sort::IdDesc)
    }

    fn cursor(self, row: &ContactRow) -> Cursor {
        let key = match self {
            Sort::CreatedDesc | Sort::Created => row.created_at.timestamp_micros(),
            Sort::QualityDesc | Sort::Quality => i64::from(row.quality_score),
            Sort::Id | Sort::IdDesc => row.id,
        };
        Cursor { key, id: row.id }
    }

    /// The pair that is compared with a row's place.
    fn columns(self) -> &'static str {
        match self {
            Sort::CreatedDesc | Sort::Created => "(c.created_at, c.id)",
            Sort::QualityDesc | Sort::Quality => "(c.quality_score, c.id)",
            Sort::Id | Sort::IdDesc => "(c.id)",
        }
    }

    fn order(self, descending: bool) -> &'static str {
        match (self, descending) {
            (Sort::CreatedDesc | Sort::Created, true) => " ORDER BY c.created_at DESC, c.id DESC LIMIT ",
            (Sort::CreatedDesc | Sort::Created, false) => " ORDER BY c.created_at, c.id LIMIT ",
            (Sort::QualityDesc | Sort::Quality, true) => " ORDER BY c.quality_score DESC, c.id DESC LIMIT ",
            (Sort::QualityDesc | Sort::Quality, false) => " ORDER BY c.quality_score, c.id LIMIT ",
            (Sort::Id | Sort::IdDesc, true) => " ORDER BY c.id DESC LIMIT ",
            (Sort::Id | Sort::IdDesc, false) => " ORDER BY c.id LIMIT ",
        }
    }
}

/// One page of at most `limit` rows (1 to `PAGE_ROWS_MAX`), out of a transaction that can't write.
pub async fn page(db: &Db, filter: &Filter, sort: Sort, start: Start, limit: i64) -> Result<Page> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX);
    let mut tx = db.begin_reading().await?;
    let found = statement(filter, sort, start, limit + 1).query().fetch_all(&mut *tx).await?;
    tx.commit().await?;
    let mut rows = found.iter().map(sqlx::FromRow::from_row).collect::<std::result::Result<Vec<ContactRow>, _>>()?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let backwards = matches!(start, Start::Before(_) | Start::Last);
    if backwards {
        rows.reverse();
    }
    let (above, below) = match start {
        Start::First => (false, more),
        Start::After(_) => (true, more),
        Start::Before(_) => (more, true),
        Start::Last => (more, false),
    };
    let previous = rows.first().filter(|_| above).map(|row| sort.cursor(row));
    let next = rows.last().filter(|_| below).map(|row| sort.cursor(row));
    Ok(Page { rows, next, previous })
}

/// The page's query, for those who show it or its plan.
pub fn statement(filter: &Filter, sort: Sort, start: Start, limit: i64) -> Statement {
    let descending = sort.descending() ^ matches!(start, Start::Before(_) | Start::Last);
    let all = Statement::new(
        "SELECT c.id, c.phone_e164, c.status, c.full_name, c.business_name, c.email, c.line_type, c.carrier_name, \
         COALESCE(c.business_country, c.consumer_country, c.country_code) AS country, c.quality_score, c.error_kind, \
         c.created_at FROM contacts AS c WHERE ",
    )
    .filter(filter);
    let placed = match start {
        Start::First | Start::Last => all,
        Start::After(at) | Start::Before(at) => {
            let compared = all.text(" AND ").text(sort.columns()).text(if descending { " < (" } else { " > (" });
            let keyed = match sort {
                Sort::Id | Sort::IdDesc => compared,
                Sort::Quality | Sort::QualityDesc => compared.bind(Bind::Integer(at.key)).text(", "),
                Sort::Created | Sort::CreatedDesc => compared.bind(Bind::Time(instant(at.key))).text(", "),
            };
            keyed.bind(Bind::Integer(at.id)).text(")")
        }
    };
    placed.text(sort.order(descending)).bind(Bind::Integer(limit))
}

fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// How many contacts match: counted where that is cheap, else the planner's guess.
pub async fn estimate(db: &Db, filter: &Filter) -> Result<Estimate> {
    let mut tx = db.begin_reading().await?;
    let estimate = estimate_in(&mut tx, filter).await?;
    tx.commit().await?;
    Ok(estimate)
}

/// The same inside the caller's transaction.
pub async fn estimate_in(tx: &mut PgConnection, filter: &Filter) -> Result<Estimate> {
    let explain = Statement::new("EXPLAIN (FORMAT JSON) SELECT FROM contacts AS c WHERE ").filter(filter);
    let row = explain.query().fetch_one(&mut *tx).await?;
    let plan: serde_json::Value = sqlx::Row::try_get(&row, 0)?;
    let figure = |name: &str| plan.pointer("/0/Plan").and_then(|plan| plan.get(name)?.as_f64());
    let guess = figure("Plan Rows").unwrap_or(0.0) as i64;
    if guess > EXACT_ROWS_MAX || figure("Total Cost").is_none_or(|cost| cost > EXACT_COST_MAX) {
        return Ok(Estimate { rows: guess, exact: false });
    }
    let count = Statement::new("SELECT count(*) FROM (SELECT FROM contacts AS c WHERE ")
        .filter(filter)
        .text(" LIMIT ")
        .bind(Bind::Integer(EXACT_ROWS_MAX + 1))
        .text(") AS found");
    let row = count.query().fetch_one(&mut *tx).await?;
    let rows: i64 = sqlx::Row::try_get(&row, 0)?;
    Ok(Estimate { rows, exact: rows <= EXACT_ROWS_MAX })
}
