//! Places in words: states, countries, cities, and what comes from there.

use super::words::{Word, phrase};
use super::{Reading, quoted_value};
use crate::contacts::places::{COUNTRIES, Gazetteer, STATES};

/// Most words of a place's name.
const PLACE_WORDS_MAX: usize = 6;

/// Large cities, so that their names are known without a capital letter, and names that begin as a state's does.
const CITIES: &str = "new york city|nyc|kansas city|oklahoma city|salt lake city|iowa city|jersey city|mexico city|virginia beach|\
los angeles|chicago|houston|phoenix|philadelphia|san antonio|san diego|dallas|austin|san jose|fort worth|jacksonville|columbus|\
charlotte|indianapolis|san francisco|seattle|denver|boston|el paso|detroit|nashville|memphis|portland|las vegas|louisville|\
baltimore|milwaukee|albuquerque|tucson|fresno|sacramento|atlanta|miami|oakland|minneapolis|tampa|new orleans|cleveland|\
honolulu|pittsburgh|cincinnati|orlando|st louis|buffalo|boise|raleigh|omaha|newark|anchorage|london|berlin|munich|hamburg|\
frankfurt|cologne|paris|lyon|marseille|madrid|barcelona|rome|milan|vienna|zurich|geneva|amsterdam|rotterdam|brussels|dublin|\
manchester|birmingham|leeds|glasgow|edinburgh|liverpool|bristol|lisbon|porto|stockholm|oslo|copenhagen|helsinki|warsaw|prague|\
budapest|athens|istanbul|moscow|kyiv|toronto|montreal|vancouver|calgary|ottawa|tokyo|osaka|seoul|beijing|shanghai|mumbai|\
delhi|bangalore|sydney|melbourne|brisbane|perth|auckland|johannesburg|cape town|cairo|lagos|nairobi|sao paulo|buenos aires";

/// Names that stand behind `in` as a city's does and are none, nor a state or a country of the tables.
const REGIONS: &str = "europe|asia|africa|oceania|antarctica|america|the americas|north america|south america|central america|\
latin america|eurasia|eu|emea|apac|latam|dach|benelux|scandinavia|the balkans|the baltics|the caribbean|the middle east|\
the far east|new england|silicon valley|the midwest|the northeast|the southwest|east coast|west coast|bay area|bavaria|saxony|\
hesse|thuringia|brandenburg|westphalia|rhineland|swabia|tyrol|carinthia|styria|catalonia|andalusia|galicia|tuscany|lombardy|\
sicily|sardinia|piedmont|veneto|umbria|liguria|provence|normandy|brittany|alsace|burgundy|corsica|flanders|wallonia|yorkshire|\
cornwall|devon|kent|essex|sussex|surrey|lancashire|ulster|queensland|new south wales|tasmania|western australia|south australia|\
punjab|kerala|gujarat|maharashtra|karnataka|tamil nadu|west bengal|rajasthan|hokkaido|okinawa|jalisco|yucatan|patagonia|\
siberia|crimea|transylvania|silesia|bohemia|moravia";
/// What the name of a region ends with.
const OF_REGIONS: &str =
    "county|counties|parish|province|region|district|prefecture|canton|coast|area|peninsula|territory|continent";

/// A place behind a preposition, or one that needs none. `outside` negates it.
pub(super) fn place(words: &[Word], question: &str) -> Option<Reading> {
    let outside = phrase("outside of? the?", words);
    let before = outside.or_else(|| phrase("based|located|living? in|from|across|within|inside the?", words));
    let at = before.unwrap_or(0);
    let found = state_of(&words[at..])
        .or_else(|| named(&words[at..], question, before.is_some()))
        .or_else(|| before.and_then(|_| unknown_city(&words[at..], question)))?;
    Some(Reading { taken: at + found.taken, negated: outside.is_some(), ..found })
}

/// `the state of Texas`, `Washington state`.
fn state_of(words: &[Word]) -> Option<Reading> {
    if let Some(of) = phrase("state of", words) {
        let (taken, place) = longest_place(&STATES, &words[of..])?;
        return Some(Reading::new(format!("state:{place}"), of + taken));
    }
    let (taken, place) = longest_place(&STATES, words).or_else(|| Some((1, code(words.first()?)?)))?;
    let behind = phrase("state", &words[taken..])?;
    Some(Reading::new(format!("state:{place}"), taken + behind))
}

