//! From words to nodes: at each place the longest phrase that any rule knows is taken.

use super::assemble::{Node, Term};
use super::facts::{
    BUSINESS_NOUN, CARRIERS, ERROR_AFTER, ERROR_BEFORE, ERRORS, FACTS, HAS, INDUSTRIES, IS_MISSING, LACKS, NOISE,
    PROVIDERS, STATES, STEP_IS, STEPS, THINGS,
};
use super::words::{Word, longest, phrase};
use super::{Reading, compare, dates, order, places, quoted_text, texts, understood};
use crate::ask::Understood;
use crate::contacts::filter::{Anchor, Filter, FilterError};
use crate::contacts::page::Sort;

/// What was read of a whole question.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub nodes: Vec<Node>,
    pub sort: Option<Sort>,
    pub limit: Option<i64>,
    pub understood: Vec<Understood>,
    pub unknown: Vec<String>,
    /// Whether it asks for contacts at all, so that no condition means all of them.
    pub everything: bool,
}

/// Verbs that say which time a following span means.
const VERBS: &[(&str, &str)] = &[
    ("created|added|imported|uploaded|entered|received|inserted|new", "created"),
    ("looked up", "looked_up"),
    ("checked", "looked_up"),
    ("updated|changed|modified|edited|touched", "updated"),
    ("enriched", "business_enriched_at"),
];
const EVERYTHING: &str =
    "contact|contacts|everyone|everybody|everything|anyone|numbers|people|records|rows|leads|all|every";

pub(super) fn read(question: &str, words: &[Word], anchor: &Anchor) -> Read {
    let mut reader =
        Reader { question, words, anchor, at: 0, read: Read::default(), verb: None, last: None, asked: false };
    while reader.at < words.len() {
        reader.step();
    }
    if let Some((at, _)) = reader.verb.take() {
        reader.not_understood(at, at + 1);
    }
    reader.read
}

