//! Slots and versions as a table.

use super::super::Failure;
use super::super::output::{self, or_dash};
use crate::operations::views::{SlotView, VersionView};
use crate::vault::State;

pub fn print(slots: &[SlotView]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = slots.iter().flat_map(rows).collect();
    output::table(
        &["slot", "version", "state", "set by", "set at", "last used", "verified", "fingerprint", "note"],
        &rows,
    )
}

fn rows(slot: &SlotView) -> Vec<Vec<String>> {
    let head = |version: Option<String>, state: &str| {
        vec![
            slot.slot.to_owned(),
            or_dash(version),
            state.to_owned(),
            "-".into(),
            "-".into(),
            "-".into(),
            "-".into(),
            "-".into(),
        ]
    };
    let shown = slot.versions.iter().filter(|v| v.version.state != State::Retired);
    let mut rows: Vec<Vec<String>> = shown.map(|version| row(slot, version)).collect();
    if slot.source == "env" || rows.is_empty() {
        rows.insert(0, head(slot.version.clone(), slot.source));
    }
    for (at, row) in rows.iter_mut().enumerate() {
        row.push(if at == 0 { slot.note.clone().unwrap_or_default() } else { String::new() });
    }
    rows
}

fn row(slot: &SlotView, view: &VersionView) -> Vec<String> {
    let version = &view.version;
    let minute = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%MZ").to_string();
    let verdict = version.seen.verdict.as_deref().map(|verdict| match version.seen.verified_at {
        Some(at) => format!("{verdict} {}", minute(at)),
        None => verdict.to_owned(),
    });
    vec![
        slot.slot.to_owned(),
        version.label(),
        format!("{:?}", version.state).to_lowercase(),
        version.entered.set_by.clone(),
        minute(version.entered.set_at),
        or_dash(version.seen.last_used_at.map(minute)),
        or_dash(verdict),
        format!("…{}", view.fingerprint_end),
    ]
}
