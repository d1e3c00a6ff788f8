//! What must not be left behind in the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, in lines.
const LONGEST_FILE: usize = 400;

/// Assembled here so that this file does not find itself.
const LEFTOVERS: [&str; 5] = [
    concat!("to", "do!("),
    concat!("db", "g!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
    concat!("XX", "X "),
];

fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["src", "tests", "benches", "examples"].iter().map(|f| root.join(f)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

#[test]
fn no_leftovers_in_the_sources() {
    let mut found = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).expect("UTF-8");
        for (number, line) in text.lines().enumerate() {
            if LEFTOVERS.iter().any(|l| line.contains(l)) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "left behind:\n{}", found.join("\n"));
}

#[test]
fn no_file_is_a_hall() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|path| (fs::read_to_string(&path).expect("UTF-8").lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{} ({lines} lines)", path.display()))
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST_FILE} lines; divide:\n{}", long.join("\n"));
}