struct Reader<'a> {
    question: &'a str,
    words: &'a [Word],
    anchor: &'a Anchor,
    at: usize,
    read: Read,
    /// A verb of time that waits for its span, and where it stands.
    verb: Option<(usize, &'static str)>,
    /// The filter of the phrase that ended just before this place.
    last: Option<String>,
    asked: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &[Word] {
        &self.words[self.at..]
    }

    fn said(&self, from: usize, to: usize) -> String {
        self.question[self.words[from].start..self.words[to - 1].end].to_owned()
    }

    fn not_understood(&mut self, from: usize, to: usize) {
        let said = self.said(from, to);
        // Neighbours are told as one piece.
        let before = from.checked_sub(1).map(|at| self.words[at].end);
        let glued = self
            .read
            .unknown
            .last_mut()
            .filter(|last| before.is_some_and(|end| self.question[..end].ends_with(last.as_str())) && from > 0);
        match glued {
            Some(last) => *last = format!("{last} {said}"),
            None => self.read.unknown.push(said),
        }
    }

    /// Takes what stands at this place.
    fn step(&mut self) {
        if self.connector() {
            return;
        }
        if let Some((taken, field)) = self.verb_of_time() {
            self.wait_for_time(field);
            return self.pass(taken, false);
        }
        let best = self.best();
        let ordered = order::order(self.rest(), self.asked);
        let ordered = ordered.or_else(|| order::by(self.rest()).filter(|_| self.read.limit.is_some()));
        if let Some(order) = ordered.filter(|order| best.as_ref().is_none_or(|(b, _)| order.taken >= b.taken)) {
            return self.order(order);
        }
        if let Some((reading, span)) = best {
            return self.take(reading, span);
        }
        if let Some((taken, field)) = longest(VERBS, self.rest()) {
            self.wait_for_time(field);
            return self.pass(taken, false);
        }
        if self.read.sort.is_some() && phrase("first", self.rest()).is_some() {
            return self.pass(1, false);
        }
        if let Some((taken, ())) = longest(NOISE, self.rest()) {
            self.read.everything |= self.rest()[..taken].iter().any(|w| EVERYTHING.split('|').any(|e| e == w.text));
            self.asked = phrase("show|list|get|give|display|find|fetch me|us?", self.rest()).is_some();
            return self.pass(taken, false);
        }
        if self.another_value() {
            return;
        }
        self.not_understood(self.at, self.at + 1);
        self.pass(1, false);
    }

    fn pass(&mut self, taken: usize, adjacent: bool) {
        self.at += taken;
        if !adjacent {
            self.last = None;
        }
    }

    /// A verb with its span right behind it: `enriched this week` asks for a time, `enriched` alone for a state.
    fn verb_of_time(&self) -> Option<(usize, &'static str)> {
        let (taken, field) = longest(VERBS, self.rest())?;
        dates::span(&self.rest()[taken..], self.anchor)?;
        Some((taken, field))
    }

    fn wait_for_time(&mut self, field: &'static str) {
        if let Some((at, _)) = self.verb.replace((self.at, field)) {
            self.not_understood(at, at + 1);
        }
        self.read.everything = true;
    }

    fn connector(&mut self) -> bool {
        let table = [
            ("or", Node::Or),
            ("and|&|plus", Node::And),
            ("and also", Node::And),
            ("but", Node::And),
            ("as well as", Node::And),
            (",", Node::Comma),
            ("not|no|non|isn't|aren't|wasn't|weren't|haven't|hasn't|don't|never", Node::Not { sticky: false }),
            ("except|excluding|neither for?", Node::Not { sticky: true }),
            ("other than", Node::Not { sticky: true }),
            ("apart from", Node::Not { sticky: true }),
            ("nor", Node::Not { sticky: true }),
            ("that|which|who|either", Node::Boundary),
        ];
        let Some((taken, node)) = longest(&table, self.rest()) else { return false };
        // A longer phrase that begins with the same word wins: `no email`, `not enriched`, `that don't have`.
        if self.best().is_some_and(|(reading, _)| reading.taken > taken) || noise(self.rest()) > taken {
            return false;
        }
        self.read.nodes.push(node.clone());
        self.pass(taken, false);
        true
    }

    /// The longest condition at this place, and whether it is a span of time.
    fn best(&self) -> Option<(Reading, bool)> {
        let words = self.rest();
        let span = dates::span(words, self.anchor).map(|(text, taken)| (Reading::new(text, taken), true));
        let others = [
            inline(words, self.question, self.anchor),
            longest(FACTS, words).map(|(taken, text)| Reading::new(*text, taken)),
            step_state(words),
            presence(words),
            error(words),
            provider(words, self.question),
            industry(words),
            carrier(words),
            compare::compare(words),
            places::place(words, self.question),
            texts::text(words, self.question),
        ];
        let all = span.into_iter().chain(others.into_iter().flatten().map(|reading| (reading, false)));
        all.reduce(|best, next| if next.0.taken > best.0.taken { next } else { best })
    }

    fn order(&mut self, order: order::Order) {
        let again = (order.sort.is_some()
            && self.read.sort.is_some()
            && self.read.sort != order.sort
            && self.read.limit.is_none())
            || (order.limit.is_some() && self.read.limit.is_some());
        if again {
            self.not_understood(self.at, self.at + order.taken);
            return self.pass(order.taken, false);
        }
        // `the 20 worst by quality` has its direction already.
        let directed = matches!((self.read.sort, order.sort), (Some(Sort::Quality), Some(Sort::QualityDesc)));
        self.read.sort = if directed { self.read.sort } else { order.sort.or(self.read.sort) };
        self.read.limit = order.limit.or(self.read.limit);
        let mut filter: Vec<String> = order.sort.map(|sort| format!("sort:{}", sort.name())).into_iter().collect();
        filter.extend(order.limit.map(|limit| format!("limit:{limit}")));
        self.read.understood.push(understood(&self.said(self.at, self.at + order.taken), &filter.join(" ")));
        self.read.everything = true;
        self.pass(order.taken, false);
    }

    fn take(&mut self, reading: Reading, span: bool) {
        let (from, to) = (self.at, self.at + reading.taken);
        let mut text = reading.text.clone();
        if span {
            let by_verb = self.verb.take().map(|(_, field)| field);
            let Some(field) = by_verb.or_else(|| time_of(self.last.as_deref())).filter(|field| self.is_meant(field))
            else {
                self.not_understood(from, to);
                return self.pass(reading.taken, false);
            };
            text = format!("{field}{text}");
        }
        match conditions(&text, self.anchor) {
            Ok(parts) => {
                let said = self.said(from, to);
                let shown = if reading.negated { format!("!{text}") } else { text.clone() };
                self.read.understood.push(understood(&said, &shown));
                let term = Term { parts, negated: reading.negated, open: reading.open.then(|| field_of(&text)), said };
                self.read.nodes.push(Node::Term(term));
                self.at = to;
                self.last = Some(text);
            }
            Err(error) => {
                let said = format!("{} ({})", self.said(from, to), error.message);
                self.read.unknown.push(said);
                self.pass(reading.taken, false);
            }
        }
        self.asked = false;
    }

    /// With something of its own time before it, though not right before it, a bare span may mean that time as well as the
    /// contact's: `enriched firms in Texas last week`.
    fn is_meant(&self, field: &str) -> bool {
        let has_own_time = |text: &str| ["enriched:true", "sim_swapped:true"].iter().any(|own| text.contains(own));
        field != "created" || !self.read.understood.iter().any(|part| has_own_time(&part.filter))
    }

    /// `carrier Foo or Bar`: a word that nothing else explains is another value of the field before it.
    fn another_value(&mut self) -> bool {
        let [.., Node::Term(Term { open: Some(field), .. }), Node::Or | Node::Comma] = self.read.nodes.as_slice()
        else {
            return false;
        };
        let Some(word) = self.rest().first().filter(|word| word.capital) else { return false };
        let value = super::quoted_value(self.question, std::slice::from_ref(word));
        self.take(Reading { open: true, ..Reading::new(format!("{field}{value}"), 1) }, false);
        true
    }
}

