//! Words to meaning: every field known, every operator one that its kind can answer, every value of its type.

use super::parse::{Atom, Raw, RawValue, Sign};
use super::period::{Anchor, Moment};
use super::place;
use super::value::{boolean, decimal, integer, listed, moment, relative};
use super::{CONDITIONS_MAX, Condition, DEPTH_MAX, Expr, FilterError, LIST_MAX, Op, Value, Vocabulary};
use crate::catalogue::nearest;
use crate::contacts::fields::{Field, Kind};

/// From this many digits on, a number behind a `+` is taken for a whole one, which an index can find.
const WHOLE_NUMBER_DIGITS: usize = 11;

pub(super) fn check(raw: &Raw, vocabulary: &Vocabulary, anchor: Anchor) -> Result<Expr, FilterError> {
    bounded(Checker { vocabulary, anchor }.tree(raw)?)
}

/// The tree, if it keeps the limits of depth and number.
pub(super) fn bounded(expr: Expr) -> Result<Expr, FilterError> {
    if depth(&expr) > DEPTH_MAX {
        return Err(FilterError::new(
            0,
            format!("and, or and not may stand {DEPTH_MAX} deep in one another, no deeper"),
        ));
    }
    if conditions(&expr) > CONDITIONS_MAX {
        return Err(FilterError::new(0, format!("a filter ends at {CONDITIONS_MAX} conditions")));
    }
    Ok(expr)
}

fn depth(expr: &Expr) -> usize {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => 1 + parts.iter().map(depth).max().unwrap_or(0),
        Expr::Not(part) => 1 + depth(part),
        Expr::Search(_) | Expr::Is(_) => 0,
    }
}

fn conditions(expr: &Expr) -> usize {
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().map(conditions).sum(),
        Expr::Not(part) => conditions(part),
        Expr::Search(_) | Expr::Is(_) => 1,
    }
}

struct Checker<'a> {
    vocabulary: &'a Vocabulary,
    anchor: Anchor,
}

