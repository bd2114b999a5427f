//! Rows of an XLSX workbook's first sheet with content. The archive is measured before it is unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, open_workbook};

use super::record::{CELL_BYTES_MAX, CELLS_MAX, Line};

/// Largest workbook, in bytes; the largest sheet that a spreadsheet can hold stays below.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most bytes of the parts that are kept in memory (texts, styles), unpacked.
const KEPT_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Calls `each` for every row that is not blank, until it breaks off.
pub(super) fn read(path: &Path, mut each: impl FnMut(Line) -> ControlFlow<()>) -> Result<(), String> {
    measure(path)?;
    let say = |error: calamine::XlsxError| format!("the workbook can't be read ({error}): save it anew, or as CSV");
    let mut workbook: Xlsx<BufReader<File>> = open_workbook(path).map_err(say)?;
    for name in workbook.sheet_names() {
        let Ok(mut cells) = workbook.worksheet_cells_reader(&name) else { continue };
        let mut row = Row::default();
        let mut any = false;
        while let Some(cell) = cells.next_cell().map_err(say)? {
            let (number, column) = cell.get_position();
            if number != row.number
                && let Some(line) = row.finish(number)
            {
                any = true;
                if each(line).is_break() {
                    return Ok(());
                }
            }
            row.set(column as usize, cell.get_value());
        }
        if let Some(line) = row.finish(0) {
            any = true;
            if each(line).is_break() {
                return Ok(());
            }
        }
        if any {
            return Ok(());
        }
    }
    Ok(())
}

/// Refuses archives that unpack to more than memory should hold, whatever their directory claims.
fn measure(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|error| format!("the workbook can't be opened: {error}"))?;
    if file.metadata().is_ok_and(|meta| meta.len() > FILE_BYTES_MAX) {
        return Err("the workbook is larger than 512 MiB: save it as CSV".to_owned());
    }
    let broken = |error| format!("this is no XLSX workbook ({error}): save it as XLSX or CSV");
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| broken(error.to_string()))?;
    let names: Vec<String> = archive.file_names().flatten().map(std::borrow::Cow::into_owned).collect();
    if !names.iter().any(|name| name.eq_ignore_ascii_case("xl/workbook.xml")) {
        return Err(broken("it is an archive of something else".to_owned()));
    }
    let mut left = KEPT_BYTES_MAX;
    for name in names.iter().filter(|name| !name.to_ascii_lowercase().starts_with("xl/worksheets/")) {
        let part = archive.by_name(name).map_err(|error| broken(error.to_string()))?;
        let size = io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|error| broken(error.to_string()))?;
        left = left.checked_sub(size).ok_or("the workbook unpacks to more than 512 MiB: save it as CSV")?;
    }
    Ok(())
}

#[derive(Default)]
struct Row {
    number: u32,
    cells: Vec<String>,
    broken: Option<&'static str>,
}

impl Row {
    fn set(&mut self, column: usize, value: &DataRef<'_>) {
        let text = text(value);
        if text.is_empty() {
            return;
        }
        if column >= CELLS_MAX {
            self.broken = Some("the row has more than 2,000 cells");
            return;
        }
        if text.len() > CELL_BYTES_MAX {
            self.broken = Some("a cell of this row is longer than 64 KiB");
        }
        if text.contains('\0') {
            self.broken = Some("the row has a NUL byte, which no text may hold");
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
    }

    /// The row so far, if it is not blank; the next one begins.
    fn finish(&mut self, next: u32) -> Option<Line> {
        let row = std::mem::replace(self, Row { number: next, ..Row::default() });
        if row.cells.is_empty() && row.broken.is_none() {
            return None;
        }
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
        let written = writer.write_record(&row.cells).ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
        let original = String::from_utf8_lossy(&written).trim_end_matches('\n').to_owned();
        Some(Line { number: u64::from(row.number) + 1, original, cells: row.broken.map_or(Ok(row.cells), Err) })
    }
}

/// A cell as a person would type it: whole numbers without a decimal point, instants as ISO 8601.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(at) => date(at),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn date(at: &ExcelDateTime) -> String {
    if !at.is_datetime() {
        return at.as_f64().to_string();
    }
    match at.to_ymd_hms_milli() {
        (year, month, day, 0, 0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        (year, month, day, h, m, s, _) => format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}"),
    }
}