fn named(words: &[Word], question: &str, introduced: bool) -> Option<Reading> {
    let city = CITIES.split('|').filter_map(|city| Some((phrase(city, words)?, city))).max_by_key(|(taken, _)| *taken);
    let state = longest_place(&STATES, words).or_else(|| Some((1, code(words.first()?)?)));
    let country = longest_place(&COUNTRIES, words);
    let longest = [city.map(|c| c.0), state.map(|s| s.0), country.map(|c| c.0)].into_iter().flatten().max()?;
    let state = state.filter(|(taken, _)| *taken == longest).map(|(_, code)| code);
    let country = country.filter(|(taken, _)| *taken == longest).map(|(_, code)| code);
    let shouted = !question.chars().any(char::is_lowercase);
    let spelled_out = words[..longest].iter().any(|word| word.text.len() > 2);
    // `in`, `or`, `me` and `us` are codes of places only where they are written as such.
    if !spelled_out
        && (shouted || !question[words[0].start..words[0].end].chars().all(|c| c.is_uppercase() || c == '.'))
    {
        return None;
    }
    let text = match (state, country, city.filter(|(taken, _)| *taken == longest)) {
        (Some("NY"), _, _) if spelled_out => "(state:NY or city:\"New York\")".to_owned(),
        (Some("WA"), _, _) if spelled_out => "(state:WA or city:Washington)".to_owned(),
        (Some("GA"), Some(_), _) if spelled_out => "(state:GA or country:GE)".to_owned(),
        (Some("LA"), _, _) if !spelled_out => "(state:LA or city:\"Los Angeles\")".to_owned(),
        (Some(state), Some(_), _) if !spelled_out && !introduced => format!("state:{state}"),
        // `Lebanon, Ohio`: there are towns by the names of countries.
        (None, Some(country), _) if spelled_out && is_in_state(&words[longest..]) => {
            format!("(country:{country} or city:{})", quoted_value(question, &words[..longest]))
        }
        (Some(state), _, _) => format!("state:{state}"),
        (_, Some(country), _) => format!("country:{country}"),
        (_, _, Some((_, "nyc" | "new york city"))) => "city:\"New York\"".to_owned(),
        (_, _, Some((taken, _))) => format!("city:{}", quoted_value(question, &words[..taken])),
        _ => return None,
    };
    Some(Reading::new(text, longest))
}

/// `, Ohio` stands here.
fn is_in_state(words: &[Word]) -> bool {
    phrase(",", words).is_some_and(|comma| longest_place(&STATES, &words[comma..]).is_some())
}

/// The longest name of a place that stands here; a country also by its adjective.
fn longest_place(table: &'static Gazetteer, words: &[Word]) -> Option<(usize, &'static str)> {
    let most = words.iter().take(PLACE_WORDS_MAX).take_while(|word| !word.quoted).count();
    (1..=most).rev().find_map(|taken| {
        let text = words[..taken].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let text = text.replace(" ,", ",");
        let adjective = |text: &str| {
            table.all().iter().find(|place| place.adjective.eq_ignore_ascii_case(text) && !text.is_empty())
        };
        let place = table.find(&text).or_else(|| table.find(&text.replace('.', ""))).or_else(|| adjective(&text))?;
        // A code is two letters: whether they are meant as one, the caller sees by their case.
        Some((taken, place.code))
    })
}

fn code(word: &Word) -> Option<&'static str> {
    STATES.find(&word.text).filter(|place| !word.quoted && place.code.eq_ignore_ascii_case(&word.text)).map(|p| p.code)
}

/// `in Atlantis Prime`: names that are written as such, or quoted.
fn unknown_city(words: &[Word], question: &str) -> Option<Reading> {
    let taken = match words.first()? {
        word if word.quoted => 1,
        _ => words
            .iter()
            .take_while(|word| {
                word.capital && !word.quoted && word.text.chars().all(|c| c.is_alphabetic() || "'.-".contains(c))
            })
            .count(),
    };
    let is_region = |name: &[Word]| REGIONS.split('|').any(|region| phrase(region, name) == Some(name.len()));
    let named = &words[..taken];
    let ends_as_one = |name: &[Word]| name.last().is_some_and(|last| OF_REGIONS.split('|').any(|end| end == last.text));
    // `SF`, `BXL`: letters that stand for a name which is not known here.
    let letters = question[named.first()?.start..named.last()?.end].chars().filter(|c| c.is_alphabetic());
    let is_code = letters.clone().count() <= 3 && letters.clone().all(char::is_uppercase);
    let behind = words.get(taken).is_some_and(|next| OF_REGIONS.split('|').any(|end| end == next.text));
    if !words[0].quoted && (behind || is_code || ends_as_one(named) || is_region(named)) {
        return None;
    }
    (taken > 0).then(|| Reading::new(format!("city:{}", quoted_value(question, &words[..taken])), taken))
}