impl Checker<'_> {
    fn tree(&self, raw: &Raw) -> Result<Expr, FilterError> {
        let all = |parts: &[Raw]| parts.iter().map(|part| self.tree(part)).collect::<Result<_, _>>();
        Ok(match raw {
            Raw::All(parts) => Expr::All(all(parts)?),
            Raw::Any(parts) => Expr::Any(all(parts)?),
            Raw::Not(part) => Expr::Not(Box::new(self.tree(part)?)),
            Raw::Word(word) if word.text.trim().is_empty() => {
                return Err(FilterError::new(word.at, "there is nothing to search for between these marks"));
            }
            Raw::Word(word) => Expr::Search(clean(word)?),
            Raw::Term { field, sign, value } => self.term(self.field(field)?, *sign, value)?,
        })
    }

    fn field(&self, name: &Atom) -> Result<&'static Field, FilterError> {
        self.vocabulary.find(&name.text).ok_or_else(|| {
            // `step.lookup` means `lookup`.
            let last = name.text.rsplit('.').next().unwrap_or(&name.text);
            let hint = match nearest(last, self.vocabulary.fields().flat_map(Field::names)) {
                Some(known) => format!("did you mean {known}? Else quote the words, to search for them"),
                None => "quote the words, to search for them".to_owned(),
            };
            FilterError::new(name.at, format!("there is no field {:?}: {hint}", name.text))
        })
    }

    fn term(&self, field: &'static Field, sign: Sign, value: &RawValue) -> Result<Expr, FilterError> {
        match value {
            RawValue::Range(low, high) => self.range(field, sign, low, high),
            RawValue::List(atoms) if atoms.len() > LIST_MAX => {
                Err(FilterError::new(atoms[LIST_MAX].at, format!("a list ends at {LIST_MAX} values")))
            }
            RawValue::List(atoms) if atoms.len() > 1 => self.list(field, sign, atoms),
            RawValue::List(atoms) => self.one(field, sign, &atoms[0]),
        }
    }

    fn one(&self, field: &'static Field, sign: Sign, atom: &Atom) -> Result<Expr, FilterError> {
        let null = || is(field, Op::IsNull, Value::None);
        let not = |expr| Expr::Not(Box::new(expr));
        let equality = matches!(sign, Sign::Colon | Sign::Equal);
        let age = matches!(field.kind, Kind::Age(_));
        let none = !atom.quoted && atom.text.eq_ignore_ascii_case("none");
        let anything = !atom.quoted && atom.star && atom.text.is_empty();
        if (none || anything) && !age && (equality || sign == Sign::NotEqual) {
            return Ok(if none == equality { null() } else { not(null()) });
        }
        if atom.star
            && !(equality
                && matches!(
                    field.kind,
                    Kind::Text | Kind::Code | Kind::List | Kind::State | Kind::Country | Kind::Phone
                ))
        {
            return Err(FilterError::new(atom.at, format!("{} can't be asked by its beginning", field.name)));
        }
        match field.kind {
            Kind::Text | Kind::List => self.text(field, sign, atom),
            Kind::State | Kind::Country => place::place(field, sign, atom),
            Kind::Code if atom.star => Ok(is(field, Op::StartsWith, Value::Text(clean(atom)?))),
            Kind::Code => word(field, sign, Value::Text(clean(atom)?), atom),
            Kind::Enum(words) => word(field, sign, listed(atom, words)?, atom),
            Kind::Bool => word(field, sign, boolean(atom)?, atom),
            Kind::Phone => phone(field, sign, atom),
            Kind::Integer => Ok(is(field, ordered(sign), integer(atom)?)),
            Kind::Decimal => Ok(is(field, ordered(sign), decimal(atom)?)),
            Kind::Time | Kind::Date => self.time(field, sign, atom),
            Kind::Age(column) => self.age(column, sign, atom),
            Kind::Json => Err(FilterError::new(atom.at, format!("{} can't be filtered", field.name))),
        }
    }

    fn text(&self, field: &'static Field, sign: Sign, atom: &Atom) -> Result<Expr, FilterError> {
        let text = Value::Text(clean(atom)?);
        match sign {
            Sign::Colon if atom.star => Ok(is(field, Op::StartsWith, text)),
            Sign::Colon => Ok(is(field, Op::Contains, text)),
            Sign::Equal | Sign::NotEqual if !atom.star => Ok(is(field, ordered(sign), text)),
            _ => Err(FilterError::new(
                atom.at,
                format!("{} is a text: it is, contains or begins with something", field.name),
            )),
        }
    }

    fn time(&self, field: &'static Field, sign: Sign, atom: &Atom) -> Result<Expr, FilterError> {
        let Moment { first, last } = moment(atom, &self.anchor(field))?;
        let between = || is(field, Op::Between, Value::List(vec![Value::Time(first), Value::Time(last)]));
        Ok(match sign {
            Sign::Less => is(field, Op::Lt, Value::Time(first)),
            Sign::AtMost => is(field, Op::Lte, Value::Time(last)),
            Sign::More => is(field, Op::Gt, Value::Time(last)),
            Sign::AtLeast => is(field, Op::Gte, Value::Time(first)),
            Sign::Colon | Sign::Equal if first < last => between(),
            Sign::NotEqual if first < last => Expr::Not(Box::new(between())),
            _ => {
                let (name, text) = (field.name, &atom.text);
                let message = format!("say {name}>{text} for what is newer, {name}<{text} for what is older");
                return Err(FilterError::new(atom.at, message));
            }
        })
    }

    /// A day without a zone is the same day everywhere; an instant is asked for in the anchor's days.
    fn anchor(&self, field: &Field) -> Anchor {
        if field.kind == Kind::Date { Anchor::from(self.anchor.now) } else { self.anchor }
    }

    /// Older than five minutes is created before the instant five minutes ago: the sign turns round.
    fn age(&self, column: &str, sign: Sign, atom: &Atom) -> Result<Expr, FilterError> {
        let column = self.field(&Atom { text: column.to_owned(), ..atom.clone() })?;
        let turned = match sign {
            Sign::More => Sign::Less,
            Sign::AtLeast => Sign::AtMost,
            Sign::Less => Sign::More,
            Sign::AtMost => Sign::AtLeast,
            _ => return Err(FilterError::new(atom.at, "an age is more or less than something, such as age>5m")),
        };
        if relative(&atom.text).is_none() {
            return Err(FilterError::new(atom.at, format!("{:?} is no age: write 90s, 5m, 2h or 7d", atom.text)));
        }
        self.time(column, turned, atom)
    }

    /// `a,b` is one of: a list where the field is compared as a whole, else each by itself.
    fn list(&self, field: &'static Field, sign: Sign, atoms: &[Atom]) -> Result<Expr, FilterError> {
        let (sign, negated) = match sign {
            Sign::NotEqual => (Sign::Equal, true),
            Sign::Colon | Sign::Equal => (sign, false),
            _ => return Err(FilterError::new(atoms[1].at, "a list can only be one of: use `:` or `!=`")),
        };
        let each = atoms.iter().map(|atom| self.one(field, sign, atom)).collect::<Result<Vec<_>, _>>()?;
        let whole = |expr: &Expr| match expr {
            Expr::Is(Condition { op: Op::Eq, value, .. }) => Some(value.clone()),
            _ => None,
        };
        let expr = match each.iter().map(whole).collect::<Option<Vec<_>>>() {
            Some(values) => is(field, Op::In, Value::List(values)),
            None => Expr::Any(each),
        };
        Ok(if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn range(&self, field: &'static Field, sign: Sign, low: &Atom, high: &Atom) -> Result<Expr, FilterError> {
        if !matches!(sign, Sign::Colon | Sign::Equal) {
            return Err(FilterError::new(low.at, format!("write {}:{}..{}", field.name, low.text, high.text)));
        }
        let anchor = self.anchor(field);
        let (low, high) = match field.kind {
            Kind::Integer => (integer(low)?, integer(high)?),
            Kind::Decimal => (decimal(low)?, decimal(high)?),
            Kind::Time | Kind::Date => {
                (Value::Time(moment(low, &anchor)?.first), Value::Time(moment(high, &anchor)?.last))
            }
            _ => {
                let message = format!("{} has no order: quote the value if the dots belong to it", field.name);
                return Err(FilterError::new(low.at, message));
            }
        };
        Ok(is(field, Op::Between, Value::List(vec![low, high])))
    }
}

pub(super) fn is(field: &Field, op: Op, value: Value) -> Expr {
    Expr::Is(Condition { field: field.name.to_owned(), op, value })
}

pub(super) fn ordered(sign: Sign) -> Op {
    match sign {
        Sign::Colon | Sign::Equal => Op::Eq,
        Sign::NotEqual => Op::Ne,
        Sign::Less => Op::Lt,
        Sign::AtMost => Op::Lte,
        Sign::More => Op::Gt,
        Sign::AtLeast => Op::Gte,
    }
}

/// A value that is or is not, and has no order.
fn word(field: &Field, sign: Sign, value: Value, atom: &Atom) -> Result<Expr, FilterError> {
    match ordered(sign) {
        op @ (Op::Eq | Op::Ne) => Ok(is(field, op, value)),
        _ => Err(FilterError::new(atom.at, format!("{} has no order: use `:` or `!=`", field.name))),
    }
}

/// A whole number is compared, part of one is searched; separators in it mean nothing.
fn phone(field: &Field, sign: Sign, atom: &Atom) -> Result<Expr, FilterError> {
    let digits: String = atom.text.chars().filter(char::is_ascii_digit).collect();
    let plus = atom.text.starts_with('+');
    let foreign = atom.text.chars().any(|c| !c.is_ascii_digit() && !"+-. ()/".contains(c));
    if digits.is_empty() || foreign {
        return Err(FilterError::new(atom.at, format!("{:?} is no part of a phone number", atom.text)));
    }
    let op = match sign {
        Sign::Equal | Sign::NotEqual => ordered(sign),
        Sign::Colon if plus && digits.len() >= WHOLE_NUMBER_DIGITS && !atom.star => Op::Eq,
        Sign::Colon if plus => Op::StartsWith,
        Sign::Colon if !atom.star => Op::Contains,
        _ => return Err(FilterError::new(atom.at, "a number is, contains, or (with a plus) begins with something")),
    };
    let plus = plus || matches!(op, Op::Eq | Op::Ne);
    Ok(is(field, op, Value::Text(if plus { format!("+{digits}") } else { digits })))
}

/// The atom's text; a NUL byte is refused here, since the database can't hold one.
pub(super) fn clean(atom: &Atom) -> Result<String, FilterError> {
    if atom.text.contains('\0') {
        return Err(FilterError::new(atom.at, "a NUL character can't be searched for"));
    }
    Ok(atom.text.clone())
}
