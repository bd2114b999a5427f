//! The house itself: floors, and the size of its rooms.

use std::path::{Path, PathBuf};

/// Lowest first; rooms of one floor stand side by side and may not import each other unless it is said below.
const FLOORS: [&[&str]; 8] = [
    &["sandbox"],
    &["catalogue", "outcome"],
    &["telemetry", "database", "settings"],
    &["queue", "breakers", "contacts", "vault"],
    &["providers"],
    &["enrichment", "fleet", "ask"],
    &["operations"],
    &["cli", "console"],
];

/// Neighbours on one floor that know each other, one way only.
const NEIGHBOURS: [(&str, &str); 4] =
    [("database", "settings"), ("vault", "queue"), ("enrichment", "fleet"), ("cli", "console")];

const LINES_MAX: usize = 400;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push(path);
        }
    }
    all
}

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} stands on no floor"))
}

/// The room of a file of `src`, without `lib.rs` and `main.rs`.
fn room(path: &Path, src: &Path) -> Option<String> {
    let first = path.strip_prefix(src).unwrap().components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    let room = first.trim_end_matches(".rs").to_owned();
    (room != "lib" && room != "main").then_some(room)
}

/// Rooms named after `crate::` in the text: single paths and groups.
fn imports(text: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for rest in line.split("crate::").skip(1) {
            match rest.strip_prefix('{') {
                Some(group) => found.extend(group.split(", ").map(name)),
                None => found.push(name(rest)),
            }
        }
    }
    found.retain(|room| !room.is_empty());
    found
}

#[test]
fn imports_point_downwards_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in files(&src) {
        let Some(here) = room(&path, &src) else { continue };
        for there in imports(&std::fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let down = floor(&there) < floor(&here);
            let allowed = here == there || down || NEIGHBOURS.contains(&(here.as_str(), there.as_str()));
            // The stand-ins know nobody, and only what starts them knows them.
            if !allowed || (there == "sandbox" && !["cli", "sandbox"].contains(&here.as_str())) {
                wrong.push(format!("{}: {here} imports {there}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 200, "only {seen} imports were read: the test reads the wrong thing");
}

#[test]
fn an_upward_import_would_be_seen() {
    let text = "use crate::{cli, database::Db};\n// crate::console\nlet x = crate::fleet::node::join;";
    assert_eq!(imports(text), ["cli", "database", "fleet"]);
    assert!(floor("cli") > floor("queue"));
}

#[test]
fn no_file_is_longer_than_a_person_reads_at_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = ["src", "tests"].into_iter().flat_map(|folder| files(&root.join(folder)));
    let lengths = all.map(|path| (std::fs::read_to_string(&path).unwrap().lines().count(), path));
    let long: Vec<_> = lengths.filter(|(lines, _)| *lines > LINES_MAX).collect();
    assert!(long.is_empty(), "{long:#?}");
}
