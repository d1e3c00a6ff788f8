//! The table of folders in CONTRIBUTING.md.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sources::{root, sources};

/// The heading above the table.
const HEADING: &str = "### Where is what\n";

#[test]
fn contributing_has_a_row_for_each_folder_of_src() {
    let sources = sources();
    let folders = sources.iter().flat_map(|source| Path::new(&source.path).ancestors().skip(1));
    let expected: BTreeSet<String> =
        folders.filter(|f| !f.as_os_str().is_empty()).map(|f| format!("src/{}/", f.display())).collect();
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md");
    let section = text.split_once(HEADING).expect("the heading of the table").1;
    let section = section.split("\n### ").next().unwrap_or_default();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|c| c.len() == 5)
        .collect();
    let described = rows.iter().filter(|cells| cells[2].starts_with("`src/"));
    let described: BTreeSet<String> = described
        .map(|cells| {
            assert!(!cells[3].is_empty(), "CONTRIBUTING.md does not describe {}", cells[2]);
            cells[2].trim_matches('`').to_owned()
        })
        .collect();
    let missing: Vec<_> = expected.difference(&described).collect();
    let stale: Vec<_> = described.difference(&expected).collect();
    assert!(missing.is_empty() && stale.is_empty(), "CONTRIBUTING.md lacks {missing:?} and has too many {stale:?}");
}