fn noise(words: &[Word]) -> usize {
    longest(NOISE, words).map_or(0, |(taken, ())| taken)
}

/// Field and sign of a filter's text.
fn field_of(text: &str) -> String {
    let end = text.find([':', '=']).map_or(text.len(), |at| at + 1);
    text[..end].to_owned()
}

/// The time that a span means which stands directly behind this condition; none where the table has no such time.
fn time_of(last: Option<&str>) -> Option<&'static str> {
    match last {
        Some(text) if text.starts_with("status:failed") || text.starts_with("error") => Some("last_attempt_at"),
        Some("status:completed" | "status:completed,failed") => Some("looked_up"),
        Some(text) if text.starts_with("business_enriched:true") => Some("business_enriched_at"),
        Some(text) if text.starts_with("email_enriched:true") => Some("email_enriched_at"),
        Some(text) if text.starts_with("address_enriched:true") => Some("address_enriched_at"),
        Some("sim_swapped:true") => Some("sim_swap_last_date"),
        Some("sms_pumping_number_blocked:true") => Some("sms_pumping_number_blocked_date"),
        Some("email_verified:true" | "reassigned:yes" | "forwarded:true") => None,
        // `not looked up since June` asks for the time of what was not done.
        Some("looked_up:none" | "business_enriched:false") => None,
        Some(text) if STEPS.iter().any(|(_, step)| text.starts_with(&format!("{step}:"))) => None,
        _ => Some("created"),
    }
}

/// The parts of a filter's text, all of which must hold.
fn conditions(text: &str, anchor: &Anchor) -> Result<Vec<crate::contacts::filter::Expr>, FilterError> {
    use crate::contacts::filter::Expr;
    Ok(match Filter::parse(text, *anchor)?.expr() {
        Expr::All(parts) => parts.clone(),
        other => vec![other.clone()],
    })
}

/// A term of the filter language in the middle of a question: `quality<60`.
fn inline(words: &[Word], question: &str, anchor: &Anchor) -> Option<Reading> {
    let word = words.first().filter(|word| !word.quoted)?;
    let sign = word.text.find([':', '<', '>', '=', '!']).filter(|at| *at > 0 && at + 1 < word.text.len())?;
    let text = &question[word.start..word.end];
    let name = word.text[..sign].chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (name && Filter::parse(text, *anchor).is_ok()).then(|| Reading::new(text, 1))
}

