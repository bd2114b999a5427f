//! A filter with an order and a number of rows: `status:failed sort:-quality limit:10`.

use super::check::check;
use super::parse::{Atom, Raw, RawValue, Sign, parse};
use super::{Anchor, CONTACTS, Filter, FilterError};
use crate::catalogue::nearest;
use crate::contacts::page::Sort;

/// Most rows of one query.
pub const ROWS_MAX: i64 = 1_000;

/// What a list shows: which contacts, in which order, how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which.
    pub filter: Filter,
    /// In which order; newest first if none is asked for.
    pub sort: Option<Sort>,
    /// How many, 1 to [`ROWS_MAX`]; a page if none is asked for.
    pub limit: Option<i64>,
}

impl From<Filter> for Query {
    fn from(filter: Filter) -> Query {
        Query { filter, sort: None, limit: None }
    }
}

impl Query {
    /// Reads a filter in which `sort:` and `limit:` may stand beside the other terms, outside of parentheses.
    pub fn parse(text: &str, anchor: impl Into<Anchor>) -> Result<Query, FilterError> {
        let parts = match parse(text)? {
            Raw::All(parts) => parts,
            other => vec![other],
        };
        let mut query = Query::from(Filter::all());
        let mut rest = Vec::new();
        for part in parts {
            match part {
                Raw::Term { field, sign, value } if is_order(&field) => query.order(&field, sign, &value)?,
                other => rest.push(other),
            }
        }
        let raw = if rest.len() == 1 { rest.remove(0) } else { Raw::All(rest) };
        query.filter.expr = check(&raw, &CONTACTS, anchor.into())?;
        Ok(query)
    }

    fn order(&mut self, field: &Atom, sign: Sign, value: &RawValue) -> Result<(), FilterError> {
        let one = |atom: &Atom| FilterError::new(atom.at, format!("write {0}:one value, and {0} once", field.text));
        let RawValue::List(atoms) = value else { return Err(one(field)) };
        let [atom] = atoms.as_slice() else { return Err(one(field)) };
        let sort = field.text.eq_ignore_ascii_case("sort");
        let again = if sort { self.sort.is_some() } else { self.limit.is_some() };
        if again || !matches!(sign, Sign::Colon | Sign::Equal) {
            return Err(one(field));
        }
        if sort {
            self.sort = Some(Query::sort(&atom.text).map_err(|message| FilterError::new(atom.at, message))?);
        } else {
            let rows = atom.text.parse().ok().filter(|rows| (1..=ROWS_MAX).contains(rows));
            let wrong = || FilterError::new(atom.at, format!("a limit is a whole number from 1 to {ROWS_MAX}"));
            self.limit = Some(rows.ok_or_else(wrong)?);
        }
        Ok(())
    }

    /// The order of this name, or a sentence with the names that there are.
    pub fn sort(name: &str) -> Result<Sort, String> {
        let names = || Sort::ALL.iter().map(|sort| sort.name());
        Sort::ALL.into_iter().find(|sort| sort.name() == name).ok_or_else(|| match nearest(name, names()) {
            Some(near) => format!("there is no order {name:?}: did you mean {near}?"),
            None => format!("there is no order {name:?}: it is one of {}", names().collect::<Vec<_>>().join(", ")),
        })
    }

    /// The text, with absolute times; reading it again gives the same query.
    pub fn text(&self) -> String {
        let filter = self.filter.text();
        let ordered = self.sort.is_some() || self.limit.is_some();
        let alone = matches!(self.filter.expr(), super::Expr::Any(_)) && ordered;
        let mut parts = vec![if alone { format!("({filter})") } else { filter }];
        parts.extend(self.sort.map(|sort| format!("sort:{}", sort.name())));
        parts.extend(self.limit.map(|limit| format!("limit:{limit}")));
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }
}

fn is_order(field: &Atom) -> bool {
    ["sort", "limit"].iter().any(|name| field.text.eq_ignore_ascii_case(name))
}
