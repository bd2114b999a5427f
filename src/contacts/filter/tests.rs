use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 24, 3, 0, 0).unwrap()
}

fn read(text: &str) -> Filter {
    Filter::parse(text, now()).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn refused(text: &str) -> FilterError {
    Filter::parse(text, now()).expect_err(text)
}

fn condition(field: &str, op: Op, value: Value) -> Expr {
    Expr::Is(Condition { field: field.to_owned(), op, value })
}

#[test]
fn a_field_that_does_not_exist_is_never_a_word_to_search_for() {
    let message = |text: &str| Filter::parse(text, now()).expect_err(text).message;
    assert!(message("step.lookup:x").contains("did you mean lookup?"));
    assert!(message("steps.email_find:failed").contains("did you mean email_find?"));
    assert!(message("acme.example:80").contains("quote the words"));
    assert!(message("lookup:nonsense").contains("blocked"), "{}", message("lookup:nonsense"));
    for text in ["acme.example", "\"step.lookup:x\"", "J.R."] {
        assert!(matches!(Filter::parse(text, now()).unwrap().expr(), Expr::Search(_)), "{text}");
    }
}

#[test]
fn every_form_of_the_language_is_read_and_written_back_in_full() {
    for (text, written) in [
        ("", ""),
        ("status:failed", "status:failed"),
        ("STATUS:Failed,pending", "status:failed,pending"),
        ("company:acme", "business_name:acme"),
        ("company=\"Acme Inc\"", "business_name=\"Acme Inc\""),
        ("name:ac*", "full_name:ac*"),
        ("quality>=60 risk!=high", "quality_score>=60 sms_pumping_risk_level!=high"),
        ("quality:40..60", "quality_score:40..60"),
        ("quality:>70", "quality_score>70"),
        ("created>7d", "created_at>2026-11-17T03:00:00Z"),
        ("created:2026-11-20", "created_at:2026-11-20T00:00:00Z..2026-11-20T23:59:59.999999Z"),
        ("a or b and !c", "a or b !c"),
        ("not (line:mobile or line:tollfree)", "!(line_type:mobile or line_type:tollFree)"),
        ("city:Austin,Dallas", "city:Austin or city:Dallas"),
        ("email:none", "email:none"),
        ("email:*", "!email:none"),
        ("phone:+14155550123", "phone_e164=+14155550123"),
        ("phone:\"(415) 555\"", "phone_e164:415555"),
        ("phone:+1415", "phone_e164:+1415*"),
        ("email_find:failed", "email_find:failed"),
        ("valid:yes", "phone_valid:true"),
        ("cost>0.5", "api_cost>0.5"),
        ("quality > 70", "quality_score>70"),
        ("\"or\" jane@example.com", "\"or\" jane@example.com"),
    ] {
        let filter = read(text);
        assert_eq!(filter.text(), written, "{text}");
        assert_eq!(read(&filter.text()), filter, "{text}");
    }
}

#[test]
fn what_is_not_understood_is_named_with_its_place_and_the_nearest_known_word() {
    for (text, at, hint) in [
        ("statsu:failed", 0, "status"),
        ("a or status:faild", 12, "failed"),
        ("quality:abc", 8, "whole number"),
        ("name>5", 5, "text"),
        ("status>failed", 7, "no order"),
        ("created:7d", 8, "created_at>7d"),
        ("created>soon", 8, "no time"),
        ("(a or b", 0, "never closed"),
        ("a)", 1, "never opened"),
        ("a or", 4, "missing"),
        ("name:", 5, "missing"),
        ("name:\"x", 5, "never closed"),
        ("name:a,", 7, "missing"),
        ("https://example.com", 0, "quote"),
        ("package_codes:x", 0, "no field"),
        ("quality:1..2,3", 12, "space"),
        ("name:a..b", 5, "no order"),
        ("\" \"", 0, "nothing"),
        ("created>99999999999999d", 8, "no time"),
    ] {
        let error = refused(text);
        assert!(error.position == at && error.message.contains(hint), "{text}: {error:?}");
    }
}

#[test]
fn limits_hold_and_hostile_nesting_ends_in_an_error() {
    assert!(Filter::parse(&"x ".repeat(20), now()).is_ok());
    assert!(refused(&"x ".repeat(21)).message.contains("20 conditions"));
    assert!(refused(&"x".repeat(2_001)).message.contains("2000"));
    assert!(refused(&"(".repeat(1_999)).message.contains("nested"));
    assert!(refused(&"!".repeat(1_999)).message.contains("nested"));
    assert!(refused("!!!!!x").message.contains("deep"));
    assert!(Filter::parse("!!!!x", now()).is_ok());
    assert!(refused(&format!("id:{}", vec!["1"; 101].join(","))).message.contains("100 values"));
}

#[test]
fn no_value_ever_enters_the_sql_and_wildcards_are_escaped() {
    let hostile = r#"name:"'; DROP TABLE contacts; -- 100%_\\" "x' OR '1'='1" carrier_risk:"$1'""#;
    let compiled = read(hostile).sql(3);
    for piece in ["DROP", "'1'", "100", "--", ";"] {
        assert!(!compiled.text.contains(piece), "{piece} in {}", compiled.text);
    }
    assert!(compiled.text.starts_with("(c.full_name ILIKE $3 AND"), "{}", compiled.text);
    assert_eq!(compiled.binds[0], Bind::Text(r"%'; DROP TABLE contacts; -- 100\%\_\\%".to_owned()));
    assert_eq!(compiled.binds.len(), 6);
}

#[test]
fn negation_keeps_the_rows_that_do_not_know_the_answer() {
    assert_eq!(read("!risk:high").sql(1).text, "(c.sms_pumping_risk_level = $1) IS NOT TRUE");
    assert_eq!(read("risk!=high").sql(1).text, "c.sms_pumping_risk_level IS DISTINCT FROM $1");
    assert_eq!(read("").sql(1), Compiled { text: "true".to_owned(), binds: Vec::new() });
}

#[test]
fn jobs_are_filtered_by_the_same_language_over_their_own_fields() {
    let filter = Filter::parse_for(&JOBS, "lane:twilio state:waiting age>5m", now()).unwrap();
    assert_eq!(filter.text(), "lane:twilio state:waiting created_at<2026-11-24T02:55:00Z");
    assert!(filter.sql(1).text.contains("j.created_at < $3"));
    assert!(Filter::parse_for(&JOBS, "quality>5", now()).is_err());
    assert!(Filter::parse_for(&JOBS, "age:5m", now()).is_err());
}

#[test]
fn places_are_meant_in_all_their_spellings() {
    for (text, written) in [
        ("state:texas", "state:TX"),
        ("state=TX business_state!=Texas", "state:TX business_state!=TX"),
        ("state:Bavaria", "state:Bavaria"),
        ("state=TX,bavaria", "state=TX,bavaria"),
        ("state:texas,CA", "state=TX,CA"),
        ("country:germany,fr", "country:DE,FR"),
        ("country:\"Middle Earth\"", "country:\"Middle Earth\""),
        ("country_code:uk", "country_code:GB"),
    ] {
        assert_eq!(read(text).text(), written, "{text}");
        assert_eq!(read(written), read(text), "{text}");
    }
    let compiled = read("state:texas country!=US").sql(1);
    assert_eq!(compiled.binds[0], Bind::Texts(vec!["tx".into(), "texas".into(), "tex.".into()]));
    assert!(compiled.text.ends_with("= ANY($2)) IS NOT TRUE)"), "{}", compiled.text);
    assert!(refused("country:germny").message.contains("did you mean Germany?"));
    assert!(refused("state>TX").message.contains("no order"));
}

#[test]
fn days_are_those_of_the_zone_and_shown_as_instants() {
    let anchor = Anchor::new(now(), "America/New_York".parse().unwrap());
    for (text, written) in [
        ("created:today", "created_at:2026-11-23T05:00:00Z..2026-11-24T04:59:59.999999Z"),
        ("created>=yesterday", "created_at>=2026-11-22T05:00:00Z"),
        ("created<2026-11", "created_at<2026-11-01T04:00:00Z"),
        ("created:2025", "created_at:2025-01-01T05:00:00Z..2026-01-01T04:59:59.999999Z"),
        ("created>2026-07-01T12:00", "created_at>2026-07-01T16:00:00Z"),
        (
            "reassigned_last_verified:2026-07-01",
            "reassigned_last_verified:2026-07-01T00:00:00Z..2026-07-01T23:59:59.999999Z",
        ),
    ] {
        assert_eq!(Filter::parse(text, anchor).unwrap().text(), written, "{text}");
    }
}

#[test]
fn order_and_number_stand_beside_the_other_terms() {
    let query = |text: &str| Query::parse(text, now());
    for (text, written) in [
        ("status:failed sort:-quality limit:10", "status:failed sort:-quality limit:10"),
        ("limit:5", "limit:5"),
        ("(a or b) limit:5", "(a or b) limit:5"),
        ("a or b", "a or b"),
        ("", ""),
    ] {
        assert_eq!(query(text).unwrap().text(), written);
        assert_eq!(query(written).unwrap(), query(text).unwrap());
    }
    for (text, hint) in [
        ("sort:qualty", "did you mean quality?"),
        ("limit:1001", "1 to 1000"),
        ("limit:1 limit:2", "once"),
        ("sort:id,created", "one value"),
        ("(sort:id a) b", "there is no field"),
        ("sort:id or a", "there is no field"),
    ] {
        assert!(query(text).unwrap_err().message.contains(hint), "{text}: {:?}", query(text));
    }
}

#[test]
fn the_tree_is_json_too_and_strict() {
    let filter = read("status:failed (quality<60 or !acme) valid:true created>7d state:TX");
    let json = filter.to_json();
    assert_eq!(json["all"][0], serde_json::json!({"field": "status", "op": "eq", "value": "failed"}));
    assert_eq!(Filter::from_json(&json, now()).unwrap(), filter);
    let read = |text: &str| strict(text).and_then(|json| Filter::from_json(&json, now()));
    assert_eq!(read(r#"{"field":"created_at","op":"within_last","value":"7d"}"#).unwrap(), self::read("created>7d"));
    assert_eq!(read(r#"{"all":[]}"#).unwrap(), Filter::all());
    let deep = format!("{}{}", r#"{"not":"#.repeat(5), r#"{"search":"x"}"#.to_owned() + &"}".repeat(5));
    for (text, reason) in [
        (r#"{"field":"status","field":"email","op":"is_null","value":null}"#, "twice"),
        (r#"{"field":"status","op":"eq","value":"failed","sql":"1"}"#, "does not belong"),
        (r#"{"all":[{"field":"statsu","op":"eq","value":"failed"}]}"#, "filter.all[0]: there is no field"),
        (
            r#"{"any":[{"search":"a"},{"field":"status","op":"eq","value":"faild"}]}"#,
            "filter.any[1]: \"faild\" is not a value",
        ),
        (r#"{"field":"status","op":"like","value":"failed"}"#, "status takes eq"),
        (r#"{"field":"quality_score","op":"lt","value":"60"}"#, "a whole number"),
        (r#"{"field":"quality_score","op":"lt","value":1e999}"#, "no JSON"),
        (r#"{"field":"full_name","op":"contains","value":""}"#, "match everything"),
        ("{\"field\":\"full_name\",\"op\":\"contains\",\"value\":\"a\\u001b[2J\"}", "control"),
        (r#"{"field":"created_at","op":"after","value":"soon"}"#, "no time"),
        (r#"{"field":"country","op":"eq","value":"Narnia"}"#, "no country"),
        (r#"{"any":[]}"#, "match nothing"),
        (r#"{"all":{}}"#, "a list"),
        (r#"[]"#, "an object"),
        (r#"{"search":"x"} x"#, "behind"),
        (deep.as_str(), "deep"),
        (&"[".repeat(100_000), "bytes"),
        (&"[".repeat(1_000), "nested"),
        (&format!(r#"{{"all":[{}]}}"#, vec![r#"{"search":"x"}"#; 21].join(",")), "20 conditions"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn the_published_schema_is_the_one_of_this_registry() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/filter.schema.json");
    let made = format!("{:#}\n", schema());
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(published == made, "write `switchboard ask --schema` to assets/filter.schema.json");
    for field in CONTACTS.fields() {
        assert!(made.contains(&format!("\"{}\"", field.name)), "{}", field.name);
    }
    assert_eq!(made.matches("\"additionalProperties\": false").count(), made.matches("\"required\"").count());
}

#[test]
fn completion_knows_fields_and_values_at_the_cursor() {
    let at_end = |text: &str| complete(&CONTACTS, text, text.chars().count());
    let inserts = |text: &str| at_end(text).candidates.into_iter().map(|c| c.insert).collect::<Vec<_>>();
    assert_eq!(inserts("stat")[0], "state:");
    assert!(inserts("stat").contains(&"status:".to_owned()));
    assert_eq!(inserts("a status:fa"), ["failed"]);
    assert_eq!(inserts("status:failed,pe"), ["pending"]);
    assert_eq!(at_end("!(qual").start, 2);
    assert!(inserts("name:\"stat").is_empty());
    assert!(inserts("name:\"x\" qual").contains(&"quality>".to_owned()));
    assert_eq!(complete(&CONTACTS, "status:fa quality>5", 9).candidates[0].insert, "failed");
    assert_eq!(complete(&CONTACTS, "é", 9_000).end, 1);
}

fn any_text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 :!\"\\\\().,*<>=%_'é漢-]{1,12}".prop_filter("something to search", |text| !text.trim().is_empty())
}

/// A known place is read as its code.
fn no_country() -> impl Strategy<Value = String> {
    any_text().prop_filter("no place", |text| crate::contacts::places::COUNTRIES.find(text).is_none())
}

fn any_condition() -> impl Strategy<Value = Expr> {
    let time = (0i64..4_000_000_000_000_000).prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap());
    prop_oneof![
        any_text().prop_map(Expr::Search),
        (any_text(), prop_oneof![Just(Op::Eq), Just(Op::Ne), Just(Op::Contains), Just(Op::StartsWith)])
            .prop_map(|(text, op)| condition("full_name", op, Value::Text(text))),
        any_text().prop_map(|text| condition("email_status", Op::Eq, Value::Text(text))),
        prop::collection::vec(no_country(), 2..4).prop_map(|all| condition(
            "country",
            Op::In,
            Value::List(all.into_iter().map(Value::Text).collect())
        )),
        Just(condition("email", Op::IsNull, Value::None)),
        prop::sample::select(crate::contacts::fields::STATUSES).prop_map(|word| condition(
            "status",
            Op::Ne,
            Value::Text(word.to_owned())
        )),
        (any::<i64>(), prop_oneof![Just(Op::Eq), Just(Op::Lt), Just(Op::Gte)]).prop_map(|(number, op)| condition(
            "quality_score",
            op,
            Value::Integer(number)
        )),
        prop::collection::vec(any::<i64>(), 2..4).prop_map(|all| condition(
            "id",
            Op::In,
            Value::List(all.into_iter().map(Value::Integer).collect())
        )),
        (-1e9..1e9).prop_map(|amount| condition("api_cost", Op::Gt, Value::Decimal(amount))),
        time.clone().prop_map(|at| condition("created_at", Op::Lt, Value::Time(at))),
        (time.clone(), time).prop_map(|(a, b)| condition(
            "updated_at",
            Op::Between,
            Value::List(vec![Value::Time(a), Value::Time(b)])
        )),
        (prop::sample::select(vec!["TX", "CA", "Bavaria", "so so"]), prop_oneof![Just(Op::Eq), Just(Op::Ne)])
            .prop_map(|(text, op)| condition("state", op, Value::Text(text.to_owned()))),
        any_text().prop_map(|text| condition(
            "business_name",
            Op::In,
            Value::List(vec![Value::Text(text), Value::Text("b".to_owned())])
        )),
        any::<bool>().prop_map(|value| condition("phone_valid", Op::Eq, Value::Bool(value))),
    ]
}

fn any_tree() -> impl Strategy<Value = Expr> {
    any_condition().prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..3).prop_map(Expr::All),
            prop::collection::vec(inner.clone(), 2..3).prop_map(Expr::Any),
            inner.prop_map(|part| Expr::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_tree(expr in any_tree()) {
        let text = print::print(&expr, &CONTACTS);
        if let Ok(filter) = Filter::parse(&text, now()) {
            let json = strict(&filter.to_json().to_string());
            if let Ok(Ok(again)) = json.map(|json| Filter::from_json(&json, now())) {
                prop_assert_eq!(&again, &filter, "{}", text);
            }
        }
        match Filter::parse(&text, now()) {
            Ok(filter) => prop_assert_eq!(filter.expr(), &expr, "{}", text),
            Err(error) => prop_assert!(error.message.contains("deep in"), "{}: {}", text, error),
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}", formula in "[a-z:!()\"\\\\<>=.,* 0-9]{0,60}", cursor in 0usize..80) {
        for text in [text, formula, format!("status:{}", cursor)] {
            if let Ok(filter) = Filter::parse(&text, now()) {
                prop_assert_eq!(&Filter::parse(&filter.text(), now()).unwrap(), &filter);
                let sql = filter.sql(1);
                prop_assert_eq!(sql.text.matches('$').count(), sql.binds.len());
            }
            complete(&JOBS, &text, cursor);
        }
    }
}
