//! The filter language against rows: every field compiles to SQL that the database takes, and means what it says.

use chrono::Utc;
use switchboard::ask::look;
use switchboard::contacts::contact::show;
use switchboard::contacts::fields::{self, Kind};
use switchboard::contacts::filter::{CONTACTS, Filter, JOBS, Query, Statement};
use switchboard::contacts::page::{Sort, Start, estimate, page, statement};
use switchboard::contacts::status::Status;
use switchboard::database::Db;

use crate::support::TestDb;

async fn fill(db: &Db) {
    sqlx::query(
        "INSERT INTO contacts (raw_phone_number, phone_e164, full_name, first_name, last_name, business_name, email, email_verified, line_type,
             business_enriched, business_website, status, lookup_performed_at, phone_valid, business_tags, sms_pumping_number_blocked_date, created_at, business_city)
         VALUES ('1', '+14155550100', 'Ann 100%', 'A', 'B', NULL, 'ann@example.com', true, 'mobile',
                    true, 'example.com', 'completed', now(), true, '{saas,b2b}', '2026-01-31', now() - interval '10 days', 'Austin'),
                ('2', '+14155550101', 'Bob_X', 'B', 'X', 'Acme', NULL, NULL, 'fixedVoip', false, 'example.org', 'failed', NULL, NULL, NULL, NULL, now(), NULL),
                ('3', '+447700900123', NULL, NULL, NULL, 'acme foods', 'c@example.org', true, NULL,
                    true, 'example.net', 'pending', NULL, false, NULL, NULL, now(), 'Leeds')",
    )
    .execute(db.pool()).await.unwrap();
    sqlx::query("INSERT INTO jobs (lane, kind, contact_id, state) SELECT 'twilio', 'lookup', id, 'running' FROM contacts WHERE status = 'pending'")
        .execute(db.pool()).await.unwrap();
    sqlx::query("INSERT INTO contact_steps (contact_id, step, state) SELECT id, 'lookup', CASE status WHEN 'failed' THEN 'dead' ELSE 'done' END FROM contacts WHERE status <> 'pending'")
        .execute(db.pool()).await.unwrap();
}

async fn found(db: &Db, text: &str) -> String {
    let filter = Filter::parse(text, Utc::now()).unwrap();
    let page = page(db, &filter, Sort::Id, Start::First, 10).await.unwrap();
    page.rows.iter().map(|row| row.phone_e164.chars().last().unwrap()).collect()
}

#[tokio::test]
async fn filters_mean_what_they_say() {
    let test = TestDb::new().await;
    fill(&test.db).await;
    for (text, rows) in [
        ("", "013"),
        ("status:failed", "1"),
        ("status:failed,pending", "13"),
        ("!status:failed", "03"),
        ("status!=failed", "03"),
        ("company:ACME", "13"),
        ("company=acme", "1"),
        ("company:acme*", "13"),
        ("!company:acme", "0"),
        ("company!=acme", "03"),
        ("name:100%", "0"),
        ("name:%", "0"),
        ("name:_", "1"),
        ("email:none", "1"),
        ("email:*", "03"),
        ("quality<60", "13"),
        ("quality:30..50", "13"),
        ("valid:true", "0"),
        ("!valid:true", "13"),
        ("valid:none", "1"),
        ("line_group:voip", "1"),
        ("line:mobile or city:leeds", "03"),
        ("created>7d", "13"),
        ("created<7d", "0"),
        ("tags:saas", "0"),
        ("country:none", "013"),
        ("phone:+14155550101", "1"),
        ("phone:+1415", "01"),
        ("phone:77009", "3"),
        ("phone=+447700900123", "3"),
        ("acme", "13"),
        ("4155550", "01"),
        ("\"(415) 555\"", "01"),
        ("lookup:running", "3"),
        ("lookup:done", "0"),
        ("lookup:dead or lookup:queued", "1"),
        ("sms_pumping_number_blocked_date:2026-01-31", "0"),
        ("sms_pumping_number_blocked_date<2026-01-31", ""),
        ("city:leeds,AUSTIN", "03"),
        ("id:none", ""),
        ("cost:0 quality>=30 (acme or ann) !status:failed", "03"),
        ("email_find:none", "013"),
    ] {
        assert_eq!(found(&test.db, text).await, rows, "{text}");
    }
}

