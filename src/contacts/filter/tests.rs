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
fn the_tree_is_json_too() {
    let filter = read("status:failed (quality<60 or !acme)");
    let json = serde_json::to_value(filter.expr()).unwrap();
    assert_eq!(json["all"][0], serde_json::json!({"field": "status", "op": "eq", "value": "failed"}));
    assert_eq!(serde_json::from_value::<Expr>(json).unwrap(), *filter.expr());
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

fn any_condition() -> impl Strategy<Value = Expr> {
    let time = (0i64..4_000_000_000_000_000).prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap());
    prop_oneof![
        any_text().prop_map(Expr::Search),
        (any_text(), prop_oneof![Just(Op::Eq), Just(Op::Ne), Just(Op::Contains), Just(Op::StartsWith)])
            .prop_map(|(text, op)| condition("full_name", op, Value::Text(text))),
        any_text().prop_map(|text| condition("email_status", Op::Eq, Value::Text(text))),
        prop::collection::vec(any_text(), 2..4).prop_map(|all| condition(
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
