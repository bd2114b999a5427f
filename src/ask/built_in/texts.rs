//! Fields of text in words: `carrier is Verizon`, `name starts with Mc`, `emails at example.com`.

use super::words::{Word, longest, phrase};
use super::{Reading, quoted_value};

/// Names of a field, and whether its value may follow without a verb.
const FIELDS: &[(&str, (&str, bool))] = &[
    ("carrier|operator|network name?", ("carrier", true)),
    ("company|business|organization|organisation name", ("company", false)),
    ("company", ("company", false)),
    ("full? name", ("name", false)),
    ("first name", ("first_name", false)),
    ("last|family name", ("last_name", false)),
    ("surname", ("last_name", false)),
    ("caller name", ("caller", false)),
    ("job? title", ("position", true)),
    ("position|role", ("position", true)),
    ("department", ("department", true)),
    ("seniority", ("seniority", true)),
    ("city|town", ("city", true)),
    ("state|province", ("state", true)),
    ("country", ("country", true)),
    ("country|calling|dialling|dialing code", ("country", true)),
    ("industry|sector", ("industry", true)),
    ("website|site", ("website", false)),
    ("email? domain", ("domain", true)),
    ("email|emails address|addresses?", ("email", false)),
    ("source|file", ("source", true)),
    ("tag|tags|tagged with?", ("tags", true)),
    ("technology|technologies|tech stack?", ("tech", false)),
    ("caller type", ("caller_type", true)),
    ("line type", ("line", true)),
    ("email status", ("email_status", true)),
    ("email source", ("email_source", true)),
    ("business type", ("business_type", true)),
    ("error code", ("error_code", true)),
    ("error message", ("error_message", false)),
    ("error kind|type?", ("error", true)),
    ("phone? number|numbers", ("phone", false)),
    ("phone", ("phone", false)),
    ("description", ("business_description", false)),
];
/// Words that end a value.
const ENDS: &str = "and|or|but|in|with|without|from|since|that|which|who|whose|where|on|for|not|,|;|sorted|ordered|by|added|\
created|imported|before|after|older|newer|than|is|are|contacts|numbers|people|having|has|have|last|today|yesterday|this|as";

/// Words that begin no value: what stands there is another sort of phrase.
const NO_BEGINNINGS: &str =
    "of|at|to|like|about|near|around|any|all|no|some|every|either|between|above|below|over|under|less|more";

/// A question to a field of text.
pub(super) fn text(words: &[Word], question: &str) -> Option<Reading> {
    [by_field(words, question), by_verb(words, question), by_shape(words, question)]
        .into_iter()
        .flatten()
        .max_by_key(|reading| reading.taken)
}

fn by_field(words: &[Word], question: &str) -> Option<Reading> {
    let with = phrase("with|having|has|have|whose a|an|the?", words).unwrap_or(0);
    let (named, (field, bare)) = longest(FIELDS, &words[with..])?;
    let named = with + named;
    let verbs = [
        ("is|are|was not", "!:"),
        ("isn't|aren't", "!:"),
        ("is|are|= exactly", "="),
        ("contains|containing|contain|includes|including|like|matching|matches", ":"),
        ("starts|starting|start|begins|beginning|begin with", "*"),
        ("is|are|was|equals|=|:|named|called", ":"),
        ("equal to", ":"),
        ("of", ":"),
    ];
    let that = phrase("that|which|whose", &words[named..]).unwrap_or(0);
    let (verb, sign) = match longest(&verbs, &words[named + that..]) {
        Some((taken, sign)) => (that + taken, *sign),
        None if *bare => (0, ":"),
        None => return None,
    };
    let at = named + verb;
    // An article before the value belongs to it only inside of quotation marks.
    let article = if verb > 0 { phrase("the|a|an", &words[at..]).unwrap_or(0) } else { 0 };
    let (value, taken) = value(&words[at + article..], question)?;
    let (negated, sign) = sign.strip_prefix('!').map_or((false, sign), |sign| (true, sign));
    let digits = value.trim_matches('"').trim_start_matches('+');
    let text = match sign {
        // `country code +49`: countries are written with letters.
        ":" | "=" if *field == "country" && digits.bytes().all(|b| b.is_ascii_digit()) => {
            format!("calling_country_code{sign}{digits}")
        }
        "*" if *field == "phone" => format!("phone:{}*", plus(&value)),
        "*" => format!("{field}:{value}*"),
        sign => format!("{field}{sign}{value}"),
    };
    Some(Reading { negated, open: true, ..Reading::new(text, at + article + taken) })
}

