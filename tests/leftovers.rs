//! Limits of the source tree: no debugging leftovers, no long files or functions, no crowded folders.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a file.
const MAX_FILE_LINES: usize = 350;

/// Most lines of a function in `src`, tests excepted.
const MAX_FUNCTION_LINES: usize = 40;

/// Most `.rs` files in a folder of `src`, folders of tests excepted.
const MAX_FILES: usize = 16;

/// Concatenated so that this file does not contain them.
const LEFTOVERS: [&str; 5] = [
    concat!("to", "do!("),
    concat!("db", "g!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
    concat!("XX", "X "),
];

/// A source file: its path relative to the root, and its text.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn is_in_src(&self) -> bool {
        self.path.starts_with("src")
    }

    /// Whether it is a file of tests beside the code.
    fn is_test(&self) -> bool {
        self.path.iter().any(|part| part.to_string_lossy().trim_end_matches(".rs").ends_with("tests"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["src", "tests", "benches"].iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                found.push(Source { path: path.strip_prefix(root).expect("a path below the root").to_owned(), text });
            }
        }
    }
    assert!(found.len() > 200, "the sources were not found");
    found
}

/// The functions in `text`, which rustfmt has formatted, outside its module of tests: name and number of lines.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line).filter(|_| !line.ends_with('}') && !line.ends_with(';')) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        // A closing brace ends the body; a semicolon after several lines of parameters ends a function without one.
        let ends = |line: &&str| line.strip_prefix(indent).is_some_and(|rest| rest == "}" || rest.ends_with(");"));
        let length = lines[start..].iter().position(ends).map_or(lines.len() - start, |end| end + 1);
        found.push((name, length));
    }
    found
}

/// The name of the function that `line` starts.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ")?;
    let is_qualifier =
        |word: &str| ["const", "unsafe", "async", "extern", "\"C\""].contains(&word) || word.starts_with("pub");
    let is_item = before.is_empty() || (before.ends_with(' ') && before.split_whitespace().all(is_qualifier));
    is_item.then(|| after.split(|c: char| !c.is_alphanumeric() && c != '_').next())?
}

#[test]
fn no_leftovers_in_the_sources() {
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            if LEFTOVERS.iter().any(|leftover| line.contains(leftover)) {
                found.push(format!("{}:{}: {}", source.path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "remove:\n{}", found.join("\n"));
}

#[test]
fn files_and_functions_are_short() {
    let mut long = Vec::new();
    for source in sources() {
        let path = source.path.display();
        let lines = source.text.lines().count();
        if lines > MAX_FILE_LINES {
            long.push((path.to_string(), lines));
        }
        let functions = functions(&source.text).into_iter().filter(|_| source.is_in_src() && !source.is_test());
        long.extend(
            functions.filter(|(_, lines)| *lines > MAX_FUNCTION_LINES).map(|(name, n)| (format!("{path}: {name}"), n)),
        );
    }
    assert!(
        long.is_empty(),
        "more than {MAX_FILE_LINES} lines in a file or {MAX_FUNCTION_LINES} in a function: {long:#?}"
    );
}

#[test]
fn folders_are_small() {
    let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for source in sources().iter().filter(|source| source.is_in_src() && !source.is_test()) {
        *counts.entry(source.path.parent().expect("a folder").to_owned()).or_default() += 1;
    }
    counts.retain(|_, count| *count > MAX_FILES);
    assert!(counts.is_empty(), "more than {MAX_FILES} files in a folder: {counts:#?}");
}

#[test]
fn functions_are_found_and_measured() {
    let text = "pub(crate) fn a(\n    x: u8,\n) -> u8 {\n    x\n}\n\nimpl T {\n    const fn b() {\n        if c {\n        }\n    }\n    \
                fn d();\n    fn e() {}\n}\n// fn f\nlet g: fn h = i;\n#[cfg(test)]\nmod tests {\n    fn j() {\n    }\n}\n";
    assert_eq!(functions(text), [("a", 5), ("b", 4)]);
}
