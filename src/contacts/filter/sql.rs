//! A tree to the condition of a WHERE clause. The only file of this floor that composes SQL.
//!
//! What is composed are static texts of the registry and numbers of bind parameters. A value has no way into the text:
//! `Statement` takes only `&'static str`, and everything else is a `Bind`.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use super::place::spellings;
use super::{Condition, Expr, Filter, Op, Value, Vocabulary};
use crate::contacts::fields::{Field, Kind};

/// A value that travels beside the SQL.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// boolean
    Bool(bool),
    /// bigint
    Integer(i64),
    /// double precision
    Decimal(f64),
    /// timestamptz
    Time(DateTime<Utc>),
    /// text
    Text(String),
    /// text[]
    Texts(Vec<String>),
    /// bigint[]
    Integers(Vec<i64>),
}

/// A condition with numbered parameters, and their values in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The condition; `true` for a filter that matches everything.
    pub text: String,
    /// Values of the parameters, from `first_bind` on.
    pub binds: Vec<Bind>,
}

/// A query with its parameters bound.
pub type Bound<'q> = Query<'q, Postgres, PgArguments>;

impl Compiled {
    /// Binds the values in order; the query's earlier parameters must be bound already.
    pub fn bind_to<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        self.binds.iter().cloned().fold(query, |query, bind| match bind {
            Bind::Bool(value) => query.bind(value),
            Bind::Integer(value) => query.bind(value),
            Bind::Decimal(value) => query.bind(value),
            Bind::Time(value) => query.bind(value),
            Bind::Text(value) => query.bind(value),
            Bind::Texts(value) => query.bind(value),
            Bind::Integers(value) => query.bind(value),
        })
    }
}

/// A statement composed of static texts, filters and bind parameters.
#[derive(Debug, Clone)]
pub struct Statement(Compiled);

impl Statement {
    /// Begins with a static text.
    pub fn new(text: &'static str) -> Statement {
        Statement(Compiled { text: text.to_owned(), binds: Vec::new() })
    }

    /// Appends a static text.
    pub fn text(mut self, text: &'static str) -> Statement {
        self.0.text.push_str(text);
        self
    }

    /// Appends the next parameter's number.
    pub fn bind(mut self, bind: Bind) -> Statement {
        self.0.binds.push(bind);
        let _ = write!(self.0.text, "${}", self.0.binds.len());
        self
    }

    /// Appends a filter's condition.
    pub fn filter(mut self, filter: &Filter) -> Statement {
        let compiled = filter.sql(self.0.binds.len() + 1);
        self.0.text.push_str(&compiled.text);
        self.0.binds.extend(compiled.binds);
        self
    }

    /// The text with its parameters' numbers, and their values.
    pub fn compiled(&self) -> &Compiled {
        &self.0
    }

    /// The query, ready to run.
    pub fn query(&self) -> Bound<'static> {
        // Safe: by the types above, the text holds no value. Not kept by the connection: a plan that does not know the values
        // can't use a partial index, and texts of filters are without number.
        self.0.bind_to(sqlx::query(AssertSqlSafe(self.0.text.clone())).persistent(false))
    }
}

pub(super) fn compile(expr: &Expr, vocabulary: &Vocabulary, first_bind: usize) -> Compiled {
    let mut writer = Writer { vocabulary, first_bind, out: Compiled { text: String::new(), binds: Vec::new() } };
    writer.expr(expr);
    writer.out
}