/// `named Smith`, `works at Acme`.
fn by_verb(words: &[Word], question: &str) -> Option<Reading> {
    let verbs = [
        ("company|companies|business|businesses|firm|firms named|called", "is_business:true company:"),
        ("a? company named|called", "company:"),
        ("named|called", "name:"),
        ("works|work|working|employed at|for|by", "company:"),
        ("tagged as|with?", "tags:"),
    ];
    let (taken, field) = longest(&verbs, words)?;
    let (value, last) = value(&words[taken..], question)?;
    let text = if field.starts_with("is_business") && words[0].text == "company" { "company:" } else { field };
    Some(Reading { open: true, ..Reading::new(format!("{text}{value}"), taken + last) })
}

/// What is known by its shape: `emails at example.com`, `area code 512`, `+1415…`, `in the steel industry`, `HTTP 503`.
fn by_shape(words: &[Word], question: &str) -> Option<Reading> {
    let digits = |word: &Word| word.text.bytes().all(|b| b.is_ascii_digit()) && !word.quoted;
    if let Some(at) = phrase("with? an? email|emails|addresses address|addresses? at|@|from", words)
        && let Some(word) = words.get(at).filter(|word| word.text.contains('.') && !word.text.contains(':'))
    {
        return Some(Reading::new(
            format!("email:{}", quoted(&format!("@{}", word.text.trim_start_matches('@')))),
            at + 1,
        ));
    }
    if let Some(at) = phrase("in|with? the? area code", words)
        && let Some(word) = words.get(at).filter(|word| digits(word) && word.text.len() == 3)
    {
        return Some(Reading::new(format!("phone:+1{}*", word.text), at + 1));
    }
    if let Some(at) = phrase("phone? numbers|number|that? starting|starts|start|beginning|begin with", words)
        && let Some(word) =
            words.get(at).filter(|word| word.text.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit()))
    {
        return Some(Reading::new(format!("phone:{}*", plus(&word.text)), at + 1));
    }
    if let Some(at) = phrase("numbers|number containing|contains", words)
        && let Some(word) = words.get(at).filter(|word| digits(word))
    {
        return Some(Reading::new(format!("phone:{}", word.text), at + 1));
    }
    if let Some(at) = phrase("with? an? http|status|error|code error|status|code?", words)
        && let Some(word) = words.get(at).filter(|word| digits(word) && word.text.len() == 3)
    {
        return Some(Reading::new(format!("error_http_status:{}", word.text), at + 1));
    }
    if let Some(word) = words.first()
        && word.text.starts_with('+')
        && word.text.len() >= 8
        && word.text[1..].bytes().all(|b| b.is_ascii_digit())
    {
        return Some(Reading::new(format!("phone:{}", word.text), 1));
    }
    let at = phrase("in the?", words)?;
    let length =
        words[at..].iter().position(|word| phrase("industry|sector|business", std::slice::from_ref(word)).is_some())?;
    let named = (1..=3).contains(&length)
        && words[at..at + length].iter().all(|word| !ENDS.split('|').any(|end| end == word.text));
    named
        .then(|| Reading::new(format!("industry:{}", quoted_value(question, &words[at..at + length])), at + length + 1))
}

/// The text up to the next word that can't belong to it, ready for the filter language.
fn value(words: &[Word], question: &str) -> Option<(String, usize)> {
    let first = words.first()?;
    if first.quoted {
        return Some((quoted(&first.text), 1));
    }
    if NO_BEGINNINGS.split('|').any(|word| word == first.text) {
        return None;
    }
    let ends = |word: &&Word| word.quoted || ENDS.split('|').any(|end| end == word.text);
    let taken = words.iter().take_while(|word| !ends(word)).count();
    // A long run of words is a sentence, and no value.
    (1..=3).contains(&taken).then(|| (quoted_value(question, &words[..taken]), taken))
}

fn plus(number: &str) -> String {
    format!("+{}", number.trim_matches('"').trim_start_matches('+'))
}

fn quoted(text: &str) -> String {
    super::quoted_text(text)
}