/// `Verizon`, `on AT&T`.
fn carrier(words: &[Word]) -> Option<Reading> {
    let before = phrase("on|with|from|by", words).unwrap_or(0);
    let (taken, name) = longest(CARRIERS, &words[before..])?;
    Some(Reading::new(format!("carrier:{}", quoted_text(name)), before + taken))
}

fn step_state(words: &[Word]) -> Option<Reading> {
    let by_step = || {
        let (taken, step) = longest(STEPS, words)?;
        let is = phrase(STEP_IS, &words[taken..]).unwrap_or(0);
        let (last, state) = longest(STATES, &words[taken + is..])?;
        Some(Reading::new(format!("{step}:{state}"), taken + is + last))
    };
    let by_state = || {
        let (taken, state) = longest(STATES, words)?;
        let (last, step) = longest(STEPS, &words[taken..])?;
        Some(Reading::new(format!("{step}:{state}"), taken + last))
    };
    by_step().or_else(by_state)
}

/// `with a website`, `no carrier`, `city is missing`.
fn presence(words: &[Word]) -> Option<Reading> {
    let lacks = longest(LACKS, words).and_then(|(taken, ())| {
        let (last, field) = longest(THINGS, &words[taken..])?;
        Some(Reading::new(format!("{field}:none"), taken + last))
    });
    let has = phrase(HAS, words).and_then(|taken| {
        let (last, field) = longest(THINGS, &words[taken..])?;
        Some(Reading::new(format!("{field}:*"), taken + last))
    });
    let missing = longest(THINGS, words).and_then(|(taken, field)| {
        let last = phrase(IS_MISSING, &words[taken..])?;
        Some(Reading::new(format!("{field}:none"), taken + last))
    });
    [lacks, has, missing].into_iter().flatten().max_by_key(|reading| reading.taken)
}

fn error(words: &[Word]) -> Option<Reading> {
    let before = phrase(ERROR_BEFORE, words).unwrap_or(0);
    let word = phrase("error|errors", &words[before..]).unwrap_or(0);
    let at = before + word;
    let (taken, kind) = longest(ERRORS, &words[at..])?;
    let behind = phrase(ERROR_AFTER, &words[at + taken..]).unwrap_or(0);
    let sure = taken > 1 || at + behind > 0 || ["timeout", "rate_limited"].contains(kind);
    // `server` and `internal` are words of everyday: they need `error` beside them.
    let everyday = ["upstream_error", "internal", "network", "quota", "tls"].contains(kind) && behind + word == 0;
    let due = phrase("because|due", words).is_some();
    (sure && (!everyday || due)).then(|| Reading::new(format!("error:{kind}"), at + taken + behind))
}

/// `errors from twilio`, `failed at hunter`, `emails found by hunter`, `enriched by clearbit`.
fn provider(words: &[Word], _question: &str) -> Option<Reading> {
    let table = [
        ("failed at|by|on|with|from", "status:failed error_provider:"),
        ("errors|error from|at|by|of|on", "error_provider:"),
        ("email|emails address|addresses? that? found|came|come? by|from", "email_source:"),
        ("enriched by|from|with|through", "enriched"),
        ("business data? from|by", "business_provider:"),
    ];
    let (taken, field) = longest(&table, words)?;
    let (last, name) = longest(PROVIDERS, &words[taken..])?;
    // What a provider enriches: each fills a group of its own.
    let field = match (*field, *name) {
        ("enriched", "hunter" | "zerobounce") => "email_enriched:true email_provider:",
        ("enriched", "whitepages" | "truecaller") => "address_enriched:true address_provider:",
        ("enriched", "clearbit*") => "business_enriched:true business_provider:",
        ("enriched", _) => return None,
        (field, _) => field,
    };
    Some(Reading::new(format!("{field}{name}"), taken + last))
}

/// `software companies`: what kind of company it is, so that the noun says nothing more.
fn industry(words: &[Word]) -> Option<Reading> {
    let (taken, industry) = longest(INDUSTRIES, words)?;
    let noun = phrase(BUSINESS_NOUN, &words[taken..])?;
    Some(Reading::new(format!("industry:{}", quoted_text(industry)), taken + noun))
}
