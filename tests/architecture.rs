//! The layers of `src/lib.rs`: a file imports only from its own layer and those above it, and layers 1–4 touch nothing of the
//! operating system.

use std::fs;
use std::path::{Path, PathBuf};

/// Every module of the crate's root with its layer.
const LAYERS: [(&str, u8); 15] = [
    ("words", 1),
    ("space", 2),
    ("collect", 2),
    ("search", 3),
    ("schedule", 3),
    ("kinds", 3),
    ("engine", 4),
    ("journal", 5),
    ("command", 5),
    ("run", 5),
    ("sim", 5),
    ("matrix", 6),
    ("report", 6),
    ("progress", 6),
    ("cli", 7),
];

/// The I/O boundary: the last layer without files, processes, threads, clocks, environment and printing.
const LAST_PURE: u8 = 4;

/// What the pure layers may not name.
const BANNED: [&str; 14] = [
    "std::fs",
    "std::process",
    "std::thread",
    "std::env",
    "std::net",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "time::Instant",
    "SystemTime",
    "println!",
    "eprintln!",
    "print!(",
    "dbg!",
];

struct Source {
    path: PathBuf,
    layer: u8,
    text: String,
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("src is readable").path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Every source file below src except lib.rs and main.rs, without comments.
fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&src, &mut paths);
    let read = |path: PathBuf| {
        let inside = path.strip_prefix(&src).expect("below src");
        let top = inside.iter().next().expect("a name").to_string_lossy();
        let module = top.trim_end_matches(".rs");
        if ["lib", "main"].contains(&module) {
            return None;
        }
        let layer = layer(module).unwrap_or_else(|| panic!("src/{module} is in no layer: add it to LAYERS"));
        let text = fs::read_to_string(&path).expect("a source file is text");
        let code = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
        Some(Source { path, layer, text: text.lines().map(code).collect::<Vec<_>>().join("\n") })
    };
    paths.into_iter().filter_map(read).collect()
}

/// The root modules named after `crate::`, in imports and in expressions, one level of braces included.
fn imports(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let first = |path: &'_ str| -> usize { path.find(|c: char| !is_name(c)).unwrap_or(path.len()) };
    let mut found = Vec::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => found.push(&rest[..first(rest)]),
            Some(list) => {
                let (mut depth, mut start) = (0, true);
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && is_name(c) => {
                            start = false;
                            found.push(&list[at..at + first(&list[at..])]);
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

#[test]
fn no_file_imports_from_a_layer_below_its_own() {
    let mut faults = Vec::new();
    for source in sources() {
        for module in imports(&source.text) {
            if layer(module).is_some_and(|target| target > source.layer) {
                faults.push(format!("{}: layer {} imports {module}", source.path.display(), source.layer));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn pure_layers_touch_nothing_of_the_operating_system() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|s| s.layer <= LAST_PURE) {
        for banned in BANNED.iter().filter(|banned| source.text.contains(*banned)) {
            faults.push(format!("{}: names {banned}", source.path.display()));
        }
        for line in source.text.lines().filter(|l| l.contains("use std::{")) {
            faults.push(format!(
                "{}: `{}` hides what it imports; one use per module",
                source.path.display(),
                line.trim()
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The standard library's macros panic where the stream cannot be written, and block where it is not read.
#[test]
fn streams_are_written_in_one_file_each() {
    const WRITERS: [&str; 2] = ["src/cli/output.rs", "src/progress/stderr.rs"];
    const MACROS: [&str; 4] = ["print!(", "println!(", "eprint!(", "eprintln!("];
    const HANDLES: [&str; 6] =
        ["stdout().lock", "stderr().lock", "stdout().write", "stderr().write", "anstream::stdout", "anstream::stderr"];
    let mut faults = Vec::new();
    for Source { path, text, .. } in sources() {
        let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let (is_writer, code) = (WRITERS.iter().any(|w| path.ends_with(w)), if is_test { "" } else { code });
        let handles = HANDLES.iter().filter(|_| !is_writer);
        for banned in MACROS.iter().chain(handles).filter(|banned| code.contains(*banned)) {
            faults.push(format!("{}: names {banned}", path.display()));
        }
    }
    assert!(faults.is_empty(), "write through progress::say or cli::output:\n{}", faults.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let text = "use crate::words::ids; use crate::{engine::event, run}; let x = crate::cli::main();";
    assert_eq!(imports(text), ["words", "engine", "run", "cli"]);
    assert_eq!(imports("use crate::{a::{b, c}, d};"), ["a", "d"]);
}