#[tokio::test]
async fn every_field_of_every_vocabulary_compiles_to_sql_that_runs() {
    let test = TestDb::new().await;
    for (vocabulary, from) in [
        (&CONTACTS, "SELECT FROM contacts AS c WHERE "),
        (&JOBS, "SELECT FROM jobs AS j JOIN contacts AS c ON c.id = j.contact_id WHERE "),
    ] {
        for field in vocabulary.fields() {
            let name = field.name;
            let asked = match field.kind {
                Kind::Text | Kind::List => format!("{name}:x {name}=x {name}!=x {name}:x* {name}:a,b"),
                Kind::Code => format!("{name}:x {name}!=x {name}:x,y {name}:x*"),
                Kind::State => format!("{name}:x {name}:TX {name}!=texas {name}:TX,CA {name}:x*"),
                Kind::Country => format!("{name}:\"x\" {name}:DE {name}!=germany {name}:DE,FR {name}:x*"),
                Kind::Enum(words) => format!("{name}:{0} {name}!={0} {name}:{0},{0}", words[0]),
                Kind::Phone => format!("{name}:+14155550123 {name}:+1 {name}:12 {name}:+14155550123,+14155550124"),
                Kind::Integer => format!("{name}:5 {name}!=5 {name}<5 {name}>=5 {name}:1..5 {name}:1,2"),
                Kind::Decimal => format!("{name}:0.5 {name}>0.5 {name}:0..1 {name}:1,2"),
                Kind::Bool => format!("{name}:true {name}!=true {name}:true,false"),
                Kind::Time | Kind::Date => {
                    format!("{name}>7d {name}<=2026-01-31 {name}:2026-01-01..2026-01-31 {name}:2026-01-31")
                }
                Kind::Age(_) => format!("{name}>5m {name}<1h"),
                Kind::Json => unreachable!("not filterable"),
            };
            let null = if matches!(field.kind, Kind::Age(_)) { String::new() } else { format!(" {name}:none") };
            let filter = Filter::parse_for(vocabulary, &format!("{asked}{null} word 415"), Utc::now()).unwrap();
            Statement::new(from)
                .filter(&filter)
                .query()
                .fetch_all(test.db.pool())
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[tokio::test]
async fn pages_go_forth_and_back_over_every_order_without_loss() {
    let test = TestDb::new().await;
    sqlx::query(
        "INSERT INTO contacts (raw_phone_number, phone_e164, phone_valid, position, email, created_at)
         SELECT n, '+1415' || 5550000 + n, n % 2 = 0, CASE n % 3 WHEN 0 THEN 'x' END, CASE n % 5 WHEN 0 THEN 'x' END, now() - interval '1 s' * (n % 11) FROM generate_series(1, 95) AS n",
    )
    .execute(test.db.pool())
    .await
    .unwrap();
    let all = Filter::all();
    for sort in Sort::ALL {
        let whole: Vec<_> =
            page(&test.db, &all, sort, Start::First, 1_000).await.unwrap().rows.iter().map(|row| row.id).collect();
        assert_eq!(whole.len(), 95);
        let (mut forth, mut start) = (Vec::new(), Start::First);
        loop {
            let page = page(&test.db, &all, sort, start, 10).await.unwrap();
            assert_eq!(page.previous.is_none(), start == Start::First);
            forth.extend(page.rows.iter().map(|row| row.id));
            let Some(next) = page.next else { break };
            start = Start::After(next);
        }
        assert_eq!(forth, whole, "{}", sort.name());
        let (mut back, mut start) = (Vec::new(), Start::Last);
        loop {
            let page = page(&test.db, &all, sort, start, 10).await.unwrap();
            back.splice(0..0, page.rows.iter().map(|row| row.id));
            let Some(previous) = page.previous else { break };
            start = Start::Before(previous);
        }
        assert_eq!(back, whole, "{} backwards", sort.name());
    }
}

/// 200,000 contacts: two in a hundred failed, business done for all but one in a hundred, five in a hundred of low quality.
async fn large() -> TestDb {
    let test = TestDb::new().await;
    sqlx::query(
        "INSERT INTO contacts (raw_phone_number, phone_e164, phone_valid, email, email_verified, full_name, sms_pumping_risk_level, status, business_enriched, created_at)
         SELECT n, '+1' || 2000000000 + n, n % 20 > 0, CASE WHEN n % 20 > 0 THEN 'x' END, n % 20 > 0, CASE WHEN n % 20 > 0 THEN 'x' END,
             CASE n % 60 WHEN 0 THEN 'high' END, CASE n % 50 WHEN 0 THEN 'failed' ELSE 'pending' END, n % 100 <> 1, now() - interval '1 s' * n
         FROM generate_series(1, 200000) AS n",
    )
    .execute(test.db.pool())
    .await
    .unwrap();
    sqlx::query("ANALYZE contacts").execute(test.db.pool()).await.unwrap();
    test
}

async fn plan(db: &Db, statement: Statement) -> String {
    let compiled = statement.compiled();
    let explain = format!("EXPLAIN {}", compiled.text);
    let rows = compiled.bind_to(sqlx::query(sqlx::AssertSqlSafe(explain))).fetch_all(db.pool()).await.unwrap();
    rows.iter().map(|row| sqlx::Row::get::<String, _>(row, 0)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn pages_estimates_and_daily_questions_stand_on_indexes_on_a_large_table() {
    let test = large().await;
    let all = Filter::all();
    for sort in Sort::ALL {
        let at = page(&test.db, &all, sort, Start::First, 50).await.unwrap().next.unwrap();
        for start in [Start::First, Start::After(at), Start::Before(at), Start::Last] {
            let plan = plan(&test.db, statement(&all, sort, start, 51)).await;
            assert!(
                plan.contains("Index") && !plan.contains("Sort") && !plan.contains("Seq Scan"),
                "{}: {plan}",
                sort.name()
            );
        }
    }
    for (text, index) in [
        ("status:failed", "contacts_status_created"),
        ("business_enriched:false status:failed", "contacts_unenriched"),
        ("quality<20 status:failed", "contacts_low_quality"),
    ] {
        let filter = Filter::parse(text, Utc::now()).unwrap();
        let counted = Statement::new("SELECT count(*) FROM contacts AS c WHERE ").filter(&filter);
        let plan = plan(&test.db, counted).await;
        assert!(plan.contains(index), "{text}: {plan}");
    }
    let few = estimate(&test.db, &Filter::parse("status:failed", Utc::now()).unwrap()).await.unwrap();
    assert!(few.exact && few.rows == 4_000, "{few:?}");
    let many = estimate(&test.db, &all).await.unwrap();
    assert!(!many.exact && (190_000..210_000).contains(&many.rows), "{many:?}");
}

#[tokio::test]
async fn a_contact_is_shown_by_id_and_by_number_with_all_its_fields() {
    let test = TestDb::new().await;
    fill(&test.db).await;
    let detail = show(&test.db, "+447700900123").await.unwrap().unwrap();
    let id = detail.to_json()["id"].to_string();
    assert_eq!(show(&test.db, &id).await.unwrap().unwrap(), detail);
    let json = detail.to_json();
    assert!(fields::stored().all(|field| json.get(field.name).is_some()));
    assert_eq!((&json["steps"][0]["step"], &json["steps"][0]["state"]), (&"lookup".into(), &"running".into()));
    assert!(json["provider_results"].as_array().unwrap().is_empty());
    for nobody in ["0", "+19999999999", "x", "", "-1", "\0", "99999999999999999999"] {
        assert!(show(&test.db, nobody).await.unwrap().is_none(), "{nobody:?}");
    }
}

#[tokio::test]
async fn the_database_refuses_the_same_status_changes_as_the_status_machine() {
    let test = TestDb::new().await;
    for (n, from) in Status::ALL.into_iter().enumerate() {
        for (m, to) in Status::ALL.into_iter().enumerate() {
            let phone = format!("+1415555{n}{m}00");
            let insert = "INSERT INTO contacts (raw_phone_number, phone_e164, status, lookup_performed_at) VALUES ('x', $1, $2, CASE $2 WHEN 'completed' THEN now() END)";
            sqlx::query(insert).bind(&phone).bind(from.as_str()).execute(test.db.pool()).await.unwrap();
            let update = "UPDATE contacts SET status = $2, lookup_performed_at = now() WHERE phone_e164 = $1";
            let done = sqlx::query(update).bind(&phone).bind(to.as_str()).execute(test.db.pool()).await;
            assert_eq!(done.is_ok(), from.may_become(to), "{from} to {to}");
        }
    }
}

#[tokio::test]
async fn what_a_filter_finds_comes_out_of_a_transaction_that_can_not_write() {
    let test = TestDb::new().await;
    fill(&test.db).await;
    let trap = "CREATE TABLE touched (at timestamptz);
        CREATE FUNCTION touch() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN INSERT INTO touched VALUES (now()); RETURN true; END $$;
        ALTER TABLE contacts RENAME TO kept; CREATE VIEW contacts AS SELECT * FROM kept WHERE touch()";
    sqlx::raw_sql(trap).execute(test.db.pool()).await.unwrap();
    let all = Filter::all();
    let query = Query::parse("status:failed limit:3", Utc::now()).unwrap();
    let refusals = [
        page(&test.db, &all, Sort::Id, Start::First, 10).await.unwrap_err(),
        estimate(&test.db, &Filter::parse("status:failed", Utc::now()).unwrap()).await.unwrap_err(),
        look::run(&test.db, &query).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert!(refusal.to_string().contains("read-only"), "{refusal}");
    }
    let mut tx = test.db.begin_reading().await.unwrap();
    let limit: String = sqlx::query_scalar("SHOW statement_timeout").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(limit, "5s");
}
