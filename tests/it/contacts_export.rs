//! What went in comes out: through an export and back in again.

use chrono::Utc;
use switchboard::contacts::export::{Format, export};
use switchboard::contacts::filter::Filter;
use switchboard::contacts::import::{ImportOptions, Source, import};
use switchboard::database::Db;

use crate::support::TestDb;

async fn load(db: &Db, text: impl Into<Vec<u8>>) -> u64 {
    let source = Source::Reader(Box::new(std::io::Cursor::new(text.into())));
    import(db, source, ImportOptions::default(), &mut |_| {}).await.unwrap().inserted
}

async fn dump(db: &Db, filter: &str, format: Format) -> String {
    let filter = Filter::parse(filter, Utc::now()).unwrap();
    let mut out = Vec::new();
    export(db, &filter, format, &mut out, &mut |_| {}).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// Column and value pairs of a row, without those that are empty.
fn rows(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let filled = |row: csv::StringRecord| {
        header
            .iter()
            .zip(row.iter())
            .filter(|(_, v)| !v.is_empty())
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    };
    reader.records().map(|row| filled(row.unwrap())).collect()
}

#[tokio::test]
async fn an_export_carries_fields_and_extra_columns_and_neutralises_formulas() {
    let test = TestDb::new().await;
    let file = "phone,company,status,Notes,=evil\n+1 (415) 555-0123,\"Foods, \"\"Ltd\"\"\",vip,\"=HYPERLINK(\"\"x\"\")\n2\",a\n4155550124,@corp,,-5,\n";
    assert_eq!(load(&test.db, file).await, 2);
    let out = rows(&dump(&test.db, "", Format::Csv).await);
    assert_eq!(out[0]["raw_phone_number"], "+1 (415) 555-0123");
    assert_eq!(out[0]["phone_e164"], "+14155550123");
    assert_eq!(out[0]["business_name"], "Foods, \"Ltd\"");
    assert_eq!((out[0]["status"].as_str(), out[0]["extra.status"].as_str()), ("pending", "vip"));
    assert_eq!((out[0]["Notes"].as_str(), out[0]["'=evil"].as_str()), ("'=HYPERLINK(\"x\")\n2", "a"));
    assert_eq!((out[1]["business_name"].as_str(), out[1]["Notes"].as_str()), ("'@corp", "'-5"));
    assert_eq!(rows(&dump(&test.db, "company:foods", Format::Csv).await).len(), 1);

    let line = dump(&test.db, "notes", Format::Jsonl).await;
    assert_eq!(line, "", "extra columns are not searched");
    let lines = dump(&test.db, "phone:+14155550123", Format::Jsonl).await;
    let object: serde_json::Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(object["extra"]["Notes"], "=HYPERLINK(\"x\")\n2");
    assert!(dump(&test.db, "", Format::Tsv).await.starts_with("id\traw_phone_number\t"));
}

#[tokio::test]
async fn an_export_imported_elsewhere_gives_the_same_contacts() {
    let (here, there) = (TestDb::new().await, TestDb::new().await);
    load(&here.db, std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.csv")).unwrap()).await;
    let first = dump(&here.db, "", Format::Csv).await;
    assert_eq!(load(&there.db, first.clone()).await, 200);
    assert_eq!(load(&here.db, first.clone()).await, 0, "here nothing changes");
    let what = "SELECT raw_phone_number, phone_e164, concat_ws('|', full_name, business_name, email, business_city, business_state,
                business_country), extra ->> 'notes' FROM contacts ORDER BY id";
    let of = async |db: &Db| -> Vec<(String, String, String, Option<String>)> {
        sqlx::query_as(what).fetch_all(db.pool()).await.unwrap()
    };
    assert_eq!(of(&here.db).await, of(&there.db).await);
}
