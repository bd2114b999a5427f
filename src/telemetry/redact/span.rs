//! What is to be hidden: ranges found in one text, joined where they overlap, written out in one go.
//!
//! Marks of an earlier redaction are walls: nothing inside them is touched, so a second pass changes nothing.

use std::borrow::Cow;
use std::ops::Range;

/// One range to replace.
#[derive(Clone, Debug)]
pub(super) struct Span<'r> {
    pub range: Range<usize>,
    pub with: Replacement<'r>,
}

/// What takes the place of a range, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Replacement<'r> {
    /// A masked e-mail address or number.
    Mask(String),
    /// A secret found by its shape or its neighbour.
    Shape(&'static str),
    /// A secret that is loaded now.
    Live(&'r str),
}

/// The ranges found so far in one text.
pub(super) struct Spans<'t, 'r> {
    text: &'t str,
    walls: Vec<Range<usize>>,
    found: Vec<Span<'r>>,
}

impl<'t, 'r> Spans<'t, 'r> {
    pub fn new(text: &'t str, walls: Vec<Range<usize>>) -> Self {
        Self { text, walls, found: Vec::new() }
    }

    /// Hides a range, less the marks in it.
    pub fn add(&mut self, range: Range<usize>, with: Replacement<'r>) {
        self.add_if(range, with, |_| true);
    }

    /// Hides those pieces of a range, between marks, that `is_secret` says are one.
    pub fn add_if(&mut self, range: Range<usize>, with: Replacement<'r>, is_secret: impl Fn(&str) -> bool) {
        let mut start = range.start;
        let first = self.walls.partition_point(|wall| wall.end <= range.start);
        let inside = self.walls[first..].iter().take_while(|wall| wall.start < range.end);
        let ends = inside.map(|wall| (wall.start, wall.end)).chain([(range.end, range.end)]);
        for (end, next) in ends.collect::<Vec<_>>() {
            if start < end && is_secret(&self.text[start..end]) {
                self.found.push(Span { range: start..end, with: with.clone() });
            }
            start = next;
        }
    }

    /// What was found by its shape, as text.
    pub fn values(&self) -> impl Iterator<Item = (&'t str, &Replacement<'r>)> {
        self.found.iter().map(|span| (&self.text[span.range.clone()], &span.with))
    }

    /// The ranges in order, none overlapping another: secrets joined, masks dropped where a secret is.
    pub fn settle(mut self) -> Vec<Span<'r>> {
        if self.found.is_empty() {
            return self.found;
        }
        self.found.sort_by_key(|span| (span.range.start, span.range.end));
        let (masks, secrets): (Vec<_>, Vec<_>) =
            self.found.into_iter().partition(|span| matches!(span.with, Replacement::Mask(_)));
        let mut joined = join(secrets);
        if !masks.is_empty() {
            let free: Vec<_> = join(masks).into_iter().filter(|mask| !overlaps(&joined, &mask.range)).collect();
            joined.extend(free);
            joined.sort_by_key(|span| span.range.start);
        }
        joined
    }
}

fn overlaps(sorted: &[Span<'_>], range: &Range<usize>) -> bool {
    let next = sorted.partition_point(|span| span.range.end <= range.start);
    sorted.get(next).is_some_and(|span| span.range.start < range.end)
}

fn join(sorted: Vec<Span<'_>>) -> Vec<Span<'_>> {
    let mut out: Vec<Span<'_>> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match out.last_mut() {
            Some(last) if span.range.start < last.range.end => {
                last.range.end = last.range.end.max(span.range.end);
                if span.with > last.with {
                    last.with = span.with;
                }
            }
            _ => out.push(span),
        }
    }
    out
}

/// Writes the text with its ranges replaced, at most `max` bytes; a cut is marked with the length that was.
pub(super) fn emit<'a>(text: &'a str, spans: Vec<Span<'_>>, max: usize) -> Cow<'a, str> {
    if spans.is_empty() && text.len() <= max {
        return Cow::Borrowed(text);
    }
    let cut = format!(" [cut, was {} bytes]", text.len());
    let mut out = String::with_capacity(text.len().min(max));
    let mut at = 0;
    for span in &spans {
        out.push_str(&text[at..span.range.start]);
        match &span.with {
            Replacement::Mask(mask) => out.push_str(mask),
            Replacement::Shape(kind) => push_mark(&mut out, kind),
            Replacement::Live(kind) => push_mark(&mut out, kind),
        }
        at = span.range.end;
        if out.len() > max {
            break;
        }
    }
    let rest = &text[at..];
    out.push_str(&rest[..rest.floor_char_boundary(max.saturating_sub(out.len()) + 1)]);
    if out.len() > max {
        let end = out.floor_char_boundary(max.saturating_sub(cut.len()));
        let open = out[..end]
            .rfind('[')
            .filter(|open| out[*open..].starts_with("[redacted:") && !out[*open..end].contains(']'));
        out.truncate(open.unwrap_or(end));
        out.push_str(&cut);
    }
    Cow::Owned(out)
}

fn push_mark(out: &mut String, kind: &str) {
    out.push_str("[redacted:");
    out.push_str(kind);
    out.push(']');
}
