//! Files of every kind into a real database: nothing is lost, nothing is repeated, every refusal has its reason.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use switchboard::contacts::import::{Enqueue, ImportError, ImportOptions, ImportReport, Source, import};
use switchboard::contacts::phone::Region;
use switchboard::database::Db;

use crate::support::TestDb;

/// A rejects file that a test can read.
#[derive(Clone, Default)]
struct Rejects(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Rejects {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Rejects {
    fn rows(&self) -> Vec<Vec<String>> {
        let bytes = self.0.lock().unwrap().clone();
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
    }
}

fn text(bytes: impl Into<Vec<u8>>) -> Source {
    Source::Reader(Box::new(std::io::Cursor::new(bytes.into())))
}

async fn run(db: &Db, source: Source, options: ImportOptions<'_>) -> Result<ImportReport, ImportError> {
    let report = import(db, source, options, &mut |_| {}).await?;
    assert_eq!(report.read, report.inserted + report.updated + report.duplicates + report.rejected);
    Ok(report)
}

fn counts(report: &ImportReport) -> (u64, u64, u64, u64) {
    (report.read, report.inserted, report.duplicates, report.rejected)
}

async fn contacts(db: &Db) -> Vec<(String, Option<String>, serde_json::Value)> {
    sqlx::query_as("SELECT phone_e164, full_name, extra FROM contacts ORDER BY id").fetch_all(db.pool()).await.unwrap()
}

#[tokio::test]
async fn every_row_is_inserted_a_duplicate_or_rejected_with_its_line_and_reason() {
    let test = TestDb::new().await;
    let rejects = Rejects::default();
    let file = "\u{feff}Phone,Name,Notes\r\n(415) 555-0123,Jane,\"two\nlines\"\r\n\r\n+1 415 555 0123,Again,\r\n\
                12,Short,\r\n4155550124\r\n4155550125,Max,a,b,c\r\n,Nobody,x\r\n\"4155550126,open\r\n4155550127,Kim,z\r\n";
    let options = || ImportOptions { rejects: Some(Box::new(rejects.clone())), ..ImportOptions::default() };
    let report = run(&test.db, text(file), options()).await.unwrap();
    assert_eq!(counts(&report), (8, 4, 1, 3));
    assert_eq!(
        contacts(&test.db).await,
        [
            ("+14155550123".to_owned(), Some("Jane".to_owned()), serde_json::json!({"Notes": "two\nlines"})),
            ("+14155550124".to_owned(), None, serde_json::json!({})),
            (
                "+14155550125".to_owned(),
                Some("Max".to_owned()),
                serde_json::json!({"Notes": "a", "column_4": "b", "column_5": "c"})
            ),
            ("+14155550127".to_owned(), Some("Kim".to_owned()), serde_json::json!({"Notes": "z"})),
        ]
    );
    let rows = rejects.rows();
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["6", "9", "10"]);
    assert_eq!((rows[0][2].as_str(), rows[2][2].as_str()), ("12,Short,", "\"4155550126,open"));
    assert!(
        rows[0][1].contains("too few digits")
            && rows[1][1].contains("no number")
            && rows[2][1].contains("never closed")
    );

    let again = run(&test.db, text(file), options()).await.unwrap();
    assert_eq!(counts(&again), (8, 0, 5, 3), "the same file twice changes nothing");
}

#[tokio::test]
async fn the_same_table_comes_out_of_every_encoding_and_delimiter() {
    let rows = [["phone", "name", "city"], ["+44 7700 900123", "Zoë", "Köln"], ["07700 900124", "a, b; c", "x"]];
    let written = |delimiter: u8| {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    };
    let utf16: Vec<u8> = written(b'\t').encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = written(b';').chars().map(|c| u8::try_from(c).unwrap()).collect();
    let marked = format!("\u{feff}{}", written(b',')).into_bytes();
    for bytes in [written(b',').into_bytes(), written(b'|').into_bytes(), utf16, latin, marked] {
        let test = TestDb::new().await;
        let options = ImportOptions { region: "GB".parse().unwrap(), ..ImportOptions::default() };
        assert_eq!(counts(&run(&test.db, text(bytes), options).await.unwrap()), (2, 2, 0, 0));
        let city: Option<String> = sqlx::query_scalar("SELECT consumer_city FROM contacts WHERE full_name = 'Zoë'")
            .fetch_one(test.db.pool())
            .await
            .unwrap();
        assert_eq!(city.as_deref(), Some("Köln"));
    }
}

#[tokio::test]
async fn a_workbook_is_read_and_its_numbers_are_whole() {
    let test = TestDb::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leads.xlsx");
    let mut workbook = rust_xlsxwriter::Workbook::new();
    workbook.add_worksheet().set_name("empty").unwrap();
    let sheet = workbook.add_worksheet();
    for (column, name) in ["Company", "Phone", "Since"].into_iter().enumerate() {
        sheet.write(0, column as u16, name).unwrap();
    }
    sheet.write(1, 0, "Example Foods").unwrap();
    sheet.write(1, 1, 14_155_550_123_f64).unwrap();
    sheet.write(1, 2, 2024).unwrap();
    sheet.write(4, 1, "(415) 555-0124").unwrap();
    sheet.write(5, 0, "No number").unwrap();
    workbook.save(&path).unwrap();
    let rejects = Rejects::default();
    let options = ImportOptions { rejects: Some(Box::new(rejects.clone())), ..ImportOptions::default() };
    let report = run(&test.db, Source::File(path.clone()), options).await.unwrap();
    assert_eq!(counts(&report), (3, 2, 0, 1));
    let found: Vec<(String, Option<String>, serde_json::Value)> =
        sqlx::query_as("SELECT phone_e164, business_name, extra FROM contacts ORDER BY id")
            .fetch_all(test.db.pool())
            .await
            .unwrap();
    assert_eq!(
        found[0],
        ("+14155550123".to_owned(), Some("Example Foods".to_owned()), serde_json::json!({"Since": "2024"}))
    );
    assert_eq!(rejects.rows(), [["6", "there is no number in this row", "No number"]]);

    let broken = folder.path().join("broken.xlsx");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    let refused = run(&test.db, Source::File(broken), ImportOptions::default()).await.unwrap_err();
    assert!(matches!(refused, ImportError::Sheet(_)), "{refused}");
}

#[tokio::test]
async fn what_can_not_be_read_is_one_sentence_and_changes_nothing() {
    let test = TestDb::new().await;
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<(Source, &str)> = vec![
        (text(""), "is empty"),
        (text("\n\n  \n"), "is empty"),
        (text((0..=255u8).cycle().take(5_000).collect::<Vec<_>>()), "no rows of text"),
        (text(&b"%PDF-1.7\nphone\n"[..]), "PDF"),
        (text(&b"PK\x03\x04rest"[..]), "pipe"),
        (text("a,b\nx,y\n"), "--map COLUMN=phone"),
        (Source::File(folder.path().to_owned()), "is a folder"),
        (Source::File(PathBuf::from("/nowhere/leads.csv")), "can't be opened"),
    ];
    for (source, hint) in cases {
        let refused = run(&test.db, source, ImportOptions::default()).await.unwrap_err().to_string();
        assert!(refused.contains(hint) && !refused.contains('\n'), "{refused}");
    }
    assert!(contacts(&test.db).await.is_empty());
}

#[tokio::test]
async fn a_file_without_one_good_row_says_what_is_wrong_with_it() {
    let test = TestDb::new().await;
    let wide = format!("phone{}\n+14155550123{}\n", ",c".repeat(3000), ",v".repeat(3000));
    let refusal = run(&test.db, text(wide), ImportOptions::default()).await.unwrap_err().to_string();
    assert!(refusal.contains("no row of the file can be used: the row has more than"), "{refusal}");
}

#[tokio::test]
async fn map_and_dry_run_do_what_they_say() {
    let test = TestDb::new().await;
    let file = "a,b\n4155550123,Jane\n4155550123,Jane\nx,y\n";
    let map = vec![("b".to_owned(), "name".to_owned()), ("A".to_owned(), "phone".to_owned())];
    let options = |dry_run| ImportOptions { map: map.clone(), dry_run, ..ImportOptions::default() };
    let rehearsed = run(&test.db, text(file), options(true)).await.unwrap();
    assert_eq!(counts(&rehearsed), (3, 1, 1, 1));
    assert!(contacts(&test.db).await.is_empty());
    let done = run(&test.db, text(file), options(false)).await.unwrap();
    assert_eq!(counts(&done), counts(&rehearsed));
    let after = run(&test.db, text(file), options(true)).await.unwrap();
    assert_eq!(counts(&after), (3, 0, 2, 1));
}

#[tokio::test]
async fn a_large_file_arrives_in_batches_and_an_interruption_loses_and_repeats_nothing() {
    let test = TestDb::new().await;
    let mut file = String::from("phone\n");
    switchboard::contacts::synthetic::generate(12_000, 1).for_each(|number| file.extend([number.as_str(), "\n"]));
    let calls = Arc::new(Mutex::new(0));
    let counted = calls.clone();
    let fails_at_the_second: &Enqueue = &move |connection, ids| {
        let counted = counted.clone();
        Box::pin(async move {
            *counted.lock().unwrap() += 1;
            if *counted.lock().unwrap() == 2 {
                return Err("the queue is full".to_owned());
            }
            let enqueue = "INSERT INTO jobs (lane, kind, contact_id, state) SELECT 'twilio', 'lookup', id, 'waiting' FROM unnest($1::bigint[]) AS id";
            sqlx::query(enqueue).bind(ids.to_vec()).execute(connection).await.map_err(|error| error.to_string())?;
            Ok(())
        })
    };
    let options = || ImportOptions { enqueue: Some(fails_at_the_second), ..ImportOptions::default() };
    let broken = run(&test.db, text(file.clone()), options()).await.unwrap_err();
    assert_eq!(broken.to_string(), "the queue is full");
    let there = || async {
        let row: (i64, i64) = sqlx::query_as("SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM jobs)")
            .fetch_one(test.db.pool())
            .await
            .unwrap();
        row
    };
    assert_eq!(there().await, (5_000, 5_000), "a batch and its jobs commit together or not at all");

    let mut seen = Vec::new();
    let report =
        import(&test.db, text(file), options(), &mut |progress| seen.push(progress.report.read)).await.unwrap();
    assert_eq!(counts(&report), (12_000, 7_000, 5_000, 0));
    assert_eq!(there().await, (12_000, 12_000));
    assert_eq!(seen, [5_000, 10_000, 12_000]);
}

#[tokio::test]
async fn two_imports_of_the_same_numbers_in_opposite_order_both_end() {
    let test = TestDb::new().await;
    let numbers: Vec<_> = switchboard::contacts::synthetic::generate(20_000, 2).collect();
    let there: String = numbers.iter().flat_map(|number| [number.as_str(), "\n"]).collect();
    let back: String = numbers.iter().rev().flat_map(|number| [number.as_str(), "\n"]).collect();
    let (one, other) = tokio::join!(
        run(&test.db, text(there), ImportOptions::default()),
        run(&test.db, text(back), ImportOptions::default())
    );
    assert_eq!(one.unwrap().inserted + other.unwrap().inserted, 20_000);
}

#[tokio::test]
async fn the_demonstrations_file_is_imported_whole() {
    let test = TestDb::new().await;
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.csv"));
    let options =
        ImportOptions { region: Region::US, source_name: Some("demo.csv".to_owned()), ..ImportOptions::default() };
    assert_eq!(counts(&run(&test.db, Source::File(path), options).await.unwrap()), (200, 200, 0, 0));
}
