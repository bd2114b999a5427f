//! From nodes to one tree: values of one field side by side are alternatives, everything else must hold together, and an
//! `or` whose sides are not plain is told instead of guessed.

use crate::contacts::filter::{Condition, Expr, Op, Value};

/// One condition, or several that one phrase means together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub parts: Vec<Expr>,
    pub negated: bool,
    /// Field and sign, where another value may follow.
    pub open: Option<String>,
    pub said: String,
}

/// What a question is made of, less what says nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Term(Term),
    Or,
    And,
    Comma,
    /// Negates the next term; a sticky one also those that are joined to it.
    Not {
        sticky: bool,
    },
    /// `that`, `which`, `who`: what follows belongs together.
    Boundary,
}

/// A term with what stands before it.
#[derive(Debug, Clone)]
struct Part {
    key: Option<String>,
    alternatives: Vec<Expr>,
    negated: bool,
    sticky: bool,
    said: String,
}

#[derive(Debug, Clone)]
enum Piece {
    Part(Part),
    Or,
    Soft,
    Boundary,
}

/// The tree, and the parts of the question that it does not express.
pub(super) fn assemble(nodes: Vec<Node>) -> (Expr, Vec<String>) {
    let mut left = Vec::new();
    let pieces = merge(pieces(nodes, &mut left), &mut left);
    let parts = segments(pieces, &mut left);
    (all(parts), left)
}

fn pieces(nodes: Vec<Node>, left: &mut Vec<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut negated, mut sticky) = (false, false);
    for node in nodes {
        match node {
            Node::Term(term) => {
                let key = match term.parts.as_slice() {
                    [one] => field(one).map(str::to_owned),
                    _ => None,
                };
                let alternatives = vec![all(term.parts)];
                let negated_here = term.negated != negated;
                pieces.push(Piece::Part(Part { key, alternatives, negated: negated_here, sticky, said: term.said }));
                (negated, sticky) = (false, false);
            }
            Node::Not { sticky: holds } => {
                negated = !negated;
                sticky |= holds;
            }
            Node::Or => pieces.push(Piece::Or),
            Node::And | Node::Comma => pieces.push(Piece::Soft),
            Node::Boundary => pieces.push(Piece::Boundary),
        }
    }
    if negated {
        left.push("a negation with nothing behind it".to_owned());
    }
    pieces
}

/// The field of a condition whose values exclude each other, so that two of them can only be alternatives.
fn field(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Is(Condition { field, op: Op::Eq | Op::In | Op::Contains | Op::StartsWith, .. }) => Some(field),
        _ => None,
    }
}

/// Joins neighbours of one field: `Germany, France or Spain`, `landlines and voip`.
fn merge(pieces: Vec<Piece>, left: &mut Vec<String>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let Piece::Part(next) = piece else {
            out.push(piece);
            continue;
        };
        let joints = out.iter().rev().take_while(|piece| !matches!(piece, Piece::Part(_))).count();
        let by_or = out.iter().rev().take(joints).any(|piece| matches!(piece, Piece::Or));
        let broken = out.iter().rev().take(joints).any(|piece| matches!(piece, Piece::Boundary));
        let at = out.len() - joints;
        let Some(Piece::Part(last)) = at.checked_sub(1).and_then(|at| out.get_mut(at)) else {
            out.push(Piece::Part(next));
            continue;
        };
        if last.key.is_none() || last.key != next.key || (broken && !by_or) || (next.negated && !last.sticky) {
            out.push(Piece::Part(next));
            continue;
        }
        if last.negated && !next.negated && !last.sticky && !by_or {
            left.push(format!("{} (is it negated, too? Say not before it, or leave it out)", next.said));
        } else if joints == 0 && next.negated {
            out.push(Piece::Part(next));
            continue;
        } else if joints == 0 && last.alternatives != next.alternatives {
            left.push(format!("{} (it contradicts {})", next.said, last.said));
        } else if last.alternatives != next.alternatives {
            last.alternatives.extend(next.alternatives);
        }
        out.truncate(at);
    }
    out
}

/// Splits at `that`, `which`, `who` and resolves the `or` inside of each segment.
fn segments(pieces: Vec<Piece>, left: &mut Vec<String>) -> Vec<Expr> {
    let mut segments: Vec<Vec<Vec<Part>>> = vec![vec![Vec::new()]];
    let whole = !pieces.iter().any(|piece| matches!(piece, Piece::Boundary));
    for piece in pieces {
        let Some(sides) = segments.last_mut() else { continue };
        match piece {
            Piece::Part(part) => sides.last_mut().map(|side| side.push(part)).unwrap_or_default(),
            Piece::Or => sides.push(Vec::new()),
            Piece::Soft => {}
            Piece::Boundary if sides.len() == 1 || sides.last().is_some_and(|side| !side.is_empty()) => {
                segments.push(vec![Vec::new()]);
            }
            Piece::Boundary => {}
        }
    }
    let mut parts = Vec::new();
    for mut sides in segments {
        if sides.len() == 1 {
            parts.extend(sides.remove(0).into_iter().map(Part::expr));
            continue;
        }
        let keys = |side: &Vec<Part>| side.iter().map(|part| part.key.clone()).collect::<Vec<_>>();
        let single = sides.iter().all(|side| side.len() == 1);
        let alike = whole && sides.iter().all(|side| !side.is_empty() && keys(side) == keys(&sides[0]));
        if single || alike {
            parts.push(Expr::Any(
                sides.into_iter().map(|side| all(side.into_iter().map(Part::expr).collect())).collect(),
            ));
        } else {
            left.push(
                "or (what belongs to each side of it? Ask one part, or write the filter with parentheses)".to_owned(),
            );
            parts.extend(sides.into_iter().flatten().map(Part::expr));
        }
    }
    parts
}

impl Part {
    fn expr(self) -> Expr {
        let expr = alternatives(self.alternatives);
        if self.negated { Expr::Not(Box::new(expr)) } else { expr }
    }
}

/// One of several: a list where all are compared whole, else each by itself.
fn alternatives(mut each: Vec<Expr>) -> Expr {
    if each.len() == 1 {
        return each.remove(0);
    }
    let mut values = Vec::new();
    for expr in &each {
        match expr {
            Expr::Is(Condition { op: Op::Eq, value, .. }) => values.push(value.clone()),
            Expr::Is(Condition { op: Op::In, value: Value::List(list), .. }) => values.extend(list.iter().cloned()),
            _ => return Expr::Any(each),
        }
    }
    match each.first() {
        Some(Expr::Is(first)) => {
            Expr::Is(Condition { field: first.field.clone(), op: Op::In, value: Value::List(values) })
        }
        _ => Expr::Any(each),
    }
}

/// Every one of these, without a needless level.
fn all(parts: Vec<Expr>) -> Expr {
    let flat = |part| if let Expr::All(inner) = part { inner } else { vec![part] };
    let mut parts: Vec<Expr> = parts.into_iter().flat_map(flat).collect();
    if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) }
}
