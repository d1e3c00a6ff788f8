//! Types: one name per type in the whole tree, and error types that end in `Error` (their kinds in `ErrorKind`).

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::sources;

/// Names that more than one type has, still to be changed. The list must be exact; do not add to it.
const KNOWN_DUPLICATES: &[&str] = &[];

/// Error types whose names do not end in `Error`, still to be changed. The list must be exact; do not add to it.
const KNOWN_ERROR_NAMES: &[&str] = &[];

/// The name of the type that `line`, in a file formatted by rustfmt, defines at module level, if other files can use it.
fn visible_type(line: &str) -> Option<&str> {
    let after_pub = line.strip_prefix("pub")?;
    let item = match after_pub.strip_prefix('(') {
        Some(restricted) => restricted.split_once(')')?.1,
        None => after_pub,
    };
    defined_type(item.strip_prefix(' ')?)
}

/// The name of the type that `item` defines.
fn defined_type(item: &str) -> Option<&str> {
    let name =
        ["struct ", "enum ", "trait ", "type ", "union "].iter().find_map(|keyword| item.strip_prefix(keyword))?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The types in `code` that implement `std::error::Error`, derived or by hand.
fn error_types(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_derived = false;
    for line in code.lines().map(str::trim) {
        if let Some(derives) = line.strip_prefix("#[derive(").and_then(|rest| rest.split(')').next()) {
            is_derived |= derives.split(',').any(|name| ["Error", "thiserror::Error"].contains(&name.trim()));
        } else if let Some(name) = defined_type(without_visibility(line)) {
            found.extend(is_derived.then_some(name));
            is_derived = false;
        } else if let Some(name) = line.split("Error for ").nth(1).filter(|_| is_error_impl(line)) {
            found.extend(name.split(|c: char| !c.is_alphanumeric() && c != '_').next());
        }
    }
    found
}

/// Whether `line` starts an implementation of the trait `Error`.
fn is_error_impl(line: &str) -> bool {
    line.starts_with("impl Error for ") || (line.starts_with("impl") && line.contains("error::Error for "))
}

fn without_visibility(line: &str) -> &str {
    match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ").map_or(line, |(_, item)| item),
        Some(rest) => rest.trim_start(),
        None => line,
    }
}

#[test]
fn one_name_is_one_type() {
    let sources = sources();
    let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in &sources {
        for name in source.code.lines().filter_map(visible_type) {
            paths.entry(name).or_default().push(&source.path);
        }
    }
    assert!(paths.len() > 100, "the types were not found");
    paths.retain(|_, files| files.len() > 1);
    let known = BTreeSet::from_iter(KNOWN_DUPLICATES.iter().copied());
    let new: Vec<String> = paths
        .iter()
        .filter(|(name, _)| !known.contains(*name))
        .map(|(name, files)| format!("`{name}` is defined in {}", files.join(" and ")))
        .collect();
    assert!(new.is_empty(), "rename all types but one of each name:\n{}", new.join("\n"));
    let unique: Vec<_> = known.iter().filter(|name| !paths.contains_key(**name)).collect();
    assert!(unique.is_empty(), "these are unique now, remove them from KNOWN_DUPLICATES: {unique:?}");
}

#[test]
fn error_types_end_in_error() {
    let sources = sources();
    let below_cli = sources.iter().filter(|source| source.module[0] != "cli");
    let names: BTreeSet<&str> = below_cli.flat_map(|source| error_types(&source.code)).collect();
    assert!(names.len() > 10, "the error types were not found");
    let wrong: BTreeSet<&str> =
        names.into_iter().filter(|name| !name.ends_with("Error") && !name.ends_with("ErrorKind")).collect();
    let known = BTreeSet::from_iter(KNOWN_ERROR_NAMES.iter().copied());
    assert_eq!(wrong, known, "names of error types end in `Error` or `ErrorKind`; KNOWN_ERROR_NAMES must be exact");
}

#[test]
fn types_are_found_in_every_form() {
    let lines = ["pub struct A {", "pub(crate) enum B<T> {", "pub(in crate::x) trait C: D {", "pub type E = F;"];
    assert_eq!(lines.map(visible_type), [Some("A"), Some("B"), Some("C"), Some("E")]);
    assert_eq!(["struct A;", "    pub struct B;", "pub fn c() {", "pub use d;"].map(visible_type), [None; 4]);
    let code = "#[derive(Debug, thiserror::Error)]\n#[error(\"x\")]\npub enum A {\n}\n#[derive(Debug)]\nstruct B;\n\
                impl std::error::Error for C {}\n#[derive(Error, Debug)]\npub(crate) struct D;\nimpl From<A> for E {}\n\
                impl From<std::io::Error> for F {}\n";
    assert_eq!(error_types(code), ["A", "C", "D"]);
}