struct Writer<'a> {
    vocabulary: &'a Vocabulary,
    first_bind: usize,
    out: Compiled,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.out.text.push_str(text);
    }

    fn bind(&mut self, bind: Bind) {
        let _ = write!(self.out.text, "${}", self.first_bind + self.out.binds.len());
        self.out.binds.push(bind);
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::All(parts) => self.joined(parts, " AND ", "true"),
            Expr::Any(parts) => self.joined(parts, " OR ", "false"),
            Expr::Not(part) => {
                self.push("(");
                self.expr(part);
                self.push(") IS NOT TRUE");
            }
            Expr::Search(word) => self.search(word),
            Expr::Is(condition) => self.condition(condition),
        }
    }

    fn joined(&mut self, parts: &[Expr], by: &str, empty: &str) {
        if parts.is_empty() {
            return self.push(empty);
        }
        for (i, part) in parts.iter().enumerate() {
            self.push(if i == 0 { "(" } else { by });
            self.expr(part);
        }
        self.push(")");
    }

    fn search(&mut self, word: &str) {
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        let number = digits.len() >= 3 && word.chars().all(|c| c.is_ascii_digit() || "+-. ()/".contains(c));
        if number && word.starts_with('+') && digits.len() >= 11 {
            self.push(self.vocabulary.phone);
            self.push(" = ");
            return self.bind(Bind::Text(format!("+{digits}")));
        }
        for (i, text) in self.vocabulary.texts.iter().enumerate() {
            self.push(if i == 0 { "(" } else { " OR " });
            self.push(text);
            self.push(" ILIKE ");
            self.bind(Bind::Text(format!("%{}%", escape(word))));
        }
        if number {
            self.push(" OR ");
            self.push(self.vocabulary.phone);
            self.push(" LIKE ");
            self.bind(Bind::Text(format!("%{digits}%")));
        }
        self.push(")");
    }

    /// A field that this vocabulary does not know (a tree that came from elsewhere) matches nothing.
    fn condition(&mut self, condition: &Condition) {
        let Some(field) = self.vocabulary.find(&condition.field) else {
            return self.push("false");
        };
        if matches!(field.kind, Kind::State | Kind::Country) && matches!(condition.op, Op::Eq | Op::Ne | Op::In) {
            return self.place(field, condition);
        }
        let folded = matches!(field.kind, Kind::Text | Kind::Code | Kind::List)
            && matches!(condition.op, Op::Eq | Op::Ne | Op::In);
        self.push(if folded { "lower(" } else { "" });
        self.read(field);
        self.push(if folded { ")" } else { "" });
        let fold = |text: &str| if folded { text.to_lowercase() } else { text.to_owned() };
        match (condition.op, &condition.value) {
            (Op::IsNull, _) => self.push(" IS NULL"),
            (Op::Contains, Value::Text(text)) => self.like(&format!("%{}%", escape(text))),
            (Op::StartsWith, Value::Text(text)) => self.like(&format!("{}%", escape(text))),
            (Op::In, Value::List(values)) => self.one_of(values, fold),
            (Op::Between, Value::List(ends)) if ends.len() == 2 => {
                self.push(" BETWEEN ");
                self.value(&ends[0], fold);
                self.push(" AND ");
                self.value(&ends[1], fold);
            }
            (op, value) => {
                self.push(sign(op));
                self.value(value, fold);
            }
        }
    }

    /// One of the spellings; a row that does not know its place is not there.
    fn place(&mut self, field: &Field, condition: &Condition) {
        let negated = condition.op == Op::Ne;
        self.push(if negated { "(lower(" } else { "lower(" });
        self.push(field.sql);
        self.push(") = ANY(");
        self.bind(Bind::Texts(spellings(field.kind, &condition.value)));
        self.push(if negated { ")) IS NOT TRUE" } else { ")" });
    }

    fn read(&mut self, field: &Field) {
        if field.kind == Kind::Date {
            self.push("(");
            self.push(field.sql);
            self.push("::timestamp AT TIME ZONE 'UTC')");
        } else {
            self.push(field.sql);
        }
    }

    fn like(&mut self, pattern: &str) {
        self.push(" ILIKE ");
        self.bind(Bind::Text(pattern.to_owned()));
    }

    fn one_of(&mut self, values: &[Value], fold: impl Fn(&str) -> String) {
        let texts = values.iter().map(|value| if let Value::Text(text) = value { Some(fold(text)) } else { None });
        let integers = values.iter().map(|value| if let Value::Integer(number) = value { Some(*number) } else { None });
        let bind = texts
            .collect::<Option<_>>()
            .map(Bind::Texts)
            .or_else(|| integers.collect::<Option<_>>().map(Bind::Integers));
        match bind {
            Some(bind) => {
                self.push(" = ANY(");
                self.bind(bind);
                self.push(")");
            }
            None => {
                for (i, value) in values.iter().enumerate() {
                    self.push(if i == 0 { " IN (" } else { ", " });
                    self.value(value, &fold);
                }
                self.push(")");
            }
        }
    }

    fn value(&mut self, value: &Value, fold: impl Fn(&str) -> String) {
        match value {
            Value::Bool(value) => self.bind(Bind::Bool(*value)),
            Value::Integer(value) => self.bind(Bind::Integer(*value)),
            Value::Decimal(value) => self.bind(Bind::Decimal(*value)),
            Value::Time(value) => self.bind(Bind::Time(*value)),
            Value::Text(value) => self.bind(Bind::Text(fold(value))),
            Value::None | Value::List(_) => self.push("NULL"),
        }
    }
}

fn sign(op: Op) -> &'static str {
    match op {
        Op::Ne => " IS DISTINCT FROM ",
        Op::Lt => " < ",
        Op::Lte => " <= ",
        Op::Gt => " > ",
        Op::Gte => " >= ",
        _ => " = ",
    }
}

/// Takes their meaning from `%`, `_` and the escape itself.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
