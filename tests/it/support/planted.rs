//! Secrets that are planted, and the search for them in every spelling, wherever bytes are.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A secret with the characters that spellings differ in; no two are alike, in this run or another.
pub fn plant(name: &str) -> String {
    let bytes: [u8; 12] = rand::random();
    let random: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name}/{random}+~K=")
}

/// The same in the alphabet of identifiers and tokens.
pub fn plant_hex(digits: usize) -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..digits].to_owned()
}

/// Every spelling in which a secret could be written down: raw, percent-encoded, JSON-escaped, hex, base64 at each of the
/// three places that a neighbour can give it.
pub fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::to_string(secret).unwrap().trim_matches('"').replace('/', "\\/");
    let mut all = vec![secret.to_owned(), percent.to_lowercase(), percent, json, hex.to_uppercase(), hex];
    for before in 0..3 {
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let coded = engine.encode([&b"::"[..before], secret.as_bytes()].concat());
            // Its first and last characters belong to the neighbours, too.
            all.push(coded[(before * 8).div_ceil(6)..coded.len() - 1].to_owned());
        }
    }
    all.sort();
    all.dedup();
    all.into_iter().map(String::into_bytes).collect()
}

/// Whether any spelling of any of these secrets is in there: the first that is, with what stands around it.
pub fn found(secrets: &[String], bytes: &[u8]) -> Option<String> {
    let all: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| spellings(secret)).collect();
    let search = aho_corasick::AhoCorasick::new(&all).unwrap();
    let hit = search.find(bytes)?;
    let around = &bytes[hit.start().saturating_sub(120)..(hit.end() + 40).min(bytes.len())];
    Some(String::from_utf8_lossy(around).into_owned())
}

/// All files below a folder, one after the other; what goes away meanwhile is passed over.
pub fn folder(path: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => all.extend(std::fs::read(entry.path()).unwrap_or_default()),
                _ => {}
            }
        }
    }
    all
}

/// Command line and environment of a process.
pub fn process(pid: i32) -> Vec<u8> {
    ["cmdline", "environ"].iter().flat_map(|name| std::fs::read(format!("/proc/{pid}/{name}")).unwrap()).collect()
}

/// Processes that this one started, and theirs.
pub fn descendants(pid: i32) -> Vec<i32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let children: Vec<i32> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    children.iter().flat_map(|child| [vec![*child], descendants(*child)].concat()).collect()
}
